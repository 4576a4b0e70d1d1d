// Messages, to be looked at without consuming them, and acted upon one by one. None of it is in the original.
import { HttpError, parseQuery } from '@nsq-ts/daemon'
import type { Query } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MessageAction, MessagesAnswer, MessageState, ShownMessage, WithMessage } from '../api-types.ts'
import type { OneNode } from '../cluster/one-node.ts'
import type { AdminContext } from '../context.ts'
import { jsonBody } from '../http/json-body.ts'
import { deadLetterPlace, discardDeadLetter, peekDeadLetters } from '../messages/dead-letters.ts'
import { knownNode } from '../messages/known-node.ts'
import { peek, wholeMessage } from '../messages/peek.ts'
import type { PeekWanted, Place } from '../messages/peek.ts'

const READ = { config: { access: 'read' } } as const
const ACT = { config: { access: 'act' } } as const

const LIMIT = { default: 25, max: 100 }
const STATES: readonly MessageState[] = ['ready', 'in_flight', 'deferred', 'dead']
const ID = /^[0-9a-f]{16}$/
const DEFER_MAX_MS = 2 ** 53 / 1e6

const PATHS: Readonly<Record<Exclude<MessageAction, 'discard'>, string>> = {
  finish: '/channel/message/finish',
  requeue: '/channel/message/requeue',
  cancel: '/channel/deferred/cancel',
  deliver: '/channel/deferred/deliver',
}

const actionBody = z.object({
  node: z.string().default(''),
  id: z.string().regex(ID),
  action: z.enum(['finish', 'requeue', 'deliver', 'cancel', 'discard']),
  defer: z.number().int().min(0).max(DEFER_MAX_MS).default(0),
  from: z.string().default(''),
})

interface Params {
  topic: string
  channel?: string
}

export function messageRoutes(app: FastifyInstance, context: AdminContext): void {
  const { actions, at } = context

  for (const path of ['/:topic', '/:topic/:channel']) {
    app.get<{ Params: Params }>(at(`/api/messages${path}`), READ, async ({ params, url }): Promise<MessagesAnswer> => {
      const place = placeOf(params)
      const query = parseQuery(url)
      const state = stateOf(query, place)
      const node = await knownNode(context, query.get('node') ?? '')
      const wanted = {
        limit: wholeNumber(query, 'limit', LIMIT.default, 1, LIMIT.max),
        offset: wholeNumber(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER),
        contains: query.get('contains') ?? '',
      }
      return state === 'dead'
        ? deadLetters(node, place.topic, place.channel ?? '', query.get('from') ?? '', wanted)
        : living(node, place, { ...wanted, state })
    })

    app.get<{ Params: Params }>(at(`/api/message${path}`), READ, async ({ params, url }): Promise<ShownMessage> => {
      const place = placeOf(params)
      const query = parseQuery(url)
      const id = query.get('id') ?? ''
      if (!ID.test(id)) throw new HttpError(400, 'INVALID_ID')
      return wholeMessage(await knownNode(context, query.get('node') ?? ''), place, id)
    })
  }

  app.post<{ Params: Required<Params> }>(at('/api/message/:topic/:channel'), ACT, async (request) => {
    const { topic, channel } = placeOf(request.params) as Required<Params>
    const { node: name, id, action, defer, from } = jsonBody(request.body, actionBody, 'INVALID_BODY')
    const node = await knownNode(context, name)
    const detail = action === 'requeue' && defer > 0 ? `defer=${defer}ms` : ''
    const done = { action: `${action}_message`, topic, channel, node: name, message: id, detail } as const
    try {
      if (action === 'discard') await discardDeadLetter(node, topic, channel, { from, id })
      else await node.post(PATHS[action], { topic, channel, id, defer: detail === '' ? '' : `${defer}ms` })
    } catch (error) {
      actions.failed(request, done, error instanceof HttpError ? error.code : String(error))
      throw error
    }
    actions.done(request, done)
    return { message: '' } satisfies WithMessage
  })
}

async function living(node: OneNode, place: Place, wanted: PeekWanted): Promise<MessagesAnswer> {
  const { count, next, messages } = await peek(node, place, wanted)
  return { node: node.name, state: wanted.state, ...place, channels: [], count, next, messages: [...messages] }
}

async function deadLetters(
  node: OneNode,
  topic: string,
  channel: string,
  from: string,
  wanted: Omit<PeekWanted, 'state'>,
): Promise<MessagesAnswer> {
  const place = await deadLetterPlace(node, topic, channel, from)
  const { count, next, messages } = await peekDeadLetters(node, place, { topic, channel }, wanted)
  const where = { topic: place.topic, channel: place.channel, channels: [...place.channels] }
  return { node: node.name, state: 'dead', ...where, count, next, messages: [...messages] }
}

/** @throws {HttpError} 400 INVALID_TOPIC, INVALID_CHANNEL */
function placeOf({ topic, channel }: Params): Place {
  if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
  if (channel !== undefined && !isValidChannelName(channel)) throw new HttpError(400, 'INVALID_CHANNEL')
  return { topic, channel: channel ?? null }
}

/** A topic has no dead letters: its channels have. */
function stateOf(query: Query, { channel }: Place): MessageState {
  const text = query.get('state') ?? 'ready'
  const state = STATES.find((one) => one === text)
  if (state === undefined || (state === 'dead' && channel === null)) throw new HttpError(400, 'INVALID_ARG_STATE')
  return state
}

function wholeNumber(query: Query, name: string, otherwise: number, min: number, max: number): number {
  const text = query.get(name)
  if (text === undefined) return otherwise
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new HttpError(400, `INVALID_ARG_${name.toUpperCase()}`)
  return value
}
