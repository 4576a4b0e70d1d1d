/**
 * Walks the records of one data file, a block at a time. Memory: one block, or one record where that is larger; a size
 * is believed only if the file really goes that far, so a damaged one never makes us allocate more than the file holds.
 */
import type { QueueFile } from './queue-files.ts'
import { scanBlock } from './record-layout.ts'
import type { RecordBounds, RecordDamage } from './record-layout.ts'
import { readBlock } from './whole-blocks.ts'

export class RecordFile {
  readonly #file: QueueFile
  readonly #bounds: RecordBounds
  #blockSize: number
  #offset: number
  #end: number
  #damage: RecordDamage | undefined = undefined

  /** Reads from `offset`, where a record begins, up to `end`, the file's size or less. `file` stays the caller's. */
  constructor(file: QueueFile, offset: number, end: number, bounds: RecordBounds, blockSize: number) {
    this.#file = file
    this.#offset = offset
    this.#end = end
    this.#bounds = bounds
    this.#blockSize = blockSize
  }

  /** Where the next record begins, or the damage. */
  get offset(): number {
    return this.#offset
  }

  /** Where the file ends. */
  get end(): number {
    return this.#end
  }

  /** Why it cannot go on, where it stopped before the end. */
  get damage(): RecordDamage | undefined {
    return this.#damage
  }

  /** Reads smaller blocks from now on, to get closer to a place that cannot be read. False: they are that small already. */
  narrow(blockSize: number): boolean {
    if (this.#blockSize <= blockSize) return false
    this.#blockSize = blockSize
    return true
  }

  /**
   * The next whole records, at least one; undefined at the end, and at damage.
   * The records are slices of a block that is given away. A failed read throws and changes nothing: it may be tried again.
   */
  async next(): Promise<Buffer[] | undefined> {
    let wanted = this.#blockSize
    while (this.#damage === undefined && this.#offset < this.#end) {
      const block = await this.#read(wanted)
      const scan = scanBlock(block, this.#end - this.#offset, this.#bounds)
      if (scan.records.length > 0) {
        this.#offset += scan.size // damage behind them is met again, and noted, at the next call
        return scan.records
      }
      this.#damage = scan.damage
      wanted = Math.max(wanted, scan.next)
    }
    return undefined
  }

  async #read(wanted: number): Promise<Buffer> {
    const size = Math.min(wanted, this.#end - this.#offset)
    const block = Buffer.allocUnsafeSlow(size)
    const count = await readBlock(this.#file, block, this.#offset)
    if (count < size) this.#end = this.#offset + count // it ends earlier than its size said
    return block.subarray(0, count)
  }
}
