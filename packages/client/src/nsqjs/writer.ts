// A Producer with the surface of the Writer of nsqjs 0.13. Other than that one it survives errors: it reconnects, and what is
// published meanwhile waits.
import { EventEmitter } from 'node:events'
import { formatAddress } from '../address.ts'
import { Producer } from '../producer/producer.ts'
import { type ConnectionConfigOptions, connectionOptionsOf } from './config.ts'

/** Called when the server has answered, or the publish has failed. */
export type PublishCallback = (error?: Error | null) => void

/** Strings and Buffers go as they are, anything else as JSON. */
export type Publishable = string | Buffer | object

/** Publishes to one nsqd. */
export class Writer extends EventEmitter {
  static readonly READY = 'ready'
  static readonly CLOSED = 'closed'
  static readonly ERROR = 'error'

  /** As given. */
  readonly nsqdHost: string
  /** As given. */
  readonly nsqdPort: number
  readonly #producer: Producer
  #isConnected = false
  #isClosed = false

  /** @throws {Error} for options that nsqjs refuses as well */
  constructor(nsqdHost: string, nsqdPort: number | string, options: ConnectionConfigOptions = {}) {
    super()
    this.nsqdHost = nsqdHost
    this.nsqdPort = Number(nsqdPort)
    this.#producer = new Producer({
      ...connectionOptionsOf(options),
      nsqd: formatAddress(nsqdHost, this.nsqdPort),
    })
    this.#producer.on('connect', () => this.emit(Writer.READY))
    this.#producer.on('disconnect', ({ error }) => this.#onError(error))
    this.#producer.on('error', (error) => this.#onError(error))
  }

  /** True while connected. */
  get ready(): boolean {
    return this.#producer.stats.nodes.some(({ isOpen }) => isOpen)
  }

  /** Begins; `ready` tells of the connection. */
  connect(): void {
    if (this.#isConnected) return
    this.#isConnected = true
    this.#producer.connect().catch((error: unknown) => {
      // It was closed while it connected: whoever closed it knows.
      if (!this.#isClosed) this.#onError(error as Error)
    })
  }

  /** Publishes one message, or each of a list. Without callback a bad call throws, and a failure is an `error` event. */
  publish(topic: string, messages: Publishable | Publishable[], callback?: PublishCallback): void {
    const problem = this.#problemOf(messages)
    if (problem !== undefined) return throwOrCall(problem, callback)
    const bodies = Array.isArray(messages) ? messages.map(serialize) : serialize(messages)
    this.#settle(this.#producer.publish(topic, bodies), callback)
  }

  /** @param timeMs above 0 */
  deferPublish(topic: string, messages: Publishable | Publishable[], timeMs: number, callback?: PublishCallback): void {
    const problem =
      this.#problemOf(messages) ??
      (typeof timeMs === 'number' && timeMs > 0 ? undefined : new Error('The Delay must be a (positiv) number'))
    if (problem !== undefined) return throwOrCall(problem, callback)
    const bodies = [messages].flat().map((each: Publishable) => serialize(each))
    const all = Promise.all(bodies.map((body) => this.#producer.publish(topic, body, { defer: timeMs })))
    this.#settle(all, callback)
  }

  /** Resolves when what was published is answered and the connection is closed. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#producer.close()
    this.emit(Writer.CLOSED)
  }

  #problemOf(messages: unknown): Error | undefined {
    if (!this.#isConnected || this.#isClosed) return new Error('No active Writer connection to send messages')
    const isEmpty = !messages || (messages as { length?: number }).length === 0
    return isEmpty ? new Error('Attempting to publish an empty message') : undefined
  }

  #settle(published: Promise<unknown>, callback: PublishCallback | undefined): void {
    published.then(
      // Out of the promise, so that what a callback throws is not taken for a failure to publish.
      () => callback !== undefined && process.nextTick(callback, null),
      (error: Error) => (callback === undefined ? this.#onError(error) : process.nextTick(callback, error)),
    )
  }

  /** Unlike an EventEmitter's `error`, this takes no process down that does not listen. */
  #onError(error: Error | undefined): void {
    if (error !== undefined && this.listenerCount(Writer.ERROR) > 0) this.emit(Writer.ERROR, error)
  }
}

function serialize(message: Publishable): string | Buffer {
  return typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)
}

function throwOrCall(error: Error, callback: PublishCallback | undefined): void {
  if (callback === undefined) throw error
  callback(error)
}
