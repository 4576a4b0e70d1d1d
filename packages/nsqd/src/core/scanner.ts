import type { Alarm, AlarmFactory, Clock } from './clock.ts'

/** Somebody for whom time matters: a channel, with its messages in flight and deferred. */
export interface DueSource {
  /** When it wants to be woken; owned by the scanner. May be earlier than needed, never later. */
  wakeAt: number
  /** Its place in the scanner's heap, -1 when it has none; owned by the scanner. */
  heapIndex: number
  /** Handles all that is due at `now`; returns when to come again, Infinity for never. */
  processDue(now: number): number
}

/** The longest that an alarm is set for: node's timers overflow at 2^31 ms and then ring at once. */
const SLEEP_MAX_MS = 3_600_000

/**
 * Wakes each source when something of it is due: one alarm over a heap of sources, however many messages they have.
 * A source that expects something sooner says so (`expect`); that something was finished early it need not say.
 */
export class Scanner {
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #heap: DueSource[] = []
  #alarmAt = Infinity
  #closed = false

  constructor(clock: Clock, alarm: AlarmFactory) {
    this.#clock = clock
    this.#alarm = alarm(() => this.#ring())
  }

  /** The source wants to be woken at `dueMs` at the latest. */
  expect(source: DueSource, dueMs: number): void {
    if (dueMs >= source.wakeAt) return
    source.wakeAt = dueMs
    if (source.heapIndex < 0) {
      source.heapIndex = this.#heap.length
      this.#heap.push(source)
    }
    this.#up(source.heapIndex)
    this.#arm()
  }

  forget(source: DueSource): void {
    const at = source.heapIndex
    if (at < 0) return
    source.heapIndex = -1
    source.wakeAt = Infinity
    const last = this.#heap.pop()!
    if (last === source) return
    this.#heap[at] = last
    last.heapIndex = at
    this.#up(at)
    this.#down(last.heapIndex)
  }

  close(): void {
    this.#closed = true
    this.#alarm.clear()
  }

  #ring(): void {
    this.#alarmAt = Infinity
    const now = this.#clock.now()
    for (let first = this.#heap[0]; first !== undefined && first.wakeAt <= now; first = this.#heap[0]) {
      const next = first.processDue(now)
      if (first.heapIndex < 0) continue // it was forgotten meanwhile
      if (next === Infinity) {
        this.forget(first)
      } else {
        first.wakeAt = next
        this.#down(first.heapIndex)
        this.#up(first.heapIndex)
      }
    }
    this.#arm()
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || this.#closed || first.wakeAt >= this.#alarmAt) return
    this.#alarmAt = Math.min(first.wakeAt, this.#clock.now() + SLEEP_MAX_MS)
    this.#alarm.set(this.#alarmAt)
  }

  #up(at: number): void {
    const heap = this.#heap
    const source = heap[at]!
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent]!.wakeAt <= source.wakeAt) break
      heap[at] = heap[parent]!
      heap[at]!.heapIndex = at
      at = parent
    }
    heap[at] = source
    source.heapIndex = at
  }

  #down(at: number): void {
    const heap = this.#heap
    const source = heap[at]!
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.wakeAt < heap[child]!.wakeAt) child++
      if (heap[child]!.wakeAt >= source.wakeAt) break
      heap[at] = heap[child]!
      heap[at]!.heapIndex = at
      at = child
    }
    heap[at] = source
    source.heapIndex = at
  }
}
