import type { Socket } from 'node:net'
import { encodeErrorFrame } from '@nsq-ts/protocol'
import type { TcpContext } from './tcp-context.ts'

/** Refused connections that wait for their client to have read why; beyond that they are cut off at once. */
const LINGERING_MAX = 64
const LINGER_MS = 1000
const LOG_INTERVAL_MS = 1000

/** Turns connections away that are one too many (--max-connections), each with a word why. */
export class Refusals {
  readonly #context: TcpContext
  #lingering = 0
  #loggedAt = -Infinity

  constructor(context: TcpContext) {
    this.#context = context
  }

  refuse(socket: Socket): void {
    this.#log()
    socket.on('error', () => undefined) // the client may leave first
    if (this.#lingering >= LINGERING_MAX) {
      socket.destroy()
      return
    }
    this.#lingering++
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.on('close', () => {
      clearTimeout(timer)
      this.#lingering--
    })
    const limit = this.#context.maxConnections()
    socket.end(encodeErrorFrame('E_INVALID', `too many connections, ${limit} are the limit`))
    // What it sends is read and thrown away: with bytes unread, closing would reset the connection, and the word be lost.
    socket.on('end', () => socket.destroy()).resume()
  }

  /** Once a second at most: whoever knocks without end shall not fill the log. */
  #log(): void {
    const now = this.#context.clock.now()
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return
    this.#loggedAt = now
    this.#context.logger.warn(`TCP: refusing connections, there are ${this.#context.clients.size}`)
  }
}
