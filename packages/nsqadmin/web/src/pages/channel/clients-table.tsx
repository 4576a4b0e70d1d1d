import { useMemo } from 'react'
import { Link } from 'wouter'
import type { Client } from '../../../../server/api-types.ts'
import { pages } from '../../api/paths.ts'
import { dateAndTime, duration } from '../../format/times.ts'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { figureColumn } from '../../ui/figure-column.tsx'
import { Tag } from '../../ui/tag.tsx'

interface ClientsTableProps {
  readonly caption: string
  readonly clients: readonly Client[]
}

/** Who is connected, with what it has agreed on and how much it does. */
export function ClientsTable({ caption, clients }: ClientsTableProps) {
  const [sorting, setSorting] = useSorting('client')
  // The same client on two nodes is two connections; so are two of one process, told apart by their port.
  const rows = useMemo(
    () => clients.map((client) => ({ ...client, key: `${client.node} ${client.remote_address}` })),
    [clients],
  )
  return (
    <DataTable
      caption={caption}
      columns={COLUMNS}
      rows={rows}
      rowId={(row) => row.key}
      sorting={sorting}
      onSortingChange={setSorting}
      minWidth="76rem"
    />
  )
}

const COLUMNS: readonly Column<Client>[] = [
  {
    id: 'client',
    header: 'Client',
    value: (row) => row.hostname,
    cell: (row) => (
      <span title={row.remote_address}>
        <span className="font-medium">{row.hostname}</span> <span className="text-ink-3">{portOf(row)}</span>
        {namedOtherwise(row) && <span className="text-ink-2"> ({row.client_id})</span>}
      </span>
    ),
  },
  {
    id: 'agent',
    header: 'User agent',
    width: '150px',
    value: (row) => row.user_agent,
    cell: (row) => <span title={row.user_agent}>{row.user_agent}</span>,
  },
  { id: 'attributes', header: 'Attributes', width: '210px', cell: (row) => <Attributes client={row} /> },
  {
    id: 'node',
    header: 'Node',
    width: '150px',
    value: (row) => row.node,
    cell: (row) => (
      <Link href={pages.node(row.node)} title={row.node} className="hover:underline">
        {row.node}
      </Link>
    ),
  },
  figureColumn('in_flight_count', 'In flight', (row) => row.in_flight_count, {
    width: '88px',
    title: 'Messages it has and has not finished',
  }),
  figureColumn('ready_count', 'RDY', (row) => row.ready_count, { width: '88px', title: 'How many it takes at once' }),
  figureColumn('finish_count', 'Finished', (row) => row.finish_count, { width: '88px' }),
  figureColumn('requeue_count', 'Requeued', (row) => row.requeue_count, { width: '88px' }),
  figureColumn('message_count', 'Messages', (row) => row.message_count, { width: '88px' }),
  {
    id: 'connected',
    header: 'Connected',
    width: '96px',
    align: 'right',
    value: (row) => row.connected,
    cell: (row) => <span title={`Since ${dateAndTime(row.connect_ts * 1000)}`}>{duration(row.connected)}</span>,
  },
]

function portOf({ remote_address }: Client): string {
  return remote_address.slice(remote_address.lastIndexOf(':'))
}

/** Clients call themselves after their host unless they are told otherwise. */
function namedOtherwise({ client_id, hostname }: Client): boolean {
  return client_id !== hostname && client_id !== hostname.split('.')[0]
}

function Attributes({ client }: { client: Client }) {
  const { topology_region: region, topology_zone: zone } = client
  return (
    <span className="flex flex-wrap gap-1">
      {client.sample_rate > 0 && <Tag>sampled {client.sample_rate} %</Tag>}
      {client.tls && (
        <Tag tone="good" title={`${client.tls_version} ${cipherName(client.tls_cipher_suite)}`}>
          TLS
        </Tag>
      )}
      {client.deflate && <Tag>deflate</Tag>}
      {client.snappy && <Tag>snappy</Tag>}
      {client.authed && (
        <Tag tone="good" title={client.auth_identity_url}>
          {client.auth_identity === '' ? 'authorized' : client.auth_identity}
        </Tag>
      )}
      {region !== undefined && region !== '' && <Tag>{region}</Tag>}
      {zone !== undefined && zone !== '' && <Tag {...nearness(client)}>{zone}</Tag>}
    </span>
  )
}

/** Those of TLS 1.3, which nsqd has no names for: it says `Unknown 4866`, as the original does. */
const CIPHERS: Readonly<Record<string, string>> = {
  'Unknown 4865': 'TLS_AES_128_GCM_SHA256',
  'Unknown 4866': 'TLS_AES_256_GCM_SHA384',
  'Unknown 4867': 'TLS_CHACHA20_POLY1305_SHA256',
}

function cipherName(suite: string): string {
  return CIPHERS[suite] ?? suite
}

/** A consumer beside its nsqd is served first, where topology is taken into account. */
function nearness(client: Client): { tone: 'good' | 'warn' | 'neutral'; title: string } {
  if (client.topology_region !== client.node_topology_region)
    return { tone: 'neutral', title: 'In another region than its node' }
  if (client.topology_zone === client.node_topology_zone) return { tone: 'good', title: 'In the zone of its node' }
  return { tone: 'warn', title: 'In the region of its node' }
}
