/**
 * How a queue's files are called (spec: section 1):
 *
 *   NAME.diskqueue.meta.dat                  positions
 *   NAME.diskqueue.meta.dat.<digits>.tmp     positions, half written
 *   NAME.diskqueue.000000.dat                records; at least six digits
 *   NAME.diskqueue.000000.dat.bad            records that the original set aside
 *
 * NAME is `<topic>` or `<topic>:<channel>`, on Windows `<topic>;<channel>`. Neither sign occurs in a topic's or a
 * channel's name, so the first one divides them.
 */
import { DiskQueueError } from './errors.ts'

const NUMBER_DIGITS_MIN = 6
// NAME is greedy on purpose: a topic may itself be called `a.diskqueue.meta.dat`, and the last match is the file's kind.
const FILE_NAME = /^(?<name>.+)\.diskqueue\.(?:meta\.dat(?<tmp>\.\d+\.tmp)?|(?<number>\d{6,})\.dat(?<bad>\.bad)?)$/su

/** A file name, understood. `number` is the place of a data file in the queue's order. */
export type QueueFileName =
  | { readonly kind: 'metadata' | 'temporary'; readonly queue: string }
  | { readonly kind: 'data' | 'bad'; readonly queue: string; readonly number: number }

/** Undefined for what the original would not have written: no queue reads or removes that. */
export function parseFileName(file: string): QueueFileName | undefined {
  const groups = FILE_NAME.exec(file)?.groups
  const queue = groups?.['name']
  if (queue === undefined) return undefined
  const digits = groups?.['number']
  if (digits === undefined) return { kind: groups?.['tmp'] === undefined ? 'metadata' : 'temporary', queue }
  const number = Number(digits)
  // 0000001 (seven digits) is not how number 1 is written, and what is past 2^53 could not be told from its neighbour.
  if (!Number.isSafeInteger(number) || formatNumber(number) !== digits) return undefined
  return { kind: groups?.['bad'] === undefined ? 'data' : 'bad', queue, number }
}

export function dataFileName(queue: string, number: number): string {
  return `${queue}.diskqueue.${formatNumber(number)}.dat`
}

export function metadataFileName(queue: string): string {
  return `${queue}.diskqueue.meta.dat`
}

export function temporaryFileName(queue: string, number: number): string {
  return `${metadataFileName(queue)}.${number}.tmp`
}

/** A queue's owner: a topic's own queue has no `channel`. The names are as found; whether they are valid is not judged. */
export interface QueueOwner {
  readonly topic: string
  readonly channel?: string
}

/** `events:audit` -> topic `events`, channel `audit`; also with Windows' `;`. */
export function parseQueueName(queue: string): QueueOwner {
  const at = queue.search(/[:;]/u)
  return at === -1 ? { topic: queue } : { topic: queue.slice(0, at), channel: queue.slice(at + 1) }
}

/** The queue of a topic, or of its channel, as nsqd on `platform` (default: this one) looks for it. */
export function queueName(topic: string, channel?: string, platform: NodeJS.Platform = process.platform): string {
  if (channel === undefined) return topic
  return `${topic}${platform === 'win32' ? ';' : ':'}${channel}`
}

/** @throws {DiskQueueError} QUEUE_NAME_INVALID for a name that is no file name, or leads out of the directory. */
export function requireQueueName(queue: string): void {
  if (queue !== '' && !/[/\\\0]/u.test(queue)) return
  throw new DiskQueueError('QUEUE_NAME_INVALID', `invalid queue name ${JSON.stringify(queue)}`)
}

function formatNumber(number: number): string {
  return String(number).padStart(NUMBER_DIGITS_MIN, '0')
}
