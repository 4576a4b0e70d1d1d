import type { HttpRequest, Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { watchGarbageCollection } from '../stats/gc-pauses.ts'
import { healthLine } from '../stats/health.ts'
import { statsJson } from '../stats/json.ts'
import { memoryStats } from '../stats/memory.ts'
import { type StatsReport, takeSnapshot } from '../stats/snapshot.ts'
import { statsText } from '../stats/text.ts'
import { booleanWord } from './boolean-word.ts'

/** `/stats`, as JSON or as text for people. */
export function statsRoutes(nsqd: Nsqd): Route[] {
  watchGarbageCollection()
  const startedAt = performance.now()
  return [{ method: 'GET', path: '/stats', handle: (request) => stats(nsqd, request, startedAt) }]
}

/** No parameter is refused: what is not understood counts as not given. */
async function stats(nsqd: Nsqd, { query }: HttpRequest, startedAt: number): Promise<unknown> {
  await nsqd.discovery.settled()
  const includeMemory = booleanWord(query.get('include_mem')) ?? true
  const report: StatsReport = {
    health: healthLine(nsqd.health),
    startTime: nsqd.startTime,
    uptimeMs: performance.now() - startedAt,
    memory: includeMemory ? memoryStats() : undefined,
    ...takeSnapshot(nsqd.registry, nsqd.clients, {
      topic: query.get('topic') ?? '',
      channel: query.get('channel') ?? '',
      includeClients: booleanWord(query.get('include_clients')) ?? true,
      percentiles: nsqd.options.e2eProcessingLatencyPercentiles,
    }),
  }
  return query.get('format') === 'json' ? statsJson(report) : statsText(report, Date.now())
}
