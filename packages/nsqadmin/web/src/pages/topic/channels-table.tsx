import { useMemo } from 'react'
import { Link } from 'wouter'
import type { LiveChannel } from '../../../../server/api-types.ts'
import { pages } from '../../api/paths.ts'
import { UNKNOWN } from '../../format/numbers.ts'
import { duration } from '../../format/times.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
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
    {
      ...whole('depth', 'Depth'),
      cell: (row) => <Count value={row.depth} tone={row.trouble.includes('no-consumer') ? 'bad' : undefined} />,
    },
    whole('backend_depth', 'On disk'),
    {
      id: 'out',
      header: 'Out/s',
      width: '80px',
      align: 'right',
      value: (row) => row.rate_out,
      cell: (row) => <Rate value={row.rate_out} />,
    },
    whole('in_flight', 'In flight'),
    whole('deferred', 'Deferred'),
    {
      ...whole('requeued', 'Requeued'),
      cell: (row) => <Count value={row.requeued} tone={row.rate_requeued > 0 ? 'warn' : undefined} />,
    },
    {
      ...whole('timed_out', 'Timed out'),
      cell: (row) => <Count value={row.timed_out} tone={row.rate_timed_out > 0 ? 'warn' : undefined} />,
    },
    whole('messages', 'Messages'),
    whole('clients', 'Consumers'),
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

type Whole = 'depth' | 'backend_depth' | 'in_flight' | 'deferred' | 'requeued' | 'timed_out' | 'messages' | 'clients'

function whole(id: Whole, header: string): Column<LiveChannel> {
  return {
    id,
    header,
    width: '92px',
    align: 'right',
    value: (row) => row[id],
    cell: (row) => <Count value={row[id]} />,
  }
}

function latency({ e2e }: LiveChannel): number | null {
  const highest = e2e?.toSorted((a, b) => b.quantile - a.quantile)[0]?.value
  return highest === undefined || highest === 0 ? null : highest // 0: nothing has been finished lately
}
