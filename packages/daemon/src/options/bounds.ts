import type { OptionTable, Options } from './option.ts'

/**
 * The first option outside the bounds of its row, as a sentence: `--sync-every must be at least 1`; undefined if all are inside.
 * Numbers only; for a list every entry counts.
 */
export function outOfBounds<T extends OptionTable>(table: T, options: Options<T>): string | undefined {
  for (const [field, row] of Object.entries(table)) {
    const value: unknown = options[field]
    const numbers = (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === 'number')
    if (row.min !== undefined && numbers.some((number) => number < row.min!)) {
      return `--${row.flag} must be at least ${row.kind.show(row.min) || '0'}`
    }
    if (row.max !== undefined && numbers.some((number) => number > row.max!)) {
      return `--${row.flag} must be at most ${row.kind.show(row.max) || '0'}`
    }
  }
  return undefined
}
