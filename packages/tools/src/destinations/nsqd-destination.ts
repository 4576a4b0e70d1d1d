// One nsqd that is published to, and whether that works at the moment:
//
//   idle --first publish--> trying --connected--> open --lost--> trying
//                             '--failed--> down --connected--> open
//
// While down (the producer goes on trying in the background) a publish fails at once, so that something else can be tried.
import { Producer, type PublishOptions } from '@nsq-ts/client'
import { producerOptions } from '../client-options/producer-options.ts'
import type { ClientOptions } from '../client-options/client-option.ts'
import type { Log } from '../program/log.ts'
import { logProducer } from '../source/client-log.ts'
import { construct, demandPort } from '../source/open-consumer.ts'

type State = 'idle' | 'trying' | 'open' | 'down'

interface Attempt {
  readonly outcome: Promise<void>
  readonly settle: (error?: Error) => void
}

export class NsqdDestination {
  readonly address: string
  readonly #producer: Producer
  #state: State = 'idle'
  #attempt: Attempt = makeAttempt()
  #lastError: Error = new Error('not connected')

  /** @throws {Refusal} for an address or options that can't be */
  constructor(tool: string, address: string, options: ClientOptions, log: Log) {
    demandPort(address)
    this.address = address
    this.#producer = construct(
      () => new Producer({ ...producerOptions(tool, options), dropUnsupportedHeaders: true, nsqd: address }),
    )
    logProducer(this.#producer, log)
    this.#producer.on('connect', () => this.#onConnect())
    this.#producer.on('disconnect', ({ error }) => this.#onDisconnect(error))
  }

  /**
   * Resolves when nsqd has answered that it holds the message, or all of several. Headers are left out where it takes none.
   * @throws {Error} the client's, at once while the nsqd can't be reached
   */
  publish(topic: string, body: Uint8Array | readonly Uint8Array[], options?: PublishOptions): Promise<void> {
    return this.#state === 'open'
      ? this.#producer.publish(topic, body, options)
      : this.#publishOnceOpen(topic, body, options)
  }

  /** Waits for the answers to what was published. */
  close(): Promise<void> {
    return this.#producer.close()
  }

  async #publishOnceOpen(
    topic: string,
    body: Uint8Array | readonly Uint8Array[],
    options: PublishOptions | undefined,
  ): Promise<void> {
    if (this.#state === 'down') throw this.#lastError
    if (this.#state === 'idle') {
      this.#state = 'trying'
      this.#producer.connect().catch((error: unknown) => this.#attempt.settle(error as Error)) // closed before it was open
    }
    await this.#attempt.outcome
    await this.#producer.publish(topic, body, options)
  }

  #onConnect(): void {
    this.#state = 'open'
    this.#attempt.settle()
  }

  #onDisconnect(error: Error | undefined): void {
    if (error !== undefined) this.#lastError = error
    if (this.#state === 'open') {
      this.#state = 'trying'
      this.#attempt = makeAttempt()
    } else {
      this.#state = 'down'
      this.#attempt.settle(this.#lastError)
    }
  }
}

function makeAttempt(): Attempt {
  let settle!: (error?: Error) => void
  const outcome = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error))
  })
  outcome.catch(() => undefined) // whoever waits for it hears of it; nobody may
  return { outcome, settle }
}
