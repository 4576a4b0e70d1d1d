// What was said about the retries of a channel over HTTP, under the names that it has there and in nsqd.dat.
import type { RetryPolicy } from '../core/retry-policy.ts'
import { formatBackoff, parseBackoff, parseDeadLetterTopic } from '../options-retries.ts'
import type { RetryOverrides } from '../retry-settings.ts'

/** As the most that clients which give up by themselves could be told apart by: more says nothing. */
const MAX_ATTEMPTS_MAX = 10_000

/** The names, and how a value is read from text. @throws {Error} with a reason */
const READERS = {
  max_attempts: (text: string): RetryOverrides => ({ maxAttempts: wholeNumber(text, MAX_ATTEMPTS_MAX) }),
  dead_letter_topic: (text: string): RetryOverrides => ({ deadLetterTopic: parseDeadLetterTopic(text) }),
  backoff: (text: string): RetryOverrides => ({ backoffMs: parseBackoff(text) }),
  jitter: (text: string): RetryOverrides => ({ jitter: wholeNumber(text, 100) / 100 }),
}

export type RetryOverrideName = keyof typeof READERS
export const RETRY_OVERRIDE_NAMES = Object.keys(READERS) as RetryOverrideName[]

const FIELDS: Readonly<Record<RetryOverrideName, keyof RetryPolicy>> = {
  max_attempts: 'maxAttempts',
  dead_letter_topic: 'deadLetterTopic',
  backoff: 'backoffMs',
  jitter: 'jitter',
}

/** What the text says of one setting. @throws {Error} with a reason */
export function readRetryOverride(name: RetryOverrideName, text: string): RetryOverrides {
  return READERS[name](text)
}

/** Without one of them. */
export function withoutRetryOverride(overrides: RetryOverrides, name: RetryOverrideName): RetryOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([field]) => field !== FIELDS[name]))
}

/** As they stand in nsqd.dat, in the answers and in /stats: { "max_attempts": 5, "backoff": "1s,10s,1m0s", "jitter": 10 } */
export function shownRetry(policy: RetryOverrides): Record<string, string | number> {
  const { backoffMs, deadLetterTopic, jitter, maxAttempts } = policy
  return {
    ...(maxAttempts !== undefined && { max_attempts: maxAttempts }),
    ...(deadLetterTopic !== undefined && { dead_letter_topic: deadLetterTopic }),
    ...(backoffMs !== undefined && { backoff: formatBackoff(backoffMs) }),
    ...(jitter !== undefined && { jitter: Math.round(jitter * 100) }),
  }
}

/** Those in nsqd.dat; undefined where there are none. Names we do not know are passed over. @throws {Error} */
export function retryOverrides(value: unknown): RetryOverrides | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  let overrides: RetryOverrides = {}
  for (const name of RETRY_OVERRIDE_NAMES) {
    const entry = (value as Record<string, unknown>)[name]
    if (typeof entry === 'string' || typeof entry === 'number') {
      overrides = { ...overrides, ...readRetryOverride(name, `${entry}`) }
    }
  }
  return overrides
}

function wholeNumber(text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new Error(`must be a whole number up to ${max}`)
  return value
}
