// The body of IDENTIFY, to nsqd and to nsqlookupd alike: JSON, read as strictly and as leniently as the original reads it.
import { ProtocolError } from './errors.ts'

/** How a field is read: `int` is 64 bits wide, `int32` is not. */
export type IdentifyFieldType = 'string' | 'boolean' | 'int' | 'int32'

/**
 * The fields of an IDENTIFY body (tcp-protocol.md section 6.1, nsqlookupd.md section 4.4): keys in any letter case, the last of several wins,
 * null and unknown keys are passed over, types are strict; an integer is written without point or exponent.
 * @param types what there is to know, by key in lower case
 * @returns what the body says of it, by key in lower case; nothing for `null`
 * @throws {ProtocolError} E_BAD_BODY for what is no JSON object, and for a value of another type
 */
export function readIdentifyBody(
  body: string,
  types: ReadonlyMap<string, IdentifyFieldType>,
): Map<string, string | boolean | number> {
  const fields = new Map<string, string | boolean | number>()
  const whole = parseJson(body)
  if (whole === null) return fields
  if (typeof whole !== 'object' || Array.isArray(whole)) throw malformed(new TypeError('not an object'))
  for (const [key, source] of members(body)) {
    const name = key.toLowerCase()
    const type = types.get(name)
    if (type !== undefined && source !== 'null') fields.set(name, readField(name, source, type))
  }
  return fields
}

function readField(name: string, source: string, type: IdentifyFieldType): string | boolean | number {
  switch (type) {
    case 'string': {
      if (!source.startsWith('"')) throw malformed(new TypeError(`${name} is no string`))
      return Buffer.from(String(parseJson(source))).toString() // half a surrogate pair becomes U+FFFD, as it would on the wire
    }
    case 'boolean': {
      if (source !== 'true' && source !== 'false') throw malformed(new TypeError(`${name} is no boolean`))
      return source === 'true'
    }
    case 'int':
    case 'int32': {
      if (!/^-?\d+$/.test(source)) throw malformed(new TypeError(`${name} is no integer`))
      const value = BigInt(source)
      if (BigInt.asIntN(type === 'int' ? 64 : 32, value) !== value)
        throw malformed(new TypeError(`${name} is too large`))
      return Number(value) // what is not exact any more is far beyond all limits
    }
  }
}

/**
 * The members of a JSON object that is known to be valid, as (key, source text of the value): JSON.parse would no longer
 * tell 1000 from 1000.0, nor the first `client_id` from the last.
 */
function* members(json: string): IterableIterator<[string, string]> {
  let at = json.indexOf('{') + 1
  for (;;) {
    at = skipSpace(json, at)
    if (json[at] === ',') at = skipSpace(json, at + 1)
    if (json[at] === '}') return
    const keyEnd = valueEnd(json, at)
    const key = String(parseJson(json.slice(at, keyEnd)))
    at = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const end = valueEnd(json, at)
    yield [key, json.slice(at, end)]
    at = end
  }
}

function skipSpace(json: string, at: number): number {
  while (' \t\r\n'.includes(json[at] ?? '-')) at++
  return at
}

/** Where the value that starts at `at` ends. */
function valueEnd(json: string, at: number): number {
  let depth = 0
  for (let i = at; ; i++) {
    const char = json[i]!
    if (char === '"') {
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++
      if (depth === 0) return i + 1
    } else if (char === '{' || char === '[') {
      depth++
    } else if (char === '}' || char === ']') {
      if (depth === 0) return i
      if (--depth === 0) return i + 1
    } else if (depth === 0 && ', \t\r\n'.includes(char)) {
      return i
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformed(error)
  }
}

function malformed(cause?: unknown): ProtocolError {
  return new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body', { cause })
}
