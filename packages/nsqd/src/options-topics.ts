// Options that have a value for each topic: by pattern of its name, `metrics.*` = memory.
import { optionRow } from '@nsq-ts/daemon'
import type { OptionKind, OptionRow, RowDetails } from '@nsq-ts/daemon'

/** Patterns with their values, in the order in which they were given. */
export type ByPattern<T> = readonly (readonly [pattern: string, value: T])[]

/** What happens to a publish when its topic holds as much as it may: it fails, or the oldest messages make room. */
export type LimitPolicy = 'refuse' | 'drop-oldest'

const POLICIES: readonly string[] = ['refuse', 'drop-oldest'] satisfies LimitPolicy[]

/** @param row the option whose values these are */
export function byPatternOption<T>(
  flag: string,
  row: OptionRow<T>,
  details: Omit<RowDetails<ByPattern<T>>, 'default'>,
): OptionRow<ByPattern<T>> {
  return optionRow(flag, byPatternKind(row, TOPICS), { default: [], ours: true, ...details })
}

/** As byPatternOption, of channels: a pattern is `<topic>/<channel>`. */
export function byChannelOption<T>(
  flag: string,
  row: OptionRow<T>,
  details: Omit<RowDetails<ByPattern<T>>, 'default'>,
): OptionRow<ByPattern<T>> {
  return optionRow(flag, byPatternKind(row, CHANNELS), { default: [], ours: true, ...details })
}

interface PatternRule {
  readonly form: RegExp
  readonly what: string
}

const TOPICS: PatternRule = { form: /^[.a-zA-Z0-9_*?-]+$/, what: 'topic names' }
const CHANNELS: PatternRule = { form: /^[.a-zA-Z0-9_*?-]+\/[.a-zA-Z0-9_*?-]+$/, what: 'channels, <topic>/<channel>' }

export function limitPolicyOption(flag: string, details: RowDetails<LimitPolicy>): OptionRow<LimitPolicy> {
  return optionRow(flag, limitPolicyKind, details)
}

const limitPolicyKind: OptionKind<LimitPolicy> = {
  typeName: 'string',
  bool: false,
  fromFlag: parsePolicy,
  fromConfig: (value) => parsePolicy(String(value)),
  toWire: (value) => value,
  show: (value) => value,
}

function parsePolicy(text: string): LimitPolicy {
  if (!POLICIES.includes(text)) throw new Error(`expected one of ${POLICIES.join(', ')}`)
  return text as LimitPolicy
}

function byPatternKind<T>({ kind, max, min }: OptionRow<T>, { form, what }: PatternRule): OptionKind<ByPattern<T>> {
  const entry = (pattern: string, value: T): readonly [string, T] => {
    if (!form.test(pattern)) throw new Error(`${JSON.stringify(pattern)} is no pattern of ${what}`)
    if (min !== undefined && (value as number) < min) throw new Error(`${pattern}: must be at least ${min}`)
    if (max !== undefined && (value as number) > max) throw new Error(`${pattern}: must be at most ${max}`)
    return [pattern, value]
  }
  return {
    typeName: 'value',
    bool: false,
    fromFlag(text, previous) {
      const equals = text.indexOf('=')
      if (equals < 0) throw new Error('expected <pattern>=<value>')
      return [...(previous ?? []), entry(text.slice(0, equals), kind.fromFlag(text.slice(equals + 1), undefined))]
    },
    fromConfig(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error('expected a table such as { "metrics.*" = ... }')
      }
      return Object.entries(value).map(([pattern, text]) => entry(pattern, kind.fromConfig(text)))
    },
    toWire: (value) => Object.fromEntries(value.map(([pattern, each]) => [pattern, kind.toWire(each)])),
    show: (value) => value.map(([pattern, each]) => `${pattern}=${kind.show(each)}`).join(', '),
  }
}

/**
 * The value of the pattern that fits the topic: `*` stands for any characters, `?` for one. Of several the one that says
 * most counts, that is the one with the most characters that are neither; of equals, the last.
 */
export function valueFor<T>(patterns: ByPattern<T>, topic: string): T | undefined {
  let found: T | undefined
  let most = -1
  for (const [pattern, value] of patterns) {
    const said = pattern.replaceAll(/[*?]/g, '').length
    if (said < most || !expression(pattern).test(topic)) continue
    most = said
    found = value
  }
  return found
}

function expression(pattern: string): RegExp {
  const escaped = pattern
    .replaceAll('.', String.raw`\.`)
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`)
}
