// The past of one thing, in a ring: many of these are held, so that a figure takes two bytes, and one that was always zero none.
import type { HistoryMetric } from '../api-types.ts'
import { fromSmall, toSmall, UNKNOWN } from './small-float.ts'

export const METRICS: readonly HistoryMetric[] = [
  'depth',
  'in_flight',
  'deferred',
  'rate_in',
  'rate_out',
  'rate_requeued',
  'rate_timed_out',
  'e2e_95',
  'e2e_99',
]

/** Whole numbers are kept: rates in hundredths of a message a second, latencies in microseconds. */
const SCALES: Readonly<Record<HistoryMetric, number>> = {
  depth: 1,
  in_flight: 1,
  deferred: 1,
  rate_in: 100,
  rate_out: 100,
  rate_requeued: 100,
  rate_timed_out: 100,
  e2e_95: 1 / 1000,
  e2e_99: 1 / 1000,
}

const NO_COLUMN = -1

/** Figures of one moment; what is left out is zero. */
export type Point = Readonly<Partial<Record<HistoryMetric, number>>>

/** A fixed number of slots, written at the positions that the history gives. */
export class Series {
  readonly #slots: number
  /** Columns one after another, the first always there; a slot of it that is UNKNOWN says that nothing is known of that moment. */
  #columns: Uint16Array
  /** Where in #columns the column of a metric begins, by the index of the metric. */
  readonly #starts: number[] = METRICS.map((_, index) => (index === 0 ? 0 : NO_COLUMN))
  /** The last position written. */
  lastPosition = -1

  constructor(slots: number) {
    this.#slots = slots
    this.#columns = new Uint16Array(slots).fill(UNKNOWN)
  }

  /** @param position ever growing; positions that were left out are unknown */
  write(position: number, point: Point): void {
    const gap = this.lastPosition === -1 ? 0 : Math.min(this.#slots, position - this.lastPosition - 1)
    for (let missed = 1; missed <= gap; missed++) this.#columns[(position - missed) % this.#slots] = UNKNOWN
    this.lastPosition = position
    const slot = position % this.#slots
    for (let index = 0; index < METRICS.length; index++) {
      const metric = METRICS[index]!
      const small = toSmall((point[metric] ?? 0) * SCALES[metric])
      if (small === 0 && this.#starts[index] === NO_COLUMN) continue
      const start = this.#startOf(index) // before #columns is looked at: it may be another one then
      this.#columns[start + slot] = small
    }
  }

  /** Null: unknown. @param position of which the ring may have lost sight */
  read(metric: HistoryMetric, position: number): number | null {
    if (position > this.lastPosition || position <= this.lastPosition - this.#slots || position < 0) return null
    const slot = position % this.#slots
    if (this.#columns[slot] === UNKNOWN) return null
    const start = this.#starts[METRICS.indexOf(metric)] ?? NO_COLUMN
    return start === NO_COLUMN ? 0 : fromSmall(this.#columns[start + slot] ?? 0) / SCALES[metric]
  }

  /** It was never anything but zero, or unknown; only `depth` is never said to be. */
  isFlat(metric: HistoryMetric): boolean {
    return this.#starts[METRICS.indexOf(metric)] === NO_COLUMN
  }

  /** Makes room for a column when it has its first figure. */
  #startOf(index: number): number {
    const known = this.#starts[index] ?? NO_COLUMN
    if (known !== NO_COLUMN) return known
    const start = this.#columns.length
    const more = new Uint16Array(start + this.#slots)
    more.set(this.#columns)
    this.#columns = more
    this.#starts[index] = start
    return start
  }
}
