import type { Channel } from '../../../../server/api-types.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { figureColumn } from '../../ui/figure-column.tsx'
import { useLatencyColumns } from '../../ui/latency-cell.tsx'
import { nodeColumn } from '../../ui/node-column.tsx'

/** A channel as each nsqd has it. */
export function ChannelNodesTable({ channel, nodes }: { channel: string; nodes: readonly Channel[] }) {
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
  nodeColumn(),
  figureColumn('depth', 'Depth', (row) => row.depth),
  figureColumn('memory_depth', 'In memory', (row) => row.memory_depth),
  figureColumn('backend_depth', 'On disk', (row) => row.backend_depth),
  figureColumn('in_flight_count', 'In flight', (row) => row.in_flight_count),
  figureColumn('deferred_count', 'Deferred', (row) => row.deferred_count),
  figureColumn('requeue_count', 'Requeued', (row) => row.requeue_count),
  figureColumn('timeout_count', 'Timed out', (row) => row.timeout_count),
  figureColumn('message_count', 'Messages', (row) => row.message_count),
  figureColumn('client_count', 'Consumers', (row) => row.client_count),
]
