// What is delivered again: the retry policy of a channel, dead letters on their way back, and a channel that goes back to a time. None of
// it is in the original.
import { HttpError } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { NodeRedrive, NodeRetries, NodeRewind, RedriveAnswer, RetriesAnswer, RewindAnswer } from '../api-types.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import { nodeName } from '../cluster/producer.ts'
import type { AdminContext } from '../context.ts'
import { jsonBody } from '../http/json-body.ts'
import { producersOf } from '../http/producers-of.ts'
import { eachNode } from '../messages/each-node.ts'
import type { EachNode } from '../messages/each-node.ts'
import { knownNode } from '../messages/known-node.ts'
import type { AdminAction } from '../notify/admin-actions.ts'
import { flag, number, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

const READ = { config: { access: 'read' } } as const
const ACT = { config: { access: 'act' } } as const

const RATE_MAX = 1_000_000
/** A node without the channel has no say in what becomes of its messages. */
const NOT_THERE: ReadonlySet<string> = new Set(['CHANNEL_NOT_FOUND', 'TOPIC_NOT_FOUND'])
/** Nor has one on which nothing died. */
const NOTHING_TO_SEND: ReadonlySet<string> = new Set([...NOT_THERE, 'NO_DEAD_LETTERS', 'FROM_NOT_FOUND'])
const NOTHING_TO_STOP: ReadonlySet<string> = new Set([...NOT_THERE, 'REDRIVE_NOT_RUNNING'])

const setting = z.string().trim().optional()
const retriesBody = z.object({
  max_attempts: setting,
  dead_letter_topic: setting,
  backoff: setting,
  jitter: setting,
})
const field = z.string().default('')
const redriveBody = z.object({
  node: field,
  id: field,
  contains: field,
  reason: field,
  rate: z.number().int().min(0).max(RATE_MAX).default(0),
  from: field,
})

/** The last moment that a Date can be. */
const TIME_MAX_MS = 8.64e15
const rewindBody = z.object({ to: z.number().int().min(0).max(TIME_MAX_MS) })

interface Params {
  topic: string
  channel: string
}

export function redeliveryRoutes(app: FastifyInstance, context: AdminContext): void {
  const { cluster, at } = context

  app.get<{ Params: Params }>(at('/api/retries/:topic/:channel'), READ, async ({ params }): Promise<RetriesAnswer> => {
    const nodes = await nodesOf(context, params)
    const asked = (node: string) => cluster.node(node).get('/channel/retries', { ...params })
    return inOrder(await eachNode(nodes, async (node) => nodeRetries(node, await asked(node)), NOT_THERE))
  })

  app.post<{ Params: Params }>(at('/api/retries/:topic/:channel'), ACT, async (request): Promise<RetriesAnswer> => {
    const { params } = request
    const changes = definedIn(jsonBody(request.body, retriesBody, 'INVALID_BODY'))
    if (Object.keys(changes).length === 0) throw new HttpError(400, 'INVALID_BODY')
    const nodes = await nodesOf(context, params)
    const tell = (node: string) => cluster.node(node).postForJson('/channel/retries', { ...params }, changes)
    const detail = new URLSearchParams(changes).toString()
    return act(context, request, { action: 'change_channel_retries', ...params, detail }, () =>
      eachNode(nodes, async (node) => nodeRetries(node, await tell(node))),
    )
  })

  const redrive = at('/api/redrive/:topic/:channel')

  app.get<{ Params: Params }>(redrive, READ, async ({ params }): Promise<RedriveAnswer> => {
    const nodes = await nodesOf(context, params)
    const asked = (node: string) => cluster.node(node).get('/channel/redrive', { ...params })
    return inOrder(await eachNode(nodes, async (node) => nodeRedrive(node, await asked(node)), NOT_THERE))
  })

  app.post<{ Params: Params }>(redrive, ACT, async (request): Promise<RedriveAnswer> => {
    const { params } = request
    const { node: one, rate, ...filters } = jsonBody(request.body, redriveBody, 'INVALID_BODY')
    const nodes = one === '' ? await nodesOf(context, params) : [(await knownNode(context, one)).name]
    const wanted = { ...filters, rate: rate === 0 ? '' : String(rate) }
    const tell = (node: string) => cluster.node(node).postForJson('/channel/redrive', { ...params, ...wanted })
    const detail = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== '')).toString()
    return act(context, request, { action: 'redrive_channel', ...params, node: one, message: filters.id, detail }, () =>
      eachNode(nodes, async (node) => nodeRedrive(node, await tell(node)), NOTHING_TO_SEND),
    )
  })

  app.delete<{ Params: Params }>(redrive, ACT, async (request): Promise<RedriveAnswer> => {
    const { params } = request
    const nodes = await nodesOf(context, params)
    const stop = async (name: string) => {
      const node = cluster.node(name)
      await node.post('/channel/redrive/stop', { ...params })
      return nodeRedrive(name, await node.get('/channel/redrive', { ...params }))
    }
    return act(context, request, { action: 'stop_redrive_channel', ...params }, () =>
      eachNode(nodes, stop, NOTHING_TO_STOP),
    )
  })

  app.post<{ Params: Params }>(at('/api/rewind/:topic/:channel'), ACT, async (request): Promise<RewindAnswer> => {
    const { params } = request
    const to = new Date(jsonBody(request.body, rewindBody, 'INVALID_BODY').to).toISOString()
    const nodes = await nodesOf(context, params)
    const tell = (node: string) => cluster.node(node).postForJson('/channel/rewind', { ...params, to })
    return act(context, request, { action: 'rewind_channel', ...params, detail: `to=${to}` }, () =>
      eachNode(nodes, async (node) => nodeRewind(node, await tell(node)), NOT_THERE),
    )
  })
}

/** That have the topic. @throws {HttpError} 400; 404 TOPIC_NOT_FOUND; 502 */
async function nodesOf({ cluster }: AdminContext, { topic, channel }: Params): Promise<string[]> {
  if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
  if (!isValidChannelName(channel)) throw new HttpError(400, 'INVALID_CHANNEL')
  const producers = await producersOf(cluster.topicProducers(topic))
  if (producers.length === 0) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  return producers.map(nodeName)
}

/** Does it, and sees to it that it is known who did. */
async function act<T extends { readonly node: string }>(
  { actions }: AdminContext,
  request: FastifyRequest,
  action: AdminAction,
  doing: () => Promise<EachNode<T>>,
): Promise<{ nodes: T[]; message: string }> {
  try {
    const answer = inOrder(await doing())
    actions.done(request, action, answer.message)
    return answer
  } catch (error) {
    actions.failed(request, action, error instanceof HttpError ? error.code : String(error))
    throw error
  }
}

function inOrder<T extends { readonly node: string }>({ done, message }: EachNode<T>): { nodes: T[]; message: string } {
  return { nodes: done.toSorted((a, b) => byteOrder(a.node, b.node)), message }
}

function nodeRetries(node: string, json: Json): NodeRetries {
  return {
    node,
    max_attempts: number(json['max_attempts']),
    dead_letter_topic: text(json['dead_letter_topic']),
    backoff: text(json['backoff']),
    jitter: number(json['jitter']),
  }
}

function nodeRedrive(node: string, json: Json): NodeRedrive {
  return { node, running: flag(json['running']), sent: number(json['sent']), error: text(json['error']) }
}

function nodeRewind(node: string, json: Json): NodeRewind {
  return { node, messages: number(json['messages']), complete: flag(json['complete']) }
}

function definedIn(body: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
