/**
 * The positions of a log that a channel has still to hand out: ascending, disjoint ranges [from, to). One range in
 * ordinary life; emptying a channel and an ephemeral channel that overflowed leave gaps between them.
 */
export class Ranges {
  /** from, to, from, to, ...; the first range starts at `#first`, what lies before it was consumed. */
  #bounds: number[] = []
  #first = 0
  #count = 0

  /** How many positions there are in all. */
  get count(): number {
    return this.#count
  }

  /** The lowest position, or Infinity when there is none. */
  get from(): number {
    return this.#count === 0 ? Infinity : this.#bounds[this.#first]!
  }

  /** The end of the first range. */
  get to(): number {
    return this.#bounds[this.#first + 1]!
  }

  /** Adds [from, to), which lies above all that is in here. */
  push(from: number, to: number): void {
    if (from === to) return
    const bounds = this.#bounds
    if (this.#count > 0 && bounds.at(-1) === from) {
      bounds[bounds.length - 1] = to
    } else {
      if (this.#count === 0) {
        bounds.length = 0
        this.#first = 0
      }
      bounds.push(from, to)
    }
    this.#count += to - from
  }

  /** Takes `count` positions from the first range, which has at least as many. */
  shift(count: number): void {
    const bounds = this.#bounds
    const from = bounds[this.#first]! + count
    bounds[this.#first] = from
    this.#count -= count
    if (from < bounds[this.#first + 1]!) return
    this.#first += 2
    if (this.#first === bounds.length) {
      bounds.length = 0
      this.#first = 0
    } else if (this.#first >= 64) {
      bounds.splice(0, this.#first)
      this.#first = 0
    }
  }

  forEach(visit: (from: number, to: number) => void): void {
    for (let i = this.#first; i < this.#bounds.length; i += 2) visit(this.#bounds[i]!, this.#bounds[i + 1]!)
  }

  clear(): void {
    this.#bounds.length = 0
    this.#first = 0
    this.#count = 0
  }
}
