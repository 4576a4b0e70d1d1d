// Questions to the HTTP APIs of nsqd and nsqlookupd.
import { Agent, request } from 'undici'
import { timerMs } from '../program/timer.ts'
import { StatusError } from './status-error.ts'

export interface HttpTimeouts {
  readonly connectMs: number
  /** For the whole exchange. */
  readonly requestMs: number
}

/** Asks for JSON; `close` it. */
export class JsonClient {
  readonly #agent: Agent
  readonly #requestMs: number
  readonly #stop: AbortSignal

  /** @param stop gives up what is being asked */
  constructor({ connectMs, requestMs }: HttpTimeouts, stop: AbortSignal) {
    this.#agent = new Agent({ connect: { timeout: connectMs }, headersTimeout: requestMs, bodyTimeout: requestMs })
    this.#requestMs = requestMs
    this.#stop = stop
  }

  /**
   * @param url whole, or without a scheme
   * @throws {StatusError} for an answer other than 200 @throws {Error} for none that can be used, with the address and the reason
   */
  async get(url: string): Promise<unknown> {
    const whole = url.includes('://') ? url : `http://${url}`
    try {
      const { statusCode, body } = await request(whole, {
        dispatcher: this.#agent,
        headers: { accept: 'application/vnd.nsq; version=1.0' },
        signal: AbortSignal.any([AbortSignal.timeout(timerMs(this.#requestMs)), this.#stop]),
      })
      const text = await body.text()
      if (statusCode !== 200) {
        throw new StatusError(statusCode, text)
      }
      return JSON.parse(text)
    } catch (cause) {
      if (cause instanceof StatusError) throw cause
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
