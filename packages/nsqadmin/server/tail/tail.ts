import { randomBytes } from 'node:crypto'
import { Consumer } from '@nsq-ts/client'
import type { ConnectionOptions, Message } from '@nsq-ts/client'
import type { TailMessage, TailOpen, TailStatus } from '../api-types.ts'
import { sampleFor } from './sample.ts'
import { TAIL_CHANNEL_PREFIX } from './tail-channel.ts'

export interface TailSettings {
  readonly topic: string
  /** `host:port` of the nsqds' TCP listeners, by the names of the nodes. */
  readonly nodes: ReadonlyMap<string, string>
  /** Messages a second that are shown. */
  readonly rate: number
  /** Percent; undefined: what the rate needs. */
  readonly sample: number | undefined
  /** What the topic carries, messages a second, as far as is known. */
  readonly flow: number
  readonly tls: ConnectionOptions['tls'] | undefined
  /** For nsqds that require AUTH; empty: none. */
  readonly authSecret: string
}

export interface TailListener {
  message(message: TailMessage): void
  status(status: TailStatus): void
}

/** Of a body, in bytes. */
const SHOWN_MAX = 16 * 1024
const STATUS_INTERVAL_MS = 1000
const IN_FLIGHT_MAX = 200

/**
 * Looks at the messages of a topic as they come, through a channel of its own, so that nobody else misses one. The channel is
 * ephemeral: nsqd drops it with the last connection. Everything that comes is finished at once; what is more than `rate` is counted,
 * not shown, and where a topic carries much more than that nsqd is asked for a sample only.
 */
export class Tail {
  readonly open: TailOpen
  readonly #settings: TailSettings
  readonly #consumer: Consumer
  readonly #listener: TailListener
  readonly #problems = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #shown = 0
  #skipped = 0
  #room: number

  constructor(settings: TailSettings, listener: TailListener) {
    this.#settings = settings
    this.#listener = listener
    this.#room = settings.rate
    const { topic, nodes, rate, tls, authSecret } = settings
    const sample = settings.sample ?? sampleFor(rate, settings.flow)
    const channel = `${TAIL_CHANNEL_PREFIX}${randomBytes(6).toString('hex')}#ephemeral`
    this.open = { channel, nodes: [...nodes.keys()], sample, rate }
    this.#consumer = new Consumer({
      topic,
      channel,
      nsqd: [...nodes.values()],
      maxInFlight: IN_FLIGHT_MAX * nodes.size,
      userAgent: 'nsqadmin-tail',
      backoff: false,
      closeTimeout: 1000,
      ...(tls !== undefined && { tls }),
      ...(authSecret !== '' && { authSecret }),
      ...(sample < 100 && { sampleRate: sample }),
    })
  }

  start(): void {
    const consumer = this.#consumer
    const nameOf = (address: string) => this.#nameOf(address)
    consumer.on('connect', ({ address }) => this.#problems.delete(nameOf(address)))
    consumer.on('disconnect', ({ address, error }) => {
      this.#problems.set(nameOf(address), reasonOf(error))
    })
    void consumer.run((message) => this.#onMessage(message), { concurrency: IN_FLIGHT_MAX }) // never rejects
    this.#timer = setInterval(() => this.#tick(), STATUS_INTERVAL_MS)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#consumer.close({ timeout: 0 })
  }

  #onMessage(message: Message): void {
    if (this.#room <= 0) {
      this.#skipped++
      return
    }
    this.#room--
    this.#shown++
    this.#listener.message(shown(message, this.#nameOf(message.address)))
  }

  #tick(): void {
    this.#room = this.#settings.rate
    const problems = Array.from(this.#problems, ([node, reason]) => `${node}: ${reason}`)
    this.#listener.status({ shown: this.#shown, skipped: this.#skipped, problems })
  }

  #nameOf(tcpAddress: string): string {
    for (const [node, address] of this.#settings.nodes) if (address === tcpAddress) return node
    return tcpAddress
  }
}

/** What the operator of nsqadmin can do about it, where it is for him to do something. */
function reasonOf(error: Error | undefined): string {
  const message = error?.message ?? 'the connection is lost'
  if (/requires AUTH/.test(message)) return 'it requires AUTH: nsqadmin needs --tail-auth-secret-file'
  if (/TLS required|tls_required/i.test(message)) {
    return 'it requires TLS: nsqadmin needs --http-client-tls-root-ca-file, or another of its TLS flags'
  }
  return message
}

function shown(message: Message, node: string): TailMessage {
  const { raw } = message
  const head = raw.subarray(0, SHOWN_MAX)
  const utf8 = asText(head, raw.length > SHOWN_MAX)
  return {
    id: message.id,
    timestamp: message.timestamp.getTime(),
    attempts: message.attempts,
    node,
    size: raw.length,
    body: utf8 ?? head.toString('base64'),
    encoding: utf8 === undefined ? 'base64' : 'utf8',
    truncated: raw.length > SHOWN_MAX,
  }
}

/** Undefined: it is no text. A text that was cut may end within a character, which is then left out. */
function asText(bytes: Uint8Array, cut: boolean): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut })
    // oxlint-disable-next-line no-control-regex -- what no text has, but what is binary by chance often does
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
