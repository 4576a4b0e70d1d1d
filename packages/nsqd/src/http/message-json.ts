// Messages as HTTP shows them.
import { isUtf8 } from 'node:buffer'
import { HttpError, type Query } from '@nsq-ts/daemon'
import { type Content, dueInTopic, type MessageRef } from '../core/peek.ts'
import type { Nsqd } from '../nsqd.ts'
import { ClientV2 } from '../tcp/client-v2.ts'
import { formatTime, formatTimeNs } from './time.ts'

/** How much of a body is shown unless the query asks otherwise, in bytes. */
const BODY_MAX_DEFAULT = 64 * 1024

export interface BodyView {
  readonly encoding: 'auto' | 'text' | 'base64'
  readonly sizeMax: number
}

/**
 * `encoding=auto|text|base64` and `body_max=<bytes>`.
 * @throws {HttpError} 400 INVALID_ENCODING, INVALID_BODY_MAX
 */
export function bodyView(query: Query): BodyView {
  const encoding = query.get('encoding') ?? 'auto'
  if (encoding !== 'auto' && encoding !== 'text' && encoding !== 'base64') throw new HttpError(400, 'INVALID_ENCODING')
  return { encoding, sizeMax: wholeNumber(query, 'body_max', BODY_MAX_DEFAULT, 0, Number.MAX_SAFE_INTEGER) }
}

/** @throws {HttpError} 400 INVALID_<NAME> for anything but a whole number of [min, max] */
export function wholeNumber(query: Query, name: string, byDefault: number, min: number, max: number): number {
  const text = query.get(name)
  if (text === undefined) return byDefault
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new HttpError(400, `INVALID_${name.toUpperCase()}`)
  return value
}

/** Keys that say nothing of a message in its state are left out. */
export function messageJson(nsqd: Nsqd, ref: MessageRef, content: Content, view: BodyView): Record<string, unknown> {
  const { attempts, flight, state } = ref
  const due = Number.isNaN(ref.dueMs) ? dueInTopic(ref) : nsqd.toWallMs(ref.dueMs)
  return {
    id: content.id,
    state,
    timestamp: formatTimeNs(content.timestampNs),
    attempts,
    ...(state === 'deferred' && due !== null && { due: formatTime(due) }),
    ...(flight !== null && {
      consumer: consumerJson(flight.subscriber),
      delivered_at: formatTime(nsqd.toWallMs(flight.deliveredAtMs)),
      times_out_at: formatTime(nsqd.toWallMs(flight.deadlineMs)),
    }),
    ...(content.headers !== null && { headers: content.headers }),
    ...bodyJson(content.body, view),
  }
}

function consumerJson(subscriber: unknown): Record<string, unknown> {
  if (!(subscriber instanceof ClientV2)) return {}
  const { remoteAddress, settings } = subscriber
  return { client_id: settings.clientId, hostname: settings.hostname, remote_address: remoteAddress }
}

function bodyJson(body: Buffer, { encoding, sizeMax }: BodyView): Record<string, unknown> {
  const isText = encoding === 'text' || (encoding === 'auto' && isUtf8(body))
  const cut = body.length > sizeMax
  const shown = cut ? body.subarray(0, isText ? wholeCharacters(body, sizeMax) : sizeMax) : body
  return {
    size: body.length,
    ...(cut && { truncated: true }),
    encoding: isText ? 'text' : 'base64',
    body: shown.toString(isText ? 'utf8' : 'base64'),
  }
}

/** How many of the first `size` bytes are whole characters of UTF-8. */
function wholeCharacters(body: Buffer, size: number): number {
  let end = size
  while (end > 0 && size - end < 4 && (body[end]! & 0xc0) === 0x80) end--
  return end
}
