import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { Channel, Topic } from '../../../../server/api-types.ts'
import { tombstoneColumn } from '../../actions/tombstone-column.tsx'
import { TombstoneDialog } from '../../actions/tombstone-dialog.tsx'
import { pages } from '../../api/paths.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { figureColumn } from '../../ui/figure-column.tsx'
import { Tag } from '../../ui/tag.tsx'

interface NodeTopicsTableProps {
  readonly node: string
  readonly topics: readonly Topic[]
  readonly canTombstone: boolean
}

/** A topic on this node, or one of its channels: channels follow their topic while the table is sorted by name. */
interface Line {
  readonly key: string
  readonly topic: Topic
  readonly channel: Channel | undefined
}

/** What a node has: each topic with its channels. */
export function NodeTopicsTable({ node, topics, canTombstone }: NodeTopicsTableProps) {
  const [sorting, setSorting] = useSorting('name')
  const [tombstoned, setTombstoned] = useState<Topic>()
  const lines = useMemo(() => topics.flatMap(linesOf), [topics])
  const columns = useMemo(
    () => (canTombstone ? [...COLUMNS, tombstoneColumn(labelOf, (line) => setTombstoned(line.topic))] : COLUMNS),
    [canTombstone],
  )
  return (
    <>
      <DataTable
        caption={`Topics of ${node}`}
        columns={columns}
        rows={lines}
        rowId={(row) => row.key}
        sorting={sorting}
        onSortingChange={setSorting}
        minWidth="66rem"
      />
      <TombstoneDialog
        topic={tombstoned?.topic_name}
        node={node}
        messages={tombstoned && linesOf(tombstoned).reduce((sum, line) => sum + held(line), 0)}
        onClose={() => setTombstoned(undefined)}
      />
    </>
  )
}

function linesOf(topic: Topic): Line[] {
  const channels = topic.channels ?? []
  return [
    { key: topic.topic_name, topic, channel: undefined },
    ...channels.map((channel) => ({ key: `${topic.topic_name}/${channel.channel_name}`, topic, channel })),
  ]
}

/** Channels are not tombstoned: their topic is, as a whole. */
function labelOf({ topic, channel }: Line): string | undefined {
  return channel === undefined ? `Tombstone ${topic.topic_name}` : undefined
}

function held({ topic, channel }: Line): number {
  return channel === undefined ? topic.depth : channel.depth + channel.in_flight_count + channel.deferred_count
}

const COLUMNS: readonly Column<Line>[] = [
  {
    id: 'name',
    header: 'Topic, channel',
    value: (row) => row.key,
    cell: ({ topic, channel }) => (
      <span className="flex min-w-0 items-center gap-2">
        {channel === undefined ? (
          <Link href={pages.topic(topic.topic_name)} className="truncate font-medium hover:underline">
            {topic.topic_name}
          </Link>
        ) : (
          <Link
            href={pages.channel(topic.topic_name, channel.channel_name)}
            className="truncate pl-5 text-ink-2 hover:underline"
          >
            {channel.channel_name}
          </Link>
        )}
        {(channel ?? topic).paused && <Tag>paused</Tag>}
      </span>
    ),
  },
  figureColumn('depth', 'Depth', ({ topic, channel }) => (channel ?? topic).depth),
  figureColumn('memory', 'In memory', ({ topic, channel }) => (channel ?? topic).memory_depth),
  figureColumn('disk', 'On disk', ({ topic, channel }) => (channel ?? topic).backend_depth),
  figureColumn('in-flight', 'In flight', ({ channel }) => channel?.in_flight_count),
  figureColumn('deferred', 'Deferred', ({ channel }) => channel?.deferred_count),
  figureColumn('requeued', 'Requeued', ({ channel }) => channel?.requeue_count),
  figureColumn('timed-out', 'Timed out', ({ channel }) => channel?.timeout_count),
  figureColumn('messages', 'Messages', ({ topic, channel }) => (channel ?? topic).message_count),
  figureColumn('consumers', 'Consumers', ({ channel }) => channel?.client_count),
]
