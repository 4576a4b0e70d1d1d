import { crc32 } from 'node:zlib'

/** What becomes of messages of a channel that are not finished. */
export interface RetryPolicy {
  /** After so many failed deliveries a message becomes a dead letter; 0: never. */
  readonly maxAttempts: number
  /** Where dead letters go; empty: to deadLetterTopicName. */
  readonly deadLetterTopic: string
  /**
   * How long a message waits after its first failed delivery, its second...; after the last of them, the last. For a time-out, a
   * lost consumer, and a REQ without a delay. None: not at all. Milliseconds.
   */
  readonly backoffMs: readonly number[]
  /** Each wait is shortened or lengthened by up to this share, at random; 0 to 1. */
  readonly jitter: number
}

const NAME_SIZE_MAX = 64
const SUFFIX = '.dlq'
const HASH_SIZE = 8

/**
 * `<topic>.<channel>.dlq`. A name that would be longer than topics may be is cut, and told from others by eight digits of
 * the CRC-32 of `<topic>.<channel>`: `<the first 51 characters of it>.<digits>.dlq`.
 */
export function deadLetterTopicName(topic: string, channel: string): string {
  const [name] = `${topic.replace('#ephemeral', '')}.${channel}`.split('#ephemeral')
  if (name!.length + SUFFIX.length <= NAME_SIZE_MAX) return name + SUFFIX
  const digits = crc32(name!).toString(16).padStart(HASH_SIZE, '0')
  return `${name!.slice(0, NAME_SIZE_MAX - SUFFIX.length - HASH_SIZE - 1)}.${digits}${SUFFIX}`
}

/** True for a topic that by its name is one of dead letters: what patterns say of channels is not meant for its. */
export function isDeadLetterTopic(topic: string): boolean {
  return topic.endsWith(SUFFIX)
}

/** How long a message waits after a failed delivery, in milliseconds. @param attempts deliveries so far, at least 1 */
export function backoffMs(policy: RetryPolicy, attempts: number, random: () => number): number {
  const { backoffMs: waits, jitter } = policy
  const wait = waits[Math.min(attempts, waits.length) - 1] ?? 0
  return wait * (1 + jitter * (2 * random() - 1))
}
