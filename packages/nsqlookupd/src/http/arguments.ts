// The parameters of the routes, checked in the original's order (nsqlookupd.md, section 5.2).
import { HttpError } from '@nsq-ts/daemon'
import type { Query } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'

/** @throws {HttpError} 400 MISSING_ARG_TOPIC; present but empty is not missing */
export function topicArgument(query: Query): string {
  const topic = query.get('topic')
  if (topic === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  return topic
}

/** @throws {HttpError} 400 MISSING_ARG_TOPIC, INVALID_ARG_TOPIC */
export function validTopicArgument(query: Query): string {
  const topic = topicArgument(query)
  if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_ARG_TOPIC')
  return topic
}

/** @throws {HttpError} 400 MISSING_ARG_TOPIC, INVALID_ARG_TOPIC, MISSING_ARG_CHANNEL, INVALID_ARG_CHANNEL */
export function validChannelArguments(query: Query): { readonly topic: string; readonly channel: string } {
  const topic = validTopicArgument(query)
  const channel = query.get('channel')
  if (channel === undefined) throw new HttpError(400, 'MISSING_ARG_CHANNEL')
  if (!isValidChannelName(channel)) throw new HttpError(400, 'INVALID_ARG_CHANNEL')
  return { topic, channel }
}
