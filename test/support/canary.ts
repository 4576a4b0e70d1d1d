import { fin, pub } from '@nsq-ts/protocol'
import type { NsqdProcess } from './nsqd-process.ts'
import type { V2Client } from './v2-client.ts'

/**
 * A well-behaved publisher and consumer that live beside whatever a test does to nsqd: one message after the other, each
 * answered, delivered and finished before the next. A message that is refused, lost, late or doubled fails `stop`.
 */
export class Canary {
  /** The longest that a message took from PUB to its arrival; this process's own delays are in it. */
  slowestMs = 0
  /** Messages that went all the way. */
  count = 0

  readonly #topic: string
  readonly #producer: V2Client
  readonly #consumer: V2Client
  readonly #flight: Promise<void>
  #stopping = false

  private constructor(topic: string, producer: V2Client, consumer: V2Client) {
    this.#topic = topic
    this.#producer = producer
    this.#consumer = consumer
    this.#flight = this.#fly()
    this.#flight.catch(() => {}) // told by stop()
  }

  static async release(nsqd: NsqdProcess, topic = 'canary'): Promise<Canary> {
    const consumer = await nsqd.connect()
    await consumer.subscribe(topic, 'canary', 1)
    return new Canary(topic, await nsqd.connect(), consumer)
  }

  /** One more message must come through; then it rests. @throws what went wrong at any time */
  async stop(): Promise<void> {
    this.#stopping = true
    try {
      await this.#flight
      await this.#turn()
    } finally {
      this.#producer.destroy()
      this.#consumer.destroy()
    }
  }

  async #fly(): Promise<void> {
    while (!this.#stopping) {
      await this.#turn()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  async #turn(): Promise<void> {
    const start = performance.now()
    const text = String(this.count)
    this.#producer.send(pub(this.#topic, Buffer.from(text)))
    await this.#producer.ok()
    const message = await this.#consumer.nextMessage()
    if (message.body.toString() !== text) throw new Error(`the canary got ${message.body.toString()} for ${text}`)
    this.#consumer.send(fin(message.id))
    this.slowestMs = Math.max(this.slowestMs, performance.now() - start)
    this.count++
  }
}
