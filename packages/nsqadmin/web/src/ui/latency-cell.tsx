import { useMemo } from 'react'
import type { Latency, LatencyPercentile } from '../../../server/api-types.ts'
import { percentileName, UNKNOWN } from '../format/numbers.ts'
import { duration } from '../format/times.ts'
import type { Column } from './data-table.tsx'

type Measured = { readonly e2e_processing_latency: Latency }

const NONE: readonly never[] = []

/**
 * Columns, and one more for each percentile that any of the rows has, before those that come last. They are the same array until there are other percentiles, so
 * that an answer with the same ones draws no header anew.
 */
export function useLatencyColumns<Row extends Measured>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  last: readonly Column<Row>[] = NONE,
): readonly Column<Row>[] {
  const quantiles = quantilesOf(rows).join()
  return useMemo(() => {
    const numbers = quantiles === '' ? [] : quantiles.split(',').map(Number)
    return [...columns, ...numbers.map((quantile) => latencyColumn<Row>(quantile)), ...last]
  }, [columns, last, quantiles])
}

/** The highest first. */
function quantilesOf(rows: readonly Measured[]): number[] {
  const all = rows.flatMap((row) => (row.e2e_processing_latency.percentiles ?? []).map(({ quantile }) => quantile))
  return [...new Set(all)].toSorted((a, b) => b - a)
}

function latencyColumn<Row extends Measured>(quantile: number): Column<Row> {
  return {
    id: `latency-${quantile}`,
    header: percentileName(quantile),
    title: `Publish to finish: ${percentileName(quantile)} percentile`,
    width: '88px',
    align: 'right',
    value: (row) => percentileOf(row, quantile)?.average ?? null,
    cell: (row) => <LatencyCell percentile={percentileOf(row, quantile)} />,
  }
}

/** Undefined: it is not measured there, or nothing has been finished lately. */
function percentileOf({ e2e_processing_latency: latency }: Measured, wanted: number): LatencyPercentile | undefined {
  return latency.count === 0 ? undefined : latency.percentiles?.find(({ quantile }) => quantile === wanted)
}

function LatencyCell({ percentile }: { percentile: LatencyPercentile | undefined }) {
  if (percentile === undefined) return <span className="quiet">{UNKNOWN}</span>
  const { average, min, max } = percentile
  return <span title={`${duration(min)} to ${duration(max)} over the nodes`}>{duration(average)}</span>
}
