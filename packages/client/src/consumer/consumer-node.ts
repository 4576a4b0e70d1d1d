// One nsqd as a consumer sees it: its connection, kept up while the node is wanted, the subscription, and what is in flight.
//
//   connecting --> subscribing --> subscribed --(close)--> draining --> ended
//        ^--- resting <---(lost)------'
import { CLS, MESSAGE_HEADER_SIZE, rdy, req, sub, touch } from '@nsq-ts/protocol'
import { type Connection, type ConnectionHandler, openConnection } from '../connection/connection.ts'
import type { Timer } from '../environment.ts'
import { ConnectionError, MessageLostError, type NsqError, type ServerError } from '../errors.ts'
import { reconnectDelayMs } from '../reconnect-delay.ts'
import type { Outcome } from './backoff.ts'
import type { Message, MessageOwner } from './message.ts'
import type { ConsumerSettings } from './options.ts'
import type { RdyHolder } from './rdy-distribution.ts'

/** What a node tells its consumer. */
export interface ConsumerNodeOwner {
  onNodeSubscribed(node: ConsumerNode): void
  /** @param wasSubscribed false when it could not be reached or refused the subscription */
  onNodeDown(node: ConsumerNode, error: NsqError | undefined, wasSubscribed: boolean): void
  makeMessage(data: Buffer, receivedAt: number, node: ConsumerNode): Message<unknown>
  onMessage(message: Message<unknown>): void
  /** A message is about to be answered; RDY counts that change are to be sent first. */
  onOutcome(outcome: Outcome, isRequeue: boolean): void
  /** A message was answered or lost. */
  onSettled(): void
  onNodeError(node: ConsumerNode, error: NsqError): void
}

type State = 'connecting' | 'subscribing' | 'subscribed' | 'draining' | 'ended' | 'resting'

export class ConsumerNode implements ConnectionHandler, RdyHolder, MessageOwner {
  readonly address: string
  /** Last RDY count sent. */
  rdy = 0
  /** When a message last came, by the environment's clock. */
  lastMessageAt = 0
  readonly #settings: ConsumerSettings
  readonly #owner: ConsumerNodeOwner
  readonly #messages = new Map<string, Message<unknown>>()
  #state: State = 'resting'
  #connection: Connection | undefined
  #giveUp: AbortController | undefined
  #restTimer: Timer | undefined
  #failures = 0
  #onDrained: (() => void) | undefined
  #isCloseConfirmed = false
  #closed: Promise<void> | undefined

  constructor(address: string, settings: ConsumerSettings, owner: ConsumerNodeOwner) {
    this.address = address
    this.#settings = settings
    this.#owner = owner
  }

  get isSubscribed(): boolean {
    return this.#state === 'subscribed'
  }

  get inFlight(): number {
    return this.#messages.size
  }

  get rdyMax(): number {
    return this.#connection?.features.rdyCountMax ?? 0
  }

  /** Milliseconds that nsqd gives a message. */
  get msgTimeoutMs(): number {
    return this.#connection?.features.msgTimeoutMs ?? Infinity
  }

  /** Messages received and not answered, oldest first. */
  get messages(): Iterable<Message<unknown>> {
    return this.#messages.values()
  }

  /** Connects, and from now on reconnects. */
  start(): void {
    this.#state = 'connecting'
    this.#giveUp = new AbortController()
    openConnection(this.address, this.#settings.connection, this, this.#giveUp.signal).then(
      (connection) => this.#onOpen(connection),
      (error: NsqError) => this.#rest(error),
    )
  }

