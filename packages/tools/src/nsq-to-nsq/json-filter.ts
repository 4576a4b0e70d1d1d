// `--require-json-field`, `--require-json-value` and `--whitelist-json-field`.
import { jsonFields } from './json-fields.ts'
import type { Field } from './json-fields.ts'

export interface JsonFilterOptions {
  readonly requireJsonField: string
  readonly requireJsonValue: string
  readonly whitelistJsonField: readonly string[]
}

/** What becomes of a message. */
export type Verdict =
  | { readonly kind: 'pass'; readonly body: Buffer }
  | { readonly kind: 'drop' }
  | { readonly kind: 'undecodable' }
  /** The field whose value is asked for is not there. */
  | { readonly kind: 'missing' }

export class JsonFilter {
  readonly #options: JsonFilterOptions
  readonly #isOn: boolean
  readonly #kept: readonly string[]

  constructor(options: JsonFilterOptions) {
    this.#options = options
    this.#isOn = options.requireJsonField !== '' || options.whitelistJsonField.length > 0
    this.#kept = [...new Set(options.whitelistJsonField)].sort() // the original's order
  }

  judge(body: Buffer): Verdict {
    if (!this.#isOn) return { kind: 'pass', body }
    const fields = jsonFields(body)
    if (fields === undefined) return { kind: 'undecodable' }
    const { requireJsonField: required, requireJsonValue: wanted } = this.#options
    if (required !== '') {
      const field = fields.get(required)
      if (field === undefined) return { kind: wanted === '' ? 'drop' : 'missing' }
      if (wanted !== '' && !isValue(field.value, wanted)) return { kind: 'drop' }
    }
    return { kind: 'pass', body: this.#kept.length === 0 ? body : this.#onlyKept(fields) }
  }

  #onlyKept(fields: ReadonlyMap<string, Field>): Buffer {
    const parts: Buffer[] = []
    for (const name of this.#kept) {
      const field = fields.get(name)
      if (field === undefined) continue
      parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), field.raw)
    }
    return Buffer.concat([...(parts.length === 0 ? [Buffer.from('{')] : parts), Buffer.from('}')])
  }
}

/** Text equals text, a number a number however it is written; nothing else equals anything. */
function isValue(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value === wanted
  return typeof value === 'number' && /^[-+.\d]/.test(wanted) && Number(wanted) === value
}
