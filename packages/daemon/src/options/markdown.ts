import type { OptionRow, OptionTable } from './option.ts'

/**
 * The page about a program's flags, made from its table; a test compares the page in docs/ with this.
 * @param introduction Markdown below the title
 */
export function optionsMarkdown(program: string, table: OptionTable, introduction: string): string {
  const all = Object.values(table)
  const groups = new Set(all.map((row) => row.group))
  const hasKeys = all.some((row) => row.key !== null)
  const sections = [...groups].map((group) => {
    const rows = all.filter((row) => row.group === group)
    const lines = rows.map((row) => `| ${cells(row, hasKeys).map(escapeCell).join(' | ')} |`)
    const header = hasKeys
      ? ['| flag | type | default | config key | meaning |', '|---|---|---|---|---|']
      : ['| flag | type | default | meaning |', '|---|---|---|---|']
    return [`## ${group}`, '', ...header, ...lines].join('\n')
  })
  const notice = `<!-- Made from the option table of ${program} by scripts/option-pages.mjs; edit the table. -->`
  return `${[notice, `# Flags of ${program}`, introduction.trim(), ...sections].join('\n\n')}\n`
}

function cells(row: OptionRow<unknown>, hasKeys: boolean): string[] {
  const shown = row.defaultText ?? row.kind.show(row.default)
  return [
    `\`--${row.flag}\``,
    row.kind.typeName === '' ? 'bool' : row.kind.typeName,
    shown === '' ? '' : row.defaultText === undefined ? `\`${shown}\`` : shown,
    ...(hasKeys ? [row.key === null ? '' : `\`${row.key}\``] : []),
    `${row.help}${bounds(row)}${row.ours ? '. *Not in the original.*' : ''}`,
  ]
}

function bounds(row: OptionRow<unknown>): string {
  const parts: string[] = []
  if (row.unit !== undefined) parts.push(`in ${row.unit}`)
  if (row.min !== undefined) parts.push(`at least ${row.kind.show(row.min) || '0'}`)
  if (row.max !== undefined) parts.push(`at most ${row.kind.show(row.max)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
