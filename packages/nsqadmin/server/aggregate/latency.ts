// End-to-end latency of one nsqd, and of several together (nsqadmin.md, section 7.5). Nanoseconds.
import type { Latency, LatencyPercentile } from '../api-types.ts'
import { number, objectOf, objectsIn } from '../upstream/read-fields.ts'

/** As one nsqd reports it; a version that does not has none. */
export function latencyOfNode(value: unknown): Latency {
  const json = objectOf(value)
  const count = number(json['count'])
  const percentiles = objectsIn(json['percentiles']).map((entry) => {
    const value = number(entry['value'])
    return { average: value, count, max: value, min: value, quantile: number(entry['quantile']), value }
  })
  return { count, percentiles: percentiles.length === 0 ? null : percentiles, topic: '', channel: '', host: '' }
}

/**
 * Several nodes' as one: the average is weighted with the counts, which for percentiles is an approximation; therefore min and max
 * stand beside it.
 */
export function mergeLatencies(latencies: readonly Latency[], names: { topic: string; channel: string }): Latency {
  const merged: LatencyPercentile[] = []
  for (const { percentiles } of latencies) {
    for (const percentile of percentiles ?? []) addPercentile(merged, percentile)
  }
  const count = latencies.reduce((sum, latency) => sum + latency.count, 0)
  return { count, percentiles: merged.length === 0 ? null : merged, ...names, host: '*' }
}

function addPercentile(merged: LatencyPercentile[], added: LatencyPercentile): void {
  const { quantile, count, average, max, min } = added
  const known = merged.find((entry) => entry.quantile === quantile)
  if (known === undefined) {
    merged.push({ average: count === 0 ? 0 : average, count, max, min, quantile })
    return
  }
  known.max = Math.max(known.max, max)
  known.min = Math.min(known.min, min)
  known.count += count
  known.average = known.count === 0 ? 0 : known.average + ((average - known.average) * count) / known.count
}
