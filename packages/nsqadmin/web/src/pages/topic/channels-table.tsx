import { useMemo } from 'react'
import { Link } from 'wouter'
import type { LiveChannel } from '../../../../server/api-types.ts'
import { pages } from '../../api/paths.ts'
import { UNKNOWN } from '../../format/numbers.ts'
import { duration } from '../../format/times.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { figureColumn } from '../../ui/figure-column.tsx'
import { Count, Rate } from '../../ui/number-cell.tsx'
import { TroubleTags } from '../../ui/trouble.tsx'

interface ChannelsTableProps {
  readonly topic: string
  readonly channels: readonly LiveChannel[]
}

/** The channels of a topic, live. */
export function ChannelsTable({ topic, channels }: ChannelsTableProps) {
  const [sorting, setSorting] = useSorting('channel')
  const columns = useMemo(() => channelColumns(topic), [topic])
  return (
    <DataTable
      caption={`Channels of ${topic}`}
      columns={columns}
      rows={channels}
      rowId={(row) => row.channel}
      sorting={sorting}
      onSortingChange={setSorting}
      minWidth="58rem"
    />
  )
}

function channelColumns(topic: string): Column<LiveChannel>[] {
  return [
    {
      id: 'channel',
      header: 'Channel',
      value: (row) => row.channel,
      cell: (row) => (
        <span className="flex min-w-0 items-center gap-2">
          <Link
            href={pages.channel(topic, row.channel)}
            title={row.channel}
            className="min-w-0 truncate font-medium after:absolute after:inset-0 after:content-['']"
          >
            {row.channel}
          </Link>
          <TroubleTags trouble={row.trouble} />
        </span>
      ),
    },
    figureColumn('depth', 'Depth', (row) => row.depth, {
      cell: (row) => <Count value={row.depth} tone={row.trouble.includes('no-consumer') ? 'bad' : undefined} />,
    }),
    figureColumn('backend_depth', 'On disk', (row) => row.backend_depth),
    {
      id: 'out',
      header: 'Out/s',
      width: '80px',
      align: 'right',
      value: (row) => row.rate_out,
      cell: (row) => <Rate value={row.rate_out} />,
    },
    figureColumn('in_flight', 'In flight', (row) => row.in_flight),
    figureColumn('deferred', 'Deferred', (row) => row.deferred),
    figureColumn('requeued', 'Requeued', (row) => row.requeued, {
      cell: (row) => <Count value={row.requeued} tone={row.rate_requeued > 0 ? 'warn' : undefined} />,
    }),
    figureColumn('timed_out', 'Timed out', (row) => row.timed_out, {
      cell: (row) => <Count value={row.timed_out} tone={row.rate_timed_out > 0 ? 'warn' : undefined} />,
    }),
    figureColumn('messages', 'Messages', (row) => row.messages),
    figureColumn('clients', 'Consumers', (row) => row.clients),
    {
      id: 'latency',
      header: 'Latency',
      title: 'Publish to finish: highest percentile that is measured, of the worst node',
      width: '92px',
      align: 'right',
      value: (row) => latency(row),
      cell: (row) => (latency(row) === null ? <span className="quiet">{UNKNOWN}</span> : duration(latency(row))),
    },
  ]
}

function latency({ e2e }: LiveChannel): number | null {
  const highest = e2e?.toSorted((a, b) => b.quantile - a.quantile)[0]?.value
  return highest === undefined || highest === 0 ? null : highest // 0: nothing has been finished lately
}
