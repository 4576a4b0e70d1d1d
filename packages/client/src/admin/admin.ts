// Speaks to one nsqd of this project over HTTP, for an operator's program rather than a producer's or a consumer's.
import { type Duration, toMs } from '../duration.ts'
import { AdminError, ConnectionError } from '../errors.ts'
import type {
  AdminPublishOptions,
  DrainProgress,
  MessageState,
  PeekedMessage,
  PeekOptions,
  PeekPage,
  RedriveOptions,
  RedriveProgress,
  RetryPolicy,
  RetryPolicyChange,
  Rewound,
} from './types.ts'

/** Which nsqd, and how to ask it. */
export interface AdminOptions {
  /** HTTP address of an nsqd of this project: `host:port`, or a URL. */
  readonly nsqd: string
  /** Of --http-auth-file; needs the role admin. */
  readonly token?: string
  /** For each request. Default 10s. */
  readonly timeout?: Duration
}

type Query = Readonly<Record<string, string | number | undefined>>

const PAGE = 100

/**
 * What one nsqd of this project offers over HTTP beyond the original: messages to look at, to finish and to requeue, schedules,
 * retries, dead letters, replay, draining. The original answers most of it with 404.
 *
 * @throws {AdminError} from every method: nsqd's own code, such as CHANNEL_NOT_FOUND; {@link ConnectionError} without an answer
 */
export class Admin {
  readonly #url: string
  readonly #token: string | undefined
  readonly #timeoutMs: number

  /** @throws {TypeError} for an address that is none. @throws {RangeError} for a timeout that is none */
  constructor(options: AdminOptions) {
    this.#url = new URL(/^https?:\/\//.test(options.nsqd) ? options.nsqd : `http://${options.nsqd}`).origin
    this.#token = options.token
    this.#timeoutMs = toMs(options.timeout ?? '10s', 'timeout')
  }

  // ---- messages for later ----

  /** Publishes a message: now, at a time, or so long from now, up to nsqd's --max-defer; perhaps with headers. */
  async publish(topic: string, body: string | Uint8Array, options: AdminPublishOptions = {}): Promise<void> {
    const { at, defer, headers = {} } = options
    const query = {
      topic,
      at: at === undefined ? undefined : Number(at),
      defer: defer === undefined ? undefined : goDuration(defer),
    }
    const lines = Object.entries(headers).map(([name, value]) => [`x-nsq-header-${name}`, httpText(value)])
    await this.#ask('POST', '/pub', query, body, Object.fromEntries(lines) as Record<string, string>)
  }

