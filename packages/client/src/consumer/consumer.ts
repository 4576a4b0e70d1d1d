// The consumer: connects to every node that has the topic, spreads maxInFlight over them, and hands messages to a handler, a
// loop, or in batches.
import { normalAddress } from '../address.ts'
import type { Decoder } from '../codec.ts'
import { processTracing } from '../diagnostics.ts'
import { Discovery } from '../discovery/discovery.ts'
import type { Duration } from '../duration.ts'
import type { Environment } from '../environment.ts'
import { ClosedError, HandlerError, messageOf, MessageLostError, type NsqError } from '../errors.ts'
import { Events } from '../events.ts'
import { Fifo } from '../fifo.ts'
import { durationOption, numberOption, requireRange } from '../option-value.ts'
import type { Outcome } from './backoff.ts'
import type { Batch, BatchOptions } from './batch.ts'
import { ConsumerNode, type ConsumerNodeOwner } from './consumer-node.ts'
import { Flow } from './flow.ts'
import type { LoopHost } from './loops.ts'
import { Message } from './message.ts'
import { type ConsumerOptions, type ConsumerSettings, consumerSettings, type DecoderNeeded } from './options.ts'
import { Ownership } from './ownership.ts'
import { HandlerPool, type Sink } from './sink.ts'

/** Handles one message. Returning finishes it, throwing requeues it and slows the consumer down, unless it was answered. */
export type Handler<Out> = (message: Message<Out>) => unknown

/** How a handler is run. */
export interface RunOptions {
  /** Most messages handled at a time. Default 1. */
  concurrency?: number
  /** The handler's end answers nothing: the program calls finish() or requeue(), then or later. Default false. */
  manual?: boolean
}

/** Events of a consumer. */
export interface ConsumerEvents<Out> {
  /** Subscribed at a node. */
  connect: { address: string }
  /** A node was lost, could not be reached or refused; it is tried again. */
  disconnect: { address: string; error: NsqError | undefined }
  /** Trouble of any kind: a handler that threw ({@link HandlerError}), an nsqlookupd that does not answer, an error frame. */
  error: NsqError
  /** The consumer slows down (level 1 and more), or flows fully again (level 0). */
  backoff: { level: number; waitMs: number }
  /** A message was given up. */
  exhausted: { message: Message<Out>; reason: Error }
}

/** Figures of a consumer, since it was made. */
export interface ConsumerStats {
  /** Messages, each delivery counted. */
  received: number
  /** Those given up included. */
  finished: number
  /** Requeued, those given back at the close included. */
  requeued: number
  /** Given up after maxAttempts; finished as well. */
  exhausted: number
  /** Received and not answered. */
  inFlight: number
  /** 0: full flow. */
  backoffLevel: number
  /** Each nsqd, subscribed or not. */
  nodes: { address: string; isSubscribed: boolean; rdy: number; inFlight: number }[]
}

/** nsqd lets go of a connection when 85 % of its RDY is in flight; so does go-nsq call it starved. */
const STARVED = 0.85

/**
 * Consumes one channel of a topic. Nothing happens before run(), batches() or iteration.
 *
 * ```ts
 * await using consumer = new Consumer({ topic: 'orders', channel: 'billing', nsqd: '127.0.0.1:4150', codec: json<Order>() })
 * await consumer.run(async (message) => bill(message.body), { concurrency: 10 })
 * ```
 */
export class Consumer<Out = Buffer> extends Events<ConsumerEvents<Out>> implements AsyncDisposable {
  readonly #options: ConsumerOptions<Out>
  readonly #settings: ConsumerSettings
  readonly #environment: Environment
  readonly #codec: Decoder<Out> | undefined
  readonly #nodes = new Map<string, ConsumerNode>()
  readonly #flow: Flow
  readonly #ownership: Ownership
  readonly #discovery: Discovery
  readonly #counts = { received: 0, finished: 0, requeued: 0, exhausted: 0 }
  readonly #ended: Promise<void>
  #resolveEnded!: () => void
  /** Nodes that are being left, until their messages are answered. */
  readonly #leaving = new Set<ConsumerNode>()
  #sink: Sink<Out> | undefined
  readonly #static: Set<string>
  #discovered: ReadonlySet<string> = new Set()
  #isStarted = false
  #closed: Promise<void> | undefined

