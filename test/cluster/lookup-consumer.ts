import { Reader } from 'nsqjs'

/** What arrived on a channel, at whichever of its consumers. */
export class Received {
  readonly bodies = new Set<string>()
  /** When each node's last message arrived; `performance.now()`. */
  readonly #lastAt = new Map<string, number>()
  readonly #stallMs = new Map<string, number>()

  add(body: string): void {
    this.bodies.add(body)
    const node = body.split(' ')[0] ?? ''
    const now = performance.now()
    const stallMs = now - (this.#lastAt.get(node) ?? now)
    this.#lastAt.set(node, now)
    this.#stallMs.set(node, Math.max(stallMs, this.#stallMs.get(node) ?? 0))
  }

  /** The longest time without a message of that node, between its first and its last. */
  stallMs(node: string): number {
    return this.#stallMs.get(node) ?? Number.POSITIVE_INFINITY
  }

  /** The first few that are wanted and have not arrived. */
  missing(wanted: readonly string[]): string[] {
    return wanted.filter((body) => !this.bodies.has(body)).slice(0, 10)
  }
}

export interface LookupConsumerSettings {
  readonly lookupds: readonly string[]
  readonly pollIntervalS: number
  readonly topic: string
  readonly channel: string
  readonly received: Received
}

/** A consumer of nsqjs, the NSQ project's own library, that knows nothing but the nsqlookupds. */
export function consumeByLookup(settings: LookupConsumerSettings): Disposable {
  const { topic, channel, received } = settings
  const reader = new Reader(topic, channel, {
    lookupdHTTPAddresses: [...settings.lookupds],
    lookupdPollInterval: settings.pollIntervalS,
    maxInFlight: 60,
    messageTimeout: 5000,
  })
  reader.on('message', (message) => {
    received.add(message.body.toString())
    message.finish()
  })
  reader.on('error', () => {}) // connections break: that is what these tests are about
  reader.connect()
  return { [Symbol.dispose]: () => reader.close() }
}
