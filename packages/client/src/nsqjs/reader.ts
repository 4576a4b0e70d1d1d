// A Consumer with the surface of the Reader of nsqjs 0.13.
import { EventEmitter } from 'node:events'
import { formatAddress, parseAddress } from '../address.ts'
import { Consumer } from '../consumer/consumer.ts'
import type { ConsumerOptions } from '../consumer/options.ts'
import type { Message as OurMessage } from '../consumer/message.ts'
import { consumerOptionsOf, type ReaderConnectionConfigOptions } from './config.ts'
import { Message } from './message.ts'

const REQUEUE_DELAY_MS = 90_000

/** Consumes one channel of a topic; `message` events carry {@link Message}s. */
export class Reader extends EventEmitter {
  static readonly ERROR = 'error'
  static readonly MESSAGE = 'message'
  static readonly READY = 'ready'
  static readonly NOT_READY = 'not_ready'
  static readonly DISCARD = 'discard'
  static readonly NSQD_CONNECTED = 'nsqd_connected'
  static readonly NSQD_CLOSED = 'nsqd_closed'

  /** The topic. */
  readonly topic: string
  /** The channel. */
  readonly channel: string
  readonly #options: ConsumerOptions<Buffer>
  readonly #requeueDelayMs: number
  readonly #maxAttempts: number
  readonly #connected = new Set<string>()
  readonly #consumer: Consumer
  #isConnecting = false

  /** @throws {Error} for options that nsqjs refuses as well, and for bad names */
  constructor(topic: string, channel: string, options: ReaderConnectionConfigOptions = {}) {
    super()
    this.topic = topic
    this.channel = channel
    this.#options = consumerOptionsOf(topic, channel, options)
    this.#requeueDelayMs = options.requeueDelay ?? REQUEUE_DELAY_MS
    this.#maxAttempts = options.maxAttempts ?? 0
    this.#consumer = new Consumer(this.#options)
    this.#consumer.on('connect', ({ address }) => this.#onConnect(address))
    this.#consumer.on('disconnect', ({ address, error }) => this.#onDisconnect(address, error))
    this.#consumer.on('error', (error) => this.#onError(error))
  }

  /** Begins; `ready` tells of the first connection. */
  connect(): void {
    if (this.#isConnecting) return
    this.#isConnecting = true
    void this.#consumer.run((message) => this.#onMessage(message), { concurrency: Infinity, manual: true })
  }

  /** Resolves when everything is closed; what the program still works on gets 5 s. (nsqjs returns its connections.) */
  close(): Promise<void> {
    return this.#consumer.close()
  }

  /** Stops the flow of messages; what is in flight goes on. */
  pause(): void {
    this.#consumer.pause()
  }

  /** Undoes pause(). */
  unpause(): void {
    this.#consumer.resume()
  }

  /** True between pause() and unpause(). */
  isPaused(): boolean {
    return this.#consumer.isPaused
  }

  /** Asks the nsqlookupds now. */
  queryLookupd(): void {
    this.#consumer.discover()
  }

  /** Consumes from one more nsqd. */
  connectToNSQD(host: string, port: number | string): void {
    this.#consumer.addNode(formatAddress(host, Number(port)))
  }

  /** Emits `discard` for a message beyond maxAttempts, if somebody listens, else `message`; finishes the former. */
  handleMessage(message: Message): void {
    const isExhausted = this.#maxAttempts > 0 && message.attempts > this.#maxAttempts
    const isDiscarded = isExhausted && this.listenerCount(Reader.DISCARD) > 0
    this.emit(isDiscarded ? Reader.DISCARD : Reader.MESSAGE, message)
    if (isExhausted) message.finish()
  }

  #onMessage(message: OurMessage): void {
    this.handleMessage(new Message(message, this.#requeueDelayMs, (hard) => message.timeLeft(hard)))
  }

  #onConnect(address: string): void {
    const { host, port } = parseAddress(address)
    this.#connected.add(address)
    this.emit(Reader.NSQD_CONNECTED, host, port)
    if (this.#connected.size === 1) this.emit(Reader.READY)
  }

  #onDisconnect(address: string, error: Error | undefined): void {
    const { host, port } = parseAddress(address)
    if (error !== undefined) this.#onError(error)
    const wasConnected = this.#connected.delete(address)
    this.emit(Reader.NSQD_CLOSED, host, port)
    if (wasConnected && this.#connected.size === 0) this.emit(Reader.NOT_READY)
  }

  /** Unlike an EventEmitter's `error`, this takes no process down that does not listen. */
  #onError(error: Error): void {
    if (this.listenerCount(Reader.ERROR) > 0) this.emit(Reader.ERROR, error)
  }
}
