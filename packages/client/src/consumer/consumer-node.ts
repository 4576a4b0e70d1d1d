// One nsqd as a consumer sees it: its connection, the subscription, and what is in flight.
//
//   down --(open)--> subscribing --> subscribed --(close)--> draining          a connection that is lost leads to down
import { CLS, FrameType, MESSAGE_HEADER_SIZE, rdy, req, sub, touch } from '@nsq-ts/protocol'
import { Node } from '../connection/node.ts'
import { MessageLostError, type NsqError, type ServerError } from '../errors.ts'
import type { Outcome } from './backoff.ts'
import { HEADERS_OFFSET, type Message, type MessageOwner } from './message.ts'
import type { ConsumerSettings } from './options.ts'
import type { RdyHolder } from './rdy-distribution.ts'

/** What a node tells its consumer. */
export interface ConsumerNodeOwner {
  onSubscribed(node: ConsumerNode): void
  /** @param wasSubscribed false when it could not be reached or refused the subscription */
  onNodeDown(node: ConsumerNode, error: NsqError | undefined, wasSubscribed: boolean): void
  /** @param bodyStart where in `data` the body begins */
  makeMessage(data: Buffer, receivedAt: number, node: ConsumerNode, bodyStart: number): Message<unknown>
  onMessage(message: Message<unknown>): void
  /** A message is about to be answered; RDY counts that change are to be sent first. */
  onOutcome(outcome: Outcome, isRequeue: boolean): void
  /** A message was answered or lost. */
  onSettled(): void
  /** More or less waits on the node than before. */
  onDepth(): void
  onError(node: ConsumerNode, error: NsqError): void
}

type State = 'down' | 'subscribing' | 'subscribed' | 'draining'

export class ConsumerNode extends Node implements RdyHolder, MessageOwner {
  /** Last RDY count sent. */
  rdy = 0
  /** Messages that wait in the channel there, as it was told last; undefined: it was not. */
  depth: number | undefined
  readonly #consumer: ConsumerSettings
  readonly #owner: ConsumerNodeOwner
  readonly #messages = new Map<string, Message<unknown>>()
  #state: State = 'down'
  #onDrained: (() => void) | undefined
  #isCloseConfirmed = false
  #closed: Promise<void> | undefined

  constructor(address: string, settings: ConsumerSettings, owner: ConsumerNodeOwner) {
    super('consumer', address, settings.connection)
    this.#consumer = settings
    this.#owner = owner
  }

  get isSubscribed(): boolean {
    return this.#state === 'subscribed'
  }

  get inFlight(): number {
    return this.#messages.size
  }

  get rdyMax(): number {
    return this.connection?.features?.rdyCountMax ?? 0
  }

  /** Milliseconds that nsqd gives a message. */
  get msgTimeoutMs(): number {
    return this.connection?.features?.msgTimeoutMs ?? Infinity
  }

  /** Messages received and not answered, oldest first. */
  get messages(): Iterable<Message<unknown>> {
    return this.#messages.values()
  }

