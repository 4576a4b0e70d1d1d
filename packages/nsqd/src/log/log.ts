import type { BlockPool } from './block-pool.ts'
import type { Extent } from './data-file.ts'
import type { LogStore } from './log-store.ts'
import { HEADER_SIZE, SIZE_FIELD_SIZE, type MessageHeaders } from './message-header.ts'
import { Segment } from './segment.ts'
import type { SegmentCache } from './segment-cache.ts'

/** Of a topic: all its messages; those with a delay; those that one channel has to itself. */
export const LogKind = { topic: 0, scheduled: 1, own: 2 } as const
export type LogKind = (typeof LogKind)[keyof typeof LogKind]

/** What a log needs to keep messages on disk. */
export interface LogStorage {
  readonly store: LogStore
  readonly cache: SegmentCache
  /** Messages that stay in memory; what comes beyond is paged. */
  readonly residentMax: number
  /** Everything is written when it is committed; else only what is paged. */
  writesAll: boolean
}

/** A quiet topic should cost little: its first segment has this size, each that was filled is followed by one twice as large. */
const SEGMENT_SIZE_MIN = 4096
/** Headers lie beside the bytes of a segment, which says nothing of how many there are: with so many bytes of them it is full, too. */
const HEADERS_SIZE_MAX = 1024 * 1024
/** Below this many bytes a loop beats the call into the runtime (20 ns against 60 ns for 20 bytes on Node 20). */
const LOOP_COPY_MAX = 32

/**
 * Messages in the order they were appended, numbered by position, in segments of bounded size.
 *
 *   positions   0 ......... floor ............ tail
 *               finished or  handed to the      still to be handed
 *               reclaimed    channels below it  to the channels
 *
 * Below `floor` a segment lives for as long as somebody has something pending in it; above, all do. Segments may vanish
 * anywhere below the floor; the list stays sorted by position.
 *
 * With a store, what was appended counts once it is committed; until then it can be rolled back. A segment is then in
 * memory, on disk, or both.
 */
export class Log {
  /** The position after the last message. */
  tail = 0

  /** Which of a topic's logs this is, as its journal tells them apart. */
  readonly kind: LogKind
  readonly #pool: BlockPool
  readonly #storage: LogStorage | null
  readonly #segments: Segment[] = []
  #floor = 0
  #sizeNext = SEGMENT_SIZE_MIN
  #size = 0
  #committed = 0
  #gapsTo = 0
  /** Messages in segments that are not paged. */
  #residentCount = 0

  constructor(kind: LogKind, pool: BlockPool, storage: LogStorage | null = null) {
    this.kind = kind
    this.#pool = pool
    this.#storage = storage
  }

  get store(): LogStore | null {
    return this.#storage?.store ?? null
  }

  /** Up to where messages have been taken for good. */
  get committed(): number {
    return this.#committed
  }

  get floor(): number {
    return this.#floor
  }

  /** Sorted by position. */
  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Bytes of memory that its segments occupy. */
  get size(): number {
    return this.#size
  }

  /** Appends the body source[start, end) under the next header. Copies; `source` may be reused afterwards. */
  append(headers: MessageHeaders, source: Buffer, start: number, end: number): void {
    const bodySize = end - start
    const size = HEADER_SIZE + bodySize
    const segment = this.#segmentFor(size)
    headers.next()
    const bytes = segment.bytes
    let at = segment.end
    bytes.set(headers.header, at)
    const frameSize = size - SIZE_FIELD_SIZE
    bytes[at] = frameSize >>> 24
    bytes[at + 1] = frameSize >>> 16
    bytes[at + 2] = frameSize >>> 8
    bytes[at + 3] = frameSize
    at += HEADER_SIZE
    if (bodySize <= LOOP_COPY_MAX) for (let from = start; from < end; from++) bytes[at++] = source[from]!
    else source.copy(bytes, at, start, end)
    segment.push(size, headers.idHi, headers.idLo)
    this.#appended(segment)
  }

  /** Gives the message that was appended last its headers. */
  annotate(headers: Buffer): void {
    const segment = this.#segments.at(-1)!
    segment.annotate(headers)
    this.#size += headers.length
  }

