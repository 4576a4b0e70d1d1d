// What the original's API shows of the cluster (nsqadmin.md, section 6.1).
import { HttpError, parseQuery } from '@nsq-ts/daemon'
import type { Query } from '@nsq-ts/daemon'
import type { FastifyInstance } from 'fastify'
import { byTopology } from '../aggregate/clients.ts'
import { mergeChannels } from '../aggregate/channels.ts'
import { mergeTopics } from '../aggregate/topics.ts'
import type {
  ChannelAnswer,
  CounterAnswer,
  InactiveTopicsAnswer,
  NodeAnswer,
  NodesAnswer,
  TopicAnswer,
  TopicsAnswer,
} from '../api-types.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { nodeName } from '../cluster/producer.ts'
import type { AdminContext } from '../context.ts'
import { Steps } from '../http/steps.ts'
import { AllFailedError } from '../upstream/upstream-error.ts'

interface TopicParams {
  topic: string
}
interface ChannelParams extends TopicParams {
  channel: string
}

const READ = { config: { access: 'read' } } as const

export function readRoutes(app: FastifyInstance, { cluster, logger, at }: AdminContext): void {
  app.get(at('/api/topics'), READ, async ({ url }): Promise<TopicsAnswer | InactiveTopicsAnswer> => {
    const inactive = queryOf(url).get('inactive') === 'true'
    const steps = new Steps(logger)
    const topics = await steps.query('get topics', cluster.topics())
    if (inactive) return { topics: await inactiveTopics(cluster, topics), message: steps.message }
    return { topics: nullIfEmpty(topics), message: steps.message }
  })

  app.get<{ Params: TopicParams }>(at('/api/topics/:topic'), READ, async ({ params }): Promise<TopicAnswer> => {
    const { topic } = params
    const steps = new Steps(logger)
    const producers = await steps.query('get topic producers', cluster.topicProducers(topic))
    const topics = await steps.query('get topic metadata', cluster.stats(producers, { topic, clients: false }))
    return { ...mergeTopics(topics, topic), message: steps.message }
  })

  app.get<{ Params: ChannelParams }>(at('/api/topics/:topic/:channel'), READ, async ({ params }) => {
    const { topic, channel } = params
    const steps = new Steps(logger)
    const producers = await steps.query('get topic producers', cluster.topicProducers(topic))
    const wanted = { topic, channel, clients: true }
    const topics = await steps.query('get channel metadata', cluster.stats(producers, wanted))
    const channels = topics.flatMap((one) => one.channels ?? []).filter((one) => one.channel_name === channel)
    if (channels.length === 0) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
    const merged = mergeChannels(channels, topic, channel)
    merged.clients?.sort(byTopology)
    return { ...merged, message: steps.message } satisfies ChannelAnswer
  })

  app.get(at('/api/nodes'), READ, async (): Promise<NodesAnswer> => {
    const steps = new Steps(logger)
    const nodes = await steps.query('get nodes', cluster.producers())
    return { nodes: nullIfEmpty(nodes), message: steps.message }
  })

  app.get<{ Params: { node: string } }>(at('/api/nodes/:node'), READ, async ({ params }): Promise<NodeAnswer> => {
    const steps = new Steps(logger)
    const producers = await steps.query('get producers', cluster.producers())
    const producer = producers.find((one) => nodeName(one) === params.node)
    if (producer === undefined) throw new HttpError(404, 'NODE_NOT_FOUND')
    const topics = await steps.query('get nsqd stats', cluster.stats([producer], { clients: true }))
    const clients = topics.flatMap((topic) => topic.channels ?? []).flatMap((channel) => channel.clients ?? [])
    return {
      node: params.node,
      topics: nullIfEmpty(topics),
      total_messages: topics.reduce((sum, topic) => sum + topic.message_count, 0),
      total_clients: clients.length,
      message: steps.message,
    }
  })

  app.get(at('/api/counter'), READ, async (): Promise<CounterAnswer> => {
    const steps = new Steps(logger)
    const producers = await steps.query('get counter producer list', cluster.producers())
    const topics = await steps.query('get nsqd stats', cluster.stats(producers, { clients: false }))
    const channels = topics.flatMap((topic) => topic.channels ?? [])
    const stats = channels.map(({ node, topic_name, channel_name, message_count }) => {
      return [`${topic_name}:${channel_name}:${node}`, { node, topic_name, channel_name, message_count }] as const
    })
    return { stats: Object.fromEntries(stats.sort(([a], [b]) => byteOrder(a, b))), message: steps.message }
  })
}

/** @throws {HttpError} 400 that says what is wrong with a query, as the original does here and nowhere else */
function queryOf(url: string): Query {
  try {
    return parseQuery(url)
  } catch (cause) {
    const query = url.slice(url.indexOf('?') + 1)
    const [escape] = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(query) ?? []
    const problem = query.includes(';') ? 'invalid semicolon separator in query' : `invalid URL escape "${escape}"`
    throw new HttpError(400, problem, { cause })
  }
}

/** Topics that are registered but that no nsqd has, with their registered channels. */
async function inactiveTopics(cluster: Cluster, topics: readonly string[]): Promise<InactiveTopicsAnswer['topics']> {
  const inactive: InactiveTopicsAnswer['topics'] = {}
  if (cluster.lookupds.length === 0) return inactive // without nsqlookupd a topic is where an nsqd has it
  for (const topic of topics) {
    if ((await noneIfAllFail(cluster.topicProducers(topic))).length > 0) continue
    inactive[topic] = nullIfEmpty(await noneIfAllFail(cluster.registeredChannels(topic)))
  }
  return inactive
}

/** A topic may be gone by the time it is asked for: that is no reason to show none of the others. */
async function noneIfAllFail<T>(asking: Promise<{ values: readonly T[] }>): Promise<readonly T[]> {
  try {
    return (await asking).values
  } catch (error) {
    if (error instanceof AllFailedError) return []
    throw error
  }
}

/** Scripts written for the original expect null. */
function nullIfEmpty<T>(list: readonly T[]): T[] | null {
  return list.length === 0 ? null : [...list]
}
