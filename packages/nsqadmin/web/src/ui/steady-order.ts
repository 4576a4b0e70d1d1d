import { useEffect, useRef } from 'react'

/**
 * Rows in their order; while `held`, in the order that they had when that began: figures go on changing, places don't. What is
 * new meanwhile comes last.
 * @param question what the reader asked for: another question, another order, held or not
 */
export function useSteadyOrder<Row extends { readonly id: string }>(
  rows: readonly Row[],
  held: boolean,
  question: string,
): readonly Row[] {
  const before = useRef({ rows, question })
  const shown = held && before.current.question === question ? inOrderOf(before.current.rows, rows) : rows
  useEffect(() => {
    before.current = { rows: shown, question }
  })
  return shown
}

function inOrderOf<Row extends { readonly id: string }>(before: readonly Row[], rows: readonly Row[]): readonly Row[] {
  if (before === rows) return rows
  const byId = new Map(rows.map((row) => [row.id, row]))
  const kept: Row[] = []
  for (const { id } of before) {
    const row = byId.get(id)
    if (row === undefined) continue
    kept.push(row)
    byId.delete(id)
  }
  return [...kept, ...byId.values()]
}
