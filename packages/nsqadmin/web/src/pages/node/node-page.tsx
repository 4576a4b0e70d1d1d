import type { LiveNode } from '../../../../server/api-types.ts'
import { useLive } from '../../api/live.ts'
import { api, pages } from '../../api/paths.ts'
import { useIsAdmin, useNode } from '../../api/queries.ts'
import { GraphitePanel } from '../../graphite/graphite-panel.tsx'
import { count, rate } from '../../format/numbers.ts'
import { ago, dateAndTime } from '../../format/times.ts'
import { Figures } from '../../ui/figures.tsx'
import { HistoryCharts } from '../../ui/history-charts.tsx'
import { QueryNotices, Warning } from '../../ui/notices.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { NodeTags } from '../../ui/trouble.tsx'
import { ClientsTable } from '../channel/clients-table.tsx'
import { NodeTopicsTable } from './node-topics-table.tsx'

export function NodePage({ node }: { node: string }) {
  const live = useLive()
  const row = live.nodes.find((row) => row.node === node)
  const query = useNode(node)
  const admin = useIsAdmin()
  const topics = query.data?.topics ?? []
  const clients = topics.flatMap(({ channels }) => (channels ?? []).flatMap(({ clients }) => clients ?? []))
  return (
    <>
      <PageHead
        path={[{ name: 'Nodes', href: pages.nodes }]}
        title={node}
        tags={
          row !== undefined && (
            <>
              <NodeTags trouble={row.trouble} reason={row.reason} />
              <span className="text-sm text-ink-3">
                {row.hostname}, version {row.version}
              </span>
            </>
          )
        }
      />
      {row !== undefined && row.reason !== '' && (
        <Warning>
          {row.reason}
          {row.age !== null && ` What is shown is from ${ago(row.age)}.`}
        </Warning>
      )}
      {row !== undefined && row.health !== 'OK' && row.health !== '' && <Warning>It says: {row.health}</Warning>}
      <QueryNotices query={query} />
      <NodeFigures row={row} messages={query.data?.total_messages} />
      <div className="mt-4 flex flex-col gap-5">
        <HistoryCharts path={api.history.node(node)} />
        <GraphitePanel subject={{ kind: 'node', node }} />
        <Panel title="Topics" count={query.data === undefined ? undefined : count(topics.length)}>
          {query.data !== undefined && topics.length === 0 ? (
            <Empty>This node has no topics.</Empty>
          ) : (
            <NodeTopicsTable node={node} topics={topics} canTombstone={admin} />
          )}
        </Panel>
        <Panel title="Consumers" count={query.data === undefined ? undefined : count(query.data.total_clients)}>
          {query.data !== undefined && clients.length === 0 ? (
            <Empty>Nobody is connected to this node.</Empty>
          ) : (
            <ClientsTable caption={`Consumers of ${node}`} clients={clients} />
          )}
        </Panel>
      </div>
    </>
  )
}

function NodeFigures({ row, messages }: { row: LiveNode | undefined; messages: number | undefined }) {
  const whole = (value: number | undefined): string | undefined => (value === undefined ? undefined : count(value))
  return (
    <Figures
      label="The node"
      figures={[
        { label: 'Depth', value: whole(row?.depth), detail: row && `${count(row.topics)} topics` },
        {
          label: 'In',
          value: row && rate(row.rate_in),
          unit: '/s',
          detail: messages !== undefined && `${count(messages)} in all`,
        },
        { label: 'Out', value: row && rate(row.rate_out), unit: '/s' },
        { label: 'In flight', value: whole(row?.in_flight) },
        { label: 'Consumers', value: whole(row?.clients), detail: row && `of ${count(row.channels)} channels` },
        {
          label: 'State',
          value: row?.state,
          tone: row?.state === 'down' || row?.state === 'gone' ? 'bad' : row?.state === 'slow' ? 'warn' : undefined,
          detail: row && row.start_time > 0 && `since ${dateAndTime(row.start_time * 1000)}`,
        },
      ]}
    />
  )
}
