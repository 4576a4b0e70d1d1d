import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { LatencyRecorder } from '../core/context.ts'

/** The longest latency that is told apart, in nanoseconds: a day. */
const LATENCY_MAX_NS = 86_400_000_000_000

export interface LatencyOptions {
  /** Each above 0 and at most 1. */
  readonly e2eProcessingLatencyPercentiles: readonly number[]
  readonly e2eProcessingLatencyWindowTimeMs: number
}

/**
 * The time from publish to FIN of a channel's messages, over the last half to whole window: two histograms, of which
 * the older is emptied and filled anew every half window.
 */
export class LatencyWindow implements LatencyRecorder {
  readonly #halfMs: number
  #current = newHistogram()
  #previous = newHistogram()
  #turnAt: number

  constructor(windowMs: number) {
    this.#halfMs = windowMs / 2
    this.#turnAt = performance.now() + this.#halfMs
  }

  record(latencyNs: number): void {
    this.#turn()
    this.#current.record(Math.min(LATENCY_MAX_NS, Math.max(1, Math.round(latencyNs))))
  }

  /** Adds what is in the window to a histogram. */
  addTo(target: RecordableHistogram): void {
    this.#turn()
    target.add(this.#current)
    target.add(this.#previous)
  }

  #turn(): void {
    const now = performance.now()
    if (now < this.#turnAt) return
    if (now >= this.#turnAt + this.#halfMs) this.#current.reset() // nothing was recorded for a whole half
    const older = this.#previous
    older.reset()
    this.#previous = this.#current
    this.#current = older
    this.#turnAt = now + this.#halfMs
  }
}

/** How a channel's recorder is made; undefined when no percentiles were asked for. */
export function latencyRecorders(options: LatencyOptions): (() => LatencyWindow) | undefined {
  if (options.e2eProcessingLatencyPercentiles.length === 0) return undefined
  return () => new LatencyWindow(options.e2eProcessingLatencyWindowTimeMs)
}

export interface LatencyStats {
  /** Messages in the window. */
  readonly count: number
  /** In the order in which they were asked for; null when nothing is recorded. */
  readonly percentiles: readonly Percentile[] | null
}

export interface Percentile {
  /** 0.99 for the time that 99 % of the messages stayed below. */
  readonly quantile: number
  /** Nanoseconds, within one percent; 0 without messages. */
  readonly value: number
}

/** The percentiles of several windows together: a topic's are those of all its channels. */
export function latencyStats(windows: readonly LatencyWindow[], quantiles: readonly number[]): LatencyStats {
  if (windows.length === 0 || quantiles.length === 0) return { count: 0, percentiles: null }
  merged.reset()
  for (const window of windows) window.addTo(merged)
  const percentiles = quantiles.map((quantile) => ({ quantile, value: merged.percentile(quantile * 100) }))
  return { count: merged.count, percentiles }
}

function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LATENCY_MAX_NS, figures: 2 })
}

/** Where windows are added up, one call at a time: to make a new one takes as long as the rest (25 us). */
const merged = newHistogram()
