// GET with bounds on everything. On node's own client: undici would be the library for this, but takes 10 MB of heap, which every
// collection of garbage walks through for as long as nsqd lives, and costs a fifth of every publish.
import { Agent as HttpAgent, get as httpGet, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, get as httpsGet } from 'node:https'
import type { SecureContextOptions } from 'node:tls'

export interface HttpGetterSettings {
  /** For connections to one server; further requests wait for one of these. */
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  /** Bytes. */
  readonly answerSizeMax: number
  /** For HTTPS. */
  readonly tls?: SecureContextOptions | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

/** Keeps its connections for a while; close it. */
export class HttpGetter {
  readonly #settings: HttpGetterSettings
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly #running = new Set<ClientRequest>()
  #closed = false

  constructor(settings: HttpGetterSettings) {
    this.#settings = settings
    const agentSettings = { keepAlive: true, maxSockets: settings.connectionsMax }
    this.#http = new HttpAgent(agentSettings)
    this.#https = new HttpsAgent({ ...agentSettings, ...settings.tls })
  }

  /**
   * @param signal ends it
   * @throws {Error} when there is no whole answer, whatever the reason; any status is an answer
   */
  async get(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    for (;;) {
      try {
        return await this.#getOnce(url, headers, signal)
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error
      }
    }
  }

  #getOnce(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error(`${url} is not asked any more`)
      const options = { headers, signal }
      const request = url.startsWith('https:')
        ? httpsGet(url, { ...options, agent: this.#https })
        : httpGet(url, { ...options, agent: this.#http })
      this.#running.add(request)
      this.#boundConnecting(request)
      request.on('response', (response) => this.#read(response, resolve, reject))
      request.on('error', (error) => {
        if (signal.aborted) reject(signal.reason as Error)
        else if (request.reusedSocket && !this.#closed) reject(new StaleConnection('', { cause: error }))
        else reject(error)
      })
      request.on('close', () => {
        this.#running.delete(request)
        reject(new Error(`${url} did not answer`)) // of no effect if it did
      })
    })
  }

  /** What runs fails. */
  close(): void {
    this.#closed = true
    for (const request of this.#running) request.destroy()
    this.#http.destroy()
    this.#https.destroy()
  }

  #boundConnecting(request: ClientRequest): void {
    const { connectTimeoutMs } = this.#settings
    if (connectTimeoutMs === 0) return
    request.on('socket', (socket) => {
      if (!socket.connecting) return
      const timer = setTimeout(() => {
        if (socket.connecting) request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`))
      }, connectTimeoutMs)
      const settled = () => clearTimeout(timer)
      socket.once('connect', settled)
      socket.once('close', settled)
    })
  }

  #read(response: IncomingMessage, resolve: (answer: HttpAnswer) => void, reject: (error: Error) => void): void {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > this.#settings.answerSizeMax)
        response.destroy(new Error(`the answer is larger than ${this.#settings.answerSizeMax} bytes`))
      else chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
  }
}

/** A connection that was kept had been ended by its server meanwhile, which says nothing about the server. */
class StaleConnection extends Error {}
