import type { ChannelAnswer, LiveChannel } from '../../../../server/api-types.ts'
import { QueueActions } from '../../actions/queue-actions.tsx'
import { RewindButton } from '../../actions/rewind-button.tsx'
import { useLive } from '../../api/live.ts'
import { api, pages } from '../../api/paths.ts'
import { useChannel, useIsAdmin } from '../../api/queries.ts'
import { GraphitePanel } from '../../graphite/graphite-panel.tsx'
import { count } from '../../format/numbers.ts'
import { HistoryCharts } from '../../ui/history-charts.tsx'
import { QueryNotices } from '../../ui/notices.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { QueueFigures } from '../../ui/queue-figures.tsx'
import { TroubleTags } from '../../ui/trouble.tsx'
import { ViewTabs } from '../../ui/view-tabs.tsx'
import { MessagesPanel } from '../messages/messages-panel.tsx'
import { RetriesPanel } from '../retries/retries-panel.tsx'
import { Tail } from '../tail/tail.tsx'
import { ChannelNodesTable } from './channel-nodes-table.tsx'
import { ClientsTable } from './clients-table.tsx'
import { Delivery } from './delivery.tsx'

interface ChannelPageProps {
  readonly topic: string
  readonly channel: string
  /** Which part of it. Default: what goes on. */
  readonly view?: 'messages' | 'retries'
}

export function ChannelPage({ topic, channel, view }: ChannelPageProps) {
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
  return (
    <>
      <PageHead
        path={path}
        title={channel}
        tags={row !== undefined && <TroubleTags trouble={row.trouble} />}
        actions={
          admin && (
            <>
              <RewindButton topic={topic} channel={channel} />
              <QueueActions
                topic={topic}
                channel={channel}
                paused={query.data?.paused ?? row?.paused ?? false}
                held={held}
                heldInAll={held}
                consumers={row?.clients}
              />
            </>
          )
        }
      />
      <QueryNotices query={query} />
      <QueueFigures label="The channel" row={row} depthDetail={row && `${count(row.backend_depth)} on disk`} />
      <ViewTabs
        label="Parts of the channel"
        tabs={[
          { name: 'Overview', href: pages.channel(topic, channel), current: view === undefined },
          { name: 'Messages', href: pages.messages(topic, channel), current: view === 'messages' },
          { name: 'Retry policy', href: pages.retries(topic, channel), current: view === 'retries' },
        ]}
      />
      {view === undefined && <Overview topic={topic} channel={channel} data={query.data} />}
      {view === 'messages' && (
        <MessagesPanel
          place={{ topic, channel }}
          nodes={nodesOf(row, query.data)}
          counts={countsOf(row)}
          canAct={admin}
        />
      )}
      {view === 'retries' && <RetriesPanel topic={topic} channel={channel} canAct={admin} />}
    </>
  )
}

/** What goes on in the channel. */
function Overview({ topic, channel, data }: Omit<ChannelPageProps, 'view'> & { data: ChannelAnswer | undefined }) {
  const admin = useIsAdmin()
  const clients = data?.clients ?? []
  return (
    <div className="flex flex-col gap-5">
      <HistoryCharts path={api.history.channel(topic, channel)} latency />
      <GraphitePanel subject={{ kind: 'channel', topic, channel }} />
      <Panel title="Consumers" count={data === undefined ? undefined : count(clients.length)}>
        {data !== undefined && clients.length === 0 ? (
          <Empty>Nobody is connected to this channel: its messages wait.</Empty>
        ) : (
          <ClientsTable caption={`Consumers of ${channel}`} clients={clients} />
        )}
      </Panel>
      <Panel title="Nodes">
        <ChannelNodesTable channel={channel} nodes={data?.nodes ?? []} />
      </Panel>
      {data !== undefined && <Delivery channel={data} />}
      {admin && <Tail topic={topic} hasChannel />}
    </div>
  )
}

/** Those that have it, also those that do not answer now. */
function nodesOf(row: LiveChannel | undefined, data: ChannelAnswer | undefined): readonly string[] {
  return row?.nodes.toSorted() ?? data?.nodes?.map(({ node }) => node) ?? []
}

function countsOf(row: LiveChannel | undefined) {
  return row === undefined ? {} : { ready: row.depth, in_flight: row.in_flight, deferred: row.deferred }
}
