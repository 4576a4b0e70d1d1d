// One nsqd as a producer sees it: its connection, kept up for ever, what was sent and not answered, and its circuit:
//
//   connecting --> open --(lost, or it fails publishes)--> resting --(delay with jitter, doubling)--> connecting
//
// Answers come in the order of the commands. After a fatal error frame the server reads nothing more, so what was sent
// behind the refused command was not stored and can be sent again without harm; after a lost connection nobody knows.
import { type Connection, type ConnectionHandler, openConnection } from '../connection/connection.ts'
import type { ConnectionSettings } from '../connection/options.ts'
import type { Timer } from '../environment.ts'
import { ConnectionError, type NsqError, ServerError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import { reconnectDelayMs } from '../reconnect-delay.ts'
import { type BatchLimits, batches, encodeBatch, type Request } from './batching.ts'
import type { Publish } from './publish.ts'

/** What a node tells its producer. */
export interface ProducerNodeOwner {
  onNodeOpen(node: ProducerNode): void
  onNodeDown(node: ProducerNode, error: NsqError | undefined): void
  /** The node can take more. */
  onNodeRoom(node: ProducerNode): void
  /** Sent and refused, or lost: whether it was stored is not known unless the error says so. */
  onPublishFailed(node: ProducerNode, publish: Publish, error: NsqError): void
  /** Certainly not stored; to be sent again as if it had not been, before anything else. */
  onPublishesUnsent(node: ProducerNode, publishes: Publish[]): void
  onNodeError(node: ProducerNode, error: NsqError): void
}

/** Bytes sent and not answered from which on a node takes no more: about what a fast server has on the way in 10 ms. */
const UNANSWERED_SIZE_MAX = 8 * 1024 * 1024
/** Errors that say the node could not, rather than that the publish was wrong. */
const NODE_FAILURES: ReadonlySet<string> = new Set(['E_PUB_FAILED', 'E_MPUB_FAILED', 'E_DPUB_FAILED'])
/** Errors of one message, for which the rest of its MPUB is not to blame. */
const MESSAGE_ERRORS: ReadonlySet<string> = new Set(['E_BAD_MESSAGE', 'E_BAD_BODY'])

export class ProducerNode implements ConnectionHandler {
  readonly address: string
  readonly #settings: ConnectionSettings
  readonly #limits: BatchLimits
  readonly #answerTimeoutMs: number
  readonly #owner: ProducerNodeOwner
  readonly #unanswered = new Fifo<Request>()
  #unansweredSize = 0
  #connection: Connection | undefined
  #closing: AbortController | undefined
  #restTimer: Timer | undefined
  #answerTimer: Timer | undefined
  /** Failures in a row, which the length of the next rest follows. */
  #failures = 0
  #isClosed = false
  #wasFull = false

  constructor(
    address: string,
    settings: ConnectionSettings,
    limits: BatchLimits,
    answerTimeoutMs: number,
    owner: ProducerNodeOwner,
  ) {
    this.address = address
    this.#settings = settings
    this.#limits = limits
    this.#answerTimeoutMs = answerTimeoutMs
    this.#owner = owner
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen === true
  }

  /** True when it is open and takes more. */
  get hasRoom(): boolean {
    if (!this.isOpen) return false
    if (this.#unansweredSize < UNANSWERED_SIZE_MAX && !this.#connection!.isCongested) return true
    this.#wasFull = true
    return false
  }

  get hasUnanswered(): boolean {
    return this.#unanswered.size > 0
  }

  /** Everything sent and not answered. */
  *unanswered(): Generator<Publish> {
    for (const request of this.#unanswered) yield* request.publishes
  }

  /** Connects, and from now on reconnects. */
  start(): void {
    if (this.#isClosed || this.#closing !== undefined) return
    const closing = new AbortController()
    this.#closing = closing
    openConnection(this.address, this.#settings, this, closing.signal).then(
      (connection) => this.#onOpen(connection),
      (error: NsqError) => this.#rest(error),
    )
  }

  /** Sends publishes, neighbours together. Only while hasRoom. */
  send(publishes: readonly Publish[]): void {
    const sentAt = this.#settings.environment.now()
    for (const batch of batches(publishes, this.#limits)) {
      let size = 0
      for (const publish of batch) size += publish.size
      this.#unanswered.push({ publishes: batch, size, sentAt })
      this.#unansweredSize += size
      this.#connection!.send(encodeBatch(batch))
    }
    // The producer has waited for the end of the turn already.
    this.#connection!.flush()
    if (this.#answerTimer === undefined) this.#watchAnswers(this.#answerTimeoutMs)
  }

  /** Hangs up when all answers are there; the owner sees to it that they are. */
  async close(): Promise<void> {
    this.#isClosed = true
    const { environment } = this.#settings
    environment.clearTimer(this.#restTimer)
    environment.clearTimer(this.#answerTimer)
    this.#closing?.abort(new Error('the producer closes'))
    await this.#connection?.end()
  }

  #onOpen(connection: Connection): void {
    if (this.#isClosed) {
      connection.destroy()
      return
    }
    if (!connection.isOpen) return // lost right after the handshake: onClose has been called
    this.#connection = connection
    this.#owner.onNodeOpen(this)
  }

  /** Opens the circuit: nothing is sent here until the next try. */
  #rest(error: NsqError | undefined): void {
    this.#closing = undefined
    this.#connection = undefined
    if (this.#isClosed) return
    this.#failures++
    const { environment } = this.#settings
    this.#restTimer = environment.setTimer(() => this.start(), reconnectDelayMs(this.#failures, environment))
    this.#owner.onNodeDown(this, error)
  }

  // ConnectionHandler

  onResponse(data: Buffer): void {
    if (data.length !== 2 || data.toString() !== 'OK') {
      throw new ConnectionError(this.address, `unexpected response: ${data.toString('utf8', 0, 100)}`)
    }
    const request = this.#answered()
    this.#failures = 0
    for (const publish of request.publishes) publish.settle(undefined)
    this.#tellRoom()
  }

  onServerError(error: ServerError): void {
    if (this.#unanswered.size === 0) return this.#owner.onNodeError(this, error)
    const { publishes } = this.#answered()
    const unsent = publishes.length > 1 && MESSAGE_ERRORS.has(error.code) ? [...publishes] : []
    for (const publish of unsent) publish.alone = true
    if (error.fatal) unsent.push(...this.#takeUnanswered())
    if (!NODE_FAILURES.has(error.code)) this.#failures = 0 // the node is well
    if (unsent[0] !== publishes[0]) for (const publish of publishes) this.#owner.onPublishFailed(this, publish, error)
    this.#owner.onPublishesUnsent(this, unsent)
    if (error.fatal) this.#connection?.destroy(error)
  }

  onMessage(): void {
    throw new ConnectionError(this.address, 'a message on a connection that subscribed to nothing')
  }

  onDrain(): void {
    this.#tellRoom()
  }

  onClose(error: NsqError | undefined): void {
    this.#settings.environment.clearTimer(this.#answerTimer)
    this.#answerTimer = undefined
    const lost = this.#takeUnanswered()
    this.#rest(error)
    const reason = error ?? new ConnectionError(this.address, 'closed')
    for (const publish of lost) this.#owner.onPublishFailed(this, publish, reason)
  }

  #answered(): Request {
    const request = this.#unanswered.shift()
    if (request === undefined) throw new ConnectionError(this.address, 'an answer to nothing that was asked')
    this.#unansweredSize -= request.size
    return request
  }

  #takeUnanswered(): Publish[] {
    this.#unansweredSize = 0
    return this.#unanswered.drain().flatMap((request) => request.publishes)
  }

  #tellRoom(): void {
    if (!this.#wasFull || !this.hasRoom) return
    this.#wasFull = false
    this.#owner.onNodeRoom(this)
  }

  /** Gives up a connection whose oldest command gets no answer, so that others can be tried. */
  #watchAnswers(delayMs: number): void {
    const { environment } = this.#settings
    this.#answerTimer = environment.setTimer(() => {
      this.#answerTimer = undefined
      const oldest = this.#unanswered.peek()
      if (oldest === undefined) return
      const waitedMs = environment.now() - oldest.sentAt
      if (waitedMs < this.#answerTimeoutMs) return this.#watchAnswers(this.#answerTimeoutMs - waitedMs)
      this.#connection?.destroy(new ConnectionError(this.address, `no answer within ${Math.round(waitedMs)} ms`))
    }, delayMs)
  }
}
