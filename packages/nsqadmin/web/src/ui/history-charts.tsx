import type { HistoryAnswer } from '../../../server/api-types.ts'
import { useHistory } from '../api/queries.ts'
import { compact, rate } from '../format/numbers.ts'
import { duration } from '../format/times.ts'
import { Chart } from './chart.tsx'
import type { ChartLine } from './chart.tsx'
import { Panel } from './panel.tsx'

interface HistoryChartsProps {
  /** One of `api.history`. */
  readonly path: string
  /** Nodes and the cluster have no latency of their own to show. */
  readonly latency?: boolean
}

const EMPTY: HistoryAnswer = {
  interval: 0,
  times: [],
  series: {
    depth: [],
    in_flight: [],
    deferred: [],
    rate_in: [],
    rate_out: [],
    rate_requeued: [],
    rate_timed_out: [],
    e2e_95: [],
    e2e_99: [],
  },
}

/** The last hour in pictures, from what the server remembers. */
export function HistoryCharts({ path, latency = false }: HistoryChartsProps) {
  const { data, error } = useHistory(path)
  const { times, series } = data ?? EMPTY
  const absent = times.length > 1 ? undefined : data === undefined && error === null ? '' : 'Nothing is known yet.'
  const measured = [series.e2e_95, series.e2e_99].some((values) => values.some((value) => value !== null))
  const chart = (title: string, lines: readonly ChartLine[], format: (value: number) => string, why = absent) => (
    <Chart title={title} times={times} lines={lines} format={format} absent={why} />
  )
  return (
    <Panel title="Last hour">
      <div className="grid gap-3 md:grid-cols-2 2xl:grid-cols-4">
        {chart('Depth', [{ label: 'waiting', values: series.depth, colour: 'ink', filled: true }], compact)}
        {chart(
          'Messages a second',
          [
            { label: 'in', values: series.rate_in, colour: 'in' },
            { label: 'out', values: series.rate_out, colour: 'out' },
          ],
          rate,
        )}
        {chart(
          'With consumers',
          [
            { label: 'in flight', values: series.in_flight, colour: 'ink' },
            { label: 'deferred', values: series.deferred, colour: 'accent' },
            { label: 'timed out/s', values: series.rate_timed_out, colour: 'warn' },
          ],
          compact,
        )}
        {latency
          ? chart(
              'Publish to finish',
              [
                { label: '95th', values: series.e2e_95, colour: 'ink' },
                { label: '99th', values: series.e2e_99, colour: 'warn' },
              ],
              duration,
              absent ?? (measured ? undefined : 'nsqd measures it with --e2e-processing-latency-percentile.'),
            )
          : chart(
              'Given back a second',
              [
                { label: 'requeued', values: series.rate_requeued, colour: 'accent' },
                { label: 'timed out', values: series.rate_timed_out, colour: 'warn' },
              ],
              rate,
            )}
      </div>
    </Panel>
  )
}
