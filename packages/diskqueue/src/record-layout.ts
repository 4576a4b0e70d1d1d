/**
 * A data file is records, one after the other, nothing between them (spec: section 3):
 *
 *   [ size: int32, big endian ][ record: size bytes ]
 *
 * No header, no checksum, no padding; a record never spans two files.
 */

export const SIZE_FIELD_SIZE = 4
/** The largest size that the field can say. */
export const RECORD_SIZE_LIMIT = 0x7fffffff

/** Sizes in bytes, both allowed. */
export interface RecordBounds {
  readonly recordSizeMin: number
  readonly recordSizeMax: number
}

/** What is wrong at a place where a record should begin. */
export type RecordDamage =
  /** The size is out of the bounds: these bytes are no record. */
  | 'size'
  /** The file ends before the record does. */
  | 'truncated'

/** What a block holds: whole records, how many bytes they take, and why it went no further. */
export interface BlockScan {
  /** Slices of the block. */
  readonly records: Buffer[]
  /** Bytes of the block that the records take, size fields included. */
  readonly size: number
  /** Set where no record begins behind them; unset where the block just ends. */
  readonly damage: RecordDamage | undefined
  /** Bytes that the next record takes, as far as the block tells; 0 where the block ends with a record. */
  readonly next: number
}

/**
 * Takes the records from a block that begins with one.
 * @param rest bytes from the block's beginning to the file's end: tells a record that is not read yet from a torn one
 */
export function scanBlock(block: Buffer, rest: number, bounds: RecordBounds): BlockScan {
  const records: Buffer[] = []
  let offset = 0
  while (offset < block.length) {
    if (rest - offset < SIZE_FIELD_SIZE) return { records, size: offset, damage: 'truncated', next: 0 }
    if (block.length - offset < SIZE_FIELD_SIZE)
      return { records, size: offset, damage: undefined, next: SIZE_FIELD_SIZE }
    const size = block.readInt32BE(offset)
    if (size < bounds.recordSizeMin || size > bounds.recordSizeMax) {
      return { records, size: offset, damage: 'size', next: 0 }
    }
    const end = offset + SIZE_FIELD_SIZE + size
    if (end > rest) return { records, size: offset, damage: 'truncated', next: 0 }
    if (end > block.length) return { records, size: offset, damage: undefined, next: SIZE_FIELD_SIZE + size }
    records.push(block.subarray(offset + SIZE_FIELD_SIZE, end))
    offset = end
  }
  return { records, size: offset, damage: undefined, next: 0 }
}
