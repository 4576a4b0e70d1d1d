/**
 * How much fuzzing, and from which seed; a failure prints what is needed to see it again.
 *
 *   NSQ_FUZZ_RUNS=100000 NSQ_FUZZ_SEED=7 npx vitest run test/fuzz
 */
export const FUZZ_RUNS = numberFrom('NSQ_FUZZ_RUNS', 12_000)
export const FUZZ_SEED = numberFrom('NSQ_FUZZ_SEED', Math.floor(Math.random() * 2 ** 31))

/** The error of a fuzz run, with how to have it again. */
export class FuzzError extends Error {
  constructor(run: number, what: string, options?: ErrorOptions) {
    super(`run ${run}: ${what}; again: NSQ_FUZZ_SEED=${FUZZ_SEED} NSQ_FUZZ_RUNS=${FUZZ_RUNS}`, options)
    this.name = 'FuzzError'
  }
}

function numberFrom(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`${name}=${text}: a whole number, 0 or above`)
  return value
}
