// The past of one thing, in a ring: many of these are held, so that a figure takes two bytes, and one that was always zero none.
import type { HistoryMetric } from '../api-types.ts'
import type { Columns } from './columns.ts'
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
  readonly #columns: Columns
  /**
   * The column of a metric, by the index of the metric; one that was never anything but zero has none. The first is always there: a slot
   * of it that is UNKNOWN says that nothing is known of that moment.
   */
  readonly #own = new Int32Array(METRICS.length).fill(NO_COLUMN)
  /** The last position written. */
  lastPosition = -1

  /** @param columns as long as the series is to be */
  constructor(columns: Columns) {
    this.#columns = columns
    this.#own[0] = columns.take()
    for (let slot = 0; slot < columns.slots; slot++) columns.set(this.#own[0], slot, UNKNOWN)
  }

  /** @param position ever growing; positions that were left out are unknown */
  write(position: number, point: Point): void {
    const { slots } = this.#columns
    const gap = this.lastPosition === -1 ? 0 : Math.min(slots, position - this.lastPosition - 1)
    for (let missed = 1; missed <= gap; missed++) this.#columns.set(this.#own[0]!, (position - missed) % slots, UNKNOWN)
    this.lastPosition = position
    const slot = position % slots
    for (let index = 0; index < METRICS.length; index++) {
      const metric = METRICS[index]!
      const small = toSmall((point[metric] ?? 0) * SCALES[metric])
      if (this.#own[index] === NO_COLUMN) {
        if (small === 0) continue
        this.#own[index] = this.#columns.take()
      }
      this.#columns.set(this.#own[index]!, slot, small)
    }
  }

  /** Null: unknown. @param position of which the ring may have lost sight */
  read(metric: HistoryMetric, position: number): number | null {
    const { slots } = this.#columns
    if (position > this.lastPosition || position <= this.lastPosition - slots || position < 0) return null
    const slot = position % slots
    if (this.#columns.get(this.#own[0]!, slot) === UNKNOWN) return null
    const column = this.#own[METRICS.indexOf(metric)] ?? NO_COLUMN
    return column === NO_COLUMN ? 0 : fromSmall(this.#columns.get(column, slot)) / SCALES[metric]
  }

  /** It was never anything but zero, or unknown; only `depth` is never said to be. */
  isFlat(metric: HistoryMetric): boolean {
    return this.#own[METRICS.indexOf(metric)] === NO_COLUMN
  }

  /** Gives its columns back; not to be used after that. */
  release(): void {
    for (const column of this.#own) if (column !== NO_COLUMN) this.#columns.give(column)
    this.#own.fill(NO_COLUMN)
  }
}
