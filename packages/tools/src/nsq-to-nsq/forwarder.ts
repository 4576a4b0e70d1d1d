// Publishes each message at its destination, or at all of them, and finishes it once that nsqd has answered that it holds it.
import { NsqError } from '@nsq-ts/client'
import type { Message, PublishOptions } from '@nsq-ts/client'
import { RESERVED_HEADER_PREFIX } from '@nsq-ts/protocol/headers'
import type { Chooser } from '../destinations/chooser.ts'
import type { NsqdDestination } from '../destinations/nsqd-destination.ts'
import type { Timings } from '../destinations/timings.ts'
import type { Log } from '../program/log.ts'
import type { JsonFilter } from './json-filter.ts'

export interface ForwarderSettings {
  readonly destinations: readonly Pick<NsqdDestination, 'address' | 'publish'>[]
  /** Undefined: all of them get every message. */
  readonly chooser: Chooser | undefined
  readonly filter: JsonFilter
  /** Empty: messages that a filter can't read are requeued. */
  readonly undecodableTopic: string
  readonly timings: Timings
  readonly log: Log
}

/** `refused`: the message is at fault, and neither the destination nor the others have to do with it. */
type Outcome = 'ok' | 'failed' | 'refused'

const MESSAGE_ERRORS: ReadonlySet<string> = new Set([
  'E_BAD_MESSAGE',
  'E_BAD_BODY',
  'E_BAD_TOPIC',
  'E_BAD_HEADERS',
  'ERR_NSQ_ENCODE',
])
const always = (): boolean => true
/** Characters of a body in the log. */
const SHOWN_MAX = 200

export class Forwarder {
  readonly #settings: ForwarderSettings

  constructor(settings: ForwarderSettings) {
    this.#settings = settings
  }

  /** Answers the message in every case, now or later. Never throws. @param topic to publish to */
  forward(message: Message, topic: string): void {
    const { filter, undecodableTopic, log } = this.#settings
    const verdict = filter.judge(message.raw)
    if (verdict.kind === 'pass') return this.#publish(message, topic, verdict.body)
    if (verdict.kind === 'drop') {
      message.finish()
      return
    }
    const shown = message.raw.toString('utf8', 0, SHOWN_MAX)
    if (verdict.kind === 'undecodable' && undecodableTopic !== '') {
      log.line(`WARNING: Unable to decode json, to ${undecodableTopic}: ${shown}`)
      return this.#publish(message, undecodableTopic, message.raw)
    }
    const reason = verdict.kind === 'missing' ? 'missing field to check required value' : 'Unable to decode json'
    log.line(`ERROR: ${reason}: ${shown}`)
    message.requeue({ backoff: false }) // the message is at fault; the others need not wait
  }

  #publish(message: Message, topic: string, body: Buffer): void {
    const { destinations, chooser } = this.#settings
    const startedAt = performance.now()
    const options = { headers: passedOn(message.headers) }
    if (chooser === undefined) {
      const all = destinations.map((_, index) => this.#publishAt(index, topic, body, options, startedAt))
      void Promise.all(all).then((outcomes) => {
        if (outcomes.every((outcome) => outcome === 'ok')) message.finish()
        else message.requeue({ backoff: outcomes.includes('failed') })
      })
      return
    }
    const index = chooser.choose(always)
    void this.#publishAt(index, topic, body, options, startedAt).then((outcome) => {
      if (outcome === 'refused') {
        message.requeue({ backoff: false })
        return
      }
      chooser.onResult(index, outcome === 'ok', performance.now() - startedAt)
      // While another destination works there is no reason for all to slow down.
      if (outcome === 'ok') message.finish()
      else message.requeue({ backoff: !chooser.hasAlternative(index) })
    })
  }

  /** Never rejects. */
  #publishAt(index: number, topic: string, body: Buffer, options: PublishOptions, startedAt: number): Promise<Outcome> {
    const { destinations, timings, log } = this.#settings
    const destination = destinations[index]!
    return destination.publish(topic, body, options).then(
      () => {
        timings.add(index, performance.now() - startedAt)
        return 'ok'
      },
      (error: Error) => {
        timings.add(index, performance.now() - startedAt)
        log.line(`ERROR: ${destination.address}: ${error.message}`)
        return error instanceof NsqError && MESSAGE_ERRORS.has(error.code) ? 'refused' : 'failed'
      },
    )
  }
}

/** Those that nsqd sets by itself say what became of the message where it comes from; nobody else may set them. */
function passedOn(headers: Message['headers']): Message['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(RESERVED_HEADER_PREFIX)))
}
