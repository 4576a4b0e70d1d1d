// One address that messages are sent to over HTTP, with connections of its own: what another address does is nothing to it.
import { formatDuration } from '@nsq-ts/daemon'
import { timerMs } from '../program/timer.ts'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Headers } from './headers.ts'

export interface EndpointSettings {
  readonly method: 'GET' | 'POST'
  readonly headers: Headers
  /** Requests at a time, and so connections. */
  readonly requestsMax: number
  readonly connectTimeoutMs: number
  /** For the whole exchange, redirections included; 0: no limit. */
  readonly requestTimeoutMs: number
  /** The address for a message. */
  url(body: Buffer): string
}

/** Connections nobody uses are closed after. */
const KEEP_ALIVE_MS = 90_000
const REDIRECTIONS_MAX = 10
/** These make a GET of a POST; 307 and 308 repeat what was asked. */
const TO_GET: ReadonlySet<number> = new Set([301, 302, 303])
const HANGUPS: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const REPEAT: ReadonlySet<number> = new Set([307, 308])

export class Endpoint {
  readonly #settings: EndpointSettings
  /** Each with a connection that can be used again; the last used one first. */
  readonly #idle: Agent[] = []
  readonly #busy = new Set<Agent>()

  constructor(settings: EndpointSettings) {
    this.#settings = settings
  }

  /** True when fewer requests are on their way than may be. */
  get hasRoom(): boolean {
    return this.#busy.size < this.#settings.requestsMax
  }

  /** @throws {Error} unless the answer is a success: any 2xx to a POST, 200 to a GET */
  async send(body: Buffer): Promise<void> {
    const { requestTimeoutMs } = this.#settings
    const used = this.#idle.pop()
    const agent = used ?? this.#makeAgent()
    this.#busy.add(agent)
    // Not by the request's own signal: undici would connect to a dead endpoint once more for nothing.
    const giveUp = (): void => {
      this.#busy.delete(agent)
      void agent.destroy(new Error(`no answer within ${formatDuration(requestTimeoutMs)}`))
    }
    const timer = requestTimeoutMs > 0 ? setTimeout(giveUp, timerMs(requestTimeoutMs)) : undefined
    try {
      await this.#send(agent, body).catch((error: unknown) => {
        if (used === undefined || !this.#busy.has(agent) || !isHangup(error)) throw error
        return this.#send(agent, body) // on a new connection
      })
    } finally {
      clearTimeout(timer)
      if (this.#busy.delete(agent)) this.#idle.push(agent)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#idle, ...this.#busy].map((agent) => agent.destroy()))
  }

  #makeAgent(): Agent {
    return new Agent({
      connections: 1,
      connect: { timeout: this.#settings.connectTimeoutMs },
      headersTimeout: 0, // one limit for the whole exchange stands above
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
  }

  async #send(agent: Agent, body: Buffer): Promise<void> {
    let { method } = this.#settings
    let url = this.#settings.url(body)
    for (let hops = 0; ; hops++) {
      const answer = await this.#request(agent, url, method, body)
      await answer.body.dump({ limit: Infinity }) // read to its end, so that the connection can be used again
      const location = redirection(answer)
      if (location === undefined) return this.#judge(answer.statusCode)
      if (hops === REDIRECTIONS_MAX) throw new Error(`stopped after ${REDIRECTIONS_MAX} redirects`)
      url = new URL(location, url).href
      if (TO_GET.has(answer.statusCode)) method = 'GET'
    }
  }

  #request(agent: Agent, url: string, method: 'GET' | 'POST', body: Buffer): Promise<Dispatcher.ResponseData> {
    const { headers } = this.#settings
    return request(url, {
      dispatcher: agent,
      method,
      headers: method === 'GET' ? withoutContentType(headers) : headers,
      body: method === 'GET' ? null : body,
    })
  }

  #judge(status: number): void {
    const isOk = this.#settings.method === 'GET' ? status === 200 : status >= 200 && status < 300
    if (!isOk) throw new Error(`got status code ${status}`)
  }
}

/** A server may close a connection that lies idle in the very moment in which it is used again. */
function isHangup(error: unknown): boolean {
  return error instanceof Error && HANGUPS.has(String((error as NodeJS.ErrnoException).code))
}

function redirection({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const { location } = headers
  if (typeof location !== 'string') return undefined
  return TO_GET.has(statusCode) || REPEAT.has(statusCode) ? location : undefined
}

function withoutContentType(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type'))
}
