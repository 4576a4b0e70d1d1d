// `/channel/peek`, `/topic/peek` and `/channel/deferred`, ours: messages, without consuming them.
import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import {
  countIn,
  type MessageRef,
  type MessageState,
  peekChannel,
  peekDeferred,
  peekTopic,
  readContent,
} from '../core/peek.ts'
import type { Nsqd } from '../nsqd.ts'
import { existingChannel, existingTopic } from './arguments.ts'
import { type BodyView, bodyView, messageJson, wholeNumber } from './message-json.ts'
import { parseTime } from './time.ts'

const LIMIT_DEFAULT = 10
const LIMIT_MAX = 1000
/** Bodies in one answer, in bytes; whoever wants more asks for the next page. */
const ANSWER_SIZE_MAX = 16 * 1024 * 1024
/** Messages that one request with `contains` looks through; it is told where to go on. */
const SCAN_MAX = 100_000
/** Looked at between two looks at anything else. */
const CHUNK = 500

/** What is looked at: where it comes from, how many there are, and up to `limit` of them from the `offset`th on. */
interface Source {
  readonly describe: Record<string, unknown>
  readonly count: number
  take(offset: number, limit: number): MessageRef[]
}

export function peekRoutes(nsqd: Nsqd): Route[] {
  const get = (path: string, source: (query: Query) => Source): Route => ({
    method: 'GET',
    path,
    handle: ({ query }) => page(nsqd, query, source(query)),
  })
  return [
    get('/channel/peek', (query) => channelSource(nsqd, query)),
    get('/topic/peek', (query) => topicSource(nsqd, query)),
    get('/channel/deferred', (query) => deferredSource(nsqd, query)),
  ]
}

function channelSource(nsqd: Nsqd, query: Query): Source {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const state = stateOf(query)
  return {
    describe: { topic: topic.name, channel: channel.name, state },
    count: countIn(channel, state),
    take: (offset, limit) => peekChannel(channel, state, offset, limit),
  }
}

function topicSource(nsqd: Nsqd, query: Query): Source {
  const topic = existingTopic(nsqd.registry, query)
  const state = stateOf(query)
  const { log, scheduled } = topic
  const counts = {
    ready: log.committed - topic.distributed,
    in_flight: 0,
    deferred: scheduled.committed - topic.distributedScheduled,
  }
  return {
    describe: { topic: topic.name, state },
    count: counts[state],
    take: (offset, limit) => peekTopic(topic, state, offset, limit),
  }
}

function deferredSource(nsqd: Nsqd, query: Query): Source {
  const { channel, topic } = existingChannel(nsqd.registry, query)
  const text = query.get('from')
  const fromWallMs = text === undefined ? -Infinity : parseTime(text)
  if (fromWallMs === undefined) throw new HttpError(400, 'INVALID_FROM')
  const halfMs = 0.5 // `due` is shown rounded: what it shows is found by it
  const fromMs = fromWallMs - halfMs - nsqd.toWallMs(0)
  return {
    describe: { topic: topic.name, channel: channel.name, state: 'deferred' },
    count: channel.deferredCount,
    take: (offset, limit) => peekDeferred(channel, fromMs, offset, limit),
  }
}

function stateOf(query: Query): MessageState {
  const state = query.get('state') ?? 'ready'
  if (state !== 'ready' && state !== 'in_flight' && state !== 'deferred') throw new HttpError(400, 'INVALID_STATE')
  return state
}

/**
 * One page. `next` is the offset of the following one, null at the end; the line moves while it is looked at, so that what is
 * consumed meanwhile shifts what comes after it.
 */
async function page(nsqd: Nsqd, query: Query, source: Source): Promise<unknown> {
  const limit = wholeNumber(query, 'limit', LIMIT_DEFAULT, 1, LIMIT_MAX)
  const offset = wholeNumber(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER)
  const view = bodyView(query)
  const contains = query.get('contains') ?? ''
  const { messages, next } = await collect(nsqd, source, { limit, offset, contains: Buffer.from(contains), view })
  return { ...source.describe, count: source.count, offset, next, messages }
}

interface Wanted {
  readonly limit: number
  readonly offset: number
  /** Empty: all. */
  readonly contains: Buffer
  readonly view: BodyView
}

async function collect(
  nsqd: Nsqd,
  source: Source,
  { contains, limit, offset, view }: Wanted,
): Promise<{ messages: unknown[]; next: number | null }> {
  const messages: unknown[] = []
  let size = 0
  let at = offset
  while (at - offset < SCAN_MAX) {
    const chunk = source.take(at, contains.length === 0 ? limit - messages.length : CHUNK)
    for (const ref of chunk) {
      const content = await readContent(ref)
      at++
      if (content === undefined || !content.body.includes(contains)) continue
      messages.push(messageJson(nsqd, ref, content, view))
      size += Math.min(content.body.length, view.sizeMax)
      if (messages.length === limit || size >= ANSWER_SIZE_MAX) return { messages, next: more(source, at) }
    }
    if (chunk.length === 0) return { messages, next: null }
    await new Promise(setImmediate) // others have their turn
  }
  return { messages, next: more(source, at) }
}

function more(source: Source, offset: number): number | null {
  return source.take(offset, 1).length === 0 ? null : offset
}
