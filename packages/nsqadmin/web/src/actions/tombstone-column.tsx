import { Trash2 } from 'lucide-react'
import { IconButton } from '../ui/button.tsx'
import type { Column } from '../ui/data-table.tsx'

/** A button for each row that can be tombstoned. @param labelOf what it does; undefined: nothing, there is none */
export function tombstoneColumn<Row>(
  labelOf: (row: Row) => string | undefined,
  onTombstone: (row: Row) => void,
): Column<Row> {
  return {
    id: 'tombstone',
    header: 'Tombstone',
    headerHidden: true,
    width: '52px',
    align: 'right',
    cell: (row) => {
      const label = labelOf(row)
      if (label === undefined) return null
      return (
        <IconButton label={label} onClick={() => onTombstone(row)}>
          <Trash2 />
        </IconButton>
      )
    },
  }
}
