import { mpub } from '@nsq-ts/protocol'
import { V2Client } from '../support/v2-client.ts'

const INTERVAL_MS = 20
const BATCH_COUNT = 5

/** Publishes `<node> <number>` to one nsqd at a steady rate, and remembers what was acknowledged. */
export class NumberedPublisher {
  /** Numbers below it were acknowledged, or are in `doubtful`. */
  count = 0
  /** Sent, and the connection broke before the answer: may have arrived or not. */
  readonly doubtful = new Set<number>()

  readonly #node: string
  readonly #topic: string
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(node: string, topic: string) {
    this.#node = node
    this.#topic = topic
  }

  get acknowledged(): string[] {
    const bodies: string[] = []
    for (let i = 0; i < this.count; i++) if (!this.doubtful.has(i)) bodies.push(`${this.#node} ${i}`)
    return bodies
  }

  /** Starts, or goes on with, publishing; ends by itself when the connection breaks. */
  start(port: number, host?: string): void {
    this.#stopping = false
    this.#running = this.#run(port, host)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(port: number, host?: string): Promise<void> {
    using client = await V2Client.connect(port, host === undefined ? {} : { host })
    while (!this.#stopping) {
      const numbers = Array.from({ length: BATCH_COUNT }, (_, i) => this.count + i)
      this.count += BATCH_COUNT
      const bodies = numbers.map((number) => Buffer.from(`${this.#node} ${number}`))
      client.send(mpub(this.#topic, bodies))
      try {
        await client.ok()
      } catch {
        for (const number of numbers) this.doubtful.add(number) // the test knows whom it killed
        return
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))
    }
  }
}
