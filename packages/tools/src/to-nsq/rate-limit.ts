// `--rate`: a counter of what may go out begins at 1, gains 1 every 1/rate seconds, and never exceeds rate; so after a pause a
// second's worth goes out at once.

export class RateLimit {
  readonly #rate: number
  readonly #now: () => number
  #tokens = 1
  #countedAt: number

  /**
   * @param rate messages a second; 0 and less: no limit
   * @param now milliseconds from any fixed point
   */
  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#rate = rate
    this.#now = now
    this.#countedAt = now()
  }

  /** @returns how many of `wanted` may go now, 0 if none; they count as gone */
  take(wanted: number): number {
    if (this.#rate <= 0) return wanted
    const now = this.#now()
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#countedAt) * this.#rate) / 1000)
    this.#countedAt = now
    const taken = Math.min(wanted, Math.floor(this.#tokens))
    this.#tokens -= taken
    return taken
  }

  /** Milliseconds until one may go. */
  get waitMs(): number {
    return this.#rate <= 0 ? 0 : Math.max(0, Math.ceil(((1 - this.#tokens) * 1000) / this.#rate))
  }
}
