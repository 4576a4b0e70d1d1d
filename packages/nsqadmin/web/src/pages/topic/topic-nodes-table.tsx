import { Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { Topic } from '../../../../server/api-types.ts'
import { TombstoneDialog } from '../../actions/tombstone-dialog.tsx'
import { pages } from '../../api/paths.ts'
import { IconButton } from '../../ui/button.tsx'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { useLatencyColumns } from '../../ui/latency-cell.tsx'
import { Count } from '../../ui/number-cell.tsx'
import { Tag } from '../../ui/tag.tsx'

interface TopicNodesTableProps {
  readonly topic: string
  /** The topic as each nsqd has it. */
  readonly nodes: readonly Topic[]
  readonly canTombstone: boolean
}

export function TopicNodesTable({ topic, nodes, canTombstone }: TopicNodesTableProps) {
  const [sorting, setSorting] = useSorting('node')
  const [tombstoned, setTombstoned] = useState<Topic>()
  const tombstone = useMemo(() => (canTombstone ? [tombstoneColumn(setTombstoned)] : []), [canTombstone])
  const columns = useLatencyColumns(COLUMNS, nodes, tombstone)
  return (
    <>
      <DataTable
        caption={`Nodes that have ${topic}`}
        columns={columns}
        rows={nodes}
        rowId={(row) => row.node}
        sorting={sorting}
        onSortingChange={setSorting}
        minWidth="44rem"
      />
      <TombstoneDialog
        topic={topic}
        node={tombstoned?.node}
        messages={tombstoned === undefined ? undefined : messagesIn(tombstoned)}
        onClose={() => setTombstoned(undefined)}
      />
    </>
  )
}

const COLUMNS: readonly Column<Topic>[] = [
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
  figure('depth', 'Depth', 'Messages that wait in the topic itself'),
  figure('memory_depth', 'In memory', 'Of these, in memory'),
  figure('backend_depth', 'On disk', 'Of these, on disk only'),
  figure('message_count', 'Messages', 'Published since the nsqd started'),
  {
    id: 'channels',
    header: 'Channels',
    width: '92px',
    align: 'right',
    value: (row) => row.channels?.length ?? 0,
    cell: (row) => <Count value={row.channels?.length ?? 0} />,
  },
]

function figure(
  id: 'depth' | 'memory_depth' | 'backend_depth' | 'message_count',
  header: string,
  title: string,
): Column<Topic> {
  return {
    id,
    header,
    title,
    width: '96px',
    align: 'right',
    value: (row) => row[id],
    cell: (row) => <Count value={row[id]} />,
  }
}

function tombstoneColumn(onTombstone: (topic: Topic) => void): Column<Topic> {
  return {
    id: 'tombstone',
    header: 'Tombstone',
    headerHidden: true,
    width: '52px',
    align: 'right',
    cell: (row) => (
      <IconButton label={`Tombstone on ${row.node}`} onClick={() => onTombstone(row)}>
        <Trash2 />
      </IconButton>
    ),
  }
}

/** What goes when the topic is deleted on one node. */
function messagesIn({ depth, channels }: Topic): number {
  const held = (channels ?? []).map((one) => one.depth + one.in_flight_count + one.deferred_count)
  return held.reduce((sum, one) => sum + one, depth)
}
