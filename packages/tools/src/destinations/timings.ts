// `--status-every`: how long the last so many messages took, as a line each time as many more are done (tools.md, section 9).
import { formatDuration } from '@nsq-ts/daemon'
import type { Log } from '../program/log.ts'

/** A line for each so many durations. */
export class TimingLine {
  readonly #name: string
  readonly #log: Log
  readonly #ring: Float64Array
  #count = 0

  /** @param every durations from one line to the next */
  constructor(name: string, every: number, log: Log) {
    this.#name = name
    this.#log = log
    this.#ring = new Float64Array(every)
  }

  add(durationMs: number): void {
    const size = this.#ring.length
    // The ring is told of when it is full and the next one comes.
    if (this.#count > 0 && this.#count % size === 0) this.#tell()
    this.#ring[this.#count++ % size] = durationMs
  }

  #tell(): void {
    const sorted = this.#ring.slice().sort()
    const quantile = (share: number): string => short(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
    const average = sorted.reduce((sum, duration) => sum + duration, 0) / sorted.length
    const figures = `99th: ${quantile(0.99)} - 95th: ${quantile(0.95)} - avg: ${short(average)}`
    this.#log.line(`[${this.#name}]: finished ${this.#ring.length} - ${figures}`)
  }
}

/** Those of each destination, where there are several, and of all together. */
export class Timings {
  readonly #all: TimingLine | undefined
  readonly #each: readonly TimingLine[]

  /** @param every 0: nothing is said */
  constructor(addresses: readonly string[], every: number, log: Log) {
    if (every > 0 && every < 100) log.line(`--status-every ${every}: percentiles of fewer than 100 are not accurate`)
    this.#all = every > 0 ? new TimingLine('aggregate', every, log) : undefined
    const names = every > 0 && addresses.length > 1 ? addresses : []
    this.#each = names.map((address) => new TimingLine(address, every, log))
  }

  add(index: number, durationMs: number): void {
    this.#all?.add(durationMs)
    this.#each[index]?.add(durationMs)
  }
}

/** With two digits behind the point at the most. */
function short(durationMs: number): string {
  const unitMs = durationMs >= 1000 ? 1000 : durationMs >= 1 ? 1 : 1e-3
  return formatDuration(Math.round((durationMs / unitMs) * 100) * (unitMs / 100))
}
