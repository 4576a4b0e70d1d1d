import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import type { Channel } from '../core/channel.ts'
import { deadLetterTopicName } from '../core/retry-policy.ts'
import type { Topic } from '../core/topic.ts'
import type { Nsqd } from '../nsqd.ts'
import {
  readRetryOverride,
  RETRY_OVERRIDE_NAMES,
  type RetryOverrideName,
  shownRetry,
  withoutRetryOverride,
} from '../storage/retry-overrides.ts'
import { existingChannel } from './arguments.ts'

/**
 * `/channel/retries`, ours: what becomes of messages that fail. GET shows it; POST changes what the query names, and an empty
 * value gives a setting back to the options. What was said outlives a restart, and goes with the channel.
 */
export function retryRoutes(nsqd: Nsqd): Route[] {
  const path = '/channel/retries'
  return [
    {
      method: 'GET',
      path,
      handle: ({ query }) => {
        const { channel, topic } = existingChannel(nsqd.registry, query)
        return shown(nsqd, topic, channel)
      },
    },
    { method: 'POST', path, handle: ({ query }) => change(nsqd, query) },
  ]
}

function change(nsqd: Nsqd, query: Query): unknown {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  if (topic.ephemeral || channel.ephemeral) throw new HttpError(400, 'CHANNEL_EPHEMERAL')
  let overrides = nsqd.retrySettings.overridesOf(topic.name, channel.name)
  for (const name of RETRY_OVERRIDE_NAMES) {
    const text = query.get(name)
    if (text === undefined) continue
    overrides = withoutRetryOverride(overrides, name)
    if (text !== '') overrides = { ...overrides, ...read(name, text) }
  }
  if (overrides.deadLetterTopic === topic.name) throw new HttpError(400, 'INVALID_DEAD_LETTER_TOPIC')
  nsqd.retrySettings.override(topic.name, channel.name, overrides)
  channel.changeRetryPolicy(nsqd.retrySettings.of(topic.name, channel.name))
  nsqd.persistMetadata()
  return shown(nsqd, topic, channel)
}

function read(name: RetryOverrideName, text: string): ReturnType<typeof readRetryOverride> {
  try {
    return readRetryOverride(name, text)
  } catch (cause) {
    throw new HttpError(400, `INVALID_${name.toUpperCase()}`, { cause })
  }
}

/** With the name of the topic that dead letters go to. */
function shown(nsqd: Nsqd, topic: Topic, channel: Channel): unknown {
  const policy = nsqd.retrySettings.of(topic.name, channel.name)
  const deadLetterTopic = policy?.deadLetterTopic || deadLetterTopicName(topic.name, channel.name)
  const none = { maxAttempts: 0, backoffMs: [], jitter: 0 }
  return { topic: topic.name, channel: channel.name, ...shownRetry({ ...(policy ?? none), deadLetterTopic }) }
}
