// Consumes and counts, and measures how old messages are that this process has sent.
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import type { Message } from '@nsq-ts/client'
import { age } from './time-stamp.ts'

export class Drain {
  /** From the publish to the handler, nanoseconds. */
  readonly ages: RecordableHistogram = createHistogram()
  #consumed = 0
  #lastAt = 0

  get consumed(): number {
    return this.#consumed
  }

  /** Milliseconds since the last message came, or since the start. */
  get idleMs(): number {
    return performance.now() - this.#lastAt
  }

  start(): void {
    this.#lastAt = performance.now()
  }

  readonly take = (message: Message): void => {
    this.#consumed++
    this.#lastAt = performance.now()
    const nanoseconds = age(message.raw)
    if (nanoseconds !== undefined) this.ages.record(nanoseconds)
    message.finish()
  }
}
