import { crc32 } from '@node-rs/crc32'
import { BATCH_HEADER_SIZE, BatchKind, claimedSize, readBatch, sealBatch } from './batch.ts'
import { isUnreadable } from './aside.ts'
import { type LogFile, type LogFiles, readWhole, writeWhole } from './files.ts'
import { Salvager } from './readable.ts'

/**
 * A file of the log, data and journals alike:
 *
 *   [ "NSQTSLOG" ][ version: uint16 ][ reserved: uint16 ][ crc32 of the 12 bytes before: uint32 ]   batch   batch   ...
 *
 * A data file that is finished ends in an index of its segments, so that a start need not read what lies in it:
 *
 *   ...  [ index batch: ( base: float64, count: uint32, offset: float64, size: uint32 ) * ]  [ "NSQI" ][ reserved: uint32 ][ offset of the index: float64 ]
 */
export const FILE_HEADER_SIZE = 16
export const FORMAT_VERSION = 1
const FILE_MAGIC = 'NSQTSLOG'
const FILE_CRC_OFFSET = 12
const TRAILER_SIZE = 16
const TRAILER_MAGIC = 0x4e535149
const INDEX_ENTRY_SIZE = 24
/** A message without a body. */
const MESSAGE_SIZE_MIN = 34
/** A scan reads this much at a time, and more where a batch is larger. */
const SCAN_SIZE = 4 * 1024 * 1024

/** Where a segment lies: batches of the file, from `offset` on, `size` bytes in all. Grows while it is written. */
export interface Extent {
  readonly file: DataFile
  /** Position of its first message. */
  readonly base: number
  count: number
  readonly offset: number
  size: number
}

export class FileFormatError extends Error {
  constructor(path: string, what: string) {
    super(`${path}: ${what}`)
    this.name = 'FileFormatError'
  }
}

export function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_SIZE)
  header.write(FILE_MAGIC, 'latin1')
  header.writeUInt16BE(FORMAT_VERSION, FILE_MAGIC.length)
  header.writeUInt32BE(crc32(header.subarray(0, FILE_CRC_OFFSET)), FILE_CRC_OFFSET)
  return header
}

/**
 * Looks at the beginning of a file. What is damaged there costs nothing: each batch vouches for itself.
 * @returns false when it is damaged, or not all there
 * @throws {FileFormatError} when it is whole, and of a version we do not know
 */
export function checkFileHeader(header: Buffer, path: string): boolean {
  if (header.length < FILE_HEADER_SIZE || header.toString('latin1', 0, FILE_MAGIC.length) !== FILE_MAGIC) return false
  if (header.readUInt32BE(FILE_CRC_OFFSET) !== crc32(header.subarray(0, FILE_CRC_OFFSET))) return false
  const version = header.readUInt16BE(FILE_MAGIC.length)
  if (version !== FORMAT_VERSION)
    throw new FileFormatError(path, `written in version ${version} of the format, ${FORMAT_VERSION} is known`)
  return true
}

/** One file of segments: its handle, opened when it is needed, and how many of its segments are still needed. */
export class DataFile {
  readonly path: string
  readonly base: number
  /** Bytes written. */
  size = FILE_HEADER_SIZE
  /** Finished: nothing is appended any more. */
  finished = false
  /**
   * Nothing more goes into it: its last sync failed, and what it holds beyond the last good one may be lost; or what was
   * taken back could not be cut off.
   */
  suspect = false
  /** Something in it is not what was written, or cannot be read: it is kept, aside, when nothing is needed of it any more. */
  damaged = false
  /** Segments that lie here and are still needed. */
  live = 0
  /** Messages in the segments that lie here. */
  messageCount = 0
  readonly segments: Extent[] = []
  readonly #files: LogFiles
  #handle: LogFile | null = null

  constructor(files: LogFiles, path: string, base: number) {
    this.#files = files
    this.path = path
    this.base = base
  }

