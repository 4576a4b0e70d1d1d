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

  /** Takes one position out. @returns false when it is not in here */
  remove(position: number): boolean {
    const bounds = this.#bounds
    for (let i = this.#first; i < bounds.length; i += 2) {
      const from = bounds[i]!
      const to = bounds[i + 1]!
      if (position < from) return false
      if (position >= to) continue
      if (to - from === 1) bounds.splice(i, 2)
      else if (position === from) bounds[i] = from + 1
      else if (position === to - 1) bounds[i + 1] = position
      else bounds.splice(i + 1, 0, position, position + 1)
      this.#count--
      return true
    }
    return false
  }

  has(position: number): boolean {
    for (let i = this.#first; i < this.#bounds.length; i += 2) {
      if (position < this.#bounds[i]!) return false
      if (position < this.#bounds[i + 1]!) return true
    }
    return false
  }

  /** The lowest position that is not below `position`; Infinity when there is none. */
  atOrAfter(position: number): number {
    for (let i = this.#first; i < this.#bounds.length; i += 2) {
      if (this.#bounds[i + 1]! > position) return Math.max(position, this.#bounds[i]!)
    }
    return Infinity
  }

  /** How many lie below `position`. */
  countBelow(position: number): number {
    let count = 0
    for (let i = this.#first; i < this.#bounds.length && this.#bounds[i]! < position; i += 2) {
      count += Math.min(this.#bounds[i + 1]!, position) - this.#bounds[i]!
    }
    return count
  }

  /** Takes over the ranges of another, which is of no use any more. */
  take(other: Ranges): void {
    this.#bounds = other.#bounds
    this.#first = other.#first
    this.#count = other.#count
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
