// Where the messages of a consumer go when a loop asks for them.
import type { Environment, Timer } from '../environment.ts'
import type { Fifo } from '../fifo.ts'
import type { Message } from './message.ts'
import type { Sink } from './sink.ts'

/** Hands messages to whoever asks, one at a time. */
export class MessageStream<Out> implements Sink<Out> {
  readonly #waiting: Fifo<Message<Out>>
  readonly #environment: Environment
  #asking: ((message: Message<Out> | undefined) => void) | undefined
  #isClosed = false

  /** @param waiting empty; the stream's own from here on */
  constructor(environment: Environment, waiting: Fifo<Message<Out>>) {
    this.#environment = environment
    this.#waiting = waiting
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
