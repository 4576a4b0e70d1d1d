import { Link } from 'wouter'
import { pages } from '../api/paths.ts'
import type { Column } from './data-table.tsx'
import { Tag } from './tag.tsx'

interface OnNode {
  readonly node: string
  readonly hostname: string
  readonly paused: boolean
}

/** The node that a row is about, and whether the thing is paused there. */
export function nodeColumn<Row extends OnNode>(): Column<Row> {
  return {
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
  }
}
