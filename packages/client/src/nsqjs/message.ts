// A message with the surface of nsqjs 0.13.
import { EventEmitter } from 'node:events'
import type { Message as OurMessage } from '../consumer/message.ts'

/** What a Reader's `message` event carries. */
export class Message extends EventEmitter {
  static readonly BACKOFF = 'backoff'
  static readonly RESPOND = 'respond'
  static readonly FINISH = 0
  static readonly REQUEUE = 1
  static readonly TOUCH = 2

  /** 16 hexadecimal digits. */
  readonly id: string
  /** When it was published: nanoseconds since the Unix epoch. */
  readonly timestamp: bigint
  /** Deliveries so far, this one included. */
  readonly attempts: number
  /** Bytes as they came. */
  readonly body: Buffer
  /** When it came, ms since the Unix epoch. */
  readonly receivedOn: number = Date.now()
  /** When its time last began anew, ms since the Unix epoch. */
  lastTouched: number = this.receivedOn
  /** How often touch() was called. */
  touchCount = 0
  readonly #message: OurMessage
  readonly #requeueDelayMs: number
  readonly #timeLeft: (hard: boolean) => number
  #parsed: unknown

  /** @param timeLeft milliseconds until nsqd takes it back, whatever is touched with `hard` */
  constructor(message: OurMessage, requeueDelayMs: number, timeLeft: (hard: boolean) => number) {
    super()
    this.#message = message
    this.#requeueDelayMs = requeueDelayMs
    this.#timeLeft = timeLeft
    this.id = message.id
    this.timestamp = message.timestampNs
    this.attempts = message.attempts
    this.body = message.raw
  }

  /** True once it was finished or requeued. */
  get hasResponded(): boolean {
    return this.#message.hasResponded
  }

  /** True once nsqd has taken it back, or the connection is gone. */
  get timedOut(): boolean {
    return this.#message.isLost || (!this.hasResponded && this.timeUntilTimeout() === null)
  }

  /** The body as JSON, parsed once. */
  json(): unknown {
    if (this.#parsed === undefined) {
      try {
        this.#parsed = JSON.parse(this.body.toString())
      } catch (cause) {
        throw new Error('Invalid JSON in Message', { cause })
      }
    }
    return this.#parsed
  }

  /** Milliseconds until nsqd takes it back, or null when it has. @param hard the time that touch() cannot extend */
  timeUntilTimeout(hard = false): number | null {
    if (this.hasResponded || this.#message.isLost) return null
    const leftMs = this.#timeLeft(hard)
    return leftMs > 0 ? leftMs : null
  }

  /** Done: it leaves the channel. */
  finish(): void {
    if (this.#message.finish()) this.emit(Message.RESPOND, Message.FINISH)
  }

  /** @param delay milliseconds */
  requeue(delay: number = this.#requeueDelayMs, backoff = true): void {
    if (!this.#message.requeue({ delay, backoff })) return
    this.emit(Message.RESPOND, Message.REQUEUE)
    if (backoff) this.emit(Message.BACKOFF)
  }

  /** Begins its time anew. */
  touch(): void {
    if (!this.#message.touch()) return
    this.touchCount++
    this.lastTouched = Date.now()
    this.emit(Message.RESPOND, Message.TOUCH)
  }
}
