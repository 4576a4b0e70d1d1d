// Graphs from Graphite, for those who have it (nsqadmin.md, section 11).
import { HttpError, parseQuery } from '@nsq-ts/daemon'
import type { Query } from '@nsq-ts/daemon'
import type { FastifyInstance } from 'fastify'
import type { GraphiteRateAnswer } from '../api-types.ts'
import type { AdminContext } from '../context.ts'
import { objectOf } from '../upstream/read-fields.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import { GraphiteProxy } from '../http/graphite-proxy.ts'

const READ = { config: { access: 'read' } } as const

export function graphiteRoutes(app: FastifyInstance, { settings, client, logger, at }: AdminContext): void {
  app.get(at('/api/graphite'), READ, async ({ url }): Promise<GraphiteRateAnswer> => {
    const query = parseQuery(url)
    if (query.get('metric') !== 'rate') throw new HttpError(400, 'INVALID_ARG_METRIC')
    const { graphiteUrl, statsdIntervalMs } = settings.current
    const seconds = Math.floor(statsdIntervalMs / 1000)
    const asked = `${graphiteUrl}/render?${renderQuery(target(query), seconds).toString()}`
    logger.info(`GRAPHITE: ${asked}`)
    try {
      return { rate: rateOf(await client.getJson(asked), seconds) }
    } catch (cause) {
      if (!(cause instanceof UpstreamError)) throw cause
      logger.error(`graphite request failed - ${cause.message}`)
      throw new HttpError(500, 'INTERNAL_ERROR', { cause })
    }
  })
}

/** `GET /render` goes to graphite, with --proxy-graphite; otherwise there is no such path. */
export function graphiteProxyRoute(app: FastifyInstance, { checked, settings, logger, at }: AdminContext): void {
  if (checked.graphiteProxy === undefined) return
  const { httpClientConnectTimeoutMs, httpClientRequestTimeoutMs } = settings.current
  const timeouts = { connectTimeoutMs: httpClientConnectTimeoutMs, requestTimeoutMs: httpClientRequestTimeoutMs }
  const proxy = new GraphiteProxy(checked.graphiteProxy, timeouts, logger)
  app.addHook('onClose', () => proxy.close())
  app.get(at('/render'), { ...READ, compress: false }, (request, reply) => proxy.forward(request, reply))
}

function target(query: Query): string {
  const target = query.get('target')
  if (target === undefined) throw new HttpError(400, 'INVALID_ARG_TARGET')
  return target
}

/** The interval before the last: the last one may not be complete yet. */
function renderQuery(target: string, seconds: number): URLSearchParams {
  return new URLSearchParams({ format: 'json', from: `-${2 * seconds}sec`, target, until: `-${seconds}sec` })
}

/** @throws {UpstreamError} when there is no figure in the answer */
function rateOf(answer: unknown, seconds: number): string {
  const [series] = Array.isArray(answer) ? answer : []
  const [point] = (objectOf(series)['datapoints'] as unknown[] | undefined) ?? []
  const [value] = Array.isArray(point) ? (point as unknown[]) : []
  if (typeof value !== 'number') throw new UpstreamError('the answer has no datapoint')
  if (value < 0) return 'N/A'
  return seconds === 0 ? '+Inf' : (value / seconds).toFixed(2)
}
