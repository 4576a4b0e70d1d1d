/**
 * How long to wait before trying again: doubles with each failure up to a bound. Half of it is left to chance, so that the nsqds of
 * a cluster do not come back to a restarted nsqlookupd all in the same moment.
 * @param failures in a row before this one
 * @param random 0 up to 1
 * @returns milliseconds
 */
export function backOffMs(failures: number, firstMs: number, maxMs: number, random: number): number {
  const wholeMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30))
  return wholeMs * (0.5 + 0.5 * random)
}
