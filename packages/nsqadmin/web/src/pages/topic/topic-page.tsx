import { Link } from 'wouter'
import { CreateButton } from '../../actions/create-dialog.tsx'
import { PublishButton } from '../../actions/publish-dialog.tsx'
import { QueueActions } from '../../actions/queue-actions.tsx'
import { useLive } from '../../api/live.ts'
import { api, pages } from '../../api/paths.ts'
import { useIsAdmin, useSettings, useTopic } from '../../api/queries.ts'
import { GraphitePanel } from '../../graphite/graphite-panel.tsx'
import { count } from '../../format/numbers.ts'
import { HistoryCharts } from '../../ui/history-charts.tsx'
import { QueryNotices, Warning } from '../../ui/notices.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { QueueFigures } from '../../ui/queue-figures.tsx'
import { TroubleTags } from '../../ui/trouble.tsx'
import { MessagesPanel } from '../messages/messages-panel.tsx'
import { Tail } from '../tail/tail.tsx'
import { ChannelsTable } from './channels-table.tsx'
import { TopicNodesTable } from './topic-nodes-table.tsx'

const PATH = [{ name: 'Topics', href: pages.overview }]

export function TopicPage({ topic }: { topic: string }) {
  const live = useLive()
  const row = live.topics.find((row) => row.topic === topic)
  const query = useTopic(topic)
  const admin = useIsAdmin()
  const nodes = query.data?.nodes ?? []
  const known = row !== undefined || query.data !== undefined
  if (!known && live.totals !== null && query.isError) return <UnknownTopic topic={topic} />
  return (
    <>
      <PageHead
        path={PATH}
        title={topic}
        tags={row !== undefined && <TroubleTags trouble={row.trouble} />}
        actions={
          admin && (
            <>
              <PublishButton topic={topic} nodes={row?.nodes ?? []} />
              <QueueActions
                topic={topic}
                paused={query.data?.paused ?? row?.paused ?? false}
                held={row?.topic_depth}
                heldInAll={row === undefined ? undefined : row.depth + row.in_flight + row.deferred}
                channels={row?.channels}
                consumers={row?.clients}
              />
            </>
          )
        }
      />
      <QueryNotices query={query} />
      {row !== undefined && row.stale_nodes.length > 0 && (
        <Warning>Figures of {row.stale_nodes.join(', ')} are from before it stopped answering.</Warning>
      )}
      <QueueFigures
        label="The topic"
        row={row}
        depthDetail={row && `${count(row.topic_depth)} in the topic, ${count(row.backend_depth)} on disk`}
        outDetail="over all channels"
      />
      <div className="mt-4 flex flex-col gap-5">
        <HistoryCharts path={api.history.topic(topic)} latency />
        <GraphitePanel subject={{ kind: 'topic', topic }} />
        <Panel
          title="Channels"
          count={row === undefined ? undefined : count(row.channels)}
          actions={admin && <CreateChannel topic={topic} />}
        >
          {row?.channels === 0 ? (
            <Empty>No channel yet: messages wait in the topic until there is one.</Empty>
          ) : (
            <ChannelsTable topic={topic} channels={live.channelsOf === topic ? live.channels : []} />
          )}
        </Panel>
        {row !== undefined && (row.channels === 0 || row.topic_depth > 0) && (
          <MessagesPanel
            place={{ topic, channel: null }}
            nodes={row.nodes}
            counts={{ ready: row.topic_depth }}
            canAct={admin}
          />
        )}
        <Panel title="Nodes" count={row === undefined ? undefined : count(row.nodes.length)}>
          <TopicNodesTable topic={topic} nodes={nodes} canTombstone={admin} />
        </Panel>
        {admin && <Tail topic={topic} hasChannel={row !== undefined && row.channels > 0} />}
      </div>
    </>
  )
}

function CreateChannel({ topic }: { topic: string }) {
  const settings = useSettings()
  return settings !== undefined && settings.nsqlookupd.length > 0 ? <CreateButton topic={topic} /> : null
}

function UnknownTopic({ topic }: { topic: string }) {
  return (
    <>
      <PageHead path={PATH} title={topic} />
      <Empty>
        No nsqd has this topic. It may be registered without a producer: see{' '}
        <Link href={pages.lookup} className="text-accent underline">
          Lookup
        </Link>
        .
      </Empty>
    </>
  )
}
