/**
 * Time, as the core is given it. Two clocks, because they answer different questions: how long (deadlines; never
 * jumps) and when (message timestamps; follows the machine's wall clock).
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction, from an arbitrary start. For deadlines and durations. */
  now(): number
  /** Wall clock in whole microseconds since the Unix epoch. For message timestamps and ids. */
  wallUs(): number
}

/** One alarm that rings once at a time of `Clock.now`; setting it again moves it. */
export interface Alarm {
  set(atMs: number): void
  clear(): void
}

export type AlarmFactory = (ring: () => void) => Alarm

/** Randomness, uniform in [0, 1). */
export type Random = () => number
