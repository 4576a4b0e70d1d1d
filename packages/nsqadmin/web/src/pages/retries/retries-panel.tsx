// What becomes of messages of a channel that fail: shown, and changed on all nodes at once.
import { Pencil } from 'lucide-react'
import { useState } from 'react'
import type { NodeRetries } from '../../../../server/api-types.ts'
import { useRetries } from '../../api/queries.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable, useSorting } from '../../ui/data-table.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { QueryNotices, Warning } from '../../ui/notices.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { RetriesDialog } from './retries-dialog.tsx'

interface RetriesPanelProps {
  readonly topic: string
  readonly channel: string
  readonly canAct: boolean
}

export function RetriesPanel({ topic, channel, canAct }: RetriesPanelProps) {
  const query = useRetries(topic, channel)
  const [editing, setEditing] = useState(false)
  const [sorting, setSorting] = useSorting('node')
  const nodes = query.data?.nodes ?? []
  const [first] = nodes
  const differ = nodes.some((node) => policyText(node) !== policyText(nodes[0]!))
  const ephemeral = topic.endsWith('#ephemeral') || channel.endsWith('#ephemeral')
  return (
    <Panel
      title="Retry policy"
      actions={
        canAct &&
        first !== undefined &&
        !ephemeral && (
          <Button onClick={() => setEditing(true)}>
            <Pencil aria-hidden /> Change
          </Button>
        )
      }
    >
      <QueryNotices query={query} />
      {differ && <Warning>The nodes do not have the same policy. Changing it makes them alike.</Warning>}
      {ephemeral && (
        <Empty>An ephemeral channel has no retry policy: its messages are handed out until they are finished.</Empty>
      )}
      {!ephemeral && (
        <p className="mb-3 min-h-10 max-w-prose text-sm text-ink-2 max-sm:min-h-20">
          {first !== undefined && (differ ? 'They say, node by node:' : inWords(first))}
        </p>
      )}
      {!ephemeral && (
        <DataTable
          caption={`Retry policy of ${channel}`}
          columns={COLUMNS}
          rows={nodes}
          rowId={(row) => row.node}
          sorting={sorting}
          onSortingChange={setSorting}
          minWidth="48rem"
        />
      )}
      {editing && first !== undefined && (
        <RetriesDialog topic={topic} channel={channel} now={first} onClose={() => setEditing(false)} />
      )}
    </Panel>
  )
}

function policyText({ node: _node, ...policy }: NodeRetries): string {
  return JSON.stringify(policy)
}

/** The policy as a sentence. */
function inWords({ max_attempts, dead_letter_topic, backoff, jitter }: NodeRetries): string {
  const end =
    max_attempts === 0
      ? 'A message that fails is handed out again, for ever.'
      : `A message whose delivery has failed ${max_attempts === 1 ? 'once' : `${count(max_attempts)} times`} goes to ${dead_letter_topic}.`
  if (backoff === '') return `${end} It waits for nothing in between, unless its consumer says so.`
  const steps = backoff.split(',')
  const last = steps.length > 1 ? `, and ${steps.at(-1)} from then on` : ' each time'
  const before = steps.length > 1 ? steps.slice(0, -1).join(', then ') : steps[0]
  return `${end} In between it waits ${before}${last}, give or take ${jitter} %.`
}

const COLUMNS: readonly Column<NodeRetries>[] = [
  {
    id: 'node',
    header: 'Node',
    value: (row) => row.node,
    cell: (row) => <span className="font-medium">{row.node}</span>,
  },
  {
    id: 'attempts',
    header: 'Attempts',
    title: 'Deliveries that may fail before a message is a dead letter',
    width: '100px',
    align: 'right',
    value: (row) => row.max_attempts,
    cell: (row) => (row.max_attempts === 0 ? 'for ever' : count(row.max_attempts)),
  },
  {
    id: 'topic',
    header: 'Dead-letter topic',
    width: '28%',
    value: (row) => row.dead_letter_topic,
    cell: (row) => <span title={row.dead_letter_topic}>{row.dead_letter_topic}</span>,
  },
  {
    id: 'backoff',
    header: 'Back-off',
    title: 'The wait after the first failed delivery, the second...; the last one counts from then on',
    width: '28%',
    value: (row) => row.backoff,
    cell: (row) => (row.backoff === '' ? <span className="quiet">none</span> : row.backoff.replaceAll(',', ', ')),
  },
  {
    id: 'jitter',
    header: 'Jitter',
    width: '80px',
    align: 'right',
    value: (row) => row.jitter,
    cell: (row) => `${row.jitter} %`,
  },
]
