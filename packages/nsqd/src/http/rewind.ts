// `/channel/rewind`, and `/channel/create?from=`, ours: a channel delivers again what was published since a time.
import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import type { Channel } from '../core/channel.ts'
import { ChannelClosedError } from '../core/readmission.ts'
import { createFrom, NotRetainedError, rewind, type Rewound } from '../core/rewind.ts'
import { TopicFullError } from '../core/topic-limits.ts'
import { type Topic, TopicUnavailableError } from '../core/topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { existingChannel, topicAndChannelName, withinLimits } from './arguments.ts'
import { confirm } from './confirm.ts'
import { formatTime, formatTimeMs, parseTime } from './time.ts'

/** What is answered has happened for good: it is on disk as safely as a publish would be. */
export function rewindRoutes(nsqd: Nsqd): Route[] {
  return [{ method: 'POST', path: '/channel/rewind', handle: ({ query }) => rewindChannel(nsqd, query) }]
}

/** @throws {HttpError} as existingChannel; 400 MISSING_ARG_TO, INVALID_TO, TO_IN_FUTURE; 409 NOT_RETAINED; 507 TOPIC_FULL; of the disk */
async function rewindChannel(nsqd: Nsqd, query: Query): Promise<unknown> {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const toMs = timeIn(nsqd, query, 'to')
  const rewound = await answering(() => rewind(topic, channel, toMs))
  confirm(nsqd, topic, `that channel ${channel.name} was rewound`)
  nsqd.logger.info(
    `TOPIC(${topic.name}): channel ${channel.name} rewound to ${formatTime(toMs)}: ${rewound.messages} messages come again`,
  )
  return shown(topic, channel, rewound)
}

/**
 * Makes a channel that begins at a time, `from=`, in place of now.
 * @throws {HttpError} as topicAndChannelName; 400 TOO_MANY_CHANNELS, INVALID_FROM, FROM_IN_FUTURE; 409 CHANNEL_EXISTS; as /channel/rewind
 */
export async function createChannelFrom(nsqd: Nsqd, query: Query): Promise<unknown> {
  const { topic, channelName } = topicAndChannelName(nsqd.registry, query)
  const fromMs = timeIn(nsqd, query, 'from')
  let made: Channel | undefined
  const make = (): Channel | undefined => {
    if (topic.closed) throw new HttpError(404, 'TOPIC_NOT_FOUND')
    if (topic.channels.has(channelName)) return undefined
    withinLimits(() => nsqd.limits.checkChannel(topic, channelName))
    return (made = nsqd.registry.channel(topic, channelName))
  }
  if (topic.channels.has(channelName)) throw new HttpError(409, 'CHANNEL_EXISTS')
  const rewound = await answering(() => createFrom(topic, fromMs, make))
  if (rewound === undefined || made === undefined) throw new HttpError(409, 'CHANNEL_EXISTS')
  confirm(nsqd, topic, `where channel ${channelName} begins`)
  nsqd.persistNewMetadata()
  return shown(topic, made, rewound)
}

async function answering<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof NotRetainedError) throw new HttpError(409, 'NOT_RETAINED', { cause: error })
    if (error instanceof TopicUnavailableError) throw new HttpError(503, error.code, { cause: error })
    if (error instanceof TopicFullError) throw new HttpError(507, error.code, { cause: error })
    if (error instanceof ChannelClosedError) throw new HttpError(404, 'CHANNEL_NOT_FOUND', { cause: error })
    throw error
  }
}

/** Unix milliseconds. */
function timeIn(nsqd: Nsqd, query: Query, name: 'to' | 'from'): number {
  const text = query.get(name)
  const code = name.toUpperCase()
  if (text === undefined) throw new HttpError(400, `MISSING_ARG_${code}`)
  const timeMs = parseTime(text)
  if (timeMs === undefined) throw new HttpError(400, `INVALID_${code}`)
  if (timeMs > nsqd.wallMs) throw new HttpError(400, `${code}_IN_FUTURE`)
  return Math.round(timeMs * 1000) / 1000 // whole microseconds, as messages have them: the very number that theirs is
}

function shown(topic: Topic, channel: Channel, { complete, fromMs, messages }: Rewound): unknown {
  return {
    topic: topic.name,
    channel: channel.name,
    messages,
    complete,
    from: fromMs === null ? null : formatTimeMs(fromMs),
    depth: channel.depth,
    in_flight: channel.inFlightCount,
    deferred: channel.deferredCount,
  }
}
