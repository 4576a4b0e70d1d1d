// Where the messages of a consumer go: to a handler with so many at a time, or to a loop (message-stream.ts).
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
