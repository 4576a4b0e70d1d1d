import { encodeJson } from './encode-json.ts'
import { HttpError } from './http-error.ts'

/**
 * An answer outside the NSQ conventions (`/ping`, `/metrics`, profiles): exactly this status, type and body, without
 * X-NSQ-Content-Type.
 */
export class Reply {
  readonly status: number
  readonly contentType: string
  readonly body: string | Uint8Array
  readonly headers: readonly (readonly [string, string])[]

  constructor(body: string | Uint8Array, details: Partial<Omit<Reply, 'body'>> = {}) {
    this.body = body
    this.status = details.status ?? 200
    this.contentType = details.contentType ?? TEXT
    this.headers = details.headers ?? []
  }
}

export const TEXT = 'text/plain; charset=utf-8'
export const JSON_TYPE = 'application/json; charset=utf-8'

const NSQ_CONTENT_TYPE = ['X-Nsq-Content-Type', 'nsq; version=1.0'] as const

/**
 * What a handler returned, as the answer that NSQ's conventions make of it (nsqd-http.md, section 2): a string is text, undefined an
 * empty body, a Reply itself, anything else JSON.
 */
export function replyOf(result: unknown): Reply {
  if (result instanceof Reply) return result
  const headers = [NSQ_CONTENT_TYPE]
  if (result === undefined || result === '') return new Reply('', { contentType: '', headers })
  if (typeof result === 'string') return new Reply(result, { headers })
  return new Reply(encodeJson(result), { contentType: JSON_TYPE, headers })
}

/** `{"message":"CODE"}` with the JSON headers. */
export function errorReply(error: HttpError, headers: readonly (readonly [string, string])[] = []): Reply {
  return new Reply(encodeJson({ message: error.code }), {
    status: error.status,
    contentType: JSON_TYPE,
    headers: [NSQ_CONTENT_TYPE, ...headers],
  })
}

/** What the plain listener of an nsqd that requires TLS says to everything (nsqd-http.md, section 1); the spaces are its own. */
export function tlsRequiredReply(httpsPort: number): Reply {
  const body = `{"message": "TLS_REQUIRED", "https_port": ${httpsPort}}`
  return new Reply(body, { status: 403, contentType: JSON_TYPE, headers: [NSQ_CONTENT_TYPE] })
}
