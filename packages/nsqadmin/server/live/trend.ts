// How a depth has moved over the last minute: a few points, some seconds apart.

const STEP_MS = 10_000
const POINTS = 7

export class Trend {
  readonly #depths: number[] = []
  readonly #timedOut: number[] = []
  #lastAt = Number.NEGATIVE_INFINITY

  /** @param timedOut ever-growing count @param at milliseconds */
  add(depth: number, timedOut: number, at: number): void {
    if (at - this.#lastAt < STEP_MS) return
    this.#lastAt = at
    this.#depths.push(depth)
    this.#timedOut.push(timedOut)
    if (this.#depths.length <= POINTS) return
    this.#depths.shift()
    this.#timedOut.shift()
  }

  /** It is deeper than it was, and was never shallower in between: consumers do not catch up. */
  isRising(depth: number): boolean {
    const [first] = this.#depths
    if (first === undefined || this.#depths.length < 3 || depth <= first) return false
    return this.#depths.every((one) => one >= first)
  }

  /** Messages have timed out in this time. */
  hasTimeouts(timedOut: number): boolean {
    const [first] = this.#timedOut
    return first !== undefined && timedOut > first
  }
}
