import { Link } from 'wouter'
import type { LiveTopic } from '../../../../server/api-types.ts'
import { pages } from '../../api/paths.ts'
import { useSparkline } from '../../api/queries.ts'
import { count } from '../../format/numbers.ts'
import type { Column } from '../../ui/data-table.tsx'
import { Count, Rate } from '../../ui/number-cell.tsx'
import { Sparkline } from '../../ui/sparkline.tsx'
import { TroubleTags } from '../../ui/trouble.tsx'

/** The table of the overview. */
export const topicColumns: readonly Column<LiveTopic>[] = [
  {
    id: 'topic',
    header: 'Topic',
    value: (row) => row.topic,
    cell: (row) => (
      <span className="flex min-w-0 items-center gap-2">
        {/* The link covers the row. */}
        <Link
          href={pages.topic(row.topic)}
          title={row.topic}
          className="min-w-0 truncate font-medium outline-offset-2 after:absolute after:inset-0 after:content-['']"
        >
          {row.topic}
        </Link>
        <TroubleTags trouble={row.trouble} />
      </span>
    ),
  },
  {
    id: 'trend',
    header: 'Last hour',
    title: 'Depth over the last hour',
    width: '120px',
    from: 'md',
    cell: (row) => <DepthTrend row={row} />,
  },
  {
    id: 'depth',
    header: 'Depth',
    title: 'Messages that wait, in the topic and in its channels',
    width: '96px',
    align: 'right',
    value: (row) => row.depth,
    cell: (row) => (
      <Count
        value={row.depth}
        tone={row.trouble.includes('no-consumer') ? 'bad' : row.trouble.includes('rising') ? 'warn' : undefined}
        title={`${count(row.topic_depth)} of it in the topic itself, ${count(row.backend_depth)} on disk`}
      />
    ),
  },
  {
    id: 'in',
    header: 'In/s',
    title: 'Messages published, a second',
    width: '76px',
    align: 'right',
    value: (row) => row.rate_in,
    cell: (row) => <Rate value={row.rate_in} />,
  },
  {
    id: 'out',
    header: 'Out/s',
    title: 'Messages finished, a second, over all channels',
    width: '76px',
    align: 'right',
    from: 'sm',
    value: (row) => row.rate_out,
    cell: (row) => <Rate value={row.rate_out} />,
  },
  figure('in_flight', 'In flight', 'Messages sent to consumers, not yet finished', 'md'),
  figure('deferred', 'Deferred', 'Messages that wait for their time', 'lg'),
  {
    ...figure('requeued', 'Requeued', 'Messages that consumers gave back, since the nsqds started', 'lg'),
    cell: (row) => <Count value={row.requeued} tone={row.rate_requeued > 0 ? 'warn' : undefined} />,
  },
  {
    ...figure('timed_out', 'Timed out', 'Messages that consumers took too long for, since the nsqds started', 'lg'),
    cell: (row) => <Count value={row.timed_out} tone={row.trouble.includes('time-outs') ? 'warn' : undefined} />,
  },
  {
    ...figure('clients', 'Consumers', 'Connections of consumers', 'md'),
    cell: (row) => <Count value={row.clients} tone={row.trouble.includes('no-consumer') ? 'bad' : undefined} />,
  },
  figure('channels', 'Channels', 'Each has every message once', 'xl'),
  {
    id: 'nodes',
    header: 'Nodes',
    title: 'nsqds that have it',
    width: '72px',
    align: 'right',
    from: 'xl',
    value: (row) => row.nodes.length,
    cell: (row) => (
      <Count
        value={row.nodes.length}
        tone={row.stale_nodes.length > 0 ? 'warn' : undefined}
        title={row.stale_nodes.length > 0 ? `Not answering: ${row.stale_nodes.join(', ')}` : row.nodes.join(', ')}
      />
    ),
  },
]

type Whole = 'in_flight' | 'deferred' | 'requeued' | 'timed_out' | 'clients' | 'channels'

function figure(id: Whole, header: string, title: string, from: 'md' | 'lg' | 'xl'): Column<LiveTopic> {
  return {
    id,
    header,
    title,
    width: '92px',
    align: 'right',
    from,
    value: (row) => row[id],
    cell: (row) => <Count value={row[id]} />,
  }
}

const FLAT = [0, 0]

/** The server's history, ended by the depth of this moment. */
function DepthTrend({ row }: { row: LiveTopic }) {
  const past = useSparkline(row.topic)
  const values = past === undefined || past.length === 0 ? FLAT : [...past, row.depth]
  const tone = row.trouble.includes('no-consumer')
    ? 'text-bad'
    : row.trouble.includes('rising')
      ? 'text-warn'
      : 'text-ink-3'
  return <Sparkline values={values} filled width={104} height={20} className={`block ${tone}`} />
}
