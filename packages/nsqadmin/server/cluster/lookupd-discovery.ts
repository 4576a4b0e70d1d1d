// The cluster as nsqlookupds know it (nsqadmin.md, section 3).
import { gather } from '../upstream/gather.ts'
import type { Gathered } from '../upstream/gather.ts'
import { objectsIn, stringsIn } from '../upstream/read-fields.ts'
import { byteOrder } from './byte-order.ts'
import { nodeName, producerFromLookupd, tcpAddress } from './producer.ts'
import type { Producer } from './producer.ts'
import { query } from './upstreams.ts'
import type { Upstreams } from './upstreams.ts'
import { markOutOfDate } from './versions.ts'

export async function lookupdTopics(upstreams: Upstreams, lookupds: readonly string[]): Promise<Gathered<string>> {
  const { values, errors } = await upstreams.getEach('nsqlookupd', lookupds, '/topics')
  return { values: union(values.map((answer) => stringsIn(answer['topics']))), errors }
}

/** The channels of a topic that are registered, also those of no nsqd. */
export async function lookupdChannels(
  upstreams: Upstreams,
  lookupds: readonly string[],
  topic: string,
): Promise<Gathered<string>> {
  const { values, errors } = await upstreams.getEach('nsqlookupd', lookupds, `/channels${query({ topic })}`)
  return { values: union(values.map((answer) => stringsIn(answer['channels']))), errors }
}

/**
 * All nsqds. The first answer about one counts; the others only add where it was seen from, so that a wrong number of
 * `remote_addresses` shows a node that is not registered everywhere, or two that call themselves the same.
 */
export async function lookupdProducers(upstreams: Upstreams, lookupds: readonly string[]): Promise<Gathered<Producer>> {
  const { values, errors } = await gather('nsqlookupd', lookupds, async (lookupd) => {
    const answer = await upstreams.get('nsqlookupd', lookupd, '/nodes')
    return objectsIn(answer['producers']).map((json) => ({ lookupd, producer: producerFromLookupd(json) }))
  })
  const byAddress = new Map<string, Producer>()
  for (const { lookupd, producer } of values.flat()) {
    const address = tcpAddress(producer)
    const known = byAddress.get(address) ?? producer
    byAddress.set(address, known)
    known.remote_addresses = [...(known.remote_addresses ?? []), `${lookupd}/${producer.remote_address || 'N/A'}`]
  }
  const producers = [...byAddress.values()]
  for (const producer of producers) producer.topics?.sort((a, b) => byteOrder(a.topic, b.topic))
  markOutOfDate(producers)
  return { values: producers.sort((a, b) => byteOrder(a.hostname, b.hostname)), errors }
}

export async function lookupdTopicProducers(
  upstreams: Upstreams,
  lookupds: readonly string[],
  topic: string,
): Promise<Gathered<Producer>> {
  const { values, errors } = await upstreams.getEach('nsqlookupd', lookupds, `/lookup${query({ topic })}`)
  const byNode = new Map<string, Producer>()
  for (const producer of values.flatMap((answer) => objectsIn(answer['producers'])).map(producerFromLookupd)) {
    if (!byNode.has(nodeName(producer))) byNode.set(nodeName(producer), producer)
  }
  return { values: [...byNode.values()], errors }
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort(byteOrder)
}
