// What a timer of Node can hold: 24 days. Beyond, it would fire at once.
const TIMER_MAX_MS = 2 ** 31 - 1

/** A duration that a timer can be set to. */
export function timerMs(durationMs: number): number {
  return Math.min(durationMs, TIMER_MAX_MS)
}
