import type { Latency, LatencyPercentile } from '../../../server/api-types.ts'
import { percentileName, UNKNOWN } from '../format/numbers.ts'
import { duration } from '../format/times.ts'
import type { Column } from './data-table.tsx'

/** A column for each percentile that any of the rows has. */
export function latencyColumns<Row extends { readonly e2e_processing_latency: Latency }>(
  rows: readonly Row[],
): Column<Row>[] {
  const quantiles = new Set(
    rows.flatMap((row) => (row.e2e_processing_latency.percentiles ?? []).map(({ quantile }) => quantile)),
  )
  return [...quantiles]
    .toSorted((a, b) => b - a)
    .map((quantile) => ({
      id: `latency-${quantile}`,
      header: percentileName(quantile),
      title: `Publish to finish: ${percentileName(quantile)} percentile`,
      width: '88px',
      align: 'right',
      value: (row) => percentileOf(row, quantile)?.average ?? null,
      cell: (row) => <LatencyCell percentile={percentileOf(row, quantile)} />,
    }))
}

function percentileOf(row: { e2e_processing_latency: Latency }, wanted: number): LatencyPercentile | undefined {
  return row.e2e_processing_latency.percentiles?.find(({ quantile }) => quantile === wanted)
}

function LatencyCell({ percentile }: { percentile: LatencyPercentile | undefined }) {
  if (percentile === undefined) return <span className="quiet">{UNKNOWN}</span>
  const { average, min, max } = percentile
  return <span title={`${duration(min)} to ${duration(max)} over the nodes`}>{duration(average)}</span>
}
