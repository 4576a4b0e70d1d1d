import type { Log } from './log.ts'

/** Fields of the index, per message: offset of its frame in `bytes`, and the two halves of its id. */
const STRIDE = 3
const INDEX_COUNT_MIN = 16

/**
 * A run of consecutive messages of one log, laid out as they go on the wire (message-header.ts).
 *
 * Positions [base, base + count) lie in bytes [0, end); frame i is bytes [offset(i), offset(i + 1)).
 * `pending` counts who still needs it: one per message and channel that has not finished the message. A sealed segment
 * that was handed to the channels whole and has nothing pending is reclaimed by its log.
 */
export class Segment {
  readonly log: Log
  readonly base: number
  bytes: Buffer
  end = 0
  count = 0
  pending = 0
  sealed = false
  /** Seen sparse by an earlier sweep: what is left of it may be moved out now (Topic.sweep). */
  sparse = false
  #index: Uint32Array

  constructor(log: Log, base: number, bytes: Buffer) {
    this.log = log
    this.base = base
    this.bytes = bytes
    this.#index = new Uint32Array(INDEX_COUNT_MIN * STRIDE)
  }

  /** The position after its last message. */
  get tail(): number {
    return this.base + this.count
  }

  get capacity(): number {
    return this.bytes.length
  }

  offset(index: number): number {
    return index === this.count ? this.end : this.#index[index * STRIDE]!
  }

  idHi(index: number): number {
    return this.#index[index * STRIDE + 1]!
  }

  idLo(index: number): number {
    return this.#index[index * STRIDE + 2]!
  }

  /** Notes that a frame of `size` bytes was written at `end`. The caller has checked that it fits. */
  push(size: number, idHi: number, idLo: number): void {
    const at = this.count * STRIDE
    if (at === this.#index.length) this.#growIndex()
    const index = this.#index
    index[at] = this.end
    index[at + 1] = idHi
    index[at + 2] = idLo
    this.count++
    this.end += size
  }

  /**
   * How many messages from `index` on, at most `countMax`, have at most `sizeMax` bytes together; at least one, since
   * a message may be larger than any bound of the reader.
   */
  fit(index: number, countMax: number, sizeMax: number): number {
    const limit = this.offset(index) + sizeMax
    let low = 1
    let high = Math.min(countMax, this.count - index)
    if (this.offset(index + high) <= limit) return high
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.offset(index + middle) <= limit) low = middle
      else high = middle - 1
    }
    return low
  }

  /** One message and channel less that needs this segment (or `count` of them). */
  release(count: number): void {
    this.pending -= count
    if (this.pending === 0) this.log.reclaim(this)
  }

  #growIndex(): void {
    const grown = new Uint32Array(this.#index.length * 2)
    grown.set(this.#index)
    this.#index = grown
  }
}
