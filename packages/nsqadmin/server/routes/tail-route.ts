// The messages of a topic as they come. Not in the original.
import { HttpError, parseQuery } from '@nsq-ts/daemon'
import { isValidTopicName } from '@nsq-ts/protocol'
import type { FastifyInstance } from 'fastify'
import type { WithMessage } from '../api-types.ts'
import { nodeName, tcpAddress } from '../cluster/producer.ts'
import type { AdminContext } from '../context.ts'
import { EventStream } from '../http/event-stream.ts'
import { OpenStreams } from '../http/open-streams.ts'
import { producersOf, unlessAllFailed } from '../http/producers-of.ts'
import { Tail } from '../tail/tail.ts'
import { TAIL_CHANNEL_PREFIX } from '../tail/tail-channel.ts'

const TAILS_MAX = 20
const RATE = { default: 10, max: 100 }

export function tailRoute(app: FastifyInstance, context: AdminContext): void {
  const { checked, feed, actions, logger, at } = context
  const tails = new OpenStreams(TAILS_MAX, 'TOO_MANY_TAILS')
  const closing = new Set<Promise<void>>()
  app.addHook('preClose', async () => {
    tails.closeAll()
    await Promise.all(closing)
  })
  const route = { config: { access: 'act' }, sse: { kind: 'manual', serializer: String } } as const

  app.get<{ Params: { topic: string } }>(at('/api/tail/:topic'), route, async (request, reply) => {
    const { topic } = request.params
    if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
    const query = parseQuery(request.url)
    const rate = percentOrRate(query.get('rate'), RATE.max, 'INVALID_ARG_RATE') ?? RATE.default
    const sample = percentOrRate(query.get('sample'), 100, 'INVALID_ARG_SAMPLE')
    tails.requireRoom()
    const nodes = await nodesToTail(context, topic)
    if (query.has('check')) return { message: '' } satisfies WithMessage

    const stream = new EventStream(reply)
    const settings = {
      topic,
      nodes,
      rate,
      sample,
      flow: feed.rateOf(topic),
      tls: checked.tcpTls,
      authSecret: checked.tailAuthSecret,
    }
    const tail = new Tail(settings, {
      message: (message) => stream.send('message', JSON.stringify(message)),
      status: (status) => stream.send('status', JSON.stringify(status)),
    })
    tails.add(stream)
    stream.onClose(() => {
      const closed = tail.close().catch((error: unknown) => logger.warn(`a tail did not close - ${String(error)}`))
      closing.add(closed)
      void closed.finally(() => closing.delete(closed))
    })
    stream.send('open', JSON.stringify(tail.open))
    tail.start()
    actions.done(request, { action: 'tail_topic', topic, channel: tail.open.channel })
    return undefined
  })
}

/**
 * The nodes on which looking harms nobody: where a topic has no channel its messages wait for the first one, which must not be ours.
 * @throws {HttpError} 404, or 409 when there is no such node
 */
async function nodesToTail({ cluster }: AdminContext, topic: string): Promise<Map<string, string>> {
  const producers = await producersOf(cluster.topicProducers(topic))
  if (producers.length === 0) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  const { values: topics } = await cluster.stats(producers, { topic, clients: false }).catch(unlessAllFailed)
  const safe = new Set(
    topics
      .filter(({ channels }) => channels?.some(({ channel_name }) => !channel_name.startsWith(TAIL_CHANNEL_PREFIX)))
      .map(({ node }) => node),
  )
  if (safe.size === 0) throw new HttpError(409, 'TOPIC_HAS_NO_CHANNEL')
  const chosen = producers.filter((producer) => safe.has(nodeName(producer)))
  return new Map(chosen.map((producer) => [nodeName(producer), tcpAddress(producer)]))
}

function percentOrRate(text: string | undefined, max: number, code: string): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > max) throw new HttpError(400, code)
  return value
}
