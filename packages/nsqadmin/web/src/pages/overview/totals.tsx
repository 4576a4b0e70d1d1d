import type { LiveTotals } from '../../../../server/api-types.ts'
import { api } from '../../api/paths.ts'
import { useHistory } from '../../api/queries.ts'
import { count, rate } from '../../format/numbers.ts'
import { Figures } from '../../ui/figures.tsx'

/** The whole cluster in eight figures. */
export function Totals({ totals }: { totals: LiveTotals | null }) {
  const series = useHistory(api.history.cluster).data?.series
  const whole = (value: number | undefined): string | undefined => (value === undefined ? undefined : count(value))
  return (
    <Figures
      label="The cluster"
      figures={[
        { label: 'Depth', value: whole(totals?.depth), trend: series?.depth ?? [] },
        {
          label: 'In',
          value: totals === null ? undefined : rate(totals.rate_in),
          unit: '/s',
          trend: series?.rate_in ?? [],
          trendClass: 'text-in',
        },
        {
          label: 'Out',
          value: totals === null ? undefined : rate(totals.rate_out),
          unit: '/s',
          trend: series?.rate_out ?? [],
          trendClass: 'text-out',
        },
        { label: 'In flight', value: whole(totals?.in_flight), trend: series?.in_flight ?? [] },
        { label: 'Deferred', value: whole(totals?.deferred), trend: series?.deferred ?? [] },
        {
          label: 'Timed out',
          value: totals === null ? undefined : rate(totals.rate_timed_out),
          unit: '/s',
          tone: totals !== null && totals.rate_timed_out > 0 ? 'warn' : undefined,
          trend: series?.rate_timed_out ?? [],
        },
        {
          label: 'Consumers',
          value: whole(totals?.clients),
          detail: totals !== null && `${count(totals.topics)} topics, ${count(totals.channels)} channels`,
        },
        {
          label: 'Nodes',
          value: totals === null || totals.nodes_down === 0 ? whole(totals?.nodes) : someUp(totals),
          tone: totals !== null && totals.nodes_down > 0 ? 'bad' : undefined,
          detail: totals !== null && (totals.nodes_down === 0 ? 'all up' : 'up'),
        },
      ]}
    />
  )
}

/** `1 of 2` */
function someUp({ nodes, nodes_down: down }: LiveTotals): string {
  return `${count(nodes - down)} of ${count(nodes)}`
}