  /** Deferred messages by due time. @param from leaves out what is due earlier */
  async deferred(
    topic: string,
    channel: string,
    { from, ...options }: Omit<PeekOptions, 'state'> & { readonly from?: Date } = {},
  ): Promise<PeekPage> {
    const query = { topic, channel, from: from?.toISOString(), ...peekQuery(options) }
    return pageOf(await this.#json('GET', '/channel/deferred', query))
  }

  /** The message is never delivered on that channel. */
  async cancel(topic: string, channel: string, id: string): Promise<void> {
    await this.#ask('POST', '/channel/deferred/cancel', { topic, channel, id })
  }

  /** The deferred message is delivered now. */
  async deliver(topic: string, channel: string, id: string): Promise<void> {
    await this.#ask('POST', '/channel/deferred/deliver', { topic, channel, id })
  }

  // ---- looking ----

  /** One page of messages. @param channel null: what waits in the topic itself */
  async peek(topic: string, channel: string | null, options: PeekOptions = {}): Promise<PeekPage> {
    const query = peekQuery(options)
    if (channel === null) return pageOf(await this.#json('GET', '/topic/peek', { topic, ...query }))
    return pageOf(await this.#json('GET', '/channel/peek', { topic, channel, ...query }))
  }

  /** All messages, page by page; what is consumed meanwhile may shift what comes after it. */
  async *messages(
    topic: string,
    channel: string | null,
    options: Omit<PeekOptions, 'limit'> = {},
  ): AsyncGenerator<PeekedMessage, void, undefined> {
    for (let offset: number | null = options.offset ?? 0; offset !== null;) {
      const page: PeekPage = await this.peek(topic, channel, { ...options, limit: PAGE, offset })
      yield* page.messages
      offset = page.next
    }
  }

  /** Where the messages of a topic are: its channels, or null, the topic itself, if it has none, or does not exist. */
  async channels(topic: string): Promise<(string | null)[]> {
    const { topics } = await this.#json('GET', '/stats', { format: 'json', topic, include_mem: 'false' })
    const [found] = (topics ?? []) as { channels: { channel_name: string }[] }[]
    const names = found?.channels.map(({ channel_name }) => channel_name) ?? []
    return names.length === 0 ? [null] : names
  }

  /** Ends a message on a channel, whatever state it is in. */
  async finish(topic: string, channel: string, id: string): Promise<void> {
    await this.#ask('POST', '/channel/message/finish', { topic, channel, id })
  }

  /** Puts a message at the end of the line, or defers it. */
  async requeue(topic: string, channel: string, id: string, defer?: Duration): Promise<void> {
    const query = { topic, channel, id, defer: defer === undefined ? undefined : goDuration(defer) }
    await this.#ask('POST', '/channel/message/requeue', query)
  }

  // ---- messages that fail ----

  /** What becomes of messages of the channel that fail. */
  async retries(topic: string, channel: string): Promise<RetryPolicy> {
    return policyOf(await this.#json('GET', '/channel/retries', { topic, channel }))
  }

  /** @returns what holds now */
  async changeRetries(topic: string, channel: string, change: RetryPolicyChange): Promise<RetryPolicy> {
    const query = {
      topic,
      channel,
      max_attempts: textOf(change.maxAttempts),
      dead_letter_topic: textOf(change.deadLetterTopic),
      backoff: change.backoff === null ? '' : change.backoff?.map(goDuration).join(','),
      jitter: textOf(change.jitter),
    }
    return policyOf(await this.#json('POST', '/channel/retries', query))
  }

  /** Begins to send dead letters back to the channel that they came from; it goes on by itself. */
  async redrive(topic: string, channel: string, options: RedriveOptions = {}): Promise<RedriveProgress> {
    return progressOf(await this.#json('POST', '/channel/redrive', { topic, channel, ...options }))
  }

  /** How far it has come. */
  async redriveProgress(topic: string, channel: string): Promise<RedriveProgress> {
    return progressOf(await this.#json('GET', '/channel/redrive', { topic, channel }))
  }

  /** Ends it; what was sent back stays. */
  async stopRedrive(topic: string, channel: string): Promise<void> {
    await this.#ask('POST', '/channel/redrive/stop', { topic, channel })
  }

  // ---- once more ----

  /** Delivers again what was published since a time, as far as nsqd keeps it (--retain-for, --retain-bytes). */
  async rewind(topic: string, channel: string, to: Date | number): Promise<Rewound> {
    return rewoundOf(await this.#json('POST', '/channel/rewind', { topic, channel, to: isoOf(to) }))
  }

  /** Makes a channel that begins at a time rather than now; rejects with CHANNEL_EXISTS where there is one. */
  async createChannelFrom(topic: string, channel: string, from: Date | number): Promise<Rewound> {
    return rewoundOf(await this.#json('POST', '/channel/create', { topic, channel, from: isoOf(from) }))
  }

  // ---- taking out of service ----

  /** Publishes are refused, nsqlookupd forgets this nsqd, and it leaves when it is empty, or the time is over. */
  async drain({ timeout }: { readonly timeout?: Duration } = {}): Promise<DrainProgress> {
    const query = { timeout: timeout === undefined ? undefined : goDuration(timeout) }
    return drainOf(await this.#json('PUT', '/config/drain', query, 'true'))
  }

  /** How far it is from being empty. */
  async drainProgress(): Promise<DrainProgress> {
    return drainOf(await this.#json('GET', '/config/drain', {}))
  }

  /** Takes publishes again. @returns what holds now */
  async cancelDrain(): Promise<DrainProgress> {
    return drainOf(await this.#json('PUT', '/config/drain', {}, 'false'))
  }

  async #json(method: string, path: string, query: Query, body?: string): Promise<Json> {
    return JSON.parse(await this.#ask(method, path, query, body)) as Json
  }

  async #ask(
    method: string,
    path: string,
    query: Query,
    body?: string | Uint8Array,
    lines: Record<string, string> = {},
  ): Promise<string> {
    const entries = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    const search = new URLSearchParams()
    for (const [name, value] of entries) search.set(name, String(value))
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const headers = { ...lines, ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }) }
    let status: number
    let text: string
    try {
      const answer = await fetch(`${this.#url}${path}?${search.toString()}`, {
        method,
        headers,
        signal,
        body: body ?? null,
      })
      status = answer.status
      text = await answer.text()
    } catch (cause) {
      throw new ConnectionError(this.#url, `${method} ${path} failed - ${reasonOf(cause)}`, { cause })
    }
    if (status >= 400) throw new AdminError(this.#url, status, text)
    return text
  }
}

type Json = Readonly<Record<string, unknown>>

interface MessageJson {
  readonly id: string
  readonly state: MessageState
  readonly timestamp: string
  readonly attempts: number
  readonly size: number
  readonly body: string
  readonly headers?: Record<string, string>
  readonly due?: string
  readonly delivered_at?: string
  readonly times_out_at?: string
  readonly consumer?: { readonly client_id?: string; readonly hostname?: string; readonly remote_address?: string }
}

function peekQuery({ bodyMax, contains, limit, offset, state }: PeekOptions): Query {
  return { encoding: 'base64', body_max: bodyMax, contains, limit, offset, state }
}

function pageOf(page: Json): PeekPage {
  const { count, messages, next } = page as unknown as { count: number; next: number | null; messages: MessageJson[] }
  return { count, next, messages: messages.map(messageOf) }
}

function messageOf(message: MessageJson): PeekedMessage {
  const { attempts, consumer, headers = {}, id, size, state } = message
  return {
    id,
    state,
    timestamp: new Date(message.timestamp),
    attempts,
    body: Buffer.from(message.body, 'base64'),
    size,
    headers,
    due: dateOf(message.due),
    consumer: consumer && {
      clientId: consumer.client_id ?? '',
      hostname: consumer.hostname ?? '',
      remoteAddress: consumer.remote_address ?? '',
    },
    deliveredAt: dateOf(message.delivered_at),
    timesOutAt: dateOf(message.times_out_at),
  }
}

function policyOf(json: Json): RetryPolicy {
  const { backoff, dead_letter_topic, jitter, max_attempts } = json
  return {
    maxAttempts: Number(max_attempts),
    deadLetterTopic: String(dead_letter_topic),
    backoff: String(backoff),
    jitter: Number(jitter),
  }
}

function progressOf({ error, running, sent }: Json): RedriveProgress {
  return { running: running === true, sent: Number(sent), error: typeof error === 'string' ? error : undefined }
}

function rewoundOf({ complete, deferred, depth, from, in_flight, messages }: Json): Rewound {
  return {
    messages: Number(messages),
    complete: complete === true,
    from: typeof from === 'string' ? new Date(from) : undefined,
    depth: Number(depth),
    inFlight: Number(in_flight),
    deferred: Number(deferred),
  }
}

function drainOf({ deferred = 0, draining, in_flight = 0, topics = [], waiting = 0 }: Json): DrainProgress {
  return {
    draining: draining === true,
    waiting: Number(waiting),
    inFlight: Number(in_flight),
    deferred: Number(deferred),
    topics: topics as string[],
  }
}

function isoOf(time: Date | number): string {
  return new Date(time).toISOString()
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

/** Empty gives it back to the options, undefined leaves it as it is. */
function textOf(value: string | number | null | undefined): string | undefined {
  return value === undefined ? undefined : String(value ?? '')
}

/** HTTP takes characters of one byte; what nsqd reads is UTF-8. */
function httpText(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** As nsqd reads durations. */
function goDuration(duration: Duration): string {
  return `${toMs(duration, 'duration')}ms`
}

/** fetch keeps what happened to the connection in its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message : message
}
