import { useMemo, useState } from 'react'
import type { Topic } from '../../../../server/api-types.ts'
import { tombstoneColumn } from '../../actions/tombstone-column.tsx'
import { TombstoneDialog } from '../../actions/tombstone-dialog.tsx'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { figureColumn } from '../../ui/figure-column.tsx'
import { useLatencyColumns } from '../../ui/latency-cell.tsx'
import { nodeColumn } from '../../ui/node-column.tsx'

interface TopicNodesTableProps {
  readonly topic: string
  /** The topic as each nsqd has it. */
  readonly nodes: readonly Topic[]
  readonly canTombstone: boolean
}

export function TopicNodesTable({ topic, nodes, canTombstone }: TopicNodesTableProps) {
  const [sorting, setSorting] = useSorting('node')
  const [tombstoned, setTombstoned] = useState<Topic>()
  const tombstone = useMemo(
    () => (canTombstone ? [tombstoneColumn<Topic>((row) => `Tombstone on ${row.node}`, setTombstoned)] : []),
    [canTombstone],
  )
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
  nodeColumn(),
  figureColumn('depth', 'Depth', (row) => row.depth, { title: 'Messages that wait in the topic itself' }),
  figureColumn('memory_depth', 'In memory', (row) => row.memory_depth, { title: 'Of these, in memory' }),
  figureColumn('backend_depth', 'On disk', (row) => row.backend_depth, { title: 'Of these, on disk only' }),
  figureColumn('message_count', 'Messages', (row) => row.message_count, { title: 'Published since the nsqd started' }),
  figureColumn('channels', 'Channels', (row) => row.channels?.length ?? 0),
]

/** What goes when the topic is deleted on one node. */
function messagesIn({ depth, channels }: Topic): number {
  const held = (channels ?? []).map((one) => one.depth + one.in_flight_count + one.deferred_count)
  return held.reduce((sum, one) => sum + one, depth)
}
