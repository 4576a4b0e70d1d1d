// What was said about a topic over HTTP, under the names that it has there and in nsqd.dat.
import { formatDuration, parseDuration } from '@nsq-ts/daemon'
import { nsqdTable } from '../options.ts'
import type { TopicOverrides } from '../topic-settings.ts'

/** The names, and how a value is read from text. @throws {Error} with a reason */
const READERS = {
  durability: (text: string): TopicOverrides => ({ durability: nsqdTable.durability.kind.fromFlag(text, undefined) }),
  max_bytes: (text: string): TopicOverrides => ({
    maxBytes: notNegative(nsqdTable.maxTopicBytes.kind.fromFlag(text, undefined)),
  }),
  max_age: (text: string): TopicOverrides => ({ maxAgeMs: notNegative(parseDuration(text)) }),
  limit_policy: (text: string): TopicOverrides => ({
    limitPolicy: nsqdTable.topicLimitPolicy.kind.fromFlag(text, undefined),
  }),
  retain_for: (text: string): TopicOverrides => ({ retainMs: notNegative(parseDuration(text)) }),
  retain_bytes: (text: string): TopicOverrides => ({
    retainBytes: notNegative(nsqdTable.retainBytes.kind.fromFlag(text, undefined)),
  }),
}

export type OverrideName = keyof typeof READERS
export const OVERRIDE_NAMES = Object.keys(READERS) as OverrideName[]

const FIELDS: Readonly<Record<OverrideName, keyof TopicOverrides>> = {
  durability: 'durability',
  max_bytes: 'maxBytes',
  max_age: 'maxAgeMs',
  limit_policy: 'limitPolicy',
  retain_for: 'retainMs',
  retain_bytes: 'retainBytes',
}

/** What the text says of one setting. @throws {Error} with a reason */
export function readOverride(name: OverrideName, text: string): TopicOverrides {
  return READERS[name](text)
}

/** Without one of them. */
export function withoutOverride(overrides: TopicOverrides, name: OverrideName): TopicOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([field]) => field !== FIELDS[name]))
}

/** As they stand in nsqd.dat and in the answers: { "durability": "memory", "max_age": "24h0m0s" } */
export function shownOverrides(overrides: TopicOverrides): Record<string, string | number> {
  const { durability, limitPolicy, maxAgeMs, maxBytes, retainBytes, retainMs } = overrides
  return {
    ...(durability !== undefined && { durability }),
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    ...(maxAgeMs !== undefined && { max_age: formatDuration(maxAgeMs) }),
    ...(limitPolicy !== undefined && { limit_policy: limitPolicy }),
    ...(retainMs !== undefined && { retain_for: formatDuration(retainMs) }),
    ...(retainBytes !== undefined && { retain_bytes: retainBytes }),
  }
}

/** Those in nsqd.dat; undefined where there are none. Names we do not know are passed over. @throws {Error} */
export function topicOverrides(value: unknown): TopicOverrides | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  let overrides: TopicOverrides = {}
  for (const name of OVERRIDE_NAMES) {
    const entry = (value as Record<string, unknown>)[name]
    if (typeof entry === 'string' || typeof entry === 'number') {
      overrides = { ...overrides, ...readOverride(name, `${entry}`) }
    }
  }
  return overrides
}

function notNegative(value: number): number {
  if (!(value >= 0)) throw new Error('must not be negative')
  return value
}
