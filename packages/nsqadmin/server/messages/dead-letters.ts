// Where the dead letters of a channel lie on a node, and which of those that lie there are its own (docs/dead-letters.md).
import { setTimeout as delay } from 'node:timers/promises'
import { HttpError } from '@nsq-ts/daemon'
import type { ShownMessage } from '../api-types.ts'
import { byteOrder } from '../cluster/byte-order.ts'
import type { OneNode } from '../cluster/one-node.ts'
import { TAIL_CHANNEL_PREFIX } from '../tail/tail-channel.ts'
import { objectsIn, text } from '../upstream/read-fields.ts'
import { peek } from './peek.ts'
import type { PeekPage, PeekWanted, Place } from './peek.ts'

/** The channel that nsqd gives a dead-letter topic, when letters are sent back and it has none. */
const REDRIVE_CHANNEL = 'redrive'
/** A channel that was just made has the messages of its topic a turn later. */
const HANDED_OVER_MS = 50
/** Pages of one answer: in a topic that several channels share, those of others are passed over. */
const PAGES_MAX = 20

/** A place, and what else one may choose in its stead. */
export interface DeadLetterPlace extends Place {
  /** Of the dead-letter topic, by name. */
  readonly channels: readonly string[]
  /** False: there is no such topic; nothing has died so far. */
  readonly exists: boolean
}

/** @param from a channel of the dead-letter topic; empty: the usual one @throws {HttpError} as OneNode; 404 FROM_NOT_FOUND */
export async function deadLetterPlace(
  node: OneNode,
  topic: string,
  channel: string,
  from: string,
): Promise<DeadLetterPlace> {
  const retries = await node.get('/channel/retries', { topic, channel })
  const deadTopic = text(retries['dead_letter_topic'])
  const wanted = { format: 'json', topic: deadTopic, include_clients: 'false', include_mem: 'false' }
  const stats = await node.get('/stats', wanted)
  const found = objectsIn(stats['topics']).find((one) => one['topic_name'] === deadTopic)
  const channels = objectsIn(found?.['channels'])
    .map((one) => text(one['channel_name']))
    .filter((name) => !name.startsWith(TAIL_CHANNEL_PREFIX))
    .sort(byteOrder)
  if (from !== '' && !channels.includes(from)) throw new HttpError(404, 'FROM_NOT_FOUND')
  const usual = channels.includes(REDRIVE_CHANNEL) ? REDRIVE_CHANNEL : (channels[0] ?? null)
  return { topic: deadTopic, channel: from === '' ? usual : from, channels, exists: found !== undefined }
}

/** As `peek`, of the letters that come from this channel. */
export async function peekDeadLetters(
  node: OneNode,
  place: DeadLetterPlace,
  origin: { readonly topic: string; readonly channel: string },
  wanted: Omit<PeekWanted, 'state'>,
): Promise<PeekPage> {
  if (!place.exists) return { count: 0, next: null, messages: [] }
  const messages: ShownMessage[] = []
  let next: number | null = wanted.offset
  let count = 0
  for (let pages = 0; next !== null && messages.length < wanted.limit && pages < PAGES_MAX; pages++) {
    const limit = wanted.limit - messages.length // never more than fit: where to go on is known between pages only
    const page: PeekPage = await peek(node, place, { ...wanted, state: 'ready', limit, offset: next })
    messages.push(...page.messages.filter(({ headers }) => isFrom(headers, origin)))
    ;({ next, count } = page)
  }
  return { count, next, messages }
}

/**
 * Ends a letter where it lies. A message is finished on a channel: a dead-letter topic without one gets the channel that a redrive would make.
 * @throws {HttpError} as OneNode; 404 NO_DEAD_LETTERS, FROM_NOT_FOUND, MESSAGE_NOT_FOUND
 */
export async function discardDeadLetter(
  node: OneNode,
  topic: string,
  channel: string,
  { from, id }: { readonly from: string; readonly id: string },
): Promise<void> {
  const place = await deadLetterPlace(node, topic, channel, from)
  if (!place.exists) throw new HttpError(404, 'NO_DEAD_LETTERS')
  const letter = { topic: place.topic, channel: place.channel ?? REDRIVE_CHANNEL, id }
  if (place.channel === null) {
    await node.post('/channel/create', { topic: letter.topic, channel: letter.channel })
    await delay(HANDED_OVER_MS)
  }
  await node.post('/channel/message/finish', letter)
}

function isFrom(headers: ShownMessage['headers'], { topic, channel }: { topic: string; channel: string }): boolean {
  return headers['nsq-origin-topic'] === topic && headers['nsq-origin-channel'] === channel
}
