// The past of one thing, in a ring: many of these are held, so that a figure that was always zero takes no memory.
import type { HistoryMetric } from '../api-types.ts'

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

/** Figures of one moment; what is left out is zero, null is unknown. */
export type Point = Readonly<Partial<Record<HistoryMetric, number | null>>>

/**
 * A fixed number of slots, written at the positions that the history gives. Float32: charts have no use for more digits, and depths
 * up to 16 million are exact in it.
 */
export class Series {
  readonly #slots: number
  /** 1: something is known of this slot. */
  readonly #known: Uint8Array
  readonly #columns: (Float32Array | undefined)[] = METRICS.map(() => undefined)
  /** The last position written. */
  lastPosition = -1

  constructor(slots: number) {
    this.#slots = slots
    this.#known = new Uint8Array(slots)
  }

  /** @param position ever growing; positions that were left out are unknown */
  write(position: number, point: Point): void {
    const gap = this.lastPosition === -1 ? 0 : Math.min(this.#slots, position - this.lastPosition - 1)
    for (let missed = 1; missed <= gap; missed++) this.#known[(position - missed) % this.#slots] = 0
    this.lastPosition = position
    const slot = position % this.#slots
    this.#known[slot] = 1
    for (const [index, metric] of METRICS.entries()) {
      const value = point[metric] ?? (point[metric] === null ? Number.NaN : 0)
      const column = this.#columns[index]
      if (column !== undefined) column[slot] = value
      else if (value !== 0) this.#newColumn(index)[slot] = value
    }
  }

  /** Null: unknown. @param position of which the ring may have lost sight */
  read(metric: HistoryMetric, position: number): number | null {
    if (position > this.lastPosition || position <= this.lastPosition - this.#slots || position < 0) return null
    const slot = position % this.#slots
    if (this.#known[slot] === 0) return null
    const value = this.#columns[METRICS.indexOf(metric)]?.[slot] ?? 0
    return Number.isNaN(value) ? null : value
  }

  /** It was never anything but zero, or unknown. */
  isFlat(metric: HistoryMetric): boolean {
    return this.#columns[METRICS.indexOf(metric)] === undefined
  }

  #newColumn(index: number): Float32Array {
    const column = new Float32Array(this.#slots)
    this.#columns[index] = column
    return column
  }
}
