import type { BlockPool } from './block-pool.ts'
import type { Extent } from './data-file.ts'
import type { LogStore } from './log-store.ts'
import { HEADER_SIZE, SIZE_FIELD_SIZE, type MessageHeaders } from './message-header.ts'
import { Residence } from './residence.ts'
import { Segment } from './segment.ts'
import type { SegmentCache } from './segment-cache.ts'
import { SegmentList } from './segment-list.ts'

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
  readonly #segments = new SegmentList()
  readonly #residence: Residence
  #floor = 0
  #sizeNext = SEGMENT_SIZE_MIN
  #committed = 0
  #gapsTo = 0
  #retainFrom = Infinity

  constructor(kind: LogKind, pool: BlockPool, storage: LogStorage | null = null) {
    this.kind = kind
    this.#pool = pool
    this.#storage = storage
    this.#residence = new Residence(pool, storage, kind === LogKind.scheduled)
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
    return this.#segments.all
  }

  /** Bytes of memory that its segments occupy. */
  get size(): number {
    return this.#residence.size
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
    const segment = this.#segments.last!
    segment.annotate(headers)
    this.#residence.size += headers.length
  }

  /** As append, for a message that is to be deferred. @param due delay, or due time (core/schedule.ts) */
  appendScheduled(headers: MessageHeaders, source: Buffer, start: number, end: number, due: number): void {
    this.append(headers, source, start, end)
    const segment = this.#segments.last!
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
    if (!segment.paged) this.#residence.count++
  }

  // ---- commit ----

  /** Whether what was appended has to be written before it counts. */
  get needsWriting(): boolean {
    const storage = this.#storage
    if (storage === null || this.#committed === this.tail) return false
    return storage.writesAll || this.#segments.last!.paged
  }

  /**
   * Takes what was appended since the last commit for good: writes what belongs on disk.
   * @param sync and brings it to stable storage, at once
   * @throws of the file system; the caller rolls back
   */
  commit(sync = false): void {
    const storage = this.#storage
    if (storage !== null) {
      const segments = this.#segments.all
      for (let i = this.#firstUncommitted(); i < segments.length; i++) {
        const segment = segments[i]!
        if (storage.writesAll || segment.paged) storage.store.append(segment)
      }
      if (sync) storage.store.sync()
      storage.store.endCommit()
      // Not before all was written: what is taken back has to be in memory.
      const first = this.#firstUncommitted()
      for (let i = segments.length - 1; i >= first; i--) this.#residence.maybeCache(segments[i]!)
    }
    this.#committed = this.tail
  }

  /** Forgets what was appended since the last commit, and what of it was written. */
  rollback(): void {
    this.#storage?.store.rollback()
    const segments = this.#segments.all
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i]!
      if (segment.tail <= this.#committed) break
      const count = Math.max(0, this.#committed - segment.base)
      if (!segment.paged) this.#residence.count -= segment.count - count
      if (count === 0) this.#remove(segment)
      else this.#truncate(segment, count)
    }
    this.tail = this.#committed
    if (this.#segments.last?.extent?.file.suspect === true) this.seal()
  }

  #truncate(segment: Segment, count: number): void {
    this.#residence.size -= segment.headersSize
    segment.truncate(count)
    this.#residence.size += segment.headersSize
  }

  /** Writes all that is in memory only, and is still needed: for a clean exit. @throws of the file system */
  writeAll(): void {
    for (const segment of this.#segments.all) this.#storage!.store.append(segment)
    this.#storage!.store.endCommit()
    this.#committed = this.tail
  }

  #firstUncommitted(): number {
    const segments = this.#segments.all
    let i = segments.length
    // A segment that ends at the commit may have been sealed since, and has to be looked at once more.
    while (i > 0 && segments[i - 1]!.tail >= this.#committed) i--
    return i
  }

  /** The segment that holds a position below the tail. The caller knows that it was not reclaimed. */
  segmentAt(position: number): Segment {
    return this.#segments.holding(position)
  }

  /** The segment that holds a position, or undefined when there is none any more. */
  find(position: number): Segment | undefined {
    return this.#segments.find(position)
  }

  /** Marks `holders` as needing each message of [from, to). */
  hold(from: number, to: number, holders: number): void {
    this.#segments.hold(from, to, holders)
  }

  /** Gives back what one holder had in [from, to). */
  release(from: number, to: number): void {
    this.#segments.release(from, to)
  }

  /** Everything below `position` was handed out: from now on a segment there is only kept by what is pending in it. */
  raiseFloor(position: number): void {
    const before = this.#floor
    this.#floor = position
    const segments = this.#segments.all
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i]!
      if (segment.tail <= before && this.#retainFrom < Infinity) return // there may be many that are only kept
      this.#residence.forgetDelays(segment)
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
    if (segment.tail > this.#retainFrom) return this.page(segment)
    // The tail of a log that is consumed as fast as it is filled: start over once half of it is used up, so that
    // neither its memory nor the number of segments grows.
    if (!segment.sealed) {
      if (segment.end < segment.capacity / 2) return
      this.#growNext()
    }
    this.#remove(segment)
  }

  // ---- keeping what is finished ----

  /** From this position on segments stay when they are finished, to be delivered again; Infinity: none do. */
  get retainFrom(): number {
    return this.#retainFrom
  }

  /** From now on nothing below `position` is kept when it is finished; Infinity: nothing at all. */
  retain(position: number): void {
    this.#retainFrom = position
    const segments = this.#segments.all
    // From the end of what may go: a reclaim moves those behind it.
    for (let i = this.#segments.firstEndingAfter(position) - 1; i >= 0; i--)
      if (segments[i]!.pending === 0) this.reclaim(segments[i]!)
  }

  /**
   * Writes segments that are in memory only, sealed, and handed out; later, if something waits to be committed.
   * @throws of the file system; then none of them counts as written
   */
  writeOut(segments: readonly Segment[]): void {
    const { store } = this.#storage!
    const last = this.#segments.last!
    if (last.extent !== null) {
      // Its file may be finished by what is written now: nothing more of it may come then.
      if (!last.written) return
      this.seal()
    }
    for (const segment of segments) store.append(segment)
    store.endCommit()
    for (const segment of segments) this.page(segment)
  }

  // ---- start ----

  /**
   * Takes over the segments that were found on disk.
   * @param extents in the order in which they were written, which is not always that of their positions
   */
  restore(extents: readonly Extent[]): void {
    for (const extent of extents) this.#segments.insertStored(this, extent)
    let end = 0
    for (const { base, tail } of this.#segments.all) {
      if (end < base) this.#gapsTo = base
      end = tail
    }
    this.tail = this.#committed = end
  }

  /** Between the segments that were found, positions may be missing up to here; they belong to nobody. */
  get gapsTo(): number {
    return this.#gapsTo
  }

  /** How many messages there are from `position` on. */
  countFrom(position: number): number {
    if (position >= this.#gapsTo) return this.tail - position
    return this.#segments.countFrom(position)
  }

  /** The position of the first message there is. */
  get head(): number {
    return this.#segments.first?.base ?? this.tail
  }

  // ---- memory ----

  /** Reads a segment back into memory (Segment.load). */
  load(segment: Segment, done: (error: Error | null) => void): void {
    this.#residence.load(segment, done)
  }

  /** As load, at once. @throws of the file system */
  loadNow(segment: Segment): void {
    this.#residence.loadNow(segment)
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

  /** A segment lets go of its memory; what it holds is on disk. */
  unload(segment: Segment): void {
    this.#residence.unload(segment)
  }

  /** A channel begins to read a segment, or is about to. */
  beginReading(segment: Segment): void {
    this.#residence.beginReading(segment)
  }

  endReading(segment: Segment): void {
    this.#residence.endReading(segment)
  }

  /** A segment that nobody will read soon leaves memory, if it lives on disk and was to leave sooner or later. */
  letGo(segment: Segment): void {
    this.#residence.letGo(segment)
  }

  /** A segment that was kept in memory for those to come need not be any more: all have read it. */
  page(segment: Segment): void {
    this.#residence.page(segment)
  }

  /** How many of the positions [from, to) are on disk and not kept in memory. */
  pagedCount(from: number, to: number): number {
    return this.#segments.pagedCount(from, to)
  }

  /** Ends the segment that is being written: what follows goes into a new one. */
  seal(): void {
    const last = this.#segments.last
    if (last === undefined || last.sealed) return
    last.sealed = true
    this.reclaim(last)
  }

  /** Gives back the memory of a log in which nothing is left. */
  trim(): void {
    // What a rollback left sealed and unneeded is met by nobody else.
    const segments = this.#segments.all
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i]!
      if (segment.sealed && segment.pending === 0) this.reclaim(segment)
    }
    const last = this.#segments.last
    if (last !== undefined && last.tail > this.#retainFrom) return
    if (last !== undefined && last.pending === 0 && this.#floor === this.tail && last.tail === this.tail) {
      this.#remove(last)
      this.#sizeNext = SEGMENT_SIZE_MIN
    }
    if (segments.length === 0) this.#storage?.store.retire()
  }

  /** Forgets all messages. Positions go on. */
  clear(): void {
    this.#floor = this.#committed = this.tail
    const segments = this.#segments.all
    for (let i = segments.length - 1; i >= 0; i--) this.#remove(segments[i]!)
  }

  #remove(segment: Segment): void {
    segment.sealed = true
    this.#segments.remove(segment)
    this.#residence.remove(segment)
  }

  #growNext(): void {
    this.#sizeNext = Math.min(this.#sizeNext * 2, this.#pool.blockSize)
  }

  /** The tail segment, or a new one when `size` more bytes do not fit into it, or it may hold no more messages. */
  #segmentFor(size: number): Segment {
    const last = this.#segments.last
    if (last !== undefined && !last.sealed) {
      const fits = last.end + size <= last.capacity && last.headersSize < HEADERS_SIZE_MAX
      if (fits && (last.paged || !this.#residence.full)) return last
      last.sealed = true
      this.#growNext()
      this.reclaim(last)
    }
    const capacity = Math.max(this.#sizeNext, size)
    const segment = new Segment(this, this.tail, this.#residence.take(capacity))
    segment.paged = this.#residence.full
    this.#segments.push(segment)
    return segment
  }
}
