// How many connections a listener bears. One that is too many is told so: its first request is answered 503, and that is the end
// of it. Few of them may linger for that; what comes beyond them is cut off without a word.
import type { Server, Socket } from 'node:net'

/** Connections beyond the limit that may be open at the same time, to be told so. */
const LINGERING_MAX = 64
/** One that asks for nothing in this time is cut off. */
const LINGER_MS = 2000

export class ConnectionLimit {
  readonly #max: () => number
  readonly #surplus = new Set<Socket>()
  #count = 0

  /** @param max asked at each connection; 0: as many as come */
  constructor(max: () => number) {
    this.#max = max
  }

  /** @param event of a new connection: `connection`, or `secureConnection` once its TLS is up */
  watch(server: Server, event: 'connection' | 'secureConnection'): void {
    server.prependListener(event, (socket: Socket) => this.#onConnection(socket))
  }

  /** It is one too many, and has been since it came. */
  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket)
  }

  #onConnection(socket: Socket): void {
    const max = this.#max()
    if (max === 0 || this.#count < max) {
      this.#count++
      socket.once('close', () => this.#count--)
    } else if (this.#surplus.size < LINGERING_MAX) {
      this.#surplus.add(socket)
      const timer = setTimeout(() => socket.destroy(), LINGER_MS)
      socket.once('close', () => {
        clearTimeout(timer)
        this.#surplus.delete(socket)
      })
    } else {
      socket.destroy()
    }
  }
}
