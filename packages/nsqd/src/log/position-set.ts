/** A set of positions, as ascending disjoint ranges [from, to) that do not touch. */
export class PositionSet {
  /** from, to, from, to, ... */
  #bounds: number[] = []

  get empty(): boolean {
    return this.#bounds.length === 0
  }

  add(from: number, to: number): void {
    if (from >= to) return
    const bounds = this.#bounds
    if (bounds.length === 0 || bounds.at(-1)! < from) {
      bounds.push(from, to)
      return
    }
    // Merge with all ranges that overlap or touch [from, to).
    const first = this.#rangeEndingAtOrAfter(from)
    let last = first
    let low = from
    let high = to
    while (last < bounds.length && bounds[last]! <= to) {
      low = Math.min(low, bounds[last]!)
      high = Math.max(high, bounds[last + 1]!)
      last += 2
    }
    bounds.splice(first, last - first, low, high)
  }

  remove(from: number, to: number): void {
    if (from >= to) return
    const bounds = this.#bounds
    const first = this.#rangeEndingAtOrAfter(from + 1)
    let last = first
    const left: number[] = []
    while (last < bounds.length && bounds[last]! < to) {
      if (bounds[last]! < from) left.push(bounds[last]!, from)
      if (bounds[last + 1]! > to) left.push(to, bounds[last + 1]!)
      last += 2
    }
    if (last > first) bounds.splice(first, last - first, ...left)
  }

  has(position: number): boolean {
    const at = this.#rangeEndingAtOrAfter(position + 1)
    return at < this.#bounds.length && this.#bounds[at]! <= position
  }

  clear(): void {
    this.#bounds = []
  }

  /** How many positions there are. */
  get count(): number {
    let count = 0
    this.forEach((from, to) => (count += to - from))
    return count
  }

  forEach(visit: (from: number, to: number) => void): void {
    for (let i = 0; i < this.#bounds.length; i += 2) visit(this.#bounds[i]!, this.#bounds[i + 1]!)
  }

  /** The index of the first range whose end is at or after `position`. */
  #rangeEndingAtOrAfter(position: number): number {
    let low = 0
    let high = this.#bounds.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bounds[2 * middle + 1]! < position) low = middle + 1
      else high = middle
    }
    return 2 * low
  }
}
