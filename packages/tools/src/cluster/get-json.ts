// Questions to the HTTP APIs of nsqd and nsqlookupd.
import { Agent, request } from 'undici'

export interface HttpTimeouts {
  readonly connectMs: number
  /** For the whole exchange. */
  readonly requestMs: number
}

/** Asks for JSON; `close` it. */
export class JsonClient {
  readonly #agent: Agent
  readonly #requestMs: number

  constructor({ connectMs, requestMs }: HttpTimeouts) {
    this.#agent = new Agent({ connect: { timeout: connectMs }, headersTimeout: requestMs, bodyTimeout: requestMs })
    this.#requestMs = requestMs
  }

  /**
   * @param url whole, or without a scheme
   * @returns the answer; undefined for 404
   * @throws {Error} in all other cases, with the address and the reason
   */
  async get(url: string): Promise<unknown> {
    const whole = url.includes('://') ? url : `http://${url}`
    try {
      const { statusCode, body } = await request(whole, {
        dispatcher: this.#agent,
        headers: { accept: 'application/vnd.nsq; version=1.0' },
        signal: AbortSignal.timeout(this.#requestMs),
      })
      const text = await body.text()
      if (statusCode === 404) return undefined
      if (statusCode !== 200) throw new Error(`got response ${statusCode} ${JSON.stringify(text.slice(0, 200))}`)
      return JSON.parse(text)
    } catch (cause) {
      throw new Error(`GET ${whole}: ${reasonOf(cause)}`, { cause })
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

/** `connect ECONNREFUSED` and the like stand in the cause's causes, or in a list of them. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