  /** As append, for a message that is to be deferred. @param due delay, or due time (core/schedule.ts) */
  appendScheduled(headers: MessageHeaders, source: Buffer, start: number, end: number, due: number): void {
    this.append(headers, source, start, end)
    const segment = this.#segments.at(-1)!
    segment.delays ??= []
    segment.delays.push(due)
  }

  /** Appends a copy of a message of another log, id, timestamp and headers included. */
  appendCopy(source: Segment, index: number): Segment {
    const start = source.offset(index)
    const end = source.offset(index + 1)
    const segment = this.#segmentFor(end - start)
    source.bytes.copy(segment.bytes, segment.end, start, end)
    segment.push(end - start, source.idHi(index), source.idLo(index))
    this.#appended(segment)
    const headers = source.headers?.get(index)
    if (headers !== undefined) this.annotate(headers)
    return segment
  }

  /** Appends a frame that comes from elsewhere: bytes[start, end), with this id in it. */
  appendFrame(bytes: Buffer, start: number, end: number, idHi: number, idLo: number): Segment {
    const segment = this.#segmentFor(end - start)
    bytes.copy(segment.bytes, segment.end, start, end)
    segment.push(end - start, idHi, idLo)
    this.#appended(segment)
    return segment
  }

  #appended(segment: Segment): void {
    this.tail++
    if (!segment.paged) this.#residentCount++
  }

  // ---- commit ----

  /** Whether what was appended has to be written before it counts. */
  get needsWriting(): boolean {
    const storage = this.#storage
    if (storage === null || this.#committed === this.tail) return false
    return storage.writesAll || this.#segments.at(-1)!.paged
  }

  /**
   * Takes what was appended since the last commit for good: writes what belongs on disk.
   * @throws of the file system; the caller rolls back
   */
  commit(): void {
    const storage = this.#storage
    if (storage !== null) {
      for (let i = this.#firstUncommitted(); i < this.#segments.length; i++) {
        const segment = this.#segments[i]!
        if (storage.writesAll || segment.paged) storage.store.append(segment)
      }
      storage.store.endCommit()
      // Not before all was written: what is taken back has to be in memory.
      const first = this.#firstUncommitted()
      for (let i = this.#segments.length - 1; i >= first; i--) this.#maybeCache(this.#segments[i]!)
    }
    this.#committed = this.tail
  }

  /** Forgets what was appended since the last commit, and what of it was written. */
  rollback(): void {
    this.#storage?.store.rollback()
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.tail <= this.#committed) break
      const count = Math.max(0, this.#committed - segment.base)
      if (!segment.paged) this.#residentCount -= segment.count - count
      if (count === 0) this.#remove(segment)
      else this.#truncate(segment, count)
    }
    this.tail = this.#committed
    if (this.#segments.at(-1)?.extent?.file.suspect === true) this.seal()
  }

  #truncate(segment: Segment, count: number): void {
    this.#size -= segment.headersSize
    segment.truncate(count)
    this.#size += segment.headersSize
  }

  /** Writes all that is in memory only, and is still needed: for a clean exit. @throws of the file system */
  writeAll(): void {
    for (const segment of this.#segments) this.#storage!.store.append(segment)
    this.#storage!.store.endCommit()
    this.#committed = this.tail
  }

  #firstUncommitted(): number {
    let i = this.#segments.length
    // A segment that ends at the commit may have been sealed since, and has to be looked at once more.
    while (i > 0 && this.#segments[i - 1]!.tail >= this.#committed) i--
    return i
  }

  /** The segment that holds a position below the tail. The caller knows that it was not reclaimed. */
  segmentAt(position: number): Segment {
    const segments = this.#segments
    let low = 0
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (segments[middle]!.base <= position) low = middle
      else high = middle - 1
    }
    return segments[low]!
  }

  /** Marks `holders` as needing each message of [from, to). */
  hold(from: number, to: number, holders: number): void {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.tail <= from) return
      const count = Math.min(to, segment.tail) - Math.max(from, segment.base)
      if (count > 0) segment.pending += count * holders
    }
  }

  /** Gives back what one holder had in [from, to). */
  release(from: number, to: number): void {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]! // a release may remove this very segment, which does not move those before it
      if (segment.tail <= from) return
      const count = Math.min(to, segment.tail) - Math.max(from, segment.base)
      if (count > 0) segment.release(count)
    }
  }

  /** Everything below `position` was handed out: from now on a segment there is only kept by what is pending in it. */
  raiseFloor(position: number): void {
    this.#floor = position
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      this.#forgetDelays(segment)
      if (segment.pending === 0) this.reclaim(segment)
    }
  }

  /** As raiseFloor, for the ordinary case that somebody holds all that was handed out since: nothing to look for. */
  raiseFloorHeld(position: number): void {
    this.#floor = position
  }

  /** Frees a segment that nobody needs any more; one that is still to be handed out, or written to, stays. */
  reclaim(segment: Segment): void {
    if (segment.pending !== 0 || segment.tail > this.#floor) return
    // The tail of a log that is consumed as fast as it is filled: start over once half of it is used up, so that
    // neither its memory nor the number of segments grows.
    if (!segment.sealed) {
      if (segment.end < segment.capacity / 2) return
      this.#growNext()
    }
    this.#remove(segment)
  }

  // ---- start ----

  /**
   * Takes over the segments that were found on disk.
   * @param extents in the order in which they were written, which is not always that of their positions
   */
  restore(extents: readonly Extent[]): void {
    for (const extent of extents) this.#restoreSegment(extent)
    let end = 0
    for (const { base, tail } of this.#segments) {
      if (end < base) this.#gapsTo = base
      end = tail
    }
    this.tail = this.#committed = end
  }

  /** What was written later is right: where it overlaps what there was, that had been taken back. */
  #restoreSegment(extent: Extent): void {
    const segments = this.#segments
    const { base, count } = extent
    let at = this.#firstEndingAfter(base)
    if (at < segments.length && segments[at]!.base < base) segments[at++]!.shorten(base)
    let to = at
    for (; to < segments.length && segments[to]!.base < base + count; to++) segments[to]!.extent!.file.live--
    segments.splice(at, to - at, Segment.stored(this, extent))
    extent.file.live++
  }

  #firstEndingAfter(position: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle]!.tail <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Between the segments that were found, positions may be missing up to here; they belong to nobody. */
  get gapsTo(): number {
    return this.#gapsTo
  }

  /** How many messages there are from `position` on. */
  countFrom(position: number): number {
    if (position >= this.#gapsTo) return this.tail - position
    return this.#segments.reduce((count, { base, tail }) => count + Math.max(0, tail - Math.max(base, position)), 0)
  }

  /** The position of the first message there is. */
  get head(): number {
    return this.#segments[0]?.base ?? this.tail
  }

  /** The segment that holds a position, or undefined when there is none any more. */
  find(position: number): Segment | undefined {
    if (this.#segments.length === 0) return undefined
    const segment = this.segmentAt(position)
    return position >= segment.base && position < segment.tail ? segment : undefined
  }

  // ---- memory ----

  /** Reads a segment back into memory (Segment.load). */
  load(segment: Segment, done: (error: Error | null) => void): void {
    this.#storage!.store.load(segment, (error) => {
      if (error === null) this.#loaded(segment)
      done(error)
    })
  }

  /** As load, at once. @throws of the file system */
  loadNow(segment: Segment): void {
    if (segment.resident) return
    this.#storage!.store.loadNow(segment)
    this.#loaded(segment)
  }

  /** Sees to it that a segment is in memory while `look` looks at it. @throws of the file system */
  whileLoaded<T>(segment: Segment, look: () => T): T {
    this.beginReading(segment)
    try {
      this.loadNow(segment)
      return look()
    } finally {
      this.endReading(segment)
    }
  }

  #loaded(segment: Segment): void {
    this.#size += segment.memorySize
    // Where all of it is damaged there are no delays either: it is found missing at once.
    if (this.kind === LogKind.scheduled) segment.delays ??= new Array<number>(segment.count).fill(0)
    this.#forgetDelays(segment)
    this.#maybeCache(segment)
  }

  /** Delays are over once a message was handed to the channels, and of no use once it is written, too. */
  #forgetDelays(segment: Segment): void {
    if (segment.sealed && segment.written && segment.tail <= this.#floor) segment.delays = null
  }

  /** A segment lets go of its memory; what it holds is on disk. */
  unload(segment: Segment): void {
    this.#size -= segment.memorySize
    this.#forgetDelays(segment)
    this.#pool.give(segment.unload())
  }

  /** A channel begins to read a segment, or is about to. */
  beginReading(segment: Segment): void {
    segment.readers++
    this.#storage?.cache.take(segment)
  }

  endReading(segment: Segment): void {
    segment.readers--
    if (segment.readers === 0) this.#maybeCache(segment)
  }

  /** A segment that nobody will read soon leaves memory, if it lives on disk and was to leave sooner or later. */
  letGo(segment: Segment): void {
    if (!segment.paged || !segment.resident || !segment.sealed || segment.readers > 0) return
    if (!segment.written || segment.extent === null) return
    this.#storage?.cache.take(segment)
    this.unload(segment)
  }

  /** A segment that was kept in memory for those to come need not be any more: all have read it. */
  page(segment: Segment): void {
    if (segment.paged || !segment.sealed || !segment.written || segment.extent === null) return
    segment.paged = true
    this.#residentCount -= segment.count
    this.#maybeCache(segment)
  }

  #maybeCache(segment: Segment): void {
    const storage = this.#storage
    if (storage === null || !segment.paged || !segment.resident || !segment.sealed || segment.readers > 0) return
    if (segment.written && segment.extent !== null) storage.cache.put(segment)
  }

  /** How many of the positions [from, to) are on disk and not kept in memory. */
  pagedCount(from: number, to: number): number {
    let count = 0
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.tail <= from) break
      if (segment.paged) count += Math.max(0, Math.min(to, segment.tail) - Math.max(from, segment.base))
    }
    return count
  }

  /** Ends the segment that is being written: what follows goes into a new one. */
  seal(): void {
    const last = this.#segments.at(-1)
    if (last === undefined || last.sealed) return
    last.sealed = true
    this.reclaim(last)
  }

  /** Gives back the memory of a log in which nothing is left. */
  trim(): void {
    // What a rollback left sealed and unneeded is met by nobody else.
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.sealed && segment.pending === 0) this.reclaim(segment)
    }
    const last = this.#segments.at(-1)
    if (last !== undefined && last.pending === 0 && this.#floor === this.tail && last.tail === this.tail) {
      this.#remove(last)
      this.#sizeNext = SEGMENT_SIZE_MIN
    }
    if (this.#segments.length === 0) this.#storage?.store.retire()
  }

  /** Forgets all messages. Positions go on. */
  clear(): void {
    this.#floor = this.#committed = this.tail
    for (let i = this.#segments.length - 1; i >= 0; i--) this.#remove(this.#segments[i]!)
  }

  #remove(segment: Segment): void {
    segment.sealed = true
    const at = this.#indexOf(segment)
    this.#segments.splice(at, 1)
    if (!segment.paged) this.#residentCount -= segment.count
    this.#storage?.cache.take(segment)
    this.#storage?.store.release(segment)
    if (segment.resident) this.unload(segment)
  }

  #growNext(): void {
    this.#sizeNext = Math.min(this.#sizeNext * 2, this.#pool.blockSize)
  }

  #indexOf(segment: Segment): number {
    const segments = this.#segments
    let low = 0
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (segments[middle]!.base < segment.base) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The tail segment, or a new one when `size` more bytes do not fit into it, or it may hold no more messages. */
  #segmentFor(size: number): Segment {
    const last = this.#segments.at(-1)
    if (last !== undefined && !last.sealed) {
      const fits = last.end + size <= last.capacity && last.headersSize < HEADERS_SIZE_MAX
      if (fits && (last.paged || !this.#isMemoryFull())) return last
      last.sealed = true
      this.#growNext()
      this.reclaim(last)
    }
    const capacity = Math.max(this.#sizeNext, size)
    const bytes = capacity === this.#pool.blockSize ? this.#pool.take() : Buffer.allocUnsafeSlow(capacity)
    const segment = new Segment(this, this.tail, bytes)
    segment.paged = this.#isMemoryFull()
    this.#segments.push(segment)
    this.#size += capacity
    return segment
  }

  #isMemoryFull(): boolean {
    return this.#storage !== null && this.#residentCount >= this.#storage.residentMax
  }
}
