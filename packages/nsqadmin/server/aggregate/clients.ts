import type { Client } from '../api-types.ts'
import type { Producer } from '../cluster/producer.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import { flag, number, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

/** A client of one nsqd's /stats. @param now Unix milliseconds */
export function clientOfNode(json: Json, node: string, producer: Producer, now: number): Client {
  const connectTs = number(json['connect_ts'])
  const region = text(json['topology_region'])
  const zone = text(json['topology_zone'])
  return {
    node,
    remote_address: text(json['remote_address']),
    version: text(json['version']),
    client_id: text(json['client_id']),
    hostname: text(json['hostname']),
    user_agent: text(json['user_agent']),
    connect_ts: connectTs,
    connected: (Math.floor(now / 1000) - connectTs) * 1e9,
    in_flight_count: number(json['in_flight_count']),
    ready_count: number(json['ready_count']),
    finish_count: number(json['finish_count']),
    requeue_count: number(json['requeue_count']),
    message_count: number(json['message_count']),
    sample_rate: number(json['sample_rate']),
    deflate: flag(json['deflate']),
    snappy: flag(json['snappy']),
    authed: flag(json['authed']),
    auth_identity: text(json['auth_identity']),
    auth_identity_url: text(json['auth_identity_url']),
    ...(producer.topology_region !== undefined && { node_topology_region: producer.topology_region }),
    ...(producer.topology_zone !== undefined && { node_topology_zone: producer.topology_zone }),
    ...(region !== '' && { topology_region: region }),
    ...(zone !== '' && { topology_zone: zone }),
    tls: flag(json['tls']),
    tls_cipher_suite: text(json['tls_cipher_suite']),
    tls_version: text(json['tls_version']),
    tls_negotiated_protocol: text(json['tls_negotiated_protocol']),
    tls_negotiated_protocol_is_mutual: flag(json['tls_negotiated_protocol_is_mutual']),
  }
}

/** By node, and within one those that are near to it first. */
export function byTopology(a: Client, b: Client): number {
  return (
    byteOrder(a.node, b.node) ||
    distance(a) - distance(b) ||
    byteOrder(a.topology_region ?? '', b.topology_region ?? '') ||
    byteOrder(a.topology_zone ?? '', b.topology_zone ?? '')
  )
}

/** 0: in the node's zone; 1: in its region; 2: elsewhere. */
function distance(client: Client): number {
  if ((client.topology_region ?? '') !== (client.node_topology_region ?? '')) return 2
  return (client.topology_zone ?? '') === (client.node_topology_zone ?? '') ? 0 : 1
}
