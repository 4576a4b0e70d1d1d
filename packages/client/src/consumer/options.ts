// What may be said about a consumer, with every default.
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import { type NodeSource, parseAddresses } from '../address.ts'
import type { Decoder } from '../codec.ts'
import {
  type ConnectionOptions,
  type ConnectionSettings,
  connectionSettings,
  requireRange,
} from '../connection/options.ts'
import type { DiscoveryOptions } from '../discovery/options.ts'
import { type Duration, toMs } from '../duration.ts'
import { type BackoffStrategy, exponential, fullJitter } from './backoff.ts'
import type { Message } from './message.ts'

/** Options of a consumer. Durations are milliseconds or text such as `'5s'`. */
export interface ConsumerOptions<Out> extends NodeSource, ConnectionOptions, DiscoveryOptions {
  topic: string
  channel: string
  /** How bodies become values. Default: none, a body is a Buffer. */
  codec?: Decoder<Out>
  /**
   * Most messages in flight to this consumer, over all nodes: being handled, or received ahead. Default: the concurrency of
   * run(), the size of batches(), 1 for iteration.
   */
  maxInFlight?: number
  /** Deliveries after which a message is given up, see onExhausted. 0: never. Default 0. */
  maxAttempts?: number
  /**
   * Called with a message that is given up: its handler threw at the last attempt, or it was delivered once more than
   * maxAttempts. It is finished when this returns, requeued when it throws. Default: it is just finished.
   */
  onExhausted?: (message: Message<Out>, reason: Error) => void | Promise<void>
  /** Delay of a requeue that names none, times the attempts so far. Default 90s. */
  requeueDelay?: Duration
  /** Longest such delay. Default 15m. */
  requeueDelayMax?: Duration
  /**
   * Slows the whole consumer down while messages fail: it stops, then tries one message at a time, after growing waits.
   * `false`: never. Default: exponential from 2s up to 2m.
   */
  backoff?: false | BackoffOptions
  /** Keep messages that are being handled from timing out, by TOUCH, up to nsqd's --max-msg-timeout. Default true. */
  autoTouch?: boolean
  /** Time after which nsqd takes back a message. 1s up to nsqd's maximum. Default: nsqd's (60s). */
  msgTimeout?: Duration
  /** Percent of the channel's messages to get, 1 to 99; the others are lost to the channel. Default: all. */
  sampleRate?: number
  /** How long close() waits for handlers. Default 30s. */
  closeTimeout?: Duration
  /** Called around each run of the handler, for tracing: call `next` to go on. */
  aroundMessage?: (message: Message<Out>, next: () => Promise<void>) => Promise<void>
}

/** How a consumer backs off. */
export interface BackoffOptions {
  /** Unit of the wait. Default 1s. */
  multiplier?: Duration
  /** Longest wait; a level whose wait would be longer is not entered. Default 2m. */
  max?: Duration
  /** `exponential`: multiplier times 2^level. `full-jitter`: a random part of that. Or a function of the level, in ms. */
  strategy?: 'exponential' | 'full-jitter' | BackoffStrategy
}

/** Options with every default filled in. */
export interface ConsumerSettings {
  topic: string
  channel: string
  connection: ConnectionSettings
  nsqd: string[]
  maxInFlight: number | undefined
  maxAttempts: number
  requeueDelayMs: number
  requeueDelayMaxMs: number
  /** Undefined: no backoff. */
  backoff: { strategy: BackoffStrategy; maxMs: number } | undefined
  autoTouch: boolean
  closeTimeoutMs: number
}

/** @throws {RangeError} naming the option that is wrong */
export function consumerSettings<Out>(options: ConsumerOptions<Out>): ConsumerSettings {
  if (!isValidTopicName(options.topic)) throw new RangeError(`topic: ${JSON.stringify(options.topic)} is no topic name`)
  if (!isValidChannelName(options.channel)) {
    throw new RangeError(`channel: ${JSON.stringify(options.channel)} is no channel name`)
  }
  requireRange('sampleRate', options.sampleRate ?? 0, 0, 99)
  if (options.maxInFlight !== undefined) requireRange('maxInFlight', options.maxInFlight, 0, Infinity)
  requireRange('maxAttempts', options.maxAttempts ?? 0, 0, 65_535)
  const nsqd = parseAddresses(options.nsqd)
  if (nsqd.length === 0 && (options.lookupd ?? []).length === 0)
    throw new RangeError('nsqd or lookupd: at least one address')
  const connection = connectionSettings(options)
  return {
    topic: options.topic,
    channel: options.channel,
    connection,
    nsqd,
    maxInFlight: options.maxInFlight,
    maxAttempts: options.maxAttempts ?? 0,
    requeueDelayMs: toMs(options.requeueDelay ?? 90_000, 'requeueDelay'),
    requeueDelayMaxMs: toMs(options.requeueDelayMax ?? 900_000, 'requeueDelayMax'),
    backoff:
      options.backoff === false
        ? undefined
        : backoffSettings(options.backoff ?? {}, () => connection.environment.random()),
    autoTouch: options.autoTouch ?? true,
    closeTimeoutMs: toMs(options.closeTimeout ?? 30_000, 'closeTimeout'),
  }
}

function backoffSettings(options: BackoffOptions, random: () => number): ConsumerSettings['backoff'] {
  const multiplierMs = toMs(options.multiplier ?? 1000, 'backoff.multiplier')
  const maxMs = toMs(options.max ?? 120_000, 'backoff.max')
  const { strategy = 'exponential' } = options
  if (typeof strategy === 'function') return { strategy, maxMs }
  return { strategy: strategy === 'exponential' ? exponential(multiplierMs) : fullJitter(multiplierMs, random), maxMs }
}
