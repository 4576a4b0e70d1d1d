import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { listen } from '@nsq-ts/daemon'
import type { BoundAddress } from '@nsq-ts/daemon'
import { Connection } from './connection.ts'
import type { ConnectionContext } from './connection.ts'

export type ServeContext = Omit<ConnectionContext, 'count' | 'onClosed'>

/** The TCP listener and its connections. `listen` binds; connections that come before `serve` are kept waiting. */
export class TcpServer {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  readonly #early = new Set<Socket>()
  readonly #commandCounts = new Map<string, number>()
  #context: ConnectionContext | undefined
  #bound: BoundAddress | undefined
  #closed: Promise<void> | undefined

  constructor() {
    // Half open: a body that ends too soon is still answered.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#onSocket(socket))
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections
  }

  /** Commands received so far by their word. */
  get commandCounts(): ReadonlyMap<string, number> {
    return this.#commandCounts
  }

  /**
   * @param onFailure told if the listener dies later
   * @throws {ListenError}
   */
  async listen(address: string, onFailure: (error: Error) => void): Promise<BoundAddress> {
    this.#bound = await listen(this.#server, address)
    this.#server.on('error', onFailure)
    return this.#bound
  }

  /** Starts to talk to whoever connects. */
  serve(context: ServeContext): void {
    context.logger.info(`TCP: listening on ${this.#bound?.text}`)
    this.#context = {
      ...context,
      count: (command) => this.#commandCounts.set(command, (this.#commandCounts.get(command) ?? 0) + 1),
      onClosed: (connection) => this.#connections.delete(connection),
    }
    for (const socket of this.#early) this.#start(socket, this.#context)
    this.#early.clear()
  }

  /** Stops listening and ends all connections, also those that never said anything. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  #onSocket(socket: Socket): void {
    if (this.#context !== undefined) {
      this.#start(socket, this.#context)
      return
    }
    this.#early.add(socket)
    socket.on('error', () => this.#early.delete(socket)) // gone before it was served: nothing to tell anybody
  }

  #start(socket: Socket, context: ConnectionContext): void {
    const connection = new Connection(socket, context)
    this.#connections.add(connection)
    connection.start()
  }

  async #closeOnce(): Promise<void> {
    if (this.#bound === undefined) return
    this.#context?.logger.info(`TCP: closing ${this.#bound.text}`)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.destroy()
    for (const socket of this.#early) socket.destroy()
    await closed
  }
}
