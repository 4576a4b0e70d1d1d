import { PerformanceObserver } from 'node:perf_hooks'

/** How many pauses the percentiles look back on, as Go's runtime keeps them. */
const PAUSES_KEPT = 256

export interface GcStats {
  /** Runs of the collector since it is watched. */
  readonly runs: number
  /** Microseconds: the longest of the last pauses, and what 99 % and 95 % of them stayed below; 0 before the first. */
  readonly pauseUs100: number
  readonly pauseUs99: number
  readonly pauseUs95: number
}

/** The last pauses in milliseconds, a ring: the next one goes to `runs % PAUSES_KEPT`. */
const pausesMs = new Float64Array(PAUSES_KEPT)
let runs = 0
let observer: PerformanceObserver | undefined

/**
 * Counts the runs of the garbage collector from now on. They are the process's own, so one observer serves all who ask, for as
 * long as the process lives; it keeps nothing open and costs some microseconds a run.
 */
export function watchGarbageCollection(): void {
  if (observer !== undefined) return
  observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pausesMs[runs++ % PAUSES_KEPT] = duration
  })
  observer.observe({ entryTypes: ['gc'] })
}

export function gcStats(): GcStats {
  const sorted = pausesMs.slice(0, Math.min(runs, PAUSES_KEPT)).sort()
  const pauseUs = (share: number) => Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) * 1000)
  return { runs, pauseUs100: pauseUs(1), pauseUs99: pauseUs(0.99), pauseUs95: pauseUs(0.95) }
}
