import type { Channel, Topic } from '../api-types.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import { nodeName } from '../cluster/producer.ts'
import type { Producer } from '../cluster/producer.ts'
import { flag, number, objectsIn, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'
import { channelOfNode, mergeChannels } from './channels.ts'
import { clientOfNode } from './clients.ts'
import { latencyOfNode, mergeLatencies } from './latency.ts'

/** A topic of one nsqd's /stats. @param now Unix milliseconds */
export function topicOfNode(json: Json, producer: Producer, now: number): Topic {
  const node = nodeName(producer)
  const { hostname } = producer
  const topic = text(json['topic_name'])
  const depth = number(json['depth'])
  const backendDepth = number(json['backend_depth'])
  const channels = objectsIn(json['channels']).map((channel) => {
    const clients = Array.isArray(channel['clients'])
      ? objectsIn(channel['clients']).map((client) => clientOfNode(client, node, producer, now))
      : null
    return channelOfNode(channel, { node, hostname, topic, clients })
  })
  return {
    node,
    hostname,
    topic_name: topic,
    depth,
    memory_depth: depth - backendDepth,
    backend_depth: backendDepth,
    message_count: number(json['message_count']),
    delivery_msg_count: 0, // nsqd counts deliveries by channel only
    nodes: null,
    channels,
    paused: flag(json['paused']),
    e2e_processing_latency: latencyOfNode(json['e2e_processing_latency']),
  }
}

/** The same topic of several nodes, as one. */
export function mergeTopics(topics: readonly Topic[], topic: string): Topic {
  const byHost = [...topics].sort((a, b) => byteOrder(a.hostname, b.hostname))
  const sum = (count: (one: Topic) => number) => topics.reduce((total, one) => total + count(one), 0)
  const channels = channelsOf(byHost, topic)
  return {
    node: '*',
    hostname: '',
    topic_name: topic,
    depth: sum((one) => one.depth),
    memory_depth: sum((one) => one.memory_depth),
    backend_depth: sum((one) => one.backend_depth),
    message_count: sum((one) => one.message_count),
    delivery_msg_count: sum((one) => one.delivery_msg_count),
    nodes: byHost,
    channels: channels.length === 0 ? null : channels,
    paused: topics.some((one) => one.paused),
    e2e_processing_latency: mergeLatencies(
      byHost.map((one) => one.e2e_processing_latency),
      { topic, channel: '' },
    ),
  }
}

/** Each channel of the topic once. One that a single node has is handed out as that node's own, as in the original. */
function channelsOf(topics: readonly Topic[], topic: string): Channel[] {
  const byName = new Map<string, Channel[]>()
  for (const channel of topics.flatMap((one) => one.channels ?? [])) {
    const same = byName.get(channel.channel_name)
    if (same === undefined) byName.set(channel.channel_name, [channel])
    else same.push(channel)
  }
  return Array.from(byName, ([name, same]) =>
    same.length === 1 && same[0] !== undefined ? same[0] : mergeChannels(same, topic, name),
  )
}
