import { AllFailedError, UpstreamError } from './upstream-error.ts'

/** What came of one step over several upstreams: the values of those that answered, and the errors of the others. */
export interface Gathered<T> {
  readonly values: readonly T[]
  readonly errors: readonly UpstreamError[]
}

/**
 * Asks all at once; the values stand in the order of `targets`, whoever answered first.
 * @throws {AllFailedError} when nobody answered; also when there was nobody to ask (nsqadmin.md, section 5)
 */
export async function gather<A, T>(
  what: 'nsqd' | 'nsqlookupd',
  targets: readonly A[],
  ask: (target: A) => Promise<T>,
): Promise<Gathered<T>> {
  const outcomes = await Promise.all(targets.map((target) => outcomeOf(ask(target))))
  const errors = outcomes.filter((outcome) => outcome instanceof UpstreamError)
  if (errors.length === targets.length) throw new AllFailedError(what, errors)
  const values = outcomes.flatMap((outcome) => (outcome instanceof UpstreamError ? [] : [outcome.value]))
  return { values, errors }
}

async function outcomeOf<T>(asking: Promise<T>): Promise<{ value: T } | UpstreamError> {
  try {
    return { value: await asking }
  } catch (error) {
    if (error instanceof UpstreamError) return error
    throw error
  }
}
