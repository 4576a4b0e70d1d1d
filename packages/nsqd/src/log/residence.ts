import type { BlockPool } from './block-pool.ts'
import type { LogStorage } from './log.ts'
import type { Segment } from './segment.ts'

/** Which segments of a log are in memory: those that stay there, and those that only visit it while they are read. */
export class Residence {
  /** Bytes of memory that the segments of the log occupy. */
  size = 0
  /** Messages in segments that are not paged. */
  count = 0
  readonly #pool: BlockPool
  readonly #storage: LogStorage | null
  readonly #scheduled: boolean

  /** @param scheduled the log is one whose messages have delays */
  constructor(pool: BlockPool, storage: LogStorage | null, scheduled: boolean) {
    this.#scheduled = scheduled
    this.#pool = pool
    this.#storage = storage
  }

  /** What comes next is paged. */
  get full(): boolean {
    return this.#storage !== null && this.count >= this.#storage.residentMax
  }

  /** Memory for a segment. */
  take(size: number): Buffer {
    this.size += size
    return size === this.#pool.blockSize ? this.#pool.take() : Buffer.allocUnsafeSlow(size)
  }

  /** A segment leaves the log. */
  remove(segment: Segment): void {
    if (!segment.paged) this.count -= segment.count
    this.#storage?.cache.take(segment)
    this.#storage?.store.release(segment)
    if (segment.resident) this.unload(segment)
  }

  // ---- coming ----

  load(segment: Segment, done: (error: Error | null) => void): void {
    this.#storage!.store.load(segment, (error) => {
      if (error === null) this.#loaded(segment)
      done(error)
    })
  }

  loadNow(segment: Segment): void {
    if (segment.resident) return
    this.#storage!.store.loadNow(segment)
    this.#loaded(segment)
  }

  beginReading(segment: Segment): void {
    segment.readers++
    this.#storage?.cache.take(segment)
  }

  endReading(segment: Segment): void {
    segment.readers--
    if (segment.readers === 0) this.maybeCache(segment)
  }

  #loaded(segment: Segment): void {
    this.size += segment.memorySize
    // Where all of it is damaged there are no delays either: it is found missing at once.
    if (this.#scheduled) segment.delays ??= new Array<number>(segment.count).fill(0)
    this.forgetDelays(segment)
    this.maybeCache(segment)
  }

  // ---- going ----

  unload(segment: Segment): void {
    this.size -= segment.memorySize
    this.forgetDelays(segment)
    this.#pool.give(segment.unload())
  }

  letGo(segment: Segment): void {
    if (!segment.paged || !segment.resident || !segment.sealed || segment.readers > 0) return
    if (!segment.written || segment.extent === null) return
    this.#storage?.cache.take(segment)
    this.unload(segment)
  }

  page(segment: Segment): void {
    if (segment.paged || !segment.sealed || !segment.written || segment.extent === null) return
    segment.paged = true
    this.count -= segment.count
    this.maybeCache(segment)
  }

  /** A segment that is in memory and on disk, and that nobody reads, may go when memory is wanted. */
  maybeCache(segment: Segment): void {
    const storage = this.#storage
    if (storage === null || !segment.paged || !segment.resident || !segment.sealed || segment.readers > 0) return
    if (segment.written && segment.extent !== null) storage.cache.put(segment)
  }

  /** Delays are over once a message was handed to the channels, and of no use once it is written, too. */
  forgetDelays(segment: Segment): void {
    if (segment.sealed && segment.written && segment.tail <= segment.log.floor) segment.delays = null
  }
}
