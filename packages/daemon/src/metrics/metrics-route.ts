import type { Registry } from 'prom-client'
import { Reply } from '../http/reply.ts'
import type { Route } from '../http/router.ts'

type PromClient = typeof import('prom-client')

/**
 * `GET /metrics` in Prometheus' text format. prom-client is loaded at the first scrape: it costs 40 ms that a start should not wait
 * for. Metrics therefore read their figures when they are collected, with prom-client's `collect`, and count nothing themselves.
 *
 * @param define adds the program's metrics; called once
 * @param text more metrics, written by the program itself: where there are so many that prom-client's 9 us a line are too much
 */
export function metricsRoute(
  define: (prom: PromClient, registry: Registry) => unknown,
  text: () => string = () => '',
): Route & { handle(): Promise<Reply> } {
  let registry: Promise<Registry> | undefined
  return {
    method: 'GET',
    path: '/metrics',
    async handle() {
      registry ??= createRegistry(define)
      const ready = await registry
      return new Reply((await ready.metrics()) + text(), { contentType: ready.contentType })
    },
  }
}

async function createRegistry(define: (prom: PromClient, registry: Registry) => unknown): Promise<Registry> {
  const { default: prom } = await import('prom-client')
  const registry = new prom.Registry()
  prom.collectDefaultMetrics({ register: registry })
  define(prom, registry)
  return registry
}
