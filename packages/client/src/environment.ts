// Time and chance, which tests bring their own of.

/** A timer that was started. */
export type Timer = NodeJS.Timeout | number

/** Where the library gets its time and its dice from. */
export interface Environment {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number
  /** Calls back once, after `delayMs` milliseconds. */
  setTimer(callback: () => void, delayMs: number): Timer
  /** Sees to it that the timer does not call; undefined is none. */
  clearTimer(timer: Timer | undefined): void
  /** 0 <= random < 1 */
  random(): number
}

// What a timer of Node can hold: 24 days. Beyond, it would fire at once.
const DELAY_MAX_MS = 2 ** 31 - 1

/** The real ones. */
export const realEnvironment: Environment = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, DELAY_MAX_MS)),
  clearTimer: (timer) => clearTimeout(timer),
  random: () => Math.random(),
}
