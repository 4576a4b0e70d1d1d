// What may be said about a consumer, with every default.
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import { type NodeSource, parseNodeSource } from '../address.ts'
import type { Decoder } from '../codec.ts'
import type { ConnectionOptions } from '../connection/options.ts'
import { type ConnectionSettings, connectionSettings } from '../connection/settings.ts'
import type { DiscoveryOptions } from '../discovery/options.ts'
import type { Duration } from '../duration.ts'
import { durationOption, numberOption, requireRange } from '../option-value.ts'
import { type BackoffStrategy, exponential, fullJitter } from './backoff.ts'
import type { Message } from './message.ts'

/** Options of a consumer. Durations are milliseconds or text such as `'5s'`. */
export interface ConsumerOptions<Out> extends NodeSource, ConnectionOptions, DiscoveryOptions {
  /** Name of the topic, 1 to 64 of `.a-zA-Z0-9_-`, perhaps with `#ephemeral` behind. */
  topic: string
  /** Name of the channel, by the same rule. */
  channel: string
  /** How bodies become values. Needed for a consumer of anything but Buffers. Default: none, a body is a Buffer. */
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
  /**
   * Have nsqds that can tell how much waits there, and spread maxInFlight to where messages are; with `false` by turns alone, as over
   * others. Default true.
   */
  depthHint?: boolean
  /** How long close() waits for handlers. Default 30s. */
  closeTimeout?: Duration
  /** Called around each run of the handler, for tracing: call `next` to go on. */
  aroundMessage?: (message: Message<Out>, next: () => Promise<void>) => Promise<void>
}

/** What the types ask for beside {@link ConsumerOptions}: a codec, unless a Buffer is what the program expects. */
export type DecoderNeeded<Out> = [Buffer] extends [Out] ? unknown : { codec: Decoder<Out> }

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
  const { topic, channel, maxInFlight, backoff = {} } = options
  if (!isValidTopicName(topic)) throw new RangeError(`topic: ${JSON.stringify(topic)} is no topic name`)
  if (!isValidChannelName(channel)) throw new RangeError(`channel: ${JSON.stringify(channel)} is no channel name`)
  requireRange('maxInFlight', maxInFlight ?? 0, 0, Infinity)
  const connection = connectionSettings(options)
  return {
    topic,
    channel,
    connection,
    nsqd: parseNodeSource(options),
    maxInFlight,
    maxAttempts: numberOption(options, 'maxAttempts', 0, 0, 65_535),
    requeueDelayMs: durationOption(options, 'requeueDelay', 90_000),
    requeueDelayMaxMs: durationOption(options, 'requeueDelayMax', 900_000),
    backoff: backoff === false ? undefined : backoffSettings(backoff, () => connection.environment.random()),
    autoTouch: options.autoTouch ?? true,
    closeTimeoutMs: durationOption(options, 'closeTimeout', 30_000),
  }
}

function backoffSettings(options: BackoffOptions, random: () => number): ConsumerSettings['backoff'] {
  const multiplierMs = durationOption(options, 'multiplier', 1000)
  const maxMs = durationOption(options, 'max', 120_000)
  const { strategy = 'exponential' } = options
  if (typeof strategy === 'function') return { strategy, maxMs }
  return { strategy: strategy === 'exponential' ? exponential(multiplierMs) : fullJitter(multiplierMs, random), maxMs }
}
