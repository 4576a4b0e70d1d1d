// Dead letters: messages that are given up, kept in another topic with the reason and where they came from.
import type { Producer } from '../producer/producer.ts'
import type { Message } from './message.ts'

/** The JSON body of a dead letter. */
export interface DeadLetter {
  /** Why it was given up: name, code and text of the last error. */
  reason: { name: string; code: string | undefined; message: string }
  /** Where it was given up: its topic and channel, the nsqd as `host:port`, its id there. */
  origin: { topic: string; channel: string; address: string; id: string }
  /** Deliveries, the last included. */
  attempts: number
  /** When the message was first published, ISO 8601. */
  publishedAt: string
  /** When it was given up, ISO 8601. */
  failedAt: string
  /** The body as it was, base64. */
  body: string
  /** Its headers, if it had some. */
  headers?: Readonly<Record<string, string>>
}

/** Where dead letters go. */
export interface DeadLetterOptions {
  /** Publishes them; it must take bytes, so give it no codec. Whoever made it closes it. */
  producer: Producer
  /** Default: `<topic>.<channel>.dead`, shortened to 64 bytes. */
  topic?: string
  /** For tests: the time. */
  now?: () => Date
}

/** For onExhausted: what {@link deadLetter} needs to know of its consumer. */
export interface DeadLetterOrigin {
  /** The consumer's topic. */
  topic: string
  /** The consumer's channel. */
  channel: string
}

const NAME_SIZE_MAX = 64

/**
 * Makes an `onExhausted` that publishes to another topic. The message is finished once that is answered, and requeued when it
 * fails: none is dropped, some may come twice.
 *
 * ```ts
 * new Consumer({ topic, channel, nsqd, maxAttempts: 5, onExhausted: deadLetter({ topic, channel }, { producer }) })
 * ```
 */
export function deadLetter(
  origin: DeadLetterOrigin,
  options: DeadLetterOptions,
): (message: Message<unknown>, reason: Error) => Promise<void> {
  const topic = options.topic ?? deadLetterTopic(origin)
  return async (message, reason) => {
    const letter: DeadLetter = {
      reason: { name: reason.name, code: (reason as { code?: string }).code, message: reason.message },
      origin: { ...origin, address: message.address, id: message.id },
      attempts: message.attempts,
      publishedAt: message.timestamp.toISOString(),
      failedAt: (options.now?.() ?? new Date()).toISOString(),
      body: message.raw.toString('base64'),
      ...(Object.keys(message.headers).length > 0 && { headers: message.headers }),
    }
    await options.producer.publish(topic, JSON.stringify(letter))
  }
}

/** @returns the letter, with its body as bytes. @throws {SyntaxError | TypeError} when `bytes` is none */
export function readDeadLetter(bytes: Uint8Array): Omit<DeadLetter, 'body'> & { body: Buffer } {
  const letter = JSON.parse(Buffer.from(bytes).toString()) as DeadLetter
  if (typeof letter?.body !== 'string' || typeof letter.origin?.topic !== 'string')
    throw new TypeError('not a dead letter')
  return { ...letter, body: Buffer.from(letter.body, 'base64') }
}

function deadLetterTopic({ topic, channel }: DeadLetterOrigin): string {
  const plain = (name: string): string => name.replace(/#ephemeral$/, '')
  return `${`${plain(topic)}.${plain(channel)}`.slice(0, NAME_SIZE_MAX - '.dead'.length)}.dead`
}
