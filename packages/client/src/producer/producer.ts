// The producer: takes publishes, hands them to nodes at the end of the turn, and sees each one through to an answer, over
// lost connections and failing nodes.
import { isValidTopicName } from '@nsq-ts/protocol'
import { bytes as bytesCodec, type Encoder, encodeBody } from '../codec.ts'
import { publishTracing } from '../diagnostics.ts'
import { Discovery } from '../discovery/discovery.ts'
import { type Duration, toMs } from '../duration.ts'
import { durationOption } from '../option-value.ts'
import type { Environment } from '../environment.ts'
import { BufferFullError, ClosedError, type NsqError, UnsupportedError } from '../errors.ts'
import { Events } from '../events.ts'
import { DeadlineSweep } from './deadline-sweep.ts'
import type { Bodies, ExtendedPublishHost } from './extended-publish.ts'
import {
  type EncoderNeeded,
  type ProducerOptions,
  type ProducerSettings,
  producerSettings,
  type PublishOptions,
} from './options.ts'
import { ProducerNode, type ProducerNodeOwner } from './producer-node.ts'
import { type Extra, Publish, type ReplicaGroup } from './publish.ts'
import { Router } from './router.ts'

/** Events of a producer. */
export interface ProducerEvents {
  /** A node can be published to. */
  connect: { address: string }
  /** A node was lost, or could not be reached; it is tried again. */
  disconnect: { address: string; error: NsqError | undefined }
  /** Trouble that no call of yours reports. */
  error: NsqError
}

/** Figures of a producer, since it was made. */
export interface ProducerStats {
  /** Messages stored, as the servers answered. */
  published: number
  /** Messages whose publish was rejected. */
  failed: number
  /** Times a publish was sent again. */
  retried: number
  /** Messages that wait for an answer, or for a connection. */
  pendingMessages: number
  /** Bytes of their bodies. */
  pendingBytes: number
  /** Each nsqd, connected or not. */
  nodes: { address: string; isOpen: boolean }[]
}

/** --max-req-timeout of most servers: what DPUB takes. */
const HOUR_MS = 3_600_000

/** Errors that another try elsewhere may cure: the node failed, not the publish. */
const RETRIABLE: ReadonlySet<string> = new Set([
  'ERR_NSQ_CONNECTION',
  'ERR_NSQ_SERVER',
  'E_PUB_FAILED',
  'E_MPUB_FAILED',
  'E_DPUB_FAILED',
])

/**
 * Publishes messages. It connects at the first publish, or at connect(), and reconnects for ever; publishes wait meanwhile.
 *
 * ```ts
 * await using producer = new Producer({ nsqd: '127.0.0.1:4150', codec: json<Order>() })
 * await producer.publish('orders', { id: 1 })
 * ```
 */
export class Producer<In = Uint8Array | string> extends Events<ProducerEvents> implements AsyncDisposable {
  readonly #settings: ProducerSettings
  readonly #codec: Encoder<In>
  readonly #environment: Environment
  readonly #aroundPublish: ProducerOptions<In>['aroundPublish']
  readonly #router: Router
  readonly #discovery: Discovery
  readonly #sweep: DeadlineSweep
  readonly #waitingForChange = new Set<() => void>()
  #isDispatchScheduled = false
  #isStarted = false
  #closed: Promise<void> | undefined
  #pendingMessages = 0
  #pendingBytes = 0
  readonly #counts = { published: 0, failed: 0, retried: 0 }
  #validTopic = ''
  /** Undefined until it is loaded. */
  #publishMore: ((topic: string, body: Bodies, options: PublishOptions) => Promise<void>) | undefined
  #loading: Promise<void> | undefined

