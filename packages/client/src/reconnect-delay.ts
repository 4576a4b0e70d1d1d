// How long to wait before the next try to connect: doubles with each failure, with jitter, so that a thousand clients do not
// come back in one instant.
import type { Environment } from './environment.ts'

const FIRST_MS = 100
/** Longest wait between two tries. */
export const RECONNECT_DELAY_MAX_MS = 15_000

/** @param failures in a row so far, 1 or more. @returns milliseconds, between half and all of the doubled delay */
export function reconnectDelayMs(failures: number, environment: Environment): number {
  const ceiling = Math.min(RECONNECT_DELAY_MAX_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20))
  return ceiling * (0.5 + environment.random() / 2)
}
