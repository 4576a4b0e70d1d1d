// Options of what becomes of messages that fail: back-off lists, and dead-letter topics by pattern of channel.
import { formatDuration, optionRow, parseDuration } from '@nsq-ts/daemon'
import { isEphemeral, isValidTopicName } from '@nsq-ts/protocol'
import type { OptionKind, OptionRow, RowDetails } from '@nsq-ts/daemon'

/** How long a message waits after its first failed delivery, its second..., in milliseconds. */
export type Backoff = readonly number[]

export function backoffOption(flag: string, details: RowDetails<Backoff>): OptionRow<Backoff> {
  return optionRow(flag, backoffKind, details)
}

const backoffKind: OptionKind<Backoff> = {
  typeName: 'value',
  bool: false,
  fromFlag: parseBackoff,
  fromConfig: (value) => parseBackoff(Array.isArray(value) ? value.join(',') : String(value)),
  toWire: formatBackoff,
  show: formatBackoff,
}

/** The topic that dead letters go to. */
export function deadLetterTopicOption(flag: string, details: RowDetails<string>): OptionRow<string> {
  return optionRow(flag, deadLetterTopicKind, details)
}

const deadLetterTopicKind: OptionKind<string> = {
  typeName: 'string',
  bool: false,
  fromFlag: parseDeadLetterTopic,
  fromConfig: (value) => parseDeadLetterTopic(String(value)),
  toWire: (value) => value,
  show: (value) => value,
}

/** Empty: the one that is named after the channel. @throws {Error} with a reason */
export function parseDeadLetterTopic(text: string): string {
  if (text !== '' && (!isValidTopicName(text) || isEphemeral(text)))
    throw new Error('must be the name of a lasting topic')
  return text
}

const COUNT_MAX = 100

/** `1s,10s,1m`; empty: none. @throws {Error} with a reason */
export function parseBackoff(text: string): Backoff {
  if (text === '') return []
  const waits = text.split(',').map((part) => parseDuration(part.trim()))
  if (waits.some((wait) => wait < 0)) throw new Error('durations must not be negative')
  if (waits.length > COUNT_MAX) throw new Error(`at most ${COUNT_MAX} durations`)
  return waits
}

export function formatBackoff(backoff: Backoff): string {
  return backoff.map(formatDuration).join(',')
}