  /** Makes the file. @throws of the file system; then there is no such file, if that can be helped */
  create(): void {
    const handle = this.#files.open(this.path, 'create')
    const header = fileHeader()
    try {
      writeWhole(handle, header, 0, header.length, 0)
    } catch (error) {
      handle.close()
      removeQuietly(this.#files, this.path)
      throw error
    }
    this.#handle = handle
  }

  handle(): LogFile {
    return (this.#handle ??= this.#files.open(this.path, this.finished ? 'read' : 'edit'))
  }

  closeHandle(): void {
    this.#handle?.close()
    this.#handle = null
  }

  /** Appends a batch that is laid out in bytes[0, size). */
  append(bytes: Buffer, size: number): void {
    const handle = this.handle()
    try {
      writeWhole(handle, bytes, 0, size, this.size)
    } catch (error) {
      this.#cut(handle)
      throw error
    }
    this.size += size
  }

  /** Cuts off what lies behind `size`: it was taken back. */
  shrink(size: number): void {
    this.size = size
    if (this.#handle !== null) this.#cut(this.#handle)
  }

  /** What can't be cut off stays at the end, where a start takes it for what it is only if nothing is written over it. */
  #cut(handle: LogFile): void {
    try {
      handle.truncate(this.size)
    } catch {
      this.suspect = true
    }
  }

  /** Writes the index behind the segments. */
  finish(): void {
    const size = BATCH_HEADER_SIZE + this.segments.length * INDEX_ENTRY_SIZE + TRAILER_SIZE
    const bytes = Buffer.alloc(size)
    let at = BATCH_HEADER_SIZE
    for (const segment of this.segments) {
      bytes.writeDoubleBE(segment.base, at)
      bytes.writeUInt32BE(segment.count, at + 8)
      bytes.writeDoubleBE(segment.offset, at + 12)
      bytes.writeUInt32BE(segment.size, at + 20)
      at += INDEX_ENTRY_SIZE
    }
    sealBatch(bytes, 0, at, BatchKind.index, this.segments.length, this.base)
    bytes.writeUInt32BE(TRAILER_MAGIC, at)
    bytes.writeDoubleBE(this.size, at + 8)
    this.append(bytes, size)
    this.finished = true
  }

  // ---- reading back ----

  /**
   * What is in the file: by its index, or, where it was not finished, by going through it. What the disk cannot read is
   * damage like any other.
   * @throws of the file system: where nothing of it can be read, EIO
   */
  open(segmentSizeMax: number, tell: (offset: number, size: number) => void): void {
    const damaged: Damaged = (offset, size, isTornEnd = false) => {
      this.damaged ||= !isTornEnd
      tell(offset, size)
    }
    const handle = this.#files.open(this.path, 'edit')
    this.#handle = handle
    this.size = handle.size()
    const salvager = new Salvager(handle)
    const header = Buffer.alloc(FILE_HEADER_SIZE)
    if (!checkFileHeader(header.subarray(0, salvager.read(header, 0)), this.path)) damaged(0, FILE_HEADER_SIZE)
    const found = this.#readIndex(handle)
    if (found !== null) {
      this.finished = true
      this.segments.push(...found)
    } else {
      this.#scan(handle, salvager, segmentSizeMax, damaged)
      if (salvager.readable === 0) throw Object.assign(new Error(`EIO: ${this.path}`), { code: 'EIO' })
    }
    for (const segment of this.segments) this.messageCount += segment.count
  }

  #readIndex(handle: LogFile): Extent[] | null {
    if (this.size < FILE_HEADER_SIZE + BATCH_HEADER_SIZE + TRAILER_SIZE) return null
    try {
      return this.#indexIn(handle)
    } catch (error) {
      if (isUnreadable(error)) return null
      throw error
    }
  }

  #indexIn(handle: LogFile): Extent[] | null {
    const trailer = Buffer.alloc(TRAILER_SIZE)
    readWhole(handle, trailer, this.size - TRAILER_SIZE)
    if (trailer.readUInt32BE(0) !== TRAILER_MAGIC) return null
    const offset = trailer.readDoubleBE(8)
    const size = this.size - TRAILER_SIZE - offset
    // Nothing vouches for the trailer but what it points to.
    if (!Number.isSafeInteger(offset) || offset < FILE_HEADER_SIZE || size < BATCH_HEADER_SIZE) return null
    const bytes = Buffer.alloc(size)
    const batch = readWhole(handle, bytes, offset) === size ? readBatch(bytes, 0, size) : null
    if (batch === null || batch.kind !== BatchKind.index || batch.count * INDEX_ENTRY_SIZE !== batch.end - batch.start)
      return null
    return Array.from({ length: batch.count }, (_, i) => {
      const at = batch.start + i * INDEX_ENTRY_SIZE
      return {
        file: this,
        base: bytes.readDoubleBE(at),
        count: bytes.readUInt32BE(at + 8),
        offset: bytes.readDoubleBE(at + 12),
        size: bytes.readUInt32BE(at + 20),
      }
    })
  }

