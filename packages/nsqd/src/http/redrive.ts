import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { RedriveError, type RedriveJob } from '../redrive.ts'
import { existingChannel } from './arguments.ts'
import { wholeNumber } from './message-json.ts'

const RATE_MAX = 1_000_000
const STATUS: Readonly<Record<RedriveError['code'], number>> = {
  NO_DEAD_LETTERS: 404,
  FROM_NOT_FOUND: 404,
  MISSING_ARG_FROM: 400,
  REDRIVE_RUNNING: 409,
}

/** `/channel/redrive`, ours: POST sends the dead letters of a channel back to it, GET says how far it is; `/stop` ends it. */
export function redriveRoutes(nsqd: Nsqd): Route[] {
  const path = '/channel/redrive'
  return [
    { method: 'POST', path, handle: ({ query }) => start(nsqd, query) },
    { method: 'GET', path, handle: ({ query }) => progress(nsqd, query) },
    { method: 'POST', path: `${path}/stop`, handle: ({ query }) => stop(nsqd, query) },
  ]
}

function start(nsqd: Nsqd, query: Query): unknown {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const id = query.get('id') ?? ''
  if (id !== '' && !/^[0-9a-f]{16}$/.test(id)) throw new HttpError(400, 'INVALID_ID')
  const wanted = {
    id,
    contains: query.get('contains') ?? '',
    reason: query.get('reason') ?? '',
    rate: wholeNumber(query, 'rate', 0, 0, RATE_MAX),
    beforeMs: Math.ceil(nsqd.wallMs),
  }
  try {
    return shown(nsqd.redrives.start(topic, channel, query.get('from') ?? '', wanted))
  } catch (error) {
    if (error instanceof RedriveError) throw new HttpError(STATUS[error.code], error.code, { cause: error })
    throw error
  }
}

function progress(nsqd: Nsqd, query: Query): unknown {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const job = nsqd.redrives.of(topic.name, channel.name)
  return job === undefined ? { topic: topic.name, channel: channel.name, running: false, sent: 0 } : shown(job)
}

function stop(nsqd: Nsqd, query: Query): void {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  if (!nsqd.redrives.stop(topic.name, channel.name)) throw new HttpError(409, 'REDRIVE_NOT_RUNNING')
}

/** Filters that let everything through are left out. */
function shown({ channel, error, request, running, sentCount, topic }: RedriveJob): Record<string, unknown> {
  const { contains, fromChannel, fromTopic, id, rate, reason } = request
  return {
    topic,
    channel,
    from_topic: fromTopic,
    from_channel: fromChannel,
    ...(id !== '' && { id }),
    ...(contains !== '' && { contains }),
    ...(reason !== '' && { reason }),
    ...(rate > 0 && { rate }),
    running,
    sent: sentCount,
    ...(error !== undefined && { error }),
  }
}
