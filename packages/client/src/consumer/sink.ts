// Where the messages of a consumer go: to a handler with so many at a time, or to whoever asks for the next one.
import type { Timer } from '../environment.ts'
import type { Environment } from '../environment.ts'
import { Fifo } from '../fifo.ts'
import type { Message } from './message.ts'

/** Takes messages in. */
export interface Sink<Out> {
  push(message: Message<Out>): void
  /** Gives up those that nobody has begun with, and takes no more. */
  close(): Message<Out>[]
}

/** Runs a handler for so many messages at a time. */
export class HandlerPool<Out> implements Sink<Out> {
  readonly #waiting = new Fifo<Message<Out>>()
  readonly #handle: (message: Message<Out>) => void | Promise<void>
  readonly #concurrency: number
  #running = 0

  /** @param handle answers the message in every case; never throws or rejects */
  constructor(concurrency: number, handle: (message: Message<Out>) => void | Promise<void>) {
    this.#concurrency = concurrency
    this.#handle = handle
  }

  push(message: Message<Out>): void {
    if (this.#running < this.#concurrency && this.#waiting.size === 0) this.#start(message)
    else this.#waiting.push(message)
  }

  close(): Message<Out>[] {
    return this.#waiting.drain()
  }

  readonly #onDone = (): void => {
    this.#running--
    while (this.#running < this.#concurrency && this.#waiting.size > 0) this.#start(this.#waiting.shift()!)
  }

  #start(message: Message<Out>): void {
    if (message.isLost) return // while it waited; someone else gets it
    const running = this.#handle(message)
    if (running === undefined) return
    this.#running++
    void running.then(this.#onDone)
  }
}

/** Hands messages to whoever asks, one at a time. */
export class MessageStream<Out> implements Sink<Out> {
  readonly #waiting = new Fifo<Message<Out>>()
  readonly #environment: Environment
  #asking: ((message: Message<Out> | undefined) => void) | undefined
  #isClosed = false

  constructor(environment: Environment) {
    this.#environment = environment
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  push(message: Message<Out>): void {
    if (this.#asking === undefined) this.#waiting.push(message)
    else this.#answer(message)
  }

  /**
   * @param timeoutMs how long to wait; default for ever
   * @returns undefined when the time is over or the stream is closed
   */
  next(timeoutMs = Infinity): Promise<Message<Out> | undefined> {
    while (this.#waiting.size > 0) {
      const message = this.#waiting.shift()!
      if (!message.isLost) return Promise.resolve(message)
    }
    if (this.#isClosed || timeoutMs <= 0) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      let timer: Timer | undefined
      if (timeoutMs !== Infinity) timer = this.#environment.setTimer(() => this.#answer(undefined), timeoutMs)
      this.#asking = (message) => {
        this.#environment.clearTimer(timer)
        resolve(message)
      }
    })
  }

  close(): Message<Out>[] {
    this.#isClosed = true
    this.#answer(undefined)
    return this.#waiting.drain()
  }

  #answer(message: Message<Out> | undefined): void {
    const asking = this.#asking
    this.#asking = undefined
    asking?.(message)
  }
}
