import type { RedriveRequest } from '../redrive.ts'

/** As it stands in nsqd.dat. */
export function shownRedrive(request: RedriveRequest): Record<string, string | number> {
  const { beforeMs, contains, fromChannel, fromTopic, id, rate, reason } = request
  return { from_topic: fromTopic, from_channel: fromChannel, id, contains, reason, rate, before: beforeMs }
}

/** What stands in nsqd.dat; undefined where there is none, or none that makes sense. */
export function redriveRequest(value: unknown): RedriveRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { before, contains, from_channel, from_topic, id, rate, reason } = value as Record<string, unknown>
  if (typeof from_topic !== 'string' || typeof from_channel !== 'string') return undefined
  if (typeof before !== 'number' || typeof rate !== 'number') return undefined
  return {
    fromTopic: from_topic,
    fromChannel: from_channel,
    id: typeof id === 'string' ? id : '',
    contains: typeof contains === 'string' ? contains : '',
    reason: typeof reason === 'string' ? reason : '',
    rate,
    beforeMs: before,
  }
}
