import type { ShownMessage } from '../../../../server/api-types.ts'

/** A number that JavaScript would round, as it stands in the text: `12345678901234567890`. */
export class ExactNumber {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** What JSON.parse tells a reviver where the engine is new enough. */
interface Context {
  readonly source?: string
}
type Reviver = (key: string, value: unknown, context?: Context) => unknown

/** The object or list that a body is in JSON, with all digits of its numbers; undefined: it is none. */
export function parseExactly({ body, encoding }: Pick<ShownMessage, 'body' | 'encoding'>): object | undefined {
  if (encoding !== 'utf8' || !/^\s*[[{]/.test(body)) return undefined
  const exact: Reviver = (_key, value, context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value
    return sameNumber(context.source, value) ? value : new ExactNumber(context.source)
  }
  try {
    return JSON.parse(body, exact) as object
  } catch {
    return undefined
  }
}

/** Written otherwise (`1.0`, `1e3`) a number is the same; with other digits it is not. */
function sameNumber(source: string, value: number): boolean {
  return !/^-?\d{16,}$/.test(source) || String(value) === source
}
