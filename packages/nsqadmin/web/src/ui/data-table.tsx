// The one table of this page: sorted by a click, walked with the arrow keys, and drawn only as far as it is seen.
import { createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table'
import type { SortingState } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { classNames } from './class-names.ts'
import { rowAfterKey } from './row-after-key.ts'
import { useSteadyOrder } from './steady-order.ts'

export interface Column<Row> {
  readonly id: string
  readonly header: string
  /** Read out, but not shown: what is in the cells says it. */
  readonly headerHidden?: boolean
  /** What the header means, in a sentence. */
  readonly title?: string
  /** What it is sorted by; absent: it is not. Null comes last. */
  readonly value?: (row: Row) => number | string | null
  readonly cell: (row: Row) => ReactNode
  /** Figures stand to the right, and the largest first. @default 'left' */
  readonly align?: 'left' | 'right'
  /** Of the column, in CSS; exactly one column should leave it out and take what is left. */
  readonly width?: string
  /** Shown from this width of the window on. @default always */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl'
}

interface DataTableProps<Row> {
  /** What the table is about; read out, not shown. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  readonly sorting: SortingState
  readonly onSortingChange: (sorting: SortingState) => void
  /** Below the last row: totals. */
  readonly footer?: ReactNode
  /** Keeps the header in sight while the window scrolls. The table then takes no scrolling of its own. */
  readonly sticky?: boolean
  /** Its narrowest width, in CSS; below that it scrolls sideways. */
  readonly minWidth?: string
  readonly onLeaveTop?: () => void
  /** Changes when the reader asks for other rows (a search): their order is then made anew. */
  readonly question?: string
}

const ROW_HEIGHT = 34
/** Fewer rows are all drawn: the browser's own search finds them. */
const VIRTUAL_FROM = 120

const FROM = {
  sm: 'max-sm:hidden',
  md: 'max-md:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
} as const

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns: {} })

/** State for a table whose sorting is nobody else's business. */
export function useSorting(id: string, desc = false): [SortingState, (sorting: SortingState) => void] {
  return useState<SortingState>([{ id, desc }])
}

export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { caption, columns, rows, rowId, sorting, onSortingChange, footer, sticky = false, minWidth } = props
  const table = useTable({
    features,
    columns: useMemo(() => columns.map((column) => tableColumn(column)), [columns]),
    data: rows,
    getRowId: rowId,
    state: { sorting },
    onSortingChange: (change) => onSortingChange(typeof change === 'function' ? change(sorting) : change),
    enableSortingRemoval: false,
    enableMultiSort: false,
  })
  const [held, setHeld] = useState(false)
  const order = useSteadyOrder(table.getRowModel().rows, held, JSON.stringify([sorting, props.question]))

  const body = useRef<HTMLTableSectionElement>(null)
  const [scrollMargin, setScrollMargin] = useState(0)
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top
    if (top !== undefined) setScrollMargin(Math.round(top + window.scrollY))
  }, [rows.length])
  const virtual = sticky && order.length >= VIRTUAL_FROM
  const virtualizer = useWindowVirtualizer({
    count: virtual ? order.length : 0,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin,
    scrollPaddingStart: 96,
  })
  const items = virtualizer.getVirtualItems()
  const first = virtual ? (items[0]?.index ?? 0) : 0
  const end = virtual ? (items.at(-1)?.index ?? -1) + 1 : order.length

  function onKeyDown(event: KeyboardEvent): void {
    const link = (event.target as HTMLElement).closest<HTMLElement>('[data-row-index]')
    if (link === null || event.metaKey || event.ctrlKey || event.altKey) return
    const current = Number(link.dataset['rowIndex'])
    const target = rowAfterKey(event.key, current, order.length)
    if (target === undefined) return
    event.preventDefault()
    if (target < 0) {
      props.onLeaveTop?.()
      return
    }
    if (virtual) virtualizer.scrollToIndex(target, { align: 'auto' })
    focusRow(body.current, target)
  }

  const grid = (
    <table
      className="w-full table-fixed border-separate border-spacing-0 text-sm"
      style={minWidth === undefined ? undefined : { minWidth }}
      aria-rowcount={order.length + 1}
    >
      <caption className="sr-only">{caption}</caption>
      <colgroup>
        {columns.map((column) => (
          <col
            key={column.id}
            className={column.from && FROM[column.from]}
            style={column.width === undefined ? undefined : { width: column.width }}
          />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => (
            <HeaderCell
              key={column.id}
              column={column}
              sorted={sorting[0]?.id === column.id ? (sorting[0].desc ? 'descending' : 'ascending') : undefined}
              sticky={sticky}
              onSort={() => table.getColumn(column.id)?.toggleSorting()}
            />
          ))}
        </tr>
      </thead>
      {/* The order stands still while a hand is on it: nothing moves away from under the pointer. */}
      <tbody
        ref={body}
        onKeyDown={onKeyDown}
        onPointerEnter={(event) => setHeld(event.pointerType === 'mouse')}
        onPointerLeave={() => setHeld(false)}
        onFocus={() => setHeld(true)}
        onBlur={() => setHeld(false)}
      >
        {first > 0 && <Spacer rows={first} columns={columns.length} />}
        {order.slice(first, end).map((row, offset) => (
          <BodyRow key={row.id} row={row.original} index={first + offset} columns={columns} />
        ))}
        {end < order.length && <Spacer rows={order.length - end} columns={columns.length} />}
      </tbody>
      {footer !== undefined && <tfoot>{footer}</tfoot>}
    </table>
  )
  if (sticky) return grid
  return (
    // A keyboard must be able to scroll it, hence the tab stop.
    <div
      role="region"
      aria-label={caption}
      tabIndex={0}
      className="relative overflow-x-auto rounded-lg border border-line"
    >
      {grid}
    </div>
  )
}

