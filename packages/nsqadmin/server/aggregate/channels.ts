import type { Channel, Client } from '../api-types.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import { flag, number, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'
import { latencyOfNode, mergeLatencies } from './latency.ts'

/** A channel of one nsqd's /stats. */
export function channelOfNode(
  json: Json,
  owner: { node: string; hostname: string; topic: string; clients: Client[] | null },
): Channel {
  const depth = number(json['depth'])
  const backendDepth = number(json['backend_depth'])
  return {
    node: owner.node,
    hostname: owner.hostname,
    topic_name: owner.topic,
    channel_name: text(json['channel_name']),
    depth,
    memory_depth: depth - backendDepth,
    backend_depth: backendDepth,
    in_flight_count: number(json['in_flight_count']),
    deferred_count: number(json['deferred_count']),
    requeue_count: number(json['requeue_count']),
    timeout_count: number(json['timeout_count']),
    message_count: number(json['message_count']),
    ...deliveries(
      number(json['zone_local_msg_count']),
      number(json['region_local_msg_count']),
      number(json['global_msg_count']),
    ),
    client_count: number(json['client_count']),
    nodes: null,
    clients: owner.clients,
    paused: flag(json['paused']),
    e2e_processing_latency: latencyOfNode(json['e2e_processing_latency']),
  }
}

/** The same channel of several nodes, as one. */
export function mergeChannels(channels: readonly Channel[], topic: string, channel: string): Channel {
  const sum = (count: (one: Channel) => number | undefined) =>
    channels.reduce((total, one) => total + (count(one) ?? 0), 0)
  const clients = channels.flatMap((one) => one.clients ?? [])
  return {
    node: '*',
    hostname: '',
    topic_name: topic,
    channel_name: channel,
    depth: sum((one) => one.depth),
    memory_depth: sum((one) => one.memory_depth),
    backend_depth: sum((one) => one.backend_depth),
    in_flight_count: sum((one) => one.in_flight_count),
    deferred_count: sum((one) => one.deferred_count),
    requeue_count: sum((one) => one.requeue_count),
    timeout_count: sum((one) => one.timeout_count),
    message_count: sum((one) => one.message_count),
    ...deliveries(
      sum((one) => one.zone_local_msg_count),
      sum((one) => one.region_local_msg_count),
      sum((one) => one.global_msg_count),
    ),
    client_count: sum((one) => one.client_count),
    nodes: [...channels].sort((a, b) => byteOrder(a.hostname, b.hostname)),
    clients: clients.length === 0 ? null : clients,
    paused: channels.some((one) => one.paused),
    e2e_processing_latency: mergeLatencies(
      channels.map((one) => one.e2e_processing_latency),
      { topic, channel },
    ),
  }
}

/** What was delivered near and far; nothing of it is shown when nothing was. */
function deliveries(
  zoneLocal: number,
  regionLocal: number,
  global: number,
): Pick<Channel, 'delivery_msg_count' | 'zone_local_msg_count' | 'region_local_msg_count' | 'global_msg_count'> {
  const all = zoneLocal + regionLocal + global
  return {
    ...(all !== 0 && { delivery_msg_count: all }),
    ...(zoneLocal !== 0 && { zone_local_msg_count: zoneLocal }),
    ...(regionLocal !== 0 && { region_local_msg_count: regionLocal }),
    ...(global !== 0 && { global_msg_count: global }),
  }
}
