/** Counts of what was observed, by size: Prometheus' kind of histogram, without labels or strings. */
export class Histogram {
  /** Upper bounds, ascending; what is above the last is counted in `total` alone. */
  readonly bounds: readonly number[]
  /** How many fell at or below each bound and above the one before. */
  readonly counts: Float64Array
  sum = 0
  total = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length)
  }

  observe(value: number): void {
    this.sum += value
    this.total++
    const { bounds } = this
    for (let i = 0; i < bounds.length; i++) {
      if (value <= bounds[i]!) {
        this.counts[i]!++
        return
      }
    }
  }
}
