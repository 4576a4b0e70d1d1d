import type { Durability } from '../log/topic-store.ts'
import { decodeHeaders, type Headers } from '../log/headers.ts'
import { FailureReason, type DeadPlace, type Failure } from '../log/journal-records.ts'
import { HEADER_SIZE, ID_OFFSET, ID_SIZE, TIMESTAMP_OFFSET } from '../log/message-header.ts'
import type { Segment } from '../log/segment.ts'
import type { Topic } from './topic.ts'
import type { TopicRegistry } from './topic-registry.ts'

/** Where dead letters are taken to. */
export interface DeadLetterTopics {
  /** The topic of that name, made if there is none, and made to keep what it gets as well as `durability` says. */
  open(name: string, durability: Durability): Topic
  /** The topic of that name, if there is one. */
  find(name: string): Topic | undefined
  /** Sees to it that what an earlier run left in the topic of that name is kept as well as `durability` says. @throws of the file system */
  secure(name: string, durability: Durability): void
}

/** The dead-letter topics of a registry. */
export function deadLetterTopics(registry: () => TopicRegistry): DeadLetterTopics {
  return {
    open(name, durability) {
      const topic = registry().topic(name)
      if (topic.unavailable !== null) throw topic.unavailable
      if (topic.store !== null && RANK[topic.store.durability] < RANK[durability]) topic.changeDurability(durability)
      return topic
    },
    find: (name) => registry().get(name),
    secure(name, durability) {
      const topic = registry().get(name)
      if (topic === undefined) return
      const { store } = this.open(name, durability)
      // What was written before a kill is with the kernel, and that may be all.
      if (durability === 'fsync') store?.syncAll()
    },
  }
}

const RANK: Readonly<Record<Durability, number>> = { memory: 0, os: 1, fsync: 2 }

/** Names of what a dead letter tells of its origin. */
export const DeadLetterHeader = {
  topic: 'nsq-origin-topic',
  channel: 'nsq-origin-channel',
  id: 'nsq-origin-id',
  timestamp: 'nsq-origin-timestamp',
  attempts: 'nsq-attempts',
  firstFailed: 'nsq-first-failed',
  lastFailed: 'nsq-last-failed',
  reason: 'nsq-reason',
} as const

const REASONS: Readonly<Record<FailureReason, string>> = {
  [FailureReason.unknown]: 'unknown',
  [FailureReason.requeued]: 'requeued',
  [FailureReason.timedOut]: 'timed-out',
  [FailureReason.consumerLost]: 'consumer-lost',
}

export interface Origin {
  readonly topic: string
  readonly channel: string
}

/** A message as it becomes a dead letter: its body, and what is told of it. */
export interface Letter {
  readonly body: Buffer
  readonly headers: Headers
}

/**
 * Makes a dead letter of a message that is in memory. What headers it had go with it; those of an earlier death are replaced.
 * Times are Unix milliseconds, the timestamp nanoseconds.
 */
export function letterOf(origin: Origin, segment: Segment, index: number, attempts: number, failure: Failure): Letter {
  const { bytes } = segment
  const start = segment.offset(index)
  const own = segment.headers?.get(index)
  return {
    body: Buffer.from(bytes.subarray(start + HEADER_SIZE, segment.offset(index + 1))),
    headers: {
      ...(own !== undefined && decodeHeaders(own)),
      [DeadLetterHeader.topic]: origin.topic,
      [DeadLetterHeader.channel]: origin.channel,
      [DeadLetterHeader.id]: idOf(segment, index),
      [DeadLetterHeader.timestamp]: bytes.readBigInt64BE(start + TIMESTAMP_OFFSET).toString(),
      [DeadLetterHeader.attempts]: String(attempts),
      [DeadLetterHeader.firstFailed]: String(Math.round(failure.firstWallMs)),
      [DeadLetterHeader.lastFailed]: String(Math.round(failure.lastWallMs)),
      [DeadLetterHeader.reason]: REASONS[failure.reason],
    },
  }
}

/** What a dead letter says of its origin is not of interest to whoever it is sent back to. */
export function withoutOrigin(headers: Headers): Headers {
  const ours = new Set<string>(Object.values(DeadLetterHeader))
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name)))
}

/**
 * After a crash: whether the dead letter that a message was to become is there. Reads both.
 * @throws of the file system
 */
export function hasBecome(
  topics: DeadLetterTopics,
  place: DeadPlace,
  origin: Origin,
  segment: Segment,
  index: number,
): boolean {
  const log = topics.find(place.topic)?.log
  const letter = log?.find(place.position)
  if (log === undefined || letter === undefined) return false
  // One after the other: there may not be room for both.
  const headers = log.whileLoaded(letter, () => letter.headers?.get(place.position - letter.base))
  const id = segment.log.whileLoaded(segment, () => (segment.isMissing(index) ? undefined : idOf(segment, index)))
  if (headers === undefined || id === undefined) return false
  const told = decodeHeaders(headers)
  return (
    told[DeadLetterHeader.topic] === origin.topic &&
    told[DeadLetterHeader.channel] === origin.channel &&
    told[DeadLetterHeader.id] === id
  )
}

function idOf(segment: Segment, index: number): string {
  const at = segment.offset(index) + ID_OFFSET
  return segment.bytes.toString('latin1', at, at + ID_SIZE)
}
