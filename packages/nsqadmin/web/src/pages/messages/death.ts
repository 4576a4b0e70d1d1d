// The story of a dead letter, out of its headers (docs/dead-letters.md).
import type { ShownMessage } from '../../../../server/api-types.ts'

export interface Death {
  /** `timed-out` */
  readonly reason: string
  /** The reason in words. */
  readonly meaning: string
  readonly attempts: number
  readonly topic: string
  readonly channel: string
  /** That it had there. */
  readonly id: string
  /** Unix milliseconds, as the others; undefined: not said. */
  readonly published: number | undefined
  readonly firstFailed: number | undefined
  readonly lastFailed: number | undefined
}

/** That nsqd knows of; also what letters can be chosen by. */
export const REASONS: Readonly<Record<string, string>> = {
  requeued: 'its consumers put it back',
  'timed-out': 'its consumers did not finish it in time',
  'consumer-lost': 'its consumers went away with it',
  unknown: 'it had failed before there was a policy',
}

const NS_PER_MS = 1_000_000

/** Undefined: it is no dead letter. */
export function deathOf({ headers }: ShownMessage): Death | undefined {
  const topic = headers['nsq-origin-topic']
  if (topic === undefined) return undefined
  const reason = headers['nsq-reason'] ?? 'unknown'
  const published = timeOf(headers['nsq-origin-timestamp'])
  return {
    reason,
    meaning: REASONS[reason] ?? reason,
    attempts: Number(headers['nsq-attempts'] ?? 0),
    topic,
    channel: headers['nsq-origin-channel'] ?? '',
    id: headers['nsq-origin-id'] ?? '',
    published: published === undefined ? undefined : published / NS_PER_MS,
    firstFailed: timeOf(headers['nsq-first-failed']),
    lastFailed: timeOf(headers['nsq-last-failed']),
  }
}

function timeOf(text: string | undefined): number | undefined {
  const time = Number(text)
  return text === undefined || text === '' || !Number.isFinite(time) ? undefined : time
}
