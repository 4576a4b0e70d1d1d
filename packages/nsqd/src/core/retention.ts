import type { Log } from '../log/log.ts'
import type { Segment } from '../log/segment.ts'
import type { Clock } from './clock.ts'
import { SegmentTimes } from './segment-times.ts'

/** How long, and how much, of what all channels have finished is kept, to be delivered again. 0: no matter. Both 0: nothing is kept. */
export interface RetentionSettings {
  readonly retainMs: number
  readonly retainBytes: number
}

export const NO_RETENTION: RetentionSettings = { retainMs: 0, retainBytes: 0 }

/** What of a topic is kept only to be delivered again. */
export interface Retained {
  readonly messages: number
  /** On disk, or in memory where it was not written yet. */
  readonly bytes: number
  /** When the oldest message that can be delivered again was published, Unix milliseconds; null: not known yet, or there is none. */
  readonly oldestMs: number | null
}

/**
 * Keeps segments of a topic that every channel has finished, for as long and as many as its settings say: from
 * `Log.retainFrom` on they stay where they are, and cost memory for what is known of each segment only.
 *
 * What goes is the oldest, whole segments of at most 1 MiB: by age once the newest message of a segment is old enough, by
 * size while as much as `retainBytes` is left, and to make room on a disk that is full.
 */
export class Retention {
  readonly times = new SegmentTimes()
  /** All that is gone was published before that, Unix milliseconds; -Infinity: nothing is. */
  goneBeforeMs = -Infinity
  readonly #log: Log
  readonly #clock: Clock
  /** It cannot be kept at all: an ephemeral topic, or one without a data path. */
  readonly #possible: boolean
  readonly #onDisk: (error: Error | null) => void
  #settings = NO_RETENTION
  #reading = false

  constructor(log: Log, clock: Clock, possible: boolean, onDisk: (error: Error | null) => void) {
    this.#log = log
    this.#clock = clock
    this.#possible = possible
    this.#onDisk = onDisk
  }

  get active(): boolean {
    return this.#log.retainFrom < Infinity
  }

  /** What is there when it is switched on is kept, once it is finished; when it is switched off, nothing is. */
  change(settings: RetentionSettings): void {
    this.#settings = settings
    if (this.#wanted === this.active) return
    if (this.#wanted) this.begin(0)
    else this.#log.retain(Infinity)
  }

  /** Keeps what is in the log from here on, which was just restored or is used already. @param from below it nothing is to be delivered again */
  begin(from: number): void {
    const log = this.#log
    if (!this.#wanted) return
    const position = Math.max(from, log.head)
    this.goneBeforeMs = position === 0 ? -Infinity : this.#wallMs
    log.retain(position)
  }

  /** Nothing below `position` is to be delivered again: the topic was emptied, now or in an earlier run. */
  forgetBelow(position: number): void {
    if (!this.active || position <= this.#log.retainFrom) return
    this.goneBeforeMs = this.#wallMs
    this.#log.retain(position)
  }

  get #wanted(): boolean {
    return this.#possible && (this.#settings.retainMs > 0 || this.#settings.retainBytes > 0)
  }

  get #wallMs(): number {
    return this.#clock.wallUs() / 1000
  }

  // ---- what there is ----

  get retained(): Retained {
    let messages = 0
    let bytes = 0
    let oldestMs: number | null = null
    for (const segment of this.#kept()) {
      oldestMs ??= this.times.peek(segment)?.firstMs ?? null
      if (!segment.finished) continue
      messages += segment.tail - Math.max(segment.base, this.#log.retainFrom)
      bytes += segment.size
    }
    return { messages, bytes, oldestMs }
  }

  /** Segments with something that can be delivered again, as there are now. */
  #kept(): Segment[] {
    const { floor, retainFrom, segments } = this.#log
    return segments.filter(({ base, tail }) => tail > retainFrom && base < floor)
  }

  // ---- where it lies ----

  /** Writes segments that were in memory only: what is kept is not to cost memory. If that fails, it is not kept. */
  writeOut(segments: readonly Segment[], beginJournal: () => void): void {
    try {
      beginJournal()
      this.#log.writeOut(segments)
      this.#onDisk(null)
    } catch (error) {
      this.#log.store!.rollback()
      this.#onDisk(error as Error)
      this.#letGo(segments.at(-1)!)
    }
  }

  // ---- letting go ----

  /** Lets go of what is too old, or too much; called every few seconds. */
  sweep(): void {
    if (!this.active) return
    this.#expireBySize()
    this.#expireByAge()
    const [oldest] = this.#kept()
    if (oldest !== undefined && !oldest.resident && this.times.peek(oldest) === undefined) this.#sweepOnceRead(oldest)
  }

  #expireBySize(): void {
    const { retainBytes } = this.#settings
    if (retainBytes === 0) return
    let { bytes } = this.retained
    for (const segment of this.#kept()) {
      if (!segment.finished) continue
      bytes -= segment.size
      if (bytes < retainBytes) return
      this.#letGo(segment)
    }
  }

  /**
   * Looks for the newest that is too old among what is finished: at the oldest first, mostly in vain, then ever further, so that
   * after a long rest not all of it has to be read.
   */
  #expireByAge(): void {
    const { retainMs } = this.#settings
    if (retainMs === 0) return
    const oldestMs = this.#wallMs - retainMs
    const kept = this.#kept().filter(({ finished }) => finished)
    let low = 0
    let high = kept.length
    for (let at = 0; low < high; at = high === kept.length ? Math.min(2 * low, high - 1) : (low + high) >>> 1) {
      const segment = kept[at]!
      const times = this.times.peek(segment)
      if (times === undefined && !segment.resident) return this.#sweepOnceRead(segment)
      // One that is damaged all over tells nothing, and as the oldest is of no use.
      if (times === undefined ? at === 0 : times.lastMs < oldestMs) low = at + 1
      else high = at
    }
    const last = kept[low - 1]
    if (last !== undefined) this.#letGoAll(last)
  }

  /** One at a time, and once: what cannot be read stays until the next sweep. */
  #sweepOnceRead(segment: Segment): void {
    if (this.#reading) return
    this.#reading = true
    void this.times.of(segment).then((times) => {
      this.#reading = false
      if (times !== undefined) this.sweep()
    })
  }

  /** Nothing up to the end of the segment is kept any more. */
  #letGo(segment: Segment): void {
    this.goneBeforeMs = this.times.peek(segment)?.lastMs ?? this.#wallMs
    this.#log.retain(segment.tail)
  }

  /** As letGo, of the segment that is written to as well: what comes next goes into a new one, and into a new file. */
  #letGoAll(segment: Segment): void {
    if (!segment.sealed) this.#log.seal()
    this.#letGo(segment)
    this.#log.store?.retire()
  }

  /**
   * Lets go of the oldest that is kept and nobody needs, for others need the room: as many segments as it takes to make
   * a file go.
   * @returns whether there was any
   */
  giveUp(): boolean {
    const files = new Map<object | null, Segment[]>()
    for (const segment of this.#kept()) {
      const file = segment.extent?.file ?? null
      const inFile = files.get(file)
      if (inFile === undefined) files.set(file, [segment])
      else inFile.push(segment)
    }
    for (const segments of files.values()) {
      if (!segments.every(({ finished }) => finished)) continue
      this.#letGoAll(segments.at(-1)!)
      return true
    }
    return false
  }
}
