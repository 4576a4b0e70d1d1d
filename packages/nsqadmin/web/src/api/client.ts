// The one place that speaks HTTP to the server.
import { apiUrl } from './paths.ts'
import { explain } from './sentences.ts'

/** The server has refused, or was not reached. */
export class ApiError extends Error {
  /** Of HTTP; 0: the server was not reached. */
  readonly status: number
  /** `TOPIC_NOT_FOUND`, or whatever else the server says. */
  readonly code: string

  constructor(status: number, code: string, options?: ErrorOptions) {
    super(explain(status, code), options)
    this.name = 'ApiError'
    this.status = status
    this.code = code
  }
}

/** Longer than the server itself waits for the nodes. */
const TIMEOUT_MS = 20_000

/** @throws {ApiError} */
export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return call<Answer>('GET', path, undefined, signal)
}

/** @throws {ApiError} */
export function send<Answer>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
  return call<Answer>(method, path, body, undefined)
}

async function call<Answer>(
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const headers: Record<string, string> = { accept: 'application/vnd.nsq; version=1.0' }
  if (method !== 'GET') {
    headers['content-type'] = 'application/json'
    headers['x-requested-with'] = 'nsqadmin' // no other site can make a browser send it: the server knows that we are its page
  }
  let response: Response
  try {
    response = await fetch(apiUrl(path), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      cache: 'no-store',
    })
  } catch (cause) {
    if (signal?.aborted === true) throw cause // whoever asked no longer wants it
    throw new ApiError(0, timeout.aborted ? 'TIMEOUT' : 'UNREACHABLE', { cause })
  }
  const text = await response.text()
  const answer = parsed(text)
  if (!response.ok) throw new ApiError(response.status, messageOf(answer) ?? response.statusText)
  return answer as Answer
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined // a proxy's page: its status says enough
  }
}

function messageOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('message' in answer)) return undefined
  return typeof answer.message === 'string' ? answer.message : undefined
}
