import { effectiveOptions } from '../http/effective-options.ts'
import type { Nsqd } from '../nsqd.ts'
import { watchGarbageCollection } from './gc-pauses.ts'
import { memoryStats } from './memory.ts'
import { takeSnapshot } from './snapshot.ts'
import { packLines, StatsdLines } from './statsd-lines.ts'

/** What gives the datagrams of each push; it knows what the counters were at the last. */
export function statsdCollector(nsqd: Nsqd): () => Buffer[] {
  const options = effectiveOptions(nsqd)
  const lines = new StatsdLines(options.statsdPrefix)
  if (options.statsdMemStats) watchGarbageCollection()
  return () => {
    const { topics } = takeSnapshot(nsqd.registry, [], {
      topic: '',
      channel: '',
      includeClients: false,
      percentiles: options.e2eProcessingLatencyPercentiles,
    })
    const memory = options.statsdMemStats ? memoryStats() : undefined
    return packLines(lines.push(topics ?? [], memory, options.statsdExcludeEphemeral), options.statsdUdpPacketSize)
  }
}
