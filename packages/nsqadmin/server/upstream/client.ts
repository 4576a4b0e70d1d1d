import { STATUS_CODES } from 'node:http'
import type { SecureContextOptions } from 'node:tls'
import { Agent, request } from 'undici'
import { jsonError } from '../http/go-json.ts'
import { number, objectOf, text } from './read-fields.ts'
import type { Json } from './read-fields.ts'
import { transportCause } from './transport-cause.ts'
import { UpstreamError } from './upstream-error.ts'

export interface UpstreamSettings {
  readonly connectTimeoutMs: number
  /** For the whole request. 0: no limit. */
  readonly requestTimeoutMs: number
  /** For nsqds that require TLS. */
  readonly tls: SecureContextOptions & { readonly rejectUnauthorized?: boolean }
}

interface Question {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Empty: none. */
  readonly token: string
  readonly body?: Uint8Array
  /** Gets the body of a 200 instead of the answer. */
  readonly onText?: (text: string) => void
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Of one answer; a /stats of 100,000 channels has about 50 MB. */
const ANSWER_SIZE_MAX = 256 * 1024 * 1024
const IDLE_MS = 30_000

/**
 * Asks nsqds, nsqlookupds and graphite over HTTP (nsqadmin.md, section 12). Addresses have no scheme: everything starts as plain
 * HTTP, and goes over to HTTPS where an nsqd says that it requires TLS.
 */
export class UpstreamClient {
  readonly #settings: UpstreamSettings
  readonly #agent: Agent

  constructor(settings: UpstreamSettings) {
    this.#settings = settings
    const { connectTimeoutMs, tls } = settings
    this.#agent = new Agent({
      connect: { ...tls, timeout: connectTimeoutMs },
      keepAliveTimeout: IDLE_MS,
      maxResponseSize: ANSWER_SIZE_MAX,
      headersTimeout: 0, // the request as a whole has its limit
      bodyTimeout: 0,
    })
  }

  /** The parsed JSON of a 200. @param token sent as `Bearer` @throws {UpstreamError} */
  async getJson(url: string, token = ''): Promise<unknown> {
    return parsedJson(await this.#ask({ method: 'GET', url, token }))
  }

  /** As getJson, of a POST. @throws {UpstreamError} */
  async postForJson(url: string, token = ''): Promise<unknown> {
    return parsedJson(await this.#ask({ method: 'POST', url, token }))
  }

  /**
   * Hands over the body of a 200 as it comes.
   * @throws {UpstreamError} and whatever `onText` throws
   */
  async stream(url: string, token: string, onText: (text: string) => void): Promise<void> {
    await this.#ask({ method: 'GET', url, token, onText })
  }

  /** @throws {UpstreamError} unless it is answered 200 */
  async post(url: string, token = '', body?: Uint8Array): Promise<void> {
    await this.#ask({ method: 'POST', url, token, ...(body && { body }) })
  }

  /** Breaks off what runs. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask(question: Question): Promise<Answer> {
    const { url } = question
    const first = await this.#send(question)
    if (first.status !== 403 || url.startsWith('https:')) return expectOk(first)
    return expectOk(await this.#send({ ...question, url: httpsUrl(url, first.body) }))
  }

  async #send({ method, url, token, body, onText }: Question): Promise<Answer> {
    const { requestTimeoutMs } = this.#settings
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          accept: 'application/vnd.nsq; version=1.0',
          ...(token !== '' && { authorization: `Bearer ${token}` }),
        },
        ...(requestTimeoutMs > 0 && { signal: AbortSignal.timeout(requestTimeoutMs) }),
        ...(body && { body }),
      })
      const { statusCode: status, body: text } = answer
      if (onText === undefined || status !== 200) return { status, body: await text.text() }
      text.setEncoding('utf8')
      for await (const chunk of text) onText(chunk as string)
      return { status, body: '' }
    } catch (cause) {
      if (cause instanceof SyntaxError) throw cause // of `onText`
      const verb = method === 'GET' ? 'Get' : 'Post'
      throw new UpstreamError(`${verb} "${url}": ${transportCause(cause, parsed(url))}`, { cause })
    }
  }
}

/** @throws {UpstreamError} */
function parsedJson({ body }: Answer): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new UpstreamError(jsonError(body), { cause })
  }
}

function expectOk(answer: Answer): Answer {
  const { status, body } = answer
  if (status === 200) return answer
  const message = `got response ${status} ${STATUS_CODES[status] ?? ''} ${JSON.stringify(body)}`
  throw new UpstreamError(message, { answer: { status, code: text(jsonOf(body)['message']) } })
}

/** Where an nsqd that requires TLS is to be asked. @throws {UpstreamError} for a 403 that means something else */
function httpsUrl(url: string, body: string): string {
  const port = httpsPort(body)
  if (port === undefined) throw new UpstreamError(`got response 403 Forbidden ${JSON.stringify(body)}`)
  const secure = new URL(url)
  secure.protocol = 'https:'
  secure.port = String(port)
  return secure.href
}

function httpsPort(body: string): number | undefined {
  const port = number(jsonOf(body)['https_port'])
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

/** An empty object for what is no JSON: then it is not an answer of NSQ's. */
function jsonOf(body: string): Json {
  try {
    return objectOf(JSON.parse(body))
  } catch {
    return {}
  }
}

function parsed(url: string): URL {
  return URL.canParse(url) ? new URL(url) : new URL('http://invalid')
}
