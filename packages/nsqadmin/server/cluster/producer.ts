import { formatHostPort } from '@nsq-ts/daemon'
import type { Node } from '../api-types.ts'
import { flag, number, objectsIn, stringsIn, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

/** An nsqd as discovery tells of it. Who it is and where; its figures come from itself. */
export type Producer = Omit<Node, 'remote_addresses' | 'topics'> & {
  remote_addresses: string[] | null
  topics: { topic: string; tombstoned: boolean }[] | null
}

/** `broadcast_address:http_port`: what the API calls a node. */
export function nodeName(producer: Pick<Producer, 'broadcast_address' | 'http_port'>): string {
  return formatHostPort(producer.broadcast_address, producer.http_port)
}

export function tcpAddress(producer: Pick<Producer, 'broadcast_address' | 'tcp_port'>): string {
  return formatHostPort(producer.broadcast_address, producer.tcp_port)
}

/** A producer out of an answer of nsqlookupd. */
export function producerFromLookupd(json: Json): Producer {
  const tombstones = Array.isArray(json['tombstones']) ? json['tombstones'] : []
  const topics = stringsIn(json['topics']).map((topic, index) => ({ topic, tombstoned: flag(tombstones[index]) }))
  return producer(json, text(json['remote_address']), topics)
}

/** A producer out of an nsqd's own `/info`, with the topics of its `/stats`. */
export function producerFromInfo(info: Json, stats: Json): Producer {
  const topics = objectsIn(stats['topics']).map((topic) => ({ topic: text(topic['topic_name']), tombstoned: false }))
  return producer(info, '', topics)
}

function producer(json: Json, remoteAddress: string, topics: { topic: string; tombstoned: boolean }[]): Producer {
  const zone = text(json['topology_zone'])
  const region = text(json['topology_region'])
  return {
    remote_addresses: null,
    remote_address: remoteAddress,
    hostname: text(json['hostname']),
    broadcast_address: text(json['broadcast_address']),
    tcp_port: number(json['tcp_port']),
    http_port: number(json['http_port']),
    version: text(json['version']),
    ...(zone !== '' && { topology_zone: zone }),
    ...(region !== '' && { topology_region: region }),
    topics: topics.length === 0 ? null : topics,
    out_of_date: false,
  }
}
