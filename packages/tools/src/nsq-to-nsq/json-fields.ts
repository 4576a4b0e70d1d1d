// The top-level fields of a JSON object, with the bytes of their values as they were written: what is passed on keeps its numbers'
// digits and its spaces.

const OPEN = new Set(Buffer.from('{['))
const CLOSE = new Set(Buffer.from('}]'))
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c

/** A field's value, decoded and as written. */
export interface Field {
  readonly value: unknown
  readonly raw: Buffer
}

/**
 * @returns undefined for what is not a JSON object; `null` counts as an object without fields. Of fields of one name the last counts
 */
export function jsonFields(body: Buffer): Map<string, Field> | undefined {
  let decoded: unknown
  try {
    decoded = JSON.parse(body.toString())
  } catch {
    return undefined
  }
  if (decoded === null) return new Map()
  if (typeof decoded !== 'object' || Array.isArray(decoded)) return undefined
  return new Map(
    rawFields(body).map(([name, raw]) => [name, { value: (decoded as Record<string, unknown>)[name], raw }]),
  )
}

/** @param body is valid: only its structure is followed */
function rawFields(body: Buffer): [name: string, raw: Buffer][] {
  const fields: [string, Buffer][] = []
  let depth = 0
  let start = 0
  let name: string | undefined
  const endField = (end: number): void => {
    if (name !== undefined) fields.push([name, trim(body.subarray(start, end))])
    name = undefined
    start = end + 1
  }
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]!
    if (byte === QUOTE) index = stringEnd(body, index)
    else if (OPEN.has(byte) && ++depth === 1) start = index + 1
    else if (CLOSE.has(byte) && --depth === 0) endField(index)
    else if (depth === 1 && byte === COMMA) endField(index)
    else if (depth === 1 && byte === COLON) {
      name = JSON.parse(body.toString('utf8', start, index)) as string
      start = index + 1
    }
  }
  return fields
}

/** @returns where the closing quote of the string stands that begins at `start` */
function stringEnd(body: Buffer, start: number): number {
  let index = start + 1
  while (body[index] !== QUOTE) index += body[index] === BACKSLASH ? 2 : 1
  return index
}

function trim(raw: Buffer): Buffer {
  return Buffer.from(raw.toString('latin1').trim(), 'latin1')
}
