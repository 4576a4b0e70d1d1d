// `--where=customer.id=7`: a value at a path of a JSON document.
import { demand } from '../program/refusal.ts'

export interface Condition {
  readonly path: readonly string[]
  /** As text; compared with text as it is, with anything else as JSON writes it. */
  readonly value: string
}

const PATH = /^[^.[\]=]+(?:\.[^.[\]=]+|\[\d+\])*$/

/** @throws {Refusal} when it is none */
export function parseCondition(text: string): Condition {
  const equals = text.indexOf('=')
  const path = text.slice(0, Math.max(0, equals))
  demand(equals > 0 && PATH.test(path), `--where should be <path>=<value>, not ${JSON.stringify(text)}`)
  return {
    path: path.split(/\.|\[(\d+)\]/).filter((part) => part !== undefined && part !== ''),
    value: text.slice(equals + 1),
  }
}

/** Whether a body is JSON for which all conditions hold. */
export function holdFor(conditions: readonly Condition[], body: Buffer): boolean {
  if (conditions.length === 0) return true
  let document: unknown
  try {
    document = JSON.parse(body.toString())
  } catch {
    return false
  }
  return conditions.every(({ path, value }) => {
    const found = path.reduce(member, document)
    return typeof found === 'string' ? found === value : found !== undefined && JSON.stringify(found) === value
  })
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
