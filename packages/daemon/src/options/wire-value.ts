import type { OptionTable, Options } from './option.ts'

/**
 * The value of an option as `GET /config/:opt` answers it, found by its exact config key.
 * @returns undefined for what is no option: unknown keys, flags without a key
 */
export function optionByKey<T extends OptionTable>(
  table: T,
  options: Options<T>,
  key: string,
): { readonly field: keyof T & string; readonly wire: unknown } | undefined {
  for (const [field, row] of Object.entries(table)) {
    if (row.key === key) return { field, wire: row.kind.toWire(options[field]) }
  }
  return undefined
}
