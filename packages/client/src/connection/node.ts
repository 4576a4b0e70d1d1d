// One nsqd as a client sees it: its connection, kept up while the node is wanted. What it is used for is the subclass's.
//
//   connecting --> open --(lost)--> resting --(delay with jitter, doubling)--> connecting ...         end() from anywhere
import { Alarm } from '../alarm.ts'
import { type ConnectionChange, publishConnectionChange } from '../diagnostics.ts'
import { ConnectionError, messageOf, type NsqError, type ServerError } from '../errors.ts'
import { reconnectDelayMs } from '../reconnect-delay.ts'
import { Connection, type ConnectionHandler } from './connection.ts'
import type { ConnectionSettings } from './settings.ts'

export abstract class Node implements ConnectionHandler {
  readonly address: string
  protected readonly settings: ConnectionSettings
  /** Being made or open; undefined while the node rests. */
  protected connection: Connection | undefined
  /** In a row: the length of the next rest follows them. The subclass says when one went well. */
  protected failures = 0
  readonly #role: ConnectionChange['role']
  #isEnded = false
  #isStarted = false
  readonly #rest: Alarm

  constructor(role: ConnectionChange['role'], address: string, settings: ConnectionSettings) {
    this.#role = role
    this.address = address
    this.settings = settings
    this.#rest = new Alarm(settings.environment)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Connects, and from now on reconnects. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    void this.#connect()
  }

  /** Connects no more; a connection that is there is the caller's to end. */
  protected end(): void {
    this.#isEnded = true
    this.#rest.clear()
  }

  /** The connection is open. */
  protected abstract onReady(): void
  /** The connection could not be made, or is gone. Called before the rest begins, and may end it all. */
  protected abstract onDown(error: NsqError | undefined): void

  abstract onResponse(data: Buffer): void
  abstract onServerError(error: ServerError): void
  abstract onMessage(data: Buffer, type: number): void
  abstract onDrain(): void

  onOpen(): void {
    this.#tell('open')
    this.onReady()
  }

  onClose(error: NsqError | undefined): void {
    this.connection = undefined
    this.#tell('closed', error)
    this.onDown(error)
    if (this.#isEnded) return
    this.failures++
    this.#rest.set(() => void this.#connect(), reconnectDelayMs(this.failures, this.settings.environment))
  }

  #tell(state: ConnectionChange['state'], error?: NsqError): void {
    publishConnectionChange({ role: this.#role, address: this.address, state, error })
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    const { tls, snappy, deflate, authSecret } = this.settings
    const isPlain = tls === undefined && !snappy && !deflate && authSecret === undefined
    try {
      const makeUpgrade = isPlain ? undefined : await (await import('./upgrade.ts')).loadUpgrade(this.settings)
      if (!this.#isEnded) this.connection = new Connection(this.address, this.settings, this, makeUpgrade)
    } catch (error) {
      this.onClose(new ConnectionError(this.address, messageOf(error), { cause: error }))
    }
  }

  /** @throws always: what came is not what was asked for */
  protected refuse(what: string): never {
    throw new ConnectionError(this.address, what)
  }
}
