// `/channel/message`, `/topic/message`, `/channel/message/finish`, `requeue`, `/channel/deferred/cancel`, `deliver`, ours: one
// message, by its id.
import { HttpError, parseDuration, type Query, type Route } from '@nsq-ts/daemon'
import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'
import type { Channel } from '../core/channel.ts'
import { findInTopic, findMessage } from '../core/find-message.ts'
import { type MessageRef, readContent } from '../core/peek.ts'
import type { Nsqd } from '../nsqd.ts'
import { existingChannel, existingTopic } from './arguments.ts'
import { confirm } from './confirm.ts'
import { bodyView, messageJson } from './message-json.ts'

/** What is answered has happened for good: it is on disk as safely as a publish would be. */
export function messageRoutes(nsqd: Nsqd): Route[] {
  const post = (path: string, act: (channel: Channel, message: MessageRef, query: Query) => boolean): Route => ({
    method: 'POST',
    path,
    handle: ({ query }) => onMessage(nsqd, query, act),
  })
  const get = (path: string, find: (query: Query) => Promise<MessageRef | undefined>): Route => ({
    method: 'GET',
    path,
    handle: ({ query }) => show(nsqd, query, find),
  })
  return [
    get('/channel/message', (query) => {
      const { channel, topic } = existingChannel(nsqd.registry, query)
      return findMessage(topic, channel, ...idOf(query))
    }),
    get('/topic/message', (query) => findInTopic(existingTopic(nsqd.registry, query), ...idOf(query))),
    post('/channel/message/finish', (channel, { segment, index }) => channel.finishOne(segment, index)),
    post('/channel/message/requeue', (channel, { segment, index }, query) =>
      channel.requeueOne(segment, index, delayMs(query, nsqd.options.maxDeferMs)),
    ),
    post('/channel/deferred/cancel', (channel, message) => {
      requireDeferred(message)
      return channel.finishOne(message.segment, message.index)
    }),
    post('/channel/deferred/deliver', (channel, message) => {
      requireDeferred(message)
      return channel.requeueOne(message.segment, message.index, 0)
    }),
  ]
}

/** @throws {HttpError} as `find`; 400 INVALID_ENCODING, INVALID_BODY_MAX; 404 MESSAGE_NOT_FOUND */
async function show(
  nsqd: Nsqd,
  query: Query,
  find: (query: Query) => Promise<MessageRef | undefined>,
): Promise<unknown> {
  const view = bodyView(query)
  const message = await find(query)
  const content = message && (await readContent(message))
  if (message === undefined || content === undefined) throw new HttpError(404, 'MESSAGE_NOT_FOUND')
  return messageJson(nsqd, message, content, view)
}

/** @throws {HttpError} as existingChannel; 400 MISSING_ARG_ID, INVALID_ID; 404 MESSAGE_NOT_FOUND; 503, 507 of the disk */
async function onMessage(
  nsqd: Nsqd,
  query: Query,
  act: (channel: Channel, message: MessageRef, query: Query) => boolean,
): Promise<void> {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const message = await findMessage(topic, channel, ...idOf(query))
  // Nothing happens between finding it and acting on it.
  if (message === undefined || channel.closed || !act(channel, message, query)) {
    throw new HttpError(404, 'MESSAGE_NOT_FOUND')
  }
  confirm(nsqd, topic, 'what became of a message')
}

/** Its two halves. @throws {HttpError} 400 MISSING_ARG_ID, INVALID_ID */
function idOf(query: Query): [hi: number, lo: number] {
  const id = query.get('id')
  if (id === undefined) throw new HttpError(400, 'MISSING_ARG_ID')
  if (!/^[0-9a-f]{16}$/.test(id)) throw new HttpError(400, 'INVALID_ID')
  const bytes = Buffer.from(id, 'latin1')
  return [parseIdHi(bytes, 0), parseIdLo(bytes, 0)]
}

/** @throws {HttpError} 409 for a message that is in the line, or with a consumer, already */
function requireDeferred({ state }: MessageRef): void {
  if (state !== 'deferred') throw new HttpError(409, 'MESSAGE_NOT_DEFERRED')
}

/** `defer=<duration>`; none: at once. */
function delayMs(query: Query, maxDeferMs: number): number {
  const text = query.get('defer')
  if (text === undefined) return 0
  try {
    const delay = parseDuration(text)
    if (delay >= 0 && delay <= maxDeferMs) return delay
  } catch {
    // answered below, as any other that cannot be
  }
  throw new HttpError(400, 'INVALID_DEFER')
}
