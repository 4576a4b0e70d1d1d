import type { Chooser } from './chooser.ts'
import { HostPool } from './host-pool.ts'

const EPSILON_FIRST = 0.3
const EPSILON_DECAY = 0.9
const EPSILON_MIN = 0.01
const BUCKETS = 120
const BUCKET_MS = (5 * 60_000) / BUCKETS

/**
 * Mostly the faster ones: chance decides among those that live, weighted by 1 / response time. With probability epsilon, which
 * falls from 0.3 to 0.01, they are tried in turn, so that one that became faster is noticed.
 */
export class EpsilonGreedy implements Chooser {
  readonly #pool: HostPool
  readonly #times: ResponseTimes[]
  readonly #random: () => number
  #epsilon = EPSILON_FIRST

  /** @param now milliseconds from any fixed point @param random 0 <= random < 1 */
  constructor(count: number, now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#pool = new HostPool(count, now)
    this.#times = Array.from({ length: count }, () => new ResponseTimes(now))
    this.#random = random
  }

  choose(hasRoom: (index: number) => boolean): number {
    const isTrial = this.#random() < this.#epsilon
    if (isTrial) {
      this.#epsilon = Math.max(EPSILON_MIN, this.#epsilon * EPSILON_DECAY)
      return this.#pool.choose(hasRoom)
    }
    const weights = this.#times.map((times, index) => {
      const averageMs = times.averageMs
      return averageMs !== undefined && this.#pool.isAlive(index) && hasRoom(index) ? 1 / averageMs : 0
    })
    const sum = weights.reduce((total, weight) => total + weight, 0)
    if (sum === 0) return this.#pool.choose(hasRoom)
    let left = this.#random() * sum
    const index = weights.findIndex((weight) => (left -= weight) < 0)
    return index === -1 ? this.#pool.choose(hasRoom) : index
  }

  onResult(index: number, isOk: boolean, durationMs: number): void {
    this.#pool.onResult(index, isOk)
    if (isOk) this.#times[index]?.add(durationMs)
  }

  hasAlternative(index: number): boolean {
    return this.#pool.hasAlternative(index)
  }
}

/** Response times of the last five minutes in buckets, of which older ones weigh less. */
class ResponseTimes {
  readonly #now: () => number
  readonly #sums = new Float64Array(BUCKETS)
  readonly #counts = new Float64Array(BUCKETS)
  /** Number of the youngest bucket since the clock's beginning. */
  #youngest: number

  constructor(now: () => number) {
    this.#now = now
    this.#youngest = Math.floor(now() / BUCKET_MS)
  }

  add(durationMs: number): void {
    this.#advance()
    const slot = this.#youngest % BUCKETS
    this.#sums[slot]! += Math.max(durationMs, 1e-3) // a weight of 1/0 would take all
    this.#counts[slot]! += 1
  }

  /** Undefined before the first measurement. An empty bucket repeats what came before it. */
  get averageMs(): number | undefined {
    this.#advance()
    let last: number | undefined
    let sum = 0
    let weights = 0
    for (let age = BUCKETS - 1; age >= 0; age--) {
      const slot = (this.#youngest - age + BUCKETS * 2) % BUCKETS
      const count = this.#counts[slot]!
      if (count > 0) last = this.#sums[slot]! / count
      if (last === undefined) continue
      const weight = (BUCKETS - age) / BUCKETS
      sum += last * weight
      weights += weight
    }
    return weights === 0 ? undefined : sum / weights
  }

  #advance(): void {
    const current = Math.floor(this.#now() / BUCKET_MS)
    const passed = Math.min(BUCKETS, current - this.#youngest)
    for (let step = 1; step <= passed; step++) {
      const slot = (this.#youngest + step) % BUCKETS
      this.#sums[slot] = 0
      this.#counts[slot] = 0
    }
    this.#youngest = current
  }
}
