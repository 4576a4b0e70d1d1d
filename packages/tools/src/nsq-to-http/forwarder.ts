// Sends each message to its endpoint, or to all of them, and answers it as that went.
import type { Message } from '@nsq-ts/client'
import type { Chooser } from '../destinations/chooser.ts'
import type { Timings } from '../destinations/timings.ts'
import type { Log } from '../program/log.ts'
import type { Endpoint } from './endpoint.ts'

export interface ForwarderSettings {
  readonly endpoints: readonly Endpoint[]
  readonly addresses: readonly string[]
  /** Undefined: all of them get every message. */
  readonly chooser: Chooser | undefined
  /** Share of the messages that are sent. */
  readonly sample: number
  readonly timings: Timings
  readonly log: Log
}

export class Forwarder {
  readonly #settings: ForwarderSettings

  constructor(settings: ForwarderSettings) {
    this.#settings = settings
  }

  /** Answers the message in every case. */
  async forward(message: Message): Promise<void> {
    const { sample, chooser } = this.#settings
    if (sample < 1 && Math.random() >= sample) {
      message.finish()
    } else if (chooser === undefined) {
      await this.#toAll(message)
    } else {
      await this.#toOne(message, chooser)
    }
  }

  async #toOne(message: Message, chooser: Chooser): Promise<void> {
    const { endpoints } = this.#settings
    const index = chooser.choose((index) => endpoints[index]?.hasRoom === true)
    const startedAt = performance.now()
    const isOk = await this.#send(index, message.raw)
    chooser.onResult(index, isOk, performance.now() - startedAt)
    // While another endpoint works there is no reason for all to slow down.
    if (isOk) message.finish()
    else message.requeue({ backoff: !chooser.hasAlternative(index) })
  }

  /** In their order; the first failure is the message's, and those before it get it again. */
  async #toAll(message: Message): Promise<void> {
    for (const index of this.#settings.endpoints.keys()) {
      if (await this.#send(index, message.raw)) continue
      message.requeue()
      return
    }
    message.finish()
  }

  async #send(index: number, body: Buffer): Promise<boolean> {
    const { endpoints, addresses, timings, log } = this.#settings
    const startedAt = performance.now()
    try {
      await endpoints[index]?.send(body)
      timings.add(index, performance.now() - startedAt)
      return true
    } catch (error) {
      log.line(`ERROR: ${addresses[index]}: ${error instanceof Error ? error.message || error.name : String(error)}`)
      return false
    }
  }
}