  /**
   * Touches no network.
   * @throws {RangeError} naming the option that is wrong
   */
  constructor(options: ProducerOptions<In> & EncoderNeeded<In>) {
    super()
    this.#settings = producerSettings(options)
    this.#codec = options.codec ?? (bytesCodec() as unknown as Encoder<In>)
    this.#environment = this.#settings.connection.environment
    this.#aroundPublish = options.aroundPublish
    this.#router = new Router((address) => this.#makeNode(address))
    this.#router.setStatic(this.#settings.nsqd)
    this.#discovery = new Discovery(options, '/nodes', {}, this.#environment, {
      onNodes: (addresses) => this.#router.setDiscovered(addresses),
      onError: (error) => this.emit('error', error),
    })
    this.#sweep = new DeadlineSweep(this.#environment, () => this.#outstanding())
  }

  /**
   * Publishes one message, or several at once; an array is always several messages, which nsqd takes all or none.
   * Resolves when the server has answered that it holds them. Order is that of the calls as long as nothing fails.
   *
   * @throws {TypeError | RangeError} for a bad topic name or option; {@link EncodeError}; {@link BufferFullError};
   *   {@link TimeoutError} and {@link ConnectionError}, after which the message may be stored or not; {@link ServerError} with the
   *   server's code; {@link ClosedError}; the reason of `signal`
   */
  publish(topic: string, body: In | readonly In[], options: PublishOptions = {}): Promise<void> {
    try {
      this.#requireOpen()
      return this.#publish(topic, this.#encode(topic, body), options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Connects ahead of the first publish. Resolves when one node can be published to.
   * @throws the reason of `signal`, when that aborts first; {@link ClosedError}
   */
  async connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#requireOpen()
    this.#start()
    options.signal?.throwIfAborted()
    while (!this.#router.isAnyOpen) {
      await this.#nextChange(options.signal)
      this.#requireOpen()
    }
  }

  /** Figures, as they are now. */
  get stats(): ProducerStats {
    return {
      ...this.#counts,
      pendingMessages: this.#pendingMessages,
      pendingBytes: this.#pendingBytes,
      nodes: this.#router.nodes.map(({ address, isOpen }) => ({ address, isOpen })),
    }
  }

  /**
   * Takes no more publishes, waits for the answers of those under way (each at most its timeout), and hangs up. Idempotent.
   * @param options `timeout`: what is not answered by then is rejected with {@link ClosedError}. Default: no limit of its own.
   */
  close(options: { timeout?: Duration } = {}): Promise<void> {
    this.#closed ??= this.#closeOnce(options.timeout === undefined ? undefined : toMs(options.timeout, 'timeout'))
    return this.#closed
  }

  /** close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // From the call to the queue

  #encode(topic: string, body: In | readonly In[]): Bodies {
    if (topic !== this.#validTopic) {
      if (!isValidTopicName(topic)) throw new RangeError(`${JSON.stringify(topic)} is no topic name`)
      this.#validTopic = topic
    }
    if (!Array.isArray(body)) return encodeBody(this.#codec, body as In)
    const bodies = (body as readonly In[]).map((each) => encodeBody(this.#codec, each))
    return bodies.length === 1 ? bodies[0]! : bodies
  }

  #publish(topic: string, body: Bodies, options: PublishOptions): Promise<void> {
    const { replicas = this.#settings.replicas, at, defer, headers } = options
    const isMore =
      replicas !== 1 ||
      (at ?? headers ?? this.#aroundPublish) !== undefined ||
      (defer !== undefined && (Array.isArray(body) || toMs(defer, 'defer') > HOUR_MS)) ||
      publishTracing.hasSubscribers
    // What is published while more is loaded waits, too: order is that of the calls.
    if (!isMore && this.#loading === undefined) return this.#enqueue(topic, body, options)
    if (this.#publishMore !== undefined) return this.#publishMore(topic, body, options)
    this.#loading ??= this.#loadMore().finally(() => (this.#loading = undefined))
    return this.#loading.then(() => this.#publish(topic, body, options))
  }

  /** Loads what only some programs need. */
  async #loadMore(): Promise<void> {
    const { publishExtended } = await import('./extended-publish.ts')
    const host: ExtendedPublishHost = {
      settings: this.#settings,
      aroundPublish: this.#aroundPublish,
      durationOption,
      UnsupportedError,
      enqueue: (topic, body, options, extra, group) => this.#enqueue(topic, body, options, extra, group),
    }
    this.#publishMore = publishExtended.bind(undefined, host)
  }

  #enqueue(topic: string, body: Bodies, options: PublishOptions, extra?: Extra, group?: ReplicaGroup): Promise<void> {
    const { signal } = options
    const count = body instanceof Uint8Array ? 1 : body.length
    if (count === 0) return Promise.resolve()
    const deferMs = extra === undefined ? Math.ceil(durationOption(options, 'defer', 0)) : 0
    const deadline = this.#environment.now() + durationOption(options, 'timeout', this.#settings.timeoutMs)
    if (signal?.aborted) throw signal.reason
    const size = sizeOf(body) + (extra?.size ?? 0)
    const { messagesMax, bytesMax } = this.#settings
    // One call that alone exceeds a bound is let through when nothing else waits: it could never be sent otherwise.
    const exceeds = this.#pendingMessages + count > messagesMax || this.#pendingBytes + size > bytesMax
    if (exceeds && this.#pendingMessages > 0) throw new BufferFullError(this.#pendingMessages, this.#pendingBytes)
    this.#pendingMessages += count
    this.#pendingBytes += size
    return new Promise((resolve, reject) => {
      const publish = new Publish(topic, body, deferMs, extra, size, deadline, (error) => {
        this.#onSettled(count, size, error)
        signal?.removeEventListener('abort', abort)
        if (error === undefined) resolve()
        else reject(error)
      })
      publish.group = group
      const abort = (): void => publish.settle(signal!.reason as Error)
      signal?.addEventListener('abort', abort, { once: true })
      this.#start()
      this.#sweep.watch(deadline)
      this.#router.add(publish)
      this.#scheduleDispatch()
    })
  }

  #onSettled(count: number, size: number, error: Error | undefined): void {
    this.#pendingMessages -= count
    this.#pendingBytes -= size
    if (error === undefined) this.#counts.published += count
    else this.#counts.failed += count
    if (this.#pendingMessages === 0) this.#tellChange()
  }

  /**
   * Later, so that publishes made together go out together: when nothing is under way, once the running code and its promises
   * have had their say; else at the end of the turn of the event loop, which gathers more and delays nobody who waits for answers.
   */
  #scheduleDispatch(): void {
    if (this.#isDispatchScheduled) return
    this.#isDispatchScheduled = true
    if (this.#router.isAllAnswered) process.nextTick(this.#dispatch)
    else setImmediate(this.#dispatch)
  }

  readonly #dispatch = (): void => {
    this.#isDispatchScheduled = false
    this.#router.dispatch()
  }

  #start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    for (const node of this.#router.nodes) node.start()
    this.#discovery.start()
  }

  // Nodes

  #makeNode(address: string): ProducerNode {
    const { connection, batch, answerTimeoutMs } = this.#settings
    const node = new ProducerNode(address, connection, batch, answerTimeoutMs, this.#nodeOwner)
    if (this.#isStarted) node.start()
    return node
  }

  readonly #nodeOwner: ProducerNodeOwner = {
    onNodeOpen: (node) => {
      this.emit('connect', { address: node.address })
      this.#tellChange()
      this.#scheduleDispatch()
    },
    onNodeDown: (node, error) => {
      this.#router.onDown(node)
      this.emit('disconnect', { address: node.address, error })
      this.#discovery.hurry()
      this.#scheduleDispatch()
    },
    onNodeRoom: () => this.#scheduleDispatch(),
    onError: (_node, error) => this.emit('error', error),
    onFailed: (node, publish, error) => {
      publish.group?.nodes.delete(node)
      if (publish.isSettled) return
      publish.lastError = error
      publish.failures++
      if (!RETRIABLE.has(error.code) || publish.failures > this.#settings.retries) return publish.settle(error)
      this.#counts.retried++
      ;(publish.failedAt ??= new Set()).add(node)
      this.#router.add(publish)
      this.#scheduleDispatch()
    },
    onUnsent: (node, publishes) => {
      this.#router.putBack(node, publishes)
      this.#scheduleDispatch()
    },
  }

  // Closing

  #requireOpen(): void {
    if (this.#closed !== undefined) throw new ClosedError('producer')
  }

  async #closeOnce(timeoutMs: number | undefined): Promise<void> {
    const timer =
      timeoutMs === undefined ? undefined : this.#environment.setTimer(() => this.#rejectOutstanding(), timeoutMs)
    await this.#loading
    this.#tellChange() // whoever waits in connect() sees that it is over
    while (this.#pendingMessages > 0) await this.#nextChange()
    this.#environment.clearTimer(timer)
    this.#sweep.close()
    await this.#discovery.close()
    await Promise.all(this.#router.nodes.map((node) => node.close()))
  }

  #rejectOutstanding(): void {
    for (const publish of this.#outstanding()) publish.settle(new ClosedError('producer'))
  }

  *#outstanding(): Generator<Publish> {
    yield* this.#router.waiting()
    for (const node of this.#router.nodes) yield* node.unanswered()
  }

  // Waiting for something to change: a node, or the last answer

  #nextChange(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const change = (): void => {
        this.#waitingForChange.delete(change)
        signal?.removeEventListener('abort', change)
        if (signal?.aborted) reject(signal.reason as Error)
        else resolve()
      }
      signal?.addEventListener('abort', change)
      this.#waitingForChange.add(change)
    })
  }

  #tellChange(): void {
    for (const change of this.#waitingForChange) change() // each takes itself out
  }
}

function sizeOf(body: Bodies): number {
  if (body instanceof Uint8Array) return body.length
  let size = 0
  for (const each of body) size += each.length
  return size
}
