import type { Extent } from './data-file.ts'
import type { Log } from './log.ts'
import { unpackHeaders } from './headers.ts'
import { HEADER_SIZE, ID_OFFSET, SIZE_FIELD_SIZE } from './message-header.ts'
import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'

/** Fields of the index, per message: offset of its frame in `bytes`, and the two halves of its id. */
const STRIDE = 3
const INDEX_COUNT_MIN = 16
/** Room for messages somewhat smaller than those before. */
const INDEX_SLACK = 1.02
/** Growing by less would copy too often. */
const INDEX_GROWTH_MIN = 1.125

/** A message in a segment. */
export interface Place {
  readonly segment: Segment
  readonly index: number
}

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

  /** Beyond what is kept in memory: once written it lives on disk, and is in memory only while it is being read. */
  paged = false
  /** Its messages are in `bytes`. */
  resident = true
  /** Where it lies on disk; null until something of it was written. */
  extent: Extent | null = null
  writtenCount = 0
  writtenEnd = 0
  /** Messages of it could not be read back: their places in it are empty. */
  damaged = false
  /** Of a scheduled log: when each message is due (core/schedule.ts). Known until they were handed out. */
  delays: number[] | null = null
  /** Headers (headers.ts) of the messages that have some, by index; in memory with `bytes`. */
  headers: Map<number, Buffer> | null = null
  /** Bytes of these. */
  headersSize = 0
  /** Attempts to read it that failed. */
  failedReads = 0
  /** Channels that read it or are about to. */
  readers = 0
  #index: Uint32Array
  #loading: ((error: Error | null) => void)[] | null = null

  constructor(log: Log, base: number, bytes: Buffer) {
    this.log = log
    this.base = base
    this.bytes = bytes
    this.#index = new Uint32Array(INDEX_COUNT_MIN * STRIDE)
  }

  /** A segment that lies on disk and not in memory. */
  static stored(log: Log, extent: Extent): Segment {
    const segment = new Segment(log, extent.base, EMPTY)
    segment.unload()
    segment.count = segment.writtenCount = extent.count
    segment.extent = extent
    segment.sealed = segment.paged = true
    return segment
  }

  /** Of a segment that is not in memory: it ends before `position`. */
  shorten(position: number): void {
    this.count = this.writtenCount = Math.max(0, position - this.base)
  }

  /** The position after its last message. */
  get tail(): number {
    return this.base + this.count
  }

  get capacity(): number {
    return this.bytes.length
  }

  /** Bytes of memory that it takes while it is there. */
  get memorySize(): number {
    return this.bytes.length + this.headersSize
  }

  /** All of it is on disk. */
  get written(): boolean {
    return this.writtenCount === this.count
  }

  /** Bytes that it takes: on disk as far as it was written, else in memory. */
  get size(): number {
    const { end, extent, headersSize } = this
    return extent === null ? end + headersSize : extent.size + (this.written ? 0 : end - this.writtenEnd)
  }

  /** Everybody is done with what is in it, and nobody else will be given it. */
  get finished(): boolean {
    return this.pending === 0 && this.tail <= this.log.floor
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

  /** Takes away the last messages, down to `count`; they were not written. */
  truncate(count: number): void {
    if (this.resident) this.end = this.offset(count)
    this.count = count
    if (this.delays !== null) this.delays.length = count
    this.#truncateHeaders(count)
  }

  /** Gives the message that was pushed last its headers. */
  annotate(headers: Buffer): void {
    this.headers ??= new Map()
    this.headers.set(this.count - 1, headers)
    this.headersSize += headers.length
  }

  #truncateHeaders(count: number): void {
    for (const [index, headers] of this.headers ?? []) {
      if (index < count) continue
      this.headers!.delete(index)
      this.headersSize -= headers.length
    }
  }

  // ---- on disk ----

  /** Lets go of its memory; what it holds is on disk. Returns the block for others to use. */
  unload(): Buffer {
    const { bytes } = this
    this.bytes = EMPTY
    this.#index = EMPTY_INDEX
    this.#forgetHeaders()
    this.resident = false
    return bytes
  }

  /** Sees to it that it is in memory, and tells then. Several may wait for one load. */
  load(done: (error: Error | null) => void): void {
    if (this.resident) return done(null)
    if (this.#loading !== null) {
      this.#loading.push(done)
      return
    }
    this.#loading = [done]
    this.log.load(this, (error) => {
      const waiting = this.#loading!
      this.#loading = null
      for (const tell of waiting) tell(error)
    })
  }

  get loading(): boolean {
    return this.#loading !== null
  }

  /** Begins to take over `bytes`, in which batches of its messages lie; they are moved together in place. */
  beginRestore(bytes: Buffer): void {
    this.bytes = bytes
    this.end = 0
    this.#index = new Uint32Array(this.count * STRIDE)
    this.#restored = 0
    this.damaged = false
    this.#forgetHeaders()
  }

  /** Takes over the frames in bytes[start, end), the first of which has the position `base`. */
  restoreFrames(base: number, start: number, end: number): void {
    const { bytes } = this
    let index = base - this.base
    if (index < this.#restored || index >= this.count) return // taken back: it is told elsewhere what these positions are
    this.#leaveEmpty(index)
    for (let at = start; at < end && index < this.count; index++) {
      const size = SIZE_FIELD_SIZE + bytes.readUInt32BE(at)
      if (size < HEADER_SIZE || at + size > end) break // a checksum that is right by chance, or a defect of ours
      this.#index[index * STRIDE] = this.end
      this.#index[index * STRIDE + 1] = parseIdHi(bytes, at + ID_OFFSET)
      this.#index[index * STRIDE + 2] = parseIdLo(bytes, at + ID_OFFSET)
      bytes.copyWithin(this.end, at, at + size)
      this.end += size
      at += size
    }
    this.#restored = index
  }

  restoreHeaders(bytes: Buffer, start: number, end: number, base: number): void {
    if (start === end) return
    this.headers ??= new Map()
    const offset = base - this.base
    unpackHeaders(bytes, start, end, (index, headers) => {
      if (offset + index < 0 || offset + index >= this.count) return
      this.headers!.set(offset + index, headers)
      this.headersSize += headers.length
    })
  }

  #forgetHeaders(): void {
    this.headers = null
    this.headersSize = 0
  }

  restoreDelays(bytes: Buffer, at: number, base: number, count: number): void {
    this.delays ??= new Array<number>(this.count).fill(0)
    const end = Math.min(count, this.tail - base)
    for (let i = 0; i < end; i++) this.delays[base - this.base + i] = bytes.readDoubleBE(at + i * 8)
  }

  endRestore(): void {
    this.#leaveEmpty(this.count)
    this.writtenEnd = this.end
    this.resident = true
  }

  /** True for the place of a message that could not be read back. */
  isMissing(index: number): boolean {
    return this.damaged && this.offset(index) === this.offset(index + 1)
  }

  /** Messages up to `index` are missing: their frames have no bytes. */
  #leaveEmpty(index: number): void {
    for (; this.#restored < index; this.#restored++) {
      this.damaged = true
      this.#index[this.#restored * STRIDE] = this.end
    }
  }

  #restored = 0

  /**
   * To twice its size, or less when messages as large as those so far leave no room for as many: a full segment of small
   * messages has an index of 5 % of its bytes, and doubling alone would take up to that much again.
   */
  #growIndex(): void {
    const expected = Math.ceil(this.count * (this.capacity / this.end) * INDEX_SLACK)
    const countMax = Math.max(Math.ceil(this.count * INDEX_GROWTH_MIN), Math.min(this.count * 2, expected))
    const grown = new Uint32Array(countMax * STRIDE)
    grown.set(this.#index)
    this.#index = grown
  }
}

const EMPTY = Buffer.alloc(0)
const EMPTY_INDEX = new Uint32Array(0)
