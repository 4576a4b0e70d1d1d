import { useMemo } from 'react'
import { Link } from 'wouter'
import type { LiveNode, Node } from '../../../server/api-types.ts'
import { useLive } from '../api/live.ts'
import { pages } from '../api/paths.ts'
import { useNodes, useSettings } from '../api/queries.ts'
import { count } from '../format/numbers.ts'
import { ago, dateAndTime } from '../format/times.ts'
import { DataTable, useSorting } from '../ui/data-table.tsx'
import type { Column } from '../ui/data-table.tsx'
import { QueryNotices, Warning } from '../ui/notices.tsx'
import { figureColumn } from '../ui/figure-column.tsx'
import { Count, Rate } from '../ui/number-cell.tsx'
import { PageHead } from '../ui/page-head.tsx'
import { Empty } from '../ui/panel.tsx'
import { Tag } from '../ui/tag.tsx'
import { NodeTags } from '../ui/trouble.tsx'

/** A node as the stream tells of it, with what nsqlookupd says. */
interface NodeRow extends LiveNode {
  readonly listed: Node | undefined
  /** How many nsqlookupds there are; a node should be known to all of them. */
  readonly lookupds: number
}

export function NodesPage() {
  const live = useLive()
  const query = useNodes()
  const lookupds = useSettings()?.nsqlookupd.length ?? 0
  const [sorting, setSorting] = useSorting('node')
  const listed = query.data?.nodes
  const rows = useMemo(() => {
    const byKey = new Map((listed ?? []).map((node) => [keyOf(node), node]))
    return live.nodes.map((node): NodeRow => ({ ...node, listed: byKey.get(node.node), lookupds }))
  }, [live.nodes, listed, lookupds])
  const columns = useMemo(() => (lookupds > 0 ? COLUMNS : COLUMNS.filter(({ id }) => id !== 'lookupds')), [lookupds])
  return (
    <>
      <PageHead
        title="Nodes"
        tags={live.totals !== null && <span className="text-sm text-ink-3">{count(live.totals.nodes)}</span>}
      />
      <QueryNotices query={query} />
      {live.warnings.length > 0 && <Warning>{live.warnings.join('\n')}</Warning>}
      {rows
        .filter(({ reason }) => reason !== '')
        .map((row) => (
          <Warning key={row.node}>
            <strong className="font-semibold">{row.node}</strong> {row.reason}
            {row.age !== null && ` What is shown of it is from ${ago(row.age)}.`}
          </Warning>
        ))}
      {live.totals !== null && rows.length === 0 ? (
        <Empty>No nsqd is known. Is one running, and told where nsqlookupd is (--lookupd-tcp-address)?</Empty>
      ) : (
        <DataTable
          caption="Nodes"
          columns={columns}
          rows={rows}
          rowId={(row) => row.node}
          sorting={sorting}
          onSortingChange={setSorting}
          minWidth="84rem"
        />
      )}
    </>
  )
}

function keyOf({ broadcast_address: host, http_port: port }: Node): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const COLUMNS: readonly Column<NodeRow>[] = [
  {
    id: 'node',
    header: 'Node',
    value: (row) => row.node,
    cell: (row) => (
      <span className="flex min-w-0 items-center gap-2">
        <Link
          href={pages.node(row.node)}
          title={row.node}
          className="min-w-0 truncate font-medium after:absolute after:inset-0 after:content-['']"
        >
          {row.node}
        </Link>
        <NodeTags trouble={row.trouble} reason={row.reason} />
      </span>
    ),
  },
  {
    id: 'hostname',
    header: 'Host name',
    width: '130px',
    value: (row) => row.hostname,
    cell: (row) => <span title={row.hostname}>{row.hostname}</span>,
  },
  {
    id: 'tcp',
    header: 'TCP',
    title: 'Port for clients',
    width: '72px',
    align: 'right',
    value: (row) => row.listed?.tcp_port ?? null,
    cell: (row) => row.listed?.tcp_port,
  },
  {
    id: 'version',
    header: 'Version',
    width: '90px',
    value: (row) => row.version,
    cell: (row) => (row.out_of_date ? <Tag tone="warn">{row.version}</Tag> : row.version),
  },
  {
    id: 'zone',
    header: 'Region, zone',
    width: '120px',
    value: (row) => `${row.topology_region} ${row.topology_zone}`,
    cell: (row) => [row.topology_region, row.topology_zone].filter((name) => name !== '').join(', '),
  },
  {
    id: 'lookupds',
    header: 'nsqlookupds',
    title: 'How many nsqlookupds know it',
    width: '104px',
    align: 'right',
    value: (row) => row.listed?.remote_addresses?.length ?? 0,
    cell: (row) => {
      const known = row.listed?.remote_addresses ?? []
      return (
        <Count
          value={known.length}
          tone={known.length === row.lookupds ? undefined : 'warn'}
          title={known.length === row.lookupds ? known.join('\n') : `Of ${row.lookupds}: ${known.join(', ')}`}
        />
      )
    },
  },
  figureColumn('topics', 'Topics', (row) => row.topics, { width: '84px' }),
  figureColumn('clients', 'Consumers', (row) => row.clients, { width: '84px' }),
  figureColumn('depth', 'Depth', (row) => row.depth, { width: '84px' }),
  figureColumn('in_flight', 'In flight', (row) => row.in_flight, { width: '84px' }),
  perSecond('rate_in', 'In/s'),
  perSecond('rate_out', 'Out/s'),
  {
    id: 'started',
    header: 'Started',
    width: '96px',
    align: 'right',
    value: (row) => row.start_time,
    cell: (row) =>
      row.start_time === 0 ? null : (
        <span title={dateAndTime(row.start_time * 1000)}>{ago(Date.now() - row.start_time * 1000)}</span>
      ),
  },
]

function perSecond(id: 'rate_in' | 'rate_out', header: string): Column<NodeRow> {
  return {
    id,
    header,
    width: '72px',
    align: 'right',
    value: (row) => row[id],
    cell: (row) => <Rate value={row[id]} />,
  }
}