  /** Takes no new messages; resolves when those in flight are answered and the connection is closed. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  async #closeOnce(): Promise<void> {
    this.#settings.connection.environment.clearTimer(this.#restTimer)
    if (this.#state === 'subscribed') {
      this.#state = 'draining'
      this.rdy = 0
      this.#connection!.send(CLS)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
        this.#checkDrained()
      })
      await this.#connection?.end()
    }
    this.#state = 'ended'
    this.#giveUp?.abort(new Error('the consumer closes'))
    this.#connection?.destroy()
  }

  /** Gives back what is still in flight while draining, so that others get it at once, and waits no longer. */
  abandon(reason: MessageLostError): void {
    if (this.#state !== 'draining') return
    for (const message of this.#messages.values()) {
      this.#connection!.send(req(message.id, 0))
      message.lose(reason)
    }
    this.#messages.clear()
    this.#isCloseConfirmed = true
    this.#checkDrained()
  }

  /** Ends a connection to a node that is not wanted any more; what is in flight is lost. */
  drop(): void {
    this.#settings.connection.environment.clearTimer(this.#restTimer)
    this.#state = 'ended'
    this.#giveUp?.abort(new Error('the node is not wanted'))
    this.#connection?.destroy()
  }

  /** Tells nsqd, and remembers. */
  setRdy(count: number): void {
    this.rdy = count
    this.#connection?.send(rdy(count))
  }

  #onOpen(connection: Connection): void {
    if (this.#state === 'ended') return connection.destroy()
    if (!connection.isOpen) return // lost right after the handshake: onClose has been called
    this.#connection = connection
    this.#state = 'subscribing'
    connection.send(sub(this.#settings.topic, this.#settings.channel))
  }

  #rest(error: NsqError | undefined): void {
    const wasSubscribed = this.#state === 'subscribed' || this.#state === 'draining'
    this.#connection = undefined
    if (this.#state === 'ended') return
    if (this.#state === 'draining') {
      this.#state = 'ended'
      this.#isCloseConfirmed = true
      this.#checkDrained()
    } else {
      this.#state = 'resting'
      this.#failures++
      const { environment } = this.#settings.connection
      this.#restTimer = environment.setTimer(() => this.start(), reconnectDelayMs(this.#failures, environment))
    }
    this.#owner.onNodeDown(this, error, wasSubscribed)
  }

  #checkDrained(): void {
    if (this.#messages.size === 0 && this.#isCloseConfirmed) this.#onDrained?.()
  }

  // ConnectionHandler

  onMessage(data: Buffer): void {
    if (data.length < MESSAGE_HEADER_SIZE) throw new ConnectionError(this.address, 'a message without a header')
    const now = this.#connection!.lastReadAt
    this.lastMessageAt = now
    const message = this.#owner.makeMessage(data, now, this)
    // nsqd took it back before we knew, and sends it again: what the first handler says counts no more.
    this.#messages.get(message.id)?.lose(new MessageLostError('nsqd took the message back and sent it again'))
    this.#messages.set(message.id, message)
    // CLS and this message crossed on the way.
    if (this.#state === 'draining') message.requeue({ delay: 0, backoff: false })
    else this.#owner.onMessage(message)
  }

  onResponse(data: Buffer): void {
    const text = data.toString()
    if (this.#state === 'subscribing' && text === 'OK') {
      this.#state = 'subscribed'
      this.#failures = 0
      this.rdy = 0
      this.#owner.onNodeSubscribed(this)
    } else if (this.#state === 'draining' && text === 'CLOSE_WAIT') {
      this.#isCloseConfirmed = true
      this.#checkDrained()
    } else {
      throw new ConnectionError(this.address, `unexpected response: ${text.slice(0, 100)}`)
    }
  }

  onServerError(error: ServerError): void {
    // TOUCH tells of a message that nsqd has taken back; after FIN and REQ there is nothing left to lose.
    const touched = /^E_TOUCH_FAILED TOUCH (\S{16}) /.exec(error.message)?.[1]
    const message = touched === undefined ? undefined : this.#messages.get(touched)
    if (message !== undefined) this.lose(message, new MessageLostError('nsqd took the message back', { cause: error }))
    this.#owner.onNodeError(this, error)
    if (error.fatal) this.#connection?.destroy(error)
  }

  onDrain(): void {
    // answers are small and at most one per message in flight: nothing is held back
  }

  onClose(error: NsqError | undefined): void {
    const reason = new MessageLostError(`the connection to ${this.address} is gone`, { cause: error })
    const lost = [...this.#messages.values()]
    this.#messages.clear()
    this.rdy = 0
    this.#rest(error)
    for (const message of lost) message.lose(reason)
    this.#owner.onSettled()
  }

  // MessageOwner

  finishMessage(message: Message<unknown>, outcome: Outcome): void {
    this.#owner.onOutcome(outcome, false)
    this.#connection?.sendFin(message.id)
    this.#settle(message)
  }

  requeueMessage(message: Message<unknown>, delayMs: number | undefined, outcome: Outcome): void {
    const { requeueDelayMs, requeueDelayMaxMs } = this.#settings
    const delay = delayMs ?? Math.min(requeueDelayMs * message.attempts, requeueDelayMaxMs)
    this.#owner.onOutcome(outcome, true)
    this.#connection?.send(req(message.id, Math.round(delay)))
    this.#settle(message)
  }

  touchMessage(message: Message<unknown>): void {
    message.touchedAt = this.#settings.connection.environment.now()
    this.#connection?.send(touch(message.id))
  }

  timeLeftMs(message: Message<unknown>, hard = false): number {
    const { msgTimeoutMs, msgTimeoutMaxMs } = this.#connection!.features
    const atMost = message.receivedAt + msgTimeoutMaxMs
    const takenBackAt = hard ? atMost : Math.min(message.touchedAt + msgTimeoutMs, atMost)
    return takenBackAt - this.#settings.connection.environment.now()
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
