// What requests say about topics and channels. Which check comes first, and by which code it fails, is the original's, which
// has three ways to ask for a topic (nsqd-http.md, section 3).
import { HttpError, type Query } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import type { Channel } from '../core/channel.ts'
import type { Topic } from '../core/topic.ts'
import type { TopicRegistry } from '../core/topic-registry.ts'
import { LimitError } from '../limits.ts'

/**
 * The name of a topic that need not exist.
 * @throws {HttpError} 400 MISSING_ARG_TOPIC, INVALID_TOPIC
 */
export function topicName(query: Query): string {
  const name = query.get('topic')
  if (name === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  if (!isValidTopicName(name)) throw new HttpError(400, 'INVALID_TOPIC')
  return name
}

/** @throws {HttpError} 400 MISSING_ARG_TOPIC; 404 TOPIC_NOT_FOUND, also for what can be no name */
export function existingTopic(registry: TopicRegistry, query: Query): Topic {
  const name = query.get('topic')
  if (name === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  return topicNamed(registry, name)
}

/**
 * An existing topic, and the name of a channel that need not exist.
 * @throws {HttpError} 400 MISSING_ARG_TOPIC, INVALID_ARG_TOPIC, MISSING_ARG_CHANNEL, INVALID_ARG_CHANNEL; 404 TOPIC_NOT_FOUND
 */
export function topicAndChannelName(registry: TopicRegistry, query: Query): { topic: Topic; channelName: string } {
  const name = query.get('topic')
  if (name === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  if (!isValidTopicName(name)) throw new HttpError(400, 'INVALID_ARG_TOPIC')
  const channelName = query.get('channel')
  if (channelName === undefined) throw new HttpError(400, 'MISSING_ARG_CHANNEL')
  if (!isValidChannelName(channelName)) throw new HttpError(400, 'INVALID_ARG_CHANNEL')
  return { topic: topicNamed(registry, name), channelName }
}

/** @throws {HttpError} as topicAndChannelName; 404 CHANNEL_NOT_FOUND */
export function existingChannel(registry: TopicRegistry, query: Query): { topic: Topic; channel: Channel } {
  const { topic, channelName } = topicAndChannelName(registry, query)
  const channel = topic.channels.get(channelName)
  if (channel === undefined) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
  return { topic, channel }
}

/** @throws {HttpError} 400 TOO_MANY_TOPICS, TOO_MANY_CHANNELS when the check finds that there may not be one more */
export function withinLimits(check: () => void): void {
  try {
    check()
  } catch (error) {
    if (error instanceof LimitError) throw new HttpError(400, error.code, { cause: error })
    throw error
  }
}

function topicNamed(registry: TopicRegistry, name: string): Topic {
  const topic = registry.get(name)
  if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  return topic
}