  /**
   * Goes through a file that was not finished. Batches are gathered into segments again; what is no batch at the end is
   * a write that was cut short, and is cut off; what may have been more stays.
   */
  #scan(handle: LogFile, salvager: Salvager, segmentSizeMax: number, damaged: Damaged): void {
    let end = FILE_HEADER_SIZE
    let current: Extent | null = null
    for (const piece of this.#pieces(salvager, damaged)) {
      if (piece.batch === null) continue
      const { batch, offset, size } = piece
      if (!isOfMessages(batch.kind)) continue
      // A gap in the positions is damage that was skipped: the segment keeps the place of what is missing. It can't be
      // wider than what would fit there: else the log of a channel, or one in memory, went on elsewhere.
      const missing: number = current === null ? 0 : batch.base - current.base - current.count
      const follows = missing >= 0 && missing * MESSAGE_SIZE_MIN <= offset - end
      end = offset + size
      if (current === null || !follows || current.size + size > segmentSizeMax) {
        if (current !== null) this.segments.push(current)
        current = { file: this, base: batch.base, count: batch.count, offset, size }
      } else {
        current.count = batch.base + batch.count - current.base
        current.size = offset + size - current.offset
      }
    }
    if (current !== null) this.segments.push(current)
    this.damaged ||= salvager.unreadable > 0
    if (end < this.size && !this.damaged) handle.truncate(end)
    this.size = end
  }

  *#pieces(
    salvager: Salvager,
    damaged: Damaged,
  ): IterableIterator<{
    batch: { kind: BatchKind; base: number; count: number } | null
    offset: number
    size: number
  }> {
    let offset = FILE_HEADER_SIZE
    let window = SCAN_SIZE
    let tornFrom = -1
    let isTornEnd = false
    while (offset < this.size) {
      const bytes = Buffer.allocUnsafe(Math.min(window, this.size - offset))
      const end = salvager.read(bytes, offset)
      const last = offset + end >= this.size
      let consumed = 0
      for (let at = 0; at < end;) {
        const batch = readBatch(bytes, at, end)
        if (batch !== null) {
          if (tornFrom >= 0) damaged(tornFrom, offset + at - tornFrom)
          tornFrom = -1
          yield { batch, offset: offset + at, size: batch.end - at }
          at = consumed = batch.end
        } else if (!last && (claimedSize(bytes, at, end) > end - at || end - at < BATCH_HEADER_SIZE)) {
          break // goes on behind what we have read
        } else {
          if (tornFrom < 0) {
            tornFrom = offset + at
            isTornEnd = last && isCutShort(bytes, at, end)
          }
          at = consumed = nextMagic(bytes, at + 1, end, last)
        }
      }
      if (end === 0) break
      // A batch that is larger than the window, or claims to be: look further before it is called damage.
      window = consumed === 0 ? Math.min(window * 2, this.size - offset) : SCAN_SIZE
      offset += consumed
    }
    if (tornFrom >= 0) damaged(tornFrom, this.size - tornFrom, isTornEnd)
  }
}

/** A write that the end of the process, or of the machine, has cut short: there is nothing in it that could be had. */
function isCutShort(bytes: Buffer, at: number, end: number): boolean {
  if (end - at < BATCH_HEADER_SIZE || claimedSize(bytes, at, end) > end - at) return true
  return bytes.subarray(at, end).every((byte) => byte === 0)
}

/** Told of a stretch that is not what was written. `isTornEnd`: only the last write of it, which nobody was promised. */
type Damaged = (offset: number, size: number, isTornEnd?: boolean) => void

function isOfMessages(kind: BatchKind): boolean {
  return kind !== BatchKind.index && kind !== BatchKind.journal
}

/** @param last nothing comes behind `end`; else a batch may begin in the last bytes before it */
function nextMagic(bytes: Buffer, from: number, end: number, last: boolean): number {
  const at = bytes.indexOf('NSQB', from, 'latin1')
  if (at >= 0 && at < end) return at
  return last ? end : Math.max(from, end - 3)
}

/** For tidying up after a failure that is reported already: what stays is found, and removed, at the next start. @returns whether it is gone */
export function removeQuietly(files: LogFiles, path: string): boolean {
  try {
    files.remove(path)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
