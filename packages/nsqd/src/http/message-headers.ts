// Headers of a message, over HTTP: `X-Nsq-Header-<name>: <value>` of a publish (docs/protocol-extensions.md).
import { isUtf8 } from 'node:buffer'
import { HttpError, type HttpRequest } from '@nsq-ts/daemon'
import { encodeHeaders, headersFault } from '@nsq-ts/protocol/headers'
import type { NsqdOptions } from '../options.ts'

const PREFIX = 'x-nsq-header-'

/**
 * The headers that a request sets for its messages, encoded; null: none. Node has lowered the names, and joined the values of those
 * that came twice with `, `.
 * @throws {HttpError} 400 INVALID_HEADERS; 413 HEADERS_TOO_BIG
 */
export function headersOf({ raw }: HttpRequest, { maxHeaderBytes }: NsqdOptions): Buffer | null {
  let headers: Record<string, string> | null = null
  for (const name in raw.headers) {
    if (!name.startsWith(PREFIX)) continue
    headers ??= {}
    headers[name.slice(PREFIX.length)] = textOf(String(raw.headers[name]))
  }
  if (headers === null) return null
  const fault = headersFault(headers)
  if (fault !== undefined) throw new HttpError(400, 'INVALID_HEADERS', { cause: fault })
  const block = encodeHeaders(headers)
  if (block.length > maxHeaderBytes) throw new HttpError(413, 'HEADERS_TOO_BIG')
  return block
}

/** Node reads a value as Latin-1; it is UTF-8 to us, as all text of NSQ's is. @throws {HttpError} 400 INVALID_HEADERS */
function textOf(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  if (!isUtf8(bytes)) throw new HttpError(400, 'INVALID_HEADERS')
  return bytes.toString()
}
