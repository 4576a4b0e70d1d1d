import { HttpError } from './http-error.ts'
import { percentDecode } from './percent-decode.ts'

/** The parameters of a URL. Names are case-sensitive; of a repeated one the first value counts. */
export type Query = ReadonlyMap<string, string>

/**
 * Reads the query of a raw request target such as `/pub?topic=a`; `+` is a space.
 * @throws {HttpError} 400 INVALID_REQUEST for a malformed percent escape and for a `;` (nsqd-http.md, section 2)
 */
export function parseQuery(rawUrl: string): Query {
  const query = new Map<string, string>()
  const start = rawUrl.indexOf('?')
  if (start === -1) return query
  for (const pair of rawUrl.slice(start + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    if (!query.has(name)) query.set(name, value)
  }
  return query
}

function decode(text: string): string {
  const decoded = text.includes(';') ? undefined : percentDecode(text.replaceAll('+', ' '))
  if (decoded === undefined) throw new HttpError(400, 'INVALID_REQUEST')
  return decoded
}
