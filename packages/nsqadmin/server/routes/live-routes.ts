// The cluster live, and its last hour. None of it is in the original.
import { HttpError, parseQuery } from '@nsq-ts/daemon'
import type { FastifyInstance } from 'fastify'
import type { HistoryAnswer, SparklinesAnswer } from '../api-types.ts'
import type { AdminContext } from '../context.ts'
import type { History, HistoryKey } from '../history/history.ts'
import { EVENTS, EventStream } from '../http/event-stream.ts'
import { OpenStreams } from '../http/open-streams.ts'

const READ = { config: { access: 'read' } } as const
const WATCHERS_MAX = 1000
const SPARKLINE_POINTS = { default: 40, max: 120 }

interface Params {
  topic: string
  channel: string
  node: string
}

export function liveRoutes(app: FastifyInstance, { feed, at }: AdminContext): void {
  const streams = new OpenStreams(WATCHERS_MAX, 'TOO_MANY_WATCHERS')
  app.addHook('preClose', async () => streams.closeAll())

  app.get(at('/api/live'), { ...READ, sse: EVENTS }, async ({ url }, reply) => {
    streams.requireRoom()
    const topic = parseQuery(url).get('topic')
    const stream = new EventStream(reply)
    streams.add(stream)
    stream.onClose(feed.watch({ topic, send: ({ event, data }) => stream.send(event, data) }))
  })
}

export function historyRoutes(app: FastifyInstance, { history, at }: AdminContext): void {
  app.get(at('/api/history'), READ, ({ url }): SparklinesAnswer => {
    return history.sparklines(pointsOf(url, SPARKLINE_POINTS.default, SPARKLINE_POINTS.max))
  })

  const one = (path: string, keyOf: (params: Params) => HistoryKey) => {
    app.get<{ Params: Params }>(at(`/api/history${path}`), READ, ({ url, params }) => past(history, keyOf(params), url))
  }
  one('/cluster', () => 'cluster')
  one('/nodes/:node', ({ node }) => `node ${node}`)
  one('/topics/:topic', ({ topic }) => `topic ${topic}`)
  one('/topics/:topic/:channel', ({ topic, channel }) => `channel ${topic} ${channel}`)
}

function past(history: History, key: HistoryKey, url: string): HistoryAnswer {
  const answer = history.read(key, pointsOf(url, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  if (answer === undefined) throw new HttpError(404, 'NOT_FOUND')
  return answer
}

function pointsOf(url: string, otherwise: number, max: number): number {
  const text = parseQuery(url).get('points')
  if (text === undefined) return otherwise
  if (!/^\d{1,6}$/.test(text) || Number(text) === 0) throw new HttpError(400, 'INVALID_ARG_POINTS')
  return Math.min(Number(text), max)
}
