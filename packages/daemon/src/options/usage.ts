import type { OptionRow, OptionTable } from './option.ts'

/** The text that `--help` and usage errors print on standard error, in the look of Go's flag package. */
export function usage(program: string, table: OptionTable): string {
  const rows = Object.values(table).sort((a, b) => (a.flag < b.flag ? -1 : 1))
  return `Usage of ${program}:\n${rows.map(describe).join('')}`
}

function describe(row: OptionRow<unknown>): string {
  const head = `  -${row.flag}${row.kind.typeName === '' ? '' : ` ${row.kind.typeName}`}`
  const shown = row.kind.show(row.default)
  // A flag of one letter without a value leaves room for its text on the same line.
  const separator = head.length <= 4 ? '\t' : '\n    \t'
  return `${head}${separator}${row.help}${shown === '' ? '' : ` (default ${shown})`}\n`
}
