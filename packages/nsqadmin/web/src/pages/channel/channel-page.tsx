import { Link } from 'wouter'
import type { Channel, LiveChannel } from '../../../../server/api-types.ts'
import { QueueActions } from '../../actions/queue-actions.tsx'
import { useLive } from '../../api/live.ts'
import { api, pages } from '../../api/paths.ts'
import { useChannel, useIsAdmin } from '../../api/queries.ts'
import { count, rate } from '../../format/numbers.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { Figures } from '../../ui/figures.tsx'
import { HistoryCharts } from '../../ui/history-charts.tsx'
import { useLatencyColumns } from '../../ui/latency-cell.tsx'
import { QueryNotices } from '../../ui/notices.tsx'
import { Count } from '../../ui/number-cell.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { Tag } from '../../ui/tag.tsx'
import { TroubleTags } from '../../ui/trouble.tsx'
import { Tail } from '../tail/tail.tsx'
import { ClientsTable } from './clients-table.tsx'
import { Delivery } from './delivery.tsx'

interface ChannelPageProps {
  readonly topic: string
  readonly channel: string
}

export function ChannelPage({ topic, channel }: ChannelPageProps) {
  const live = useLive()
  const row = live.channelsOf === topic ? live.channels.find((row) => row.channel === channel) : undefined
  const query = useChannel(topic, channel)
  const admin = useIsAdmin()
  const path = [
    { name: 'Topics', href: pages.overview },
    { name: topic, href: pages.topic(topic) },
  ]
  if (row === undefined && query.data === undefined && query.isError) {
    return (
      <>
        <PageHead path={path} title={channel} />
        <Empty>{query.error.message}</Empty>
      </>
    )
  }
  const held = row && row.depth + row.in_flight + row.deferred
  const clients = query.data?.clients ?? []
  return (
    <>
      <PageHead
        path={path}
        title={channel}
        tags={row !== undefined && <TroubleTags trouble={row.trouble} />}
        actions={
          admin && (
            <QueueActions
              topic={topic}
              channel={channel}
              paused={query.data?.paused ?? row?.paused ?? false}
              held={held}
              heldInAll={held}
              consumers={row?.clients}
            />
          )
        }
      />
      <QueryNotices query={query} />
      <ChannelFigures row={row} />
      <div className="mt-4 flex flex-col gap-5">
        <HistoryCharts path={api.history.channel(topic, channel)} latency />
        <Panel title="Consumers" count={query.data === undefined ? undefined : count(clients.length)}>
          {query.data !== undefined && clients.length === 0 ? (
            <Empty>Nobody is connected to this channel: its messages wait.</Empty>
          ) : (
            <ClientsTable caption={`Consumers of ${channel}`} clients={clients} />
          )}
        </Panel>
        <Panel title="Nodes">
          <ChannelNodesTable channel={channel} nodes={query.data?.nodes ?? []} />
        </Panel>
        {query.data !== undefined && <Delivery channel={query.data} />}
        {admin && <Tail topic={topic} hasChannel />}
      </div>
    </>
  )
}

function ChannelFigures({ row }: { row: LiveChannel | undefined }) {
  const whole = (value: number | undefined): string | undefined => (value === undefined ? undefined : count(value))
  return (
    <Figures
      label="The channel"
      figures={[
        {
          label: 'Depth',
          value: whole(row?.depth),
          tone: row?.trouble.includes('no-consumer') === true ? 'bad' : undefined,
          detail: row && `${count(row.backend_depth)} on disk`,
        },
        { label: 'In', value: row && rate(row.rate_in), unit: '/s', detail: row && `${count(row.messages)} in all` },
        { label: 'Out', value: row && rate(row.rate_out), unit: '/s' },
        { label: 'In flight', value: whole(row?.in_flight), detail: row && `${count(row.deferred)} deferred` },
        {
          label: 'Timed out',
          value: whole(row?.timed_out),
          tone: row !== undefined && row.rate_timed_out > 0 ? 'warn' : undefined,
          detail: row && `${count(row.requeued)} requeued`,
        },
        { label: 'Consumers', value: whole(row?.clients), detail: row && `on ${count(row.nodes.length)} nodes` },
      ]}
    />
  )
}

function ChannelNodesTable({ channel, nodes }: { channel: string; nodes: readonly Channel[] }) {
  const [sorting, setSorting] = useSorting('node')
  const columns = useLatencyColumns(COLUMNS, nodes)
  return (
    <DataTable
      caption={`Nodes that have ${channel}`}
      columns={columns}
      rows={nodes}
      rowId={(row) => row.node}
      sorting={sorting}
      onSortingChange={setSorting}
      minWidth="66rem"
    />
  )
}

const COLUMNS: readonly Column<Channel>[] = [
  {
    id: 'node',
    header: 'Node',
    value: (row) => row.node,
    cell: (row) => (
      <span className="flex min-w-0 items-center gap-2">
        <Link href={pages.node(row.node)} title={row.hostname} className="min-w-0 truncate font-medium hover:underline">
          {row.node}
        </Link>
        {row.paused && <Tag>paused</Tag>}
      </span>
    ),
  },
  figure('depth', 'Depth'),
  figure('memory_depth', 'In memory'),
  figure('backend_depth', 'On disk'),
  figure('in_flight_count', 'In flight'),
  figure('deferred_count', 'Deferred'),
  figure('requeue_count', 'Requeued'),
  figure('timeout_count', 'Timed out'),
  figure('message_count', 'Messages'),
  figure('client_count', 'Consumers'),
]

type Whole =
  | 'depth'
  | 'memory_depth'
  | 'backend_depth'
  | 'in_flight_count'
  | 'deferred_count'
  | 'requeue_count'
  | 'timeout_count'
  | 'message_count'
  | 'client_count'

function figure(id: Whole, header: string): Column<Channel> {
  return {
    id,
    header,
    width: '92px',
    align: 'right',
    value: (row) => row[id],
    cell: (row) => <Count value={row[id]} />,
  }
}