/** Puts the focus on what the row is about: its link. */
export function focusRow(container: ParentNode | null, index: number): void {
  const focus = (): boolean => {
    const link = container?.querySelector<HTMLElement>(
      `[data-row-index="${index}"] a, [data-row-index="${index}"] button`,
    )
    link?.focus({ preventScroll: false })
    return link !== null && link !== undefined
  }
  // A row far away is scrolled to first, and drawn some frames later.
  const look = (framesLeft: number): void => {
    if (!focus() && framesLeft > 0) requestAnimationFrame(() => look(framesLeft - 1))
  }
  look(FRAMES_MAX)
}

const FRAMES_MAX = 20

interface HeaderCellProps<Row> {
  readonly column: Column<Row>
  readonly sorted: 'ascending' | 'descending' | undefined
  readonly sticky: boolean
  readonly onSort: () => void
}

function HeaderCell<Row>({ column, sorted, sticky, onSort }: HeaderCellProps<Row>) {
  const right = column.align === 'right'
  const Arrow = sorted === 'descending' ? ArrowDown : ArrowUp
  return (
    <th
      scope="col"
      title={column.title}
      aria-sort={column.value === undefined ? undefined : (sorted ?? 'none')}
      className={classNames(
        'h-8 border-b border-line bg-page px-2 text-xs font-medium text-ink-2 first:pl-3 last:pr-3',
        right ? 'text-right' : 'text-left',
        sticky && 'under-header sticky z-10',
        column.from && FROM[column.from],
      )}
    >
      {column.value === undefined ? (
        <span className={classNames(column.headerHidden && 'sr-only')}>{column.header}</span>
      ) : (
        <button
          type="button"
          onClick={onSort}
          className={classNames(
            'group relative -mx-1 inline-flex max-w-[calc(100%+0.5rem)] items-center rounded-sm px-1 py-1 hover:text-ink',
            sorted !== undefined && 'text-ink',
          )}
        >
          <span className="truncate">{column.header}</span>
          <Arrow
            aria-hidden
            className={classNames(
              'absolute top-1/2 size-3 -translate-y-1/2',
              right ? 'right-full -mr-1' : 'left-full',
              sorted === undefined && 'opacity-0 group-hover:opacity-40',
            )}
          />
        </button>
      )}
    </th>
  )
}

interface BodyRowProps<Row> {
  readonly row: Row
  readonly index: number
  readonly columns: readonly Column<Row>[]
}

function BodyRowPlain<Row>({ row, index, columns }: BodyRowProps<Row>) {
  return (
    <tr
      data-row-index={index}
      aria-rowindex={index + 2}
      className="group/row relative h-[34px] bg-surface focus-within:bg-hover hover:bg-hover"
    >
      {columns.map((column) => (
        <td
          key={column.id}
          className={classNames(
            'truncate border-b border-line px-2 group-last/row:border-transparent first:pl-3 last:pr-3',
            column.align === 'right' && 'text-right',
            column.from && FROM[column.from],
          )}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  )
}

const BodyRow = memo(BodyRowPlain) as typeof BodyRowPlain

/** Stands for rows that are not drawn. */
function Spacer({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr aria-hidden style={{ height: rows * ROW_HEIGHT }}>
      <td colSpan={columns} />
    </tr>
  )
}

function tableColumn<Row extends object>({ id, value, align }: Column<Row>) {
  return {
    id,
    ...(value === undefined ? {} : { accessorFn: value }),
    enableSorting: value !== undefined,
    sortDescFirst: align === 'right',
    sortUndefined: false as const,
    sortFn: (a: { original: Row }, b: { original: Row }): number => compare(value?.(a.original), value?.(b.original)),
  }
}

const collator = new Intl.Collator(undefined, { numeric: true })

function compare(a: number | string | null | undefined, b: number | string | null | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return collator.compare(a, b)
  return (a === null || a === undefined ? -1 : 0) - (b === null || b === undefined ? -1 : 0)
}
