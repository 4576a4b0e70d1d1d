// Answers of upstreams are read field by field: another version may lack one, and that must cost no more than this field.

export type Json = Readonly<Record<string, unknown>>

/** An object; of anything else an empty one. Versions before 1.0 put the answer into `data`. */
export function answerOf(value: unknown): Json {
  const object = objectOf(value)
  return isObject(object['data']) && object['status_code'] !== undefined ? object['data'] : object
}

export function objectOf(value: unknown): Json {
  return isObject(value) ? value : {}
}

export function objectsIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function stringsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export function flag(value: unknown): boolean {
  return value === true
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
