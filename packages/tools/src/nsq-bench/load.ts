// Publishes as much as it may: on each connection some publishes are on their way at a time.
import { randomFillSync } from 'node:crypto'
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { delay } from '@nsq-ts/daemon'
import type { Producer } from '@nsq-ts/client'
import { RateLimit } from '../to-nsq/rate-limit.ts'
import { stamp } from './time-stamp.ts'

export interface LoadSettings {
  readonly producers: readonly Producer[]
  readonly topic: string
  readonly messageSize: number
  readonly batchSize: number
  readonly pipeline: number
  /** Messages a second; 0: as fast as it goes. */
  readonly rate: number
  /** Most messages in all; 0: no limit. */
  readonly count: number
}

/** Different bodies, so that compression has something to do. */
const BODIES = 64

export class Load {
  readonly #settings: LoadSettings
  readonly #limit: RateLimit
  readonly #bodies: Buffer[]
  /** From the publish to nsqd's answer, nanoseconds. */
  readonly answerTimes: RecordableHistogram = createHistogram()
  #begun = 0
  #published = 0

  constructor(settings: LoadSettings) {
    this.#settings = settings
    this.#limit = new RateLimit(settings.rate)
    this.#bodies = Array.from({ length: BODIES }, () => randomText(settings.messageSize))
  }

  /** Messages that nsqd has answered for. */
  get published(): number {
    return this.#published
  }

  /** Publishes until the signal aborts or the count is reached. @throws {Error} of the client, for the first failure */
  async run(stop: AbortSignal): Promise<void> {
    const { producers, pipeline } = this.#settings
    await Promise.all(
      producers.flatMap((producer) => Array.from({ length: pipeline }, () => this.#lane(producer, stop))),
    )
  }

  async #lane(producer: Producer, stop: AbortSignal): Promise<void> {
    const { topic, batchSize, count } = this.#settings
    while (!stop.aborted) {
      const left = count > 0 ? count - this.#begun : Infinity
      if (left <= 0) return
      const size = this.#limit.take(Math.min(batchSize, left))
      if (size === 0) {
        await delay(this.#limit.waitMs, stop)
        continue
      }
      this.#begun += size
      const startedAt = performance.now()
      await producer.publish(topic, size === 1 ? this.#body() : Array.from({ length: size }, () => this.#body()))
      this.answerTimes.record(Math.max(1, Math.round((performance.now() - startedAt) * 1e6)))
      this.#published += size
    }
  }

  /** A body with the time in it; the memory is its own. */
  #body(): Buffer {
    const body = Buffer.from(this.#bodies[Math.floor(Math.random() * BODIES)]!)
    stamp(body)
    return body
  }
}

function randomText(size: number): Buffer {
  return Buffer.from(randomFillSync(Buffer.alloc(size)).toString('base64').slice(0, size))
}
