import type { Topic } from '../api-types.ts'
import { topicOfNode } from '../aggregate/topics.ts'
import { gather } from '../upstream/gather.ts'
import type { Gathered } from '../upstream/gather.ts'
import { objectsIn } from '../upstream/read-fields.ts'
import { byteOrder } from './byte-order.ts'
import { nodeName } from './producer.ts'
import type { Producer } from './producer.ts'
import { query } from './upstreams.ts'
import type { Upstreams } from './upstreams.ts'

export interface StatsWanted {
  /** Default: all topics. */
  readonly topic?: string
  /** Only with a topic. Default: all its channels. */
  readonly channel?: string
  readonly clients: boolean
}

/**
 * The topics of each of these nsqds, by hostname. nsqd is asked for just what is wanted, but one that does not know the filter
 * answers with more, which is left out here.
 * @throws {AllFailedError}
 */
export async function statsOf(
  upstreams: Upstreams,
  producers: readonly Producer[],
  wanted: StatsWanted,
): Promise<Gathered<Topic>> {
  const { topic = '', channel = '', clients } = wanted
  const names = query({ topic, channel }).replace('?', '&')
  const path = `/stats?format=json${names}${clients ? '' : '&include_clients=false'}`
  const now = Date.now()
  const { values, errors } = await gather('nsqd', producers, async (producer) => {
    const answer = await upstreams.get('nsqd', nodeName(producer), path)
    return objectsIn(answer['topics']).map((json) => topicOfNode(json, producer, now))
  })
  const topics = values.flat().filter((found) => topic === '' || found.topic_name === topic)
  return { values: topics.sort((a, b) => byteOrder(a.hostname, b.hostname)), errors }
}
