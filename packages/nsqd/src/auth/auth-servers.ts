// The auth servers, asked over HTTP (tcp-protocol.md section 7.2).
import type { SecureContextOptions } from 'node:tls'
import { encodeJson } from '@nsq-ts/daemon'
import { Agent, type Dispatcher, interceptors } from 'undici'
import { Authorization } from './authorization.ts'

export interface AuthServerSettings {
  /** `host:port`, or full URLs. */
  readonly addresses: readonly string[]
  readonly method: 'get' | 'post'
  readonly connectTimeoutMs: number
  /** For a server's whole answer. */
  readonly requestTimeoutMs: number
  /** Whom to trust over https. */
  readonly tls: SecureContextOptions
}

/** Who wants to know what he may do. */
export interface AuthRequest {
  readonly secret: Buffer
  /** Empty on a unix socket. */
  readonly remoteIp: string
  readonly tls: boolean
  /** Of the client's certificate; empty without. */
  readonly commonName: string
}

const ACCEPT = 'application/vnd.nsq; version=1.0'
const REDIRECTIONS_MAX = 10
/** More than any list of permissions needs. */
const ANSWER_SIZE_MAX = 1024 * 1024

export class AuthServers {
  readonly #settings: AuthServerSettings
  readonly #random: () => number
  readonly #agent: Agent
  readonly #dispatcher: Dispatcher

  constructor(settings: AuthServerSettings, random: () => number) {
    this.#settings = settings
    this.#random = random
    this.#agent = new Agent({ connect: { timeout: settings.connectTimeoutMs, ...settings.tls } })
    this.#dispatcher = this.#agent.compose(interceptors.redirect({ maxRedirections: REDIRECTIONS_MAX }))
  }

  /**
   * Asks one server after the other, from one at random, until one gives a proper answer.
   * @throws {Error} when none did, saying why of each
   */
  async ask(request: AuthRequest): Promise<Authorization> {
    const { addresses } = this.#settings
    const first = Math.floor(this.#random() * addresses.length)
    const failures: string[] = []
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[(first + i) % addresses.length]!
      try {
        return new Authorization(await this.#askOne(urlOf(address), request))
      } catch (error) {
        failures.push(`failed to query ${address} - ${describe(error)}`)
      }
    }
    throw new Error(failures.join('; '))
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #askOne(url: string, request: AuthRequest): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#settings.requestTimeoutMs)
    const { body, status } = await this.#send(url, request, signal)
    if (status === 200) return JSON.parse(body)
    const httpsPort = status === 403 && !url.startsWith('https:') ? httpsPortIn(body) : undefined
    if (httpsPort === undefined) throw new Error(`got response ${status} ${JSON.stringify(body.slice(0, 200))}`)
    const secure = new URL(url)
    secure.protocol = 'https:'
    secure.port = String(httpsPort)
    const again = await this.#send(secure.href, request, signal)
    if (again.status !== 200) throw new Error(`got response ${again.status} over https`)
    return JSON.parse(again.body)
  }

  async #send(url: string, request: AuthRequest, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const fields = fieldsOf(request)
    const post = this.#settings.method === 'post'
    const { body, statusCode } = await this.#dispatcher.request({
      ...target(post ? url : `${url}?${formEncode(fields)}`),
      method: post ? 'POST' : 'GET',
      headers: post ? { accept: ACCEPT, 'content-type': 'application/json' } : { accept: ACCEPT },
      body: post ? encodeJson(Object.fromEntries(fields.map(([name, value]) => [name, [value.toString()]]))) : null,
      signal,
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > ANSWER_SIZE_MAX) throw new Error(`the answer is longer than ${ANSWER_SIZE_MAX} bytes`)
      chunks.push(chunk)
    }
    return { status: statusCode, body: Buffer.concat(chunks).toString() }
  }
}

/** Without a scheme it is where the original's auth servers listen. */
function urlOf(address: string): string {
  return address.includes('://') ? address : `http://${address}/auth`
}

/** The query goes out as it was written: an address that has one already gets another `?`. */
function target(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: pathname + search }
}

/** In the order in which they are sent. */
function fieldsOf(request: AuthRequest): [string, Buffer][] {
  return [
    ['common_name', Buffer.from(request.commonName)],
    ['remote_ip', Buffer.from(request.remoteIp)],
    ['secret', request.secret],
    ['tls', Buffer.from(String(request.tls))],
  ]
}

/** A secret is bytes: they arrive as they are, whether or not they are UTF-8. */
function formEncode(fields: readonly (readonly [string, Buffer])[]): string {
  return fields.map(([name, value]) => `${name}=${Array.from(value, encodeByte).join('')}`).join('&')
}

function encodeByte(byte: number): string {
  const char = String.fromCharCode(byte)
  if (char === ' ') return '+'
  return /[A-Za-z0-9_.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** A server that wants to be asked over TLS says where. */
function httpsPortIn(body: string): number | undefined {
  try {
    const answer = JSON.parse(body) as { https_port?: unknown } | null
    const port = answer?.https_port
    return typeof port === 'number' && port > 0 && port < 65_536 ? port : undefined
  } catch {
    return undefined // a refusal like any other
  }
}

/** Errors of a connection say little but in their cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