  /** Takes no new messages; resolves when those in flight are answered and the connection is closed. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  async #closeOnce(): Promise<void> {
    if (this.#state === 'subscribed') {
      this.#state = 'draining'
      this.rdy = 0
      this.connection!.send(CLS)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
        this.#checkDrained()
      })
      await this.connection?.end()
    }
    this.drop()
  }

  /** Gives back what is still in flight while draining, so that others get it at once, and waits no longer. */
  abandon(reason: MessageLostError): void {
    if (this.#state !== 'draining') return
    for (const message of this.#messages.values()) {
      this.connection!.send(req(message.id, 0))
      message.lose(reason)
    }
    this.#messages.clear()
    this.#isCloseConfirmed = true
    this.#checkDrained()
  }

  /** Ends a connection to a node that is not wanted any more; what is in flight is lost. */
  drop(): void {
    this.end()
    this.connection?.destroy()
  }

  /** Tells nsqd, and remembers. */
  setRdy(count: number): void {
    this.rdy = count
    this.connection?.send(rdy(count))
  }

  #checkDrained(): void {
    if (this.#messages.size === 0 && this.#isCloseConfirmed) this.#onDrained?.()
  }

  // Node

  protected onReady(): void {
    this.#state = 'subscribing'
    this.connection!.send(sub(this.#consumer.topic, this.#consumer.channel))
  }

  protected onDown(error: NsqError | undefined): void {
    const { isEnded } = this
    const state = this.#state
    this.#state = 'down'
    const lost = [...this.#messages.values()]
    this.#messages.clear()
    this.rdy = 0
    this.depth = undefined
    if (state === 'draining') {
      this.end()
      this.#isCloseConfirmed = true
      this.#checkDrained()
    }
    if (!isEnded) this.#owner.onNodeDown(this, error, state === 'subscribed' || state === 'draining')
    const reason = new MessageLostError(`the connection to ${this.address} is gone`, { cause: error })
    for (const message of lost) message.lose(reason)
    this.#owner.onSettled()
  }

  onMessage(data: Buffer, type: number): void {
    if (type === FrameType.depth) {
      this.depth = Number(data.readBigInt64BE())
      return this.#owner.onDepth()
    }
    const isHeaded = type === FrameType.headedMessage
    const bodyStart = isHeaded ? HEADERS_OFFSET + data.readUInt32BE(MESSAGE_HEADER_SIZE) : MESSAGE_HEADER_SIZE
    if (data.length < bodyStart) this.refuse('a message without a header')
    const now = this.connection!.lastReadAt
    const message = this.#owner.makeMessage(data, now, this, bodyStart)
    // nsqd took it back before we knew, and sends it again: what the first handler says counts no more.
    this.#messages.get(message.id)?.lose(new MessageLostError('nsqd sent the message again'))
    this.#messages.set(message.id, message)
    // CLS and this message crossed on the way.
    if (this.#state === 'draining') message.requeue({ delay: 0, backoff: false })
    else this.#owner.onMessage(message)
  }

  onResponse(data: Buffer): void {
    const text = data.toString()
    if (this.#state === 'subscribing' && text === 'OK') {
      this.#state = 'subscribed'
      this.failures = 0
      this.rdy = 0
      this.#owner.onSubscribed(this)
    } else if (this.#state === 'draining' && text === 'CLOSE_WAIT') {
      this.#isCloseConfirmed = true
      this.#checkDrained()
    } else {
      this.refuse(`unexpected response: ${text.slice(0, 100)}`)
    }
  }

  onServerError(error: ServerError): void {
    // TOUCH tells of a message that nsqd has taken back; after FIN and REQ there is nothing left to lose.
    const touched = /^E_TOUCH_FAILED TOUCH (\S{16}) /.exec(error.message)?.[1]
    const message = touched === undefined ? undefined : this.#messages.get(touched)
    if (message !== undefined) this.lose(message, new MessageLostError('nsqd took the message back', { cause: error }))
    this.#owner.onError(this, error)
    if (error.fatal) this.connection?.destroy(error)
  }

  onDrain(): void {
    // answers are small and at most one per message in flight: nothing is held back
  }

  // MessageOwner

  finishMessage(message: Message<unknown>, outcome: Outcome): void {
    this.#owner.onOutcome(outcome, false)
    this.connection?.sendFin(message.id)
    this.#settle(message)
  }

  requeueMessage(message: Message<unknown>, delayMs: number | undefined, outcome: Outcome): void {
    const { requeueDelayMs, requeueDelayMaxMs } = this.#consumer
    const delay = delayMs ?? Math.min(requeueDelayMs * message.attempts, requeueDelayMaxMs)
    this.#owner.onOutcome(outcome, true)
    this.connection?.send(req(message.id, Math.round(delay)))
    this.#settle(message)
  }

  touchMessage(message: Message<unknown>): void {
    message.touchedAt = this.settings.environment.now()
    this.connection?.send(touch(message.id))
  }

  timeLeftMs(message: Message<unknown>, hard = false): number {
    const { msgTimeoutMs, msgTimeoutMaxMs } = this.connection!.features!
    const atMost = message.receivedAt + msgTimeoutMaxMs
    const takenBackAt = hard ? atMost : Math.min(message.touchedAt + msgTimeoutMs, atMost)
    return takenBackAt - this.settings.environment.now()
  }

  /** The message is not ours any more, while the connection goes on. */
  lose(message: Message<unknown>, reason: MessageLostError): void {
    message.lose(reason)
    this.#settle(message)
  }

  #settle(message: Message<unknown>): void {
    this.#messages.delete(message.id)
    this.#owner.onSettled()
    if (this.#state === 'draining') this.#checkDrained()
  }
}
