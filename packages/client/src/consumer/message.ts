// A message in a consumer's hands.
import { MESSAGE_ATTEMPTS_OFFSET, MESSAGE_BODY_OFFSET, MESSAGE_ID_OFFSET } from '@nsq-ts/protocol'
import { type Decoder, decodeBody } from '../codec.ts'
import { type Duration, toMs } from '../duration.ts'
import type { MessageLostError } from '../errors.ts'
import type { Outcome } from './backoff.ts'

/** Where the headers of a message begin that has some, behind their size (docs/protocol-extensions.md). */
export const HEADERS_OFFSET: number = MESSAGE_BODY_OFFSET + 4

/** The connection a message came from. */
export interface MessageOwner {
  readonly address: string
  /** Sends FIN. */
  finishMessage(message: Message<unknown>, outcome: Outcome): void
  /** Sends REQ. @param delayMs undefined: by the consumer's rule */
  requeueMessage(message: Message<unknown>, delayMs: number | undefined, outcome: Outcome): void
  /** Sends TOUCH. */
  touchMessage(message: Message<unknown>): void
  /** Milliseconds until nsqd takes the message back; with `hard` however often it is touched. */
  timeLeftMs(message: Message<unknown>, hard?: boolean): number
}

/** How to requeue. */
export interface RequeueOptions {
  /** Time before it is delivered again. Default: the consumer's requeueDelay times the attempts. */
  delay?: Duration
  /** Whether it counts as a failure that slows the consumer down. Default true. */
  backoff?: boolean
}

type State = 'open' | 'finished' | 'requeued' | 'lost'

/**
 * A message. Whoever gets one answers it once, by finish() or requeue(); handlers and loops do so by themselves when the
 * program has not. `Body` is what the consumer's codec makes of the bytes.
 */
export class Message<Body = Buffer> {
  /** 16 hexadecimal digits; unique per nsqd and topic. */
  readonly id: string
  /** Deliveries so far, this one included: 1 at the first. */
  readonly attempts: number
  /** The bytes of the body; they are this message's own. */
  readonly raw: Buffer
  /** When it came, by the environment's clock. For this package. */
  readonly receivedAt: number
  /** When its time last began anew, by the same clock. For this package. */
  touchedAt: number
  readonly #timestampHi: number
  readonly #timestampLo: number
  readonly #codec: Decoder<Body> | undefined
  readonly #owner: MessageOwner
  /** JSON until it is asked for. */
  #headers: string | Readonly<Record<string, string>>
  #state: State = 'open'
  #body: Body | undefined
  #isDecoded = false
  #loss: MessageLostError | undefined
  #controller: AbortController | undefined

  /**
   * @param data of a message frame, borrowed
   * @param bodyStart where its body begins: behind its headers, if it has some
   */
  constructor(
    data: Buffer,
    receivedAt: number,
    owner: MessageOwner,
    codec: Decoder<Body> | undefined,
    bodyStart: number,
  ) {
    this.id = data.toString('latin1', MESSAGE_ID_OFFSET, MESSAGE_BODY_OFFSET)
    this.attempts = data.readUInt16BE(MESSAGE_ATTEMPTS_OFFSET)
    this.raw = Buffer.from(data.subarray(bodyStart)) // a slice would keep the whole 64 KiB chunk alive
    this.#headers = data.toString('utf8', HEADERS_OFFSET, bodyStart) // mostly nothing: the body begins before that
    this.receivedAt = receivedAt
    this.touchedAt = receivedAt
    this.#timestampHi = data.readInt32BE(0)
    this.#timestampLo = data.readUInt32BE(4)
    this.#owner = owner
    this.#codec = codec
  }

  /** The body, decoded when first asked for. @throws {DecodeError} each time, when the codec cannot */
  get body(): Body {
    if (this.#isDecoded) return this.#body as Body
    this.#body = this.#codec === undefined ? (this.raw as unknown as Body) : decodeBody(this.#codec, this.raw)
    this.#isDecoded = true
    return this.#body
  }

  /**
   * What belongs to it beside its body, such as `traceparent`; names are in lower case. None from a server that does not know of
   * headers.
   */
  get headers(): Readonly<Record<string, string>> {
    if (typeof this.#headers === 'string') {
      this.#headers = JSON.parse(this.#headers || '{}') as Record<string, string>
    }
    return this.#headers
  }

  /** When it was published: nanoseconds since the Unix epoch. */
  get timestampNs(): bigint {
    return (BigInt(this.#timestampHi) << 32n) | BigInt(this.#timestampLo)
  }

  /** When it was published, to the millisecond. */
  get timestamp(): Date {
    return new Date(Number(this.timestampNs / 1_000_000n))
  }

  /** `host:port` of the nsqd it came from. */
  get address(): string {
    return this.#owner.address
  }

  /** True once it was finished or requeued. */
  get hasResponded(): boolean {
    return this.#state === 'finished' || this.#state === 'requeued'
  }

  /** True once it was requeued. */
  get isRequeued(): boolean {
    return this.#state === 'requeued'
  }

  /** True once nsqd has taken it back, or the connection to it is gone: it will be delivered again. */
  get isLost(): boolean {
    return this.#state === 'lost'
  }

  /** Aborts when the message is lost, with a {@link MessageLostError}: what the handler does then is done twice. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#loss !== undefined) this.#controller.abort(this.#loss)
    }
    return this.#controller.signal
  }

  /** Milliseconds until nsqd takes it back, unless it is touched; 0 when it has been answered or lost. */
  get timeLeftMs(): number {
    return this.timeLeft(false)
  }

  /** For this package: as timeLeftMs, and with `hard` however often it is touched. */
  timeLeft(hard: boolean): number {
    return this.#state === 'open' ? Math.max(0, this.#owner.timeLeftMs(this, hard)) : 0
  }

  /** Done: it leaves the channel. @returns false when it had been answered or lost before: nothing happens then */
  finish(): boolean {
    return this.#finish('success')
  }

  /** Back to the channel. @returns false when it had been answered or lost before: nothing happens then */
  requeue(options: RequeueOptions = {}): boolean {
    const delayMs = options.delay === undefined ? undefined : Math.ceil(toMs(options.delay, 'delay'))
    return this.#requeue(delayMs, options.backoff === false ? 'neutral' : 'failure')
  }

  /** Begins its time anew. @returns false when it has been answered or lost: nothing happens then */
  touch(): boolean {
    if (this.#state !== 'open') return false
    this.#owner.touchMessage(this)
    return true
  }

  /** For this package: given up after its last attempt. */
  giveUp(): boolean {
    return this.#finish('failure')
  }

  /** For this package: it is not ours any more. */
  lose(error: MessageLostError): void {
    if (this.#state !== 'open') return
    this.#state = 'lost'
    this.#loss = error
    this.#controller?.abort(error)
  }

  #finish(outcome: Outcome): boolean {
    if (this.#state !== 'open') return false
    this.#state = 'finished'
    this.#owner.finishMessage(this, outcome)
    return true
  }

  #requeue(delayMs: number | undefined, outcome: Outcome): boolean {
    if (this.#state !== 'open') return false
    this.#state = 'requeued'
    this.#owner.requeueMessage(this, delayMs, outcome)
    return true
  }
}
