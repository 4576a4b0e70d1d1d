import type { IncomingHttpHeaders } from 'node:http'
import type { Logger } from '@nsq-ts/daemon'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Agent, request } from 'undici'

export interface ProxyTimeouts {
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

/** Of one connection only, or made anew for the other one. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-type', // there is no body; ours is put there for every request
])

/**
 * Hands `/render` on to graphite, whatever path that is under, and whatever path we are under. User and password of --graphite-url
 * replace the client's; the login of nsqadmin stays here.
 */
export class GraphiteProxy {
  readonly #graphite: URL
  readonly #timeouts: ProxyTimeouts
  readonly #logger: Logger
  readonly #agent: Agent

  constructor(graphite: URL, timeouts: ProxyTimeouts, logger: Logger) {
    this.#graphite = graphite
    this.#timeouts = timeouts
    this.#logger = logger
    this.#agent = new Agent({ connect: { timeout: timeouts.connectTimeoutMs } })
  }

  async forward(asked: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const question = asked.originalUrl.indexOf('?')
    const query = question === -1 ? '' : asked.originalUrl.slice(question)
    const path = `${this.#graphite.pathname.replace(/\/$/, '')}/render${query}`
    const { requestTimeoutMs } = this.#timeouts
    try {
      const answer = await request(this.#graphite.origin + path, {
        dispatcher: this.#agent,
        headers: this.#headersFor(asked),
        ...(requestTimeoutMs > 0 && { signal: AbortSignal.timeout(requestTimeoutMs) }),
      })
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined && (!HOP_BY_HOP.has(name) || name === 'content-type')) void reply.header(name, value)
      }
      return reply.code(answer.statusCode).send(answer.body)
    } catch (error) {
      this.#logger.warn(`graphite does not answer - ${error instanceof Error ? error.message : String(error)}`)
      return reply.code(502).send()
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #headersFor(asked: FastifyRequest): IncomingHttpHeaders {
    const { username, password } = this.#graphite
    const kept = Object.entries(asked.headers).filter(([name]) => !HOP_BY_HOP.has(name))
    const forwarded = [asked.headers['x-forwarded-for'], asked.ip].filter(Boolean).join(', ')
    const headers: IncomingHttpHeaders = { ...Object.fromEntries(kept), 'x-forwarded-for': forwarded }
    if (username === '' && password === '') return headers
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { ...headers, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  }
}
