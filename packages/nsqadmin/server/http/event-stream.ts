import type { FastifyReply } from 'fastify'

/** What a client may have waiting for it before it gets no more: it reads too slowly, or not at all. */
const WAITING_MAX = 4 * 1024 * 1024

/** One client's server-sent events, over a reply of @fastify/sse. */
export class EventStream {
  readonly #reply: FastifyReply
  #open = true

  constructor(reply: FastifyReply) {
    this.#reply = reply
    reply.sse.keepAlive()
    reply.sse.onClose(() => (this.#open = false))
  }

  /** @param data as JSON text @returns false when it was not sent: the client is gone, or does not keep up */
  send(event: string, data: string): boolean {
    const { raw, sse } = this.#reply
    if (!this.#open || raw.writableLength > WAITING_MAX) return false
    sse.send({ event, data }).catch(() => (this.#open = false)) // it fails only by the end of the connection
    return true
  }

  /** Called once, when the client has gone or `close` was called. */
  onClose(listener: () => void): void {
    this.#reply.sse.onClose(listener)
  }

  close(): void {
    this.#reply.sse.close()
  }
}

/** For a route of events: the data are JSON texts already. */
export const EVENTS = { kind: 'only', serializer: String } as const
