// Messages as an nsqd shows them (docs/peek.md), for the page.
import type { MessageConsumer, ShownMessage } from '../api-types.ts'
import type { OneNode } from '../cluster/one-node.ts'
import { flag, number, objectOf, objectsIn, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

/** Where messages are on a node. */
export interface Place {
  readonly topic: string
  /** Null: in the topic itself. */
  readonly channel: string | null
}

export interface PeekWanted {
  readonly state: ShownMessage['state']
  readonly limit: number
  readonly offset: number
  /** Empty: all. */
  readonly contains: string
}

export interface PeekPage {
  readonly count: number
  readonly next: number | null
  readonly messages: readonly ShownMessage[]
}

/** Of a body in a list, in bytes: enough to tell messages apart, and a page of them is read at once. */
const SHOWN_MAX = 4096
/** Of one that is asked for alone. */
const WHOLE_MAX = 64 * 1024 * 1024

/** @throws {HttpError} as OneNode */
export async function peek(node: OneNode, { topic, channel }: Place, wanted: PeekWanted): Promise<PeekPage> {
  const { state, limit, offset, contains } = wanted
  const answer = await node.get(channel === null ? '/topic/peek' : '/channel/peek', {
    topic,
    channel: channel ?? '',
    state,
    limit: String(limit),
    offset: String(offset),
    contains,
    body_max: String(SHOWN_MAX),
  })
  const { next } = answer
  return {
    count: number(answer['count']),
    next: typeof next === 'number' ? next : null,
    messages: objectsIn(answer['messages']).map(shownMessage),
  }
}

/** One message with all of its body. @throws {HttpError} as OneNode; 404 MESSAGE_NOT_FOUND */
export async function wholeMessage(node: OneNode, { topic, channel }: Place, id: string): Promise<ShownMessage> {
  const path = channel === null ? '/topic/message' : '/channel/message'
  return shownMessage(await node.get(path, { topic, channel: channel ?? '', id, body_max: String(WHOLE_MAX) }))
}

function shownMessage(json: Json): ShownMessage {
  const state = text(json['state'])
  return {
    id: text(json['id']),
    state: state === 'in_flight' || state === 'deferred' ? state : 'ready',
    timestamp: timeOf(json['timestamp']) ?? 0,
    attempts: number(json['attempts']),
    size: number(json['size']),
    body: text(json['body']),
    encoding: json['encoding'] === 'base64' ? 'base64' : 'utf8',
    truncated: flag(json['truncated']),
    headers: headersOf(json['headers']),
    due: timeOf(json['due']),
    consumer: consumerOf(json),
  }
}

function consumerOf(json: Json): MessageConsumer | null {
  if (json['consumer'] === undefined) return null
  const consumer = objectOf(json['consumer'])
  return {
    client_id: text(consumer['client_id']),
    hostname: text(consumer['hostname']),
    remote_address: text(consumer['remote_address']),
    delivered_at: timeOf(json['delivered_at']) ?? 0,
    times_out_at: timeOf(json['times_out_at']) ?? 0,
  }
}

function headersOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([name, header]) => [name, text(header)]))
}

/** RFC 3339 as Unix milliseconds. */
function timeOf(value: unknown): number | null {
  const ms = Date.parse(text(value))
  return Number.isNaN(ms) ? null : ms
}
