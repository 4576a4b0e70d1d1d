// One nsqd as a producer sees it: its connection, and what was sent and not answered. A node that fails publishes closes its
// connection, and rests like one that was lost: that is its circuit.
//
// Answers come in the order of the commands. After a fatal error frame the server reads nothing more, so what was sent
// behind the refused command was not stored and can be sent again without harm; after a lost connection nobody knows.
import { Alarm } from '../alarm.ts'
import { Node } from '../connection/node.ts'
import type { ConnectionSettings } from '../connection/settings.ts'
import { ConnectionError, type NsqError, type ServerError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import { type BatchLimits, batches, encodeBatch, type Request } from './batching.ts'
import type { Publish } from './publish.ts'

/** What a node tells its producer. */
export interface ProducerNodeOwner {
  onNodeOpen(node: ProducerNode): void
  onNodeDown(node: ProducerNode, error: NsqError | undefined): void
  /** The node can take more. */
  onNodeRoom(node: ProducerNode): void
  /** Sent and refused, or lost: whether it was stored is not known unless the error says so. */
  onFailed(node: ProducerNode, publish: Publish, error: NsqError): void
  /** Certainly not stored; to be sent again as if it had not been, before anything else. */
  onUnsent(node: ProducerNode, publishes: Publish[]): void
  onError(node: ProducerNode, error: NsqError): void
}

/** Bytes sent and not answered from which on a node takes no more: about what a fast server has on the way in 10 ms. */
const UNANSWERED_SIZE_MAX = 8 * 1024 * 1024
/** Errors that say the node could not, rather than that the publish was wrong. */
const NODE_FAILURES: ReadonlySet<string> = new Set(['E_PUB_FAILED', 'E_MPUB_FAILED', 'E_DPUB_FAILED'])
/** Errors of one message, for which the rest of its MPUB is not to blame. */
const MESSAGE_ERRORS: ReadonlySet<string> = new Set(['E_BAD_MESSAGE', 'E_BAD_BODY', 'E_BAD_HEADERS'])

export class ProducerNode extends Node {
  readonly #limits: BatchLimits
  readonly #answerTimeoutMs: number
  readonly #answer: Alarm
  readonly #owner: ProducerNodeOwner
  readonly #unanswered = new Fifo<Request>()
  #unansweredSize = 0
  #wasFull = false

  constructor(
    address: string,
    settings: ConnectionSettings,
    limits: BatchLimits,
    answerTimeoutMs: number,
    owner: ProducerNodeOwner,
  ) {
    super('producer', address, settings)
    this.#limits = limits
    this.#answerTimeoutMs = answerTimeoutMs
    this.#answer = new Alarm(settings.environment)
    this.#owner = owner
  }

  get isOpen(): boolean {
    return this.connection?.isOpen === true
  }

  /** True when it is open and takes more. */
  get hasRoom(): boolean {
    if (!this.isOpen) return false
    if (this.#unansweredSize < UNANSWERED_SIZE_MAX && !this.connection!.isCongested) return true
    this.#wasFull = true
    return false
  }

  /** True when its server takes headers, and times. */
  get isExtended(): boolean {
    return this.connection?.features?.isExtended === true
  }

  get hasUnanswered(): boolean {
    return this.#unanswered.size > 0
  }

  /** Everything sent and not answered. */
  *unanswered(): Generator<Publish> {
    for (const request of this.#unanswered) yield* request.publishes
  }

  /** Sends publishes, neighbours together. Only while hasRoom. */
  send(publishes: readonly Publish[]): void {
    const sentAt = this.settings.environment.now()
    for (const batch of batches(publishes, this.#limits)) {
      let size = 0
      for (const publish of batch) size += publish.size
      this.#unanswered.push({ publishes: batch, size, sentAt })
      this.#unansweredSize += size
      this.connection!.send(encodeBatch(batch))
    }
    // The producer has waited for the end of the turn already.
    this.connection!.flush()
    if (!this.#answer.isSet) this.#watchAnswers(this.#answerTimeoutMs)
  }

  /** Hangs up when all answers are there; the owner sees to it that they are. */
  async close(): Promise<void> {
    this.end()
    this.#answer.clear()
    await this.connection?.end()
  }

  // Node

  protected onReady(): void {
    this.#owner.onNodeOpen(this)
  }

  protected onDown(error: NsqError | undefined): void {
    this.#answer.clear()
    const lost = this.#takeUnanswered()
    if (!this.isEnded) this.#owner.onNodeDown(this, error)
    const reason = error ?? new ConnectionError(this.address, 'closed')
    for (const publish of lost) this.#owner.onFailed(this, publish, reason)
  }

  onResponse(data: Buffer): void {
    if (data.length !== 2 || data.toString() !== 'OK') {
      this.refuse(`unexpected response: ${data.toString('utf8', 0, 100)}`)
    }
    const request = this.#answered()
    this.failures = 0
    for (const publish of request.publishes) publish.settle(undefined)
    this.#tellRoom()
  }

  onServerError(error: ServerError): void {
    if (this.#unanswered.size === 0) return this.#owner.onError(this, error)
    const { publishes } = this.#answered()
    const unsent = publishes.length > 1 && MESSAGE_ERRORS.has(error.code) ? [...publishes] : []
    for (const publish of unsent) publish.alone = true
    if (error.fatal) unsent.push(...this.#takeUnanswered())
    if (!NODE_FAILURES.has(error.code)) this.failures = 0 // the node is well
    if (unsent[0] !== publishes[0]) for (const publish of publishes) this.#owner.onFailed(this, publish, error)
    this.#owner.onUnsent(this, unsent)
    if (error.fatal) this.connection?.destroy(error)
  }

  onMessage(): void {
    this.refuse('a message, and no subscription')
  }

  onDrain(): void {
    this.#tellRoom()
  }

  #answered(): Request {
    const request = this.#unanswered.shift()
    if (request === undefined) this.refuse('an answer to nothing')
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
    this.#answer.set(() => {
      const oldest = this.#unanswered.peek()
      if (oldest === undefined) return
      const waitedMs = this.settings.environment.now() - oldest.sentAt
      if (waitedMs < this.#answerTimeoutMs) return this.#watchAnswers(this.#answerTimeoutMs - waitedMs)
      this.connection?.destroy(new ConnectionError(this.address, `no answer within ${Math.round(waitedMs)} ms`))
    }, delayMs)
  }
}
