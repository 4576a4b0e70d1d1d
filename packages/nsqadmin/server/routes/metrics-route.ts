// GET /metrics, for Prometheus: how nsqadmin itself fares. The cluster's own figures are at the nsqds. Not in the original.
import { metricsRoute } from '@nsq-ts/daemon'
import type { FastifyInstance } from 'fastify'
import type { AdminContext } from '../context.ts'

export function metricsRoutes(app: FastifyInstance, { feed, history, access, at }: AdminContext): void {
  const route = metricsRoute((prom, registry) => {
    const gauge = (name: string, help: string, read: () => number) =>
      new prom.Gauge({
        name: `nsqadmin_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
    gauge('nodes', 'nsqds that are watched', () => feed.totals.nodes)
    gauge('nodes_down', 'Watched nsqds that do not answer, or have gone', () => feed.totals.nodes_down)
    gauge('watchers', 'Browsers that watch live figures', () => feed.watchers)
    gauge('history_series', 'Topics, channels and nodes with a history', () => history.size)
    gauge('sessions', 'Logins that are in force, or ran out lately', () => access.sessions)
  })
  app.get(at('/metrics'), async (_request, reply) => {
    const { body, contentType } = await route.handle()
    return reply.type(contentType).send(body)
  })
}
