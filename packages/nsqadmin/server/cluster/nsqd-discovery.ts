// The cluster without nsqlookupd: the nsqds of --nsqd-http-address tell of themselves (nsqadmin.md, section 3).
import { parseHostPort } from '@nsq-ts/daemon'
import { gather } from '../upstream/gather.ts'
import type { Gathered } from '../upstream/gather.ts'
import { number, objectsIn, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'
import { byteOrder } from './byte-order.ts'
import { producerFromInfo } from './producer.ts'
import type { Producer } from './producer.ts'
import { query } from './upstreams.ts'
import type { Upstreams } from './upstreams.ts'

export async function nsqdTopics(upstreams: Upstreams, nsqds: readonly string[]): Promise<Gathered<string>> {
  const { values, errors } = await upstreams.getEach('nsqd', nsqds, '/stats?format=json')
  const names = values.flatMap((answer) => objectsIn(answer['topics'])).map((topic) => text(topic['topic_name']))
  return { values: [...new Set(names)].sort(byteOrder), errors }
}

export function nsqdProducers(upstreams: Upstreams, nsqds: readonly string[]): Promise<Gathered<Producer>> {
  return gather('nsqd', nsqds, async (nsqd) => {
    const info = await upstreams.get('nsqd', nsqd, '/info')
    const stats = await upstreams.get('nsqd', nsqd, '/stats?format=json&include_clients=false')
    return producerFromInfo(withOwnAddress(info, nsqd), stats)
  })
}

/** Of those that answer, the ones that have the topic. */
export async function nsqdTopicProducers(
  upstreams: Upstreams,
  nsqds: readonly string[],
  topic: string,
): Promise<Gathered<Producer>> {
  const { values, errors } = await gather('nsqd', nsqds, async (nsqd) => {
    const path = `/stats?format=json&${query({ topic }).slice(1)}&include_clients=false`
    const stats = await upstreams.get('nsqd', nsqd, path)
    const found = objectsIn(stats['topics']).some((candidate) => candidate['topic_name'] === topic)
    if (!found) return undefined
    return producerFromInfo(withOwnAddress(await upstreams.get('nsqd', nsqd, '/info'), nsqd), stats)
  })
  return { values: values.filter((producer) => producer !== undefined), errors }
}

/** Old versions do not say where they are: then it is where they were asked. */
function withOwnAddress(info: Json, nsqd: string): Json {
  const asked = parseHostPort(nsqd)
  const hostname = text(info['hostname']) === '' ? (asked?.host ?? '') : info['hostname']
  if (text(info['broadcast_address']) !== '') return { ...info, hostname }
  const port = Number(asked?.port ?? 0)
  return { ...info, hostname, broadcast_address: asked?.host ?? '', http_port: port || number(info['http_port']) }
}