  /**
   * Touches no network.
   * @throws {RangeError} naming the option that is wrong
   */
  constructor(options: ConsumerOptions<Out> & DecoderNeeded<Out>) {
    super()
    this.#options = options
    this.#settings = consumerSettings(options)
    this.#environment = this.#settings.connection.environment
    this.#codec = options.codec
    this.#static = new Set(this.#settings.nsqd)
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#ownership = new Ownership(this.#environment, this.#settings.autoTouch, () => [
      ...this.#nodes.values(),
      ...this.#leaving,
    ])
    this.#flow = new Flow(this.#settings.backoff, this.#environment, {
      onBackoff: (level, waitMs) => this.emit('backoff', { level, waitMs }),
      onError: (error) => this.emit('error', error),
    })
    this.#flow.maxInFlight = this.#settings.maxInFlight ?? 1
    this.#discovery = new Discovery(options, '/lookup', { topic: options.topic }, this.#environment, {
      onNodes: (addresses) => this.#onDiscovered(addresses),
      onError: (error) => this.emit('error', error),
    })
  }

  /**
   * Handles messages until close(). At once several consumers or processes may do so on one channel, which share its messages.
   *
   * @returns resolves when the consumer is closed; never rejects: trouble comes as `error` events, and is got over
   * @throws {RangeError | TypeError | ClosedError} at the call, for misuse
   */
  run(handler: Handler<Out>, options: RunOptions = {}): Promise<void> {
    const { manual = false } = options
    const concurrency = numberOption(options, 'concurrency', 1, 1, Infinity)
    const pool = new HandlerPool<Out>(concurrency, (message) => this.#handle(message, handler, manual))
    this.#start(pool, Number.isFinite(concurrency) ? concurrency : 1)
    return this.#ended
  }

  /**
   * Messages one after another. Asking for the next finishes the last, unless it was answered; leaving the loop early, by break
   * or an error, gives it back at once, so finish() it before a break. Ends when the consumer is closed.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message<Out>, void, undefined> {
    const { eachMessage } = await import('./loops.ts')
    yield* eachMessage(this.#loopHost())
  }

  /**
   * Messages in batches: handed out when full, when the oldest has waited long enough, or when nsqd may send no more. Asking for
   * the next finishes what of the last was not answered; leaving the loop early gives that back.
   */
  async *batches(options: BatchOptions): AsyncGenerator<Batch<Out>, void, undefined> {
    const size = numberOption(options, 'size', 0, 1, Infinity)
    const waitMs = durationOption(options, 'wait', 1000)
    const { eachBatch } = await import('./loops.ts')
    yield* eachBatch(this.#loopHost(), size, waitMs)
  }

  /** Stops the flow of messages; what is in flight goes on. */
  pause(): void {
    this.#flow.isPaused = true
  }

  /** Undoes pause(). */
  resume(): void {
    this.#flow.isPaused = false
  }

  /** True between pause() and resume(). */
  get isPaused(): boolean {
    return this.#flow.isPaused
  }

  /** Most messages in flight, over all nodes. May be changed at any time; 0 stops the flow. */
  get maxInFlight(): number {
    return this.#flow.maxInFlight
  }

  /** @throws {RangeError} when it is less than 0 */
  set maxInFlight(count: number) {
    requireRange('maxInFlight', count, 0, Infinity)
    this.#flow.maxInFlight = count
  }

  /** Consumes from one more nsqd. @throws {RangeError} when `address` is none */
  addNode(address: string): void {
    const normal = normalAddress(address)
    this.#static.add(normal)
    if (this.#isStarted) this.#addNode(normal)
  }

  /** Leaves an nsqd: what is in flight there is answered first. Discovery may find it again. */
  async removeNode(address: string): Promise<void> {
    const normal = normalAddress(address)
    this.#static.delete(normal)
    const node = this.#nodes.get(normal)
    if (node === undefined) return
    this.#nodes.delete(normal)
    this.#flow.remove(node)
    this.#leaving.add(node)
    await node.close()
    this.#leaving.delete(node)
  }

  /** Asks every nsqlookupd now, rather than when it is due. */
  discover(): void {
    this.#discovery.hurry()
  }

  /** True when a node is about to send no more before something is answered: a good moment to answer what was collected. */
  get isStarved(): boolean {
    for (const { inFlight, rdy } of this.#nodes.values()) {
      if (inFlight > 0 && inFlight >= Math.floor(STARVED * rdy)) return true
    }
    return false
  }

  /** Figures, as they are now. */
  get stats(): ConsumerStats {
    const nodes = [...this.#nodes.values()].map(({ address, isSubscribed, rdy, inFlight }) => {
      return { address, isSubscribed, rdy, inFlight }
    })
    const inFlight = nodes.reduce((sum, node) => sum + node.inFlight, 0)
    return { ...this.#counts, inFlight, backoffLevel: this.#flow.backoffLevel, nodes }
  }

  /**
   * Takes no more messages, gives back those nobody has begun with, waits for the handlers, then hangs up. Idempotent.
   *
   * @param options `timeout`: how long handlers get; what they have not answered by then is given back, and their signals
   *   abort. Default: the consumer's closeTimeout.
   */
  close(options: { timeout?: Duration } = {}): Promise<void> {
    const timeoutMs = durationOption(options, 'timeout', this.#settings.closeTimeoutMs)
    this.#closed ??= this.#closeOnce(timeoutMs)
    return this.#closed
  }

  /** close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Starting and streams

  #start(sink: Sink<Out>, maxInFlightDefault: number): void {
    if (this.#closed !== undefined) throw new ClosedError('consumer')
    if (this.#sink !== undefined) throw new TypeError('the consumer has a handler or a loop already')
    this.#sink = sink
    if (this.#settings.maxInFlight === undefined) this.#flow.maxInFlight = maxInFlightDefault
    this.#flow.isOpen = true
    if (this.#isStarted) return
    this.#isStarted = true
    for (const address of this.#static) this.#addNode(address)
    this.#ownership.watch()
    this.#discovery.start()
  }

  #loopHost(): LoopHost<Out> {
    return {
      environment: this.#environment,
      waiting: new Fifo(),
      open: (sink, maxInFlightDefault) => this.#start(sink, maxInFlightDefault),
      close: (sink, unanswered) => {
        if (this.#sink === sink) this.#sink = undefined
        this.#flow.isOpen = false // before anything is given back, or it would come here again
        giveBack(unanswered)
        giveBack(sink.close())
      },
      nodes: () => this.#nodes.values(),
    }
  }

  // Messages

  #onMessage(message: Message<Out>): void {
    const { maxAttempts } = this.#settings
    if (maxAttempts > 0 && message.attempts > maxAttempts) {
      void this.#exhaust(message, new HandlerError(`delivered ${message.attempts} times, ${maxAttempts} are allowed`))
    } else if (this.#sink === undefined) {
      giveBack([message])
    } else {
      this.#sink.push(message)
    }
  }

  /** Runs the handler and answers by its end. Never throws or rejects. @returns undefined when it has ended already */
  #handle(message: Message<Out>, handler: Handler<Out>, manual: boolean): void | Promise<void> {
    const isTraced = this.#options.aroundMessage !== undefined || processTracing.hasSubscribers
    try {
      const result = isTraced ? this.#handleTraced(message, handler) : handler(message)
      if (!isPromiseLike(result)) return this.#onHandled(message, manual)
      return Promise.resolve(result).then(
        () => this.#onHandled(message, manual),
        (error: unknown) => this.#onThrown(message, error),
      )
    } catch (error) {
      return this.#onThrown(message, error)
    }
  }

  #handleTraced(message: Message<Out>, handler: Handler<Out>): Promise<void> {
    const { topic, channel } = this.#settings
    const { aroundMessage } = this.#options
    const next = async (): Promise<void> => void (await handler(message))
    const run = async (): Promise<void> => (aroundMessage === undefined ? next() : aroundMessage(message, next))
    return processTracing.tracePromise(run, { topic, channel, message })
  }

  #onHandled(message: Message<Out>, manual: boolean): void {
    if (!manual) message.finish()
  }

  #onThrown(message: Message<Out>, cause: unknown): void | Promise<void> {
    const reason = new HandlerError(`the handler threw at attempt ${message.attempts}: ${messageOf(cause)}`, { cause })
    this.emit('error', reason)
    if (message.hasResponded || message.isLost) return
    const { maxAttempts } = this.#settings
    if (maxAttempts > 0 && message.attempts >= maxAttempts) return this.#exhaust(message, reason)
    message.requeue()
  }

  /** Gives a message up. Never rejects. */
  async #exhaust(message: Message<Out>, reason: Error): Promise<void> {
    try {
      await this.#options.onExhausted?.(message, reason)
    } catch (error) {
      this.emit('error', new HandlerError('onExhausted threw', { cause: error }))
      message.requeue()
      return
    }
    if (!message.giveUp()) return // the hook answered it itself, or it is lost
    this.#counts.exhausted++
    this.emit('exhausted', { message, reason })
  }

  // Nodes

  #onDiscovered(addresses: readonly string[]): void {
    this.#discovered = new Set(addresses)
    for (const address of addresses) this.#addNode(address)
    for (const node of this.#nodes.values()) this.#dropUnwanted(node)
  }

  #addNode(address: string): void {
    if (this.#nodes.has(address) || this.#closed !== undefined) return
    const node = new ConsumerNode(address, this.#settings, this.#nodeOwner)
    this.#nodes.set(address, node)
    node.start()
  }

  /** A node that works stays, whatever discovery says; one that does not, and that nobody lists, goes. */
  #dropUnwanted(node: ConsumerNode): void {
    const isWanted = this.#discovered.has(node.address) || this.#static.has(node.address)
    if (node.isSubscribed || isWanted || this.#closed !== undefined) return
    this.#nodes.delete(node.address)
    node.drop()
  }

  readonly #nodeOwner: ConsumerNodeOwner = {
    onSubscribed: (node) => {
      this.#flow.add(node)
      this.#ownership.watch()
      this.emit('connect', { address: node.address })
    },
    onNodeDown: (node, error, wasSubscribed) => {
      this.#flow.remove(node)
      if (wasSubscribed) this.#discovery.hurry()
      this.#dropUnwanted(node)
      if (this.#closed === undefined || error !== undefined) this.emit('disconnect', { address: node.address, error })
    },
    makeMessage: (data, receivedAt, node, bodyStart) => {
      this.#counts.received++
      return new Message<Out>(data, receivedAt, node, this.#codec, bodyStart)
    },
    onMessage: (message) => this.#onMessage(message as Message<Out>),
    onOutcome: (outcome: Outcome, isRequeue: boolean) => {
      if (isRequeue) this.#counts.requeued++
      else this.#counts.finished++
      if (this.#closed === undefined) this.#flow.onOutcome(outcome)
    },
    onSettled: () => this.#flow.onSettled(),
    onDepth: () => this.#flow.onDepth(),
    onError: (_node, error) => this.emit('error', error),
  }

  // Closing

  async #closeOnce(timeoutMs: number): Promise<void> {
    await Promise.resolve() // so that #closed is set: nothing may start from here on
    this.#flow.close()
    const nodes = [...this.#nodes.values(), ...this.#leaving]
    const drained = Promise.all(nodes.map((node) => node.close()))
    const discoveryClosed = this.#discovery.close()
    if (this.#sink !== undefined) giveBack(this.#sink.close())
    const timer = this.#environment.setTimer(() => {
      for (const node of nodes) node.abandon(new MessageLostError('the consumer was closed'))
    }, timeoutMs)
    await drained
    await discoveryClosed
    this.#environment.clearTimer(timer)
    this.#ownership.close()
    this.#resolveEnded()
  }
}

/** To the channel at once, for others; it is nobody's failure. */
function giveBack(messages: readonly Message<unknown>[]): void {
  for (const message of messages) message.requeue({ delay: 0, backoff: false })
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
