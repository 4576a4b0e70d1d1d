// One nsqlookupd, and the loop that keeps it informed:
//
//   connect -> IDENTIFY -> announce everything -> announce what changes, PING in between
//      ^                                              |
//      `---------------- back off <--- any error -----'
//
// Whatever happens while there is no connection need not be remembered: the next one begins with everything.
import { delay, type HostPort, type Logger, parseHostPort, parsePort } from '@nsq-ts/daemon'
import { identify, PING } from '@nsq-ts/protocol'
import { backOffMs } from './back-off.ts'
import type { LookupCommand } from './lookup-command.ts'
import { LookupConnection } from './lookup-connection.ts'
import { parsePeerInfo, type PeerInfo } from './peer-info.ts'
import type { DiscoveryTiming } from './timing.ts'

/** Commands that go out together and are answered together: enough to make the way to and fro cheap, little enough to hold. */
const BATCH_COUNT = 256

/** What a peer is given to work with. */
export interface LookupPeerContext {
  readonly logger: Logger
  readonly timing: DiscoveryTiming
  readonly random: () => number
  /** Bytes. */
  readonly answerSizeMax: number
  /** The body of IDENTIFY. */
  readonly identity: () => object
  /** The commands that announce everything there is. */
  readonly everything: () => LookupCommand[]
  /** Called whenever a peer has been told everything, and with each ping that it answers. */
  readonly onAlive: (peer: LookupPeer) => void
}

export class LookupPeer {
  /** `host:port`, as configured. */
  readonly address: string
  /** Resolves when it has answered IDENTIFY for the first time, or has failed to: the peer may be asked, or not. */
  readonly contacted: Promise<void>

  readonly #context: LookupPeerContext
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #contacted: () => void = () => {}
  #tried = false
  #info: PeerInfo | undefined
  #connection: LookupConnection | undefined
  /** It has been told, or is being told, everything; what changes from here on is queued. */
  #live = false
  #queue: LookupCommand[] = []
  #wake: () => void = () => {}
  #failures = 0
  /** A failure was logged, and it goes on. */
  #troubled = false

  constructor(address: string, context: LookupPeerContext) {
    this.address = address
    this.#context = context
    this.contacted = new Promise((resolve) => {
      this.#contacted = () => {
        this.#tried = true
        resolve()
      }
    })
  }

  /** As it last identified itself; undefined before it did, or if it does not say where its HTTP interface is. */
  get info(): PeerInfo | undefined {
    return this.#info
  }

  /** As `contacted`, for who looks and does not wait. */
  get tried(): boolean {
    return this.#tried
  }

  get connected(): boolean {
    return this.#live
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Says it as soon as possible. Without a connection there is nothing to say: the next one begins with everything. */
  tell(command: LookupCommand): void {
    if (!this.#live) return
    this.#queue.push(command)
    this.#wake()
  }

  /** What is queued is still said, within a bound. Resolves when the connection is closed. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort()
    if (!this.#live) this.#connection?.close()
    this.#wake()
    const timer = setTimeout(() => this.#connection?.close(), this.#context.timing.closeTimeoutMs)
    await this.#running
    clearTimeout(timer)
    this.#contacted()
  }

  async #run(): Promise<void> {
    const target = parseTarget(this.address)
    if (target === undefined) {
      this.#context.logger.error(`LOOKUPD(${this.address}): not an address of the form host:port`)
      this.#contacted()
      return
    }
    const { signal } = this.#closing
    const { timing, random } = this.#context
    while (!signal.aborted) {
      const liveMs = await this.#session(target)
      if (liveMs >= timing.backOffMaxMs) this.#failures = 0
      await delay(backOffMs(this.#failures++, timing.firstBackOffMs, timing.backOffMaxMs, random()), signal)
    }
  }

  /** One connection, from its beginning to its end. @returns milliseconds that it was good for something */
  async #session(target: { host: string; port: number }): Promise<number> {
    const { logger, timing, answerSizeMax } = this.#context
    logger[this.#troubled ? 'debug' : 'info'](`LOOKUP connecting to ${this.address}`)
    const { connectTimeoutMs, answerTimeoutMs } = timing
    const onClose = () => this.#wake()
    const connection = new LookupConnection({ ...target, connectTimeoutMs, answerTimeoutMs, answerSizeMax, onClose })
    this.#connection = connection
    let liveSince = Number.POSITIVE_INFINITY
    try {
      await connection.open()
      await this.#identify(connection)
      this.#live = true
      this.#queue = this.#context.everything()
      this.#contacted()
      await this.#sendQueue(connection)
      liveSince = performance.now()
      this.#recovered()
      this.#context.onAlive(this)
      await this.#keepInformed(connection)
    } catch (error) {
      this.#failed(error as Error)
    } finally {
      this.#live = false
      this.#queue = []
      connection.close()
      this.#contacted()
    }
    return performance.now() - liveSince
  }

  async #identify(connection: LookupConnection): Promise<void> {
    const { logger, identity } = this.#context
    const [answer = ''] = await connection.ask([identify(identity())])
    const info = parsePeerInfo(answer)
    logger.info(`LOOKUPD(${this.address}): peer info ${answer}`)
    if (info.broadcastAddress === '') {
      logger.error(`LOOKUPD(${this.address}): no broadcast address, its channels cannot be asked for`)
      this.#info = undefined
    } else {
      this.#info = info
    }
  }

  /** Until the connection ends, or is to. */
  async #keepInformed(connection: LookupConnection): Promise<void> {
    const { pingIntervalMs } = this.#context.timing
    let pingAt = performance.now() + pingIntervalMs
    for (;;) {
      await this.#sendQueue(connection)
      if (this.#closing.signal.aborted) return
      if (connection.error !== undefined) throw connection.error
      const nowMs = performance.now()
      if (nowMs >= pingAt) {
        await connection.ask([PING])
        pingAt = nowMs + pingIntervalMs
        this.#context.onAlive(this)
      } else if (this.#queue.length === 0) {
        await this.#nextEvent(pingAt - nowMs)
      }
    }
  }

  async #sendQueue(connection: LookupConnection): Promise<void> {
    const { logger } = this.#context
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_COUNT)
      for (const { text } of batch) logger.info(() => `LOOKUPD(${this.address}): ${text}`)
      await connection.ask(batch.map(({ bytes }) => bytes))
    }
  }

  /** Resolves when there is something to say, the connection is closed or to be closed, or the time is over. */
  #nextEvent(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = () => {}
        resolve()
      }
    })
  }

  /** The first failure is news; that it goes on is not. */
  #failed(error: Error): void {
    if (this.#closing.signal.aborted) return
    const { logger } = this.#context
    logger[this.#troubled ? 'debug' : 'error'](`LOOKUPD(${this.address}): ${error.message}`)
    this.#troubled = true
  }

  #recovered(): void {
    if (this.#troubled) this.#context.logger.info(`LOOKUPD(${this.address}): told everything again`)
    this.#troubled = false
  }
}

function parseTarget(address: string): { host: string; port: number } | undefined {
  const parts: HostPort | undefined = parseHostPort(address)
  const port = parsePort(parts?.port ?? '')
  return parts === undefined || port === undefined ? undefined : { host: parts.host, port }
}
