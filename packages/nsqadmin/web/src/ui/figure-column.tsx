import type { Column } from './data-table.tsx'
import { Count } from './number-cell.tsx'

/** A column of whole numbers. @param of undefined: this row has no such figure */
export function figureColumn<Row>(
  id: string,
  header: string,
  of: (row: Row) => number | undefined,
  more: Partial<Pick<Column<Row>, 'title' | 'width' | 'cell'>> = {},
): Column<Row> {
  return {
    id,
    header,
    width: '92px',
    align: 'right',
    value: (row) => of(row) ?? null,
    cell: (row) => <Count value={of(row)} />,
    ...more,
  }
}
