import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-error.ts'
import type { BodyReader } from './body.ts'
import { parseQuery } from './query.ts'
import type { Query } from './query.ts'

/** What a route is given. */
export class HttpRequest {
  readonly raw: IncomingMessage
  /** The segments of the path that stand behind a `:name`. */
  readonly params: Readonly<Record<string, string>>
  /** `ip:port` of the client, `@` on a unix socket. */
  readonly remoteAddress: string
  readonly #openSignal: () => AbortSignal
  #signal: AbortSignal | undefined
  readonly #body: BodyReader
  #query: Query | undefined

  constructor(parts: {
    raw: IncomingMessage
    params: Readonly<Record<string, string>>
    remoteAddress: string
    openSignal: () => AbortSignal
    body: BodyReader
  }) {
    this.raw = parts.raw
    this.params = parts.params
    this.remoteAddress = parts.remoteAddress
    this.#openSignal = parts.openSignal
    this.#body = parts.body
  }

  /** @throws {HttpError} 400 INVALID_REQUEST at the first use, if the query is malformed */
  get query(): Query {
    this.#query ??= parseQuery(this.raw.url ?? '')
    return this.#query
  }

  /** Aborted when the client has gone or the server closes: whatever waits should answer or give up. */
  get signal(): AbortSignal {
    this.#signal ??= this.#openSignal() // few handlers wait, and a signal costs
    return this.#signal
  }

  /** The announced Content-Length; undefined for a chunked body. */
  get contentLength(): number | undefined {
    const text = this.raw.headers['content-length']
    return text === undefined ? undefined : Number(text)
  }

  /**
   * Reads the whole body, of any content type, counting its bytes as they come.
   * @param sizeMax bytes; a longer body, announced or sent, answers 413 with `tooBig`
   * @throws {HttpError} 413 `tooBig`; 500 INTERNAL_ERROR when the client breaks off
   */
  readBody(sizeMax: number, tooBig: string): Promise<Buffer> {
    if ((this.contentLength ?? 0) > sizeMax) throw new HttpError(413, tooBig)
    return this.#body.read(sizeMax, tooBig)
  }
}
