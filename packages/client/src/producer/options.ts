// What may be said about a producer, with every default.
import { type NodeSource, parseNodeSource } from '../address.ts'
import type { Encoder } from '../codec.ts'
import type { ConnectionOptions } from '../connection/options.ts'
import { type ConnectionSettings, connectionSettings } from '../connection/settings.ts'
import type { DiscoveryOptions } from '../discovery/options.ts'
import type { Duration } from '../duration.ts'
import { durationOption, numberOption } from '../option-value.ts'
import type { BatchLimits } from './batching.ts'

/** Options of a producer. Durations are milliseconds or text such as `'5s'`. */
export interface ProducerOptions<In> extends NodeSource, ConnectionOptions, DiscoveryOptions {
  /** How values become bodies. Default: `bytes()`, which takes Uint8Array and string. */
  codec?: Encoder<In>
  /**
   * Send publishes of one turn of the event loop for one topic as one MPUB. Each call still settles on its own. On by
   * default: with many calls in flight it multiplies the rate, and a call that is alone goes out as PUB and waits for nothing.
   * `false` sends each as PUB.
   */
  batch?: boolean | { messages?: number; bytes?: number }
  /** Nodes on which each message is stored before its promise resolves. Default 1. */
  replicas?: number
  /** How long a publish may take in all, retries and time without a connection included. Default 30s. */
  timeout?: Duration
  /** How long a node may take to answer before it is given up and another is tried. Default 10s. */
  answerTimeout?: Duration
  /**
   * How often a publish that failed is sent again, on another node if there is one. A node that was lost before it answered
   * may have stored the message, so each retry can make a duplicate. 0: never. Default 3.
   */
  retries?: number
  /** Publish without headers where no server takes them, rather than fail with `ERR_NSQ_UNSUPPORTED`. Default false. */
  dropUnsupportedHeaders?: boolean
  /** Most messages that may wait for an answer; more are refused with `ERR_NSQ_BUFFER_FULL`. Default 200000. */
  maxPendingMessages?: number
  /** Most bytes that may wait for an answer. Default 256 MiB. */
  maxPendingBytes?: number
  /** Called around each publish, for tracing: call `next` to go on. */
  aroundPublish?: (call: PublishCall, next: () => Promise<void>) => Promise<void>
}

/** What the types ask for beside {@link ProducerOptions}: a codec, unless bytes and strings are what the program publishes. */
export type EncoderNeeded<In> = [In] extends [Uint8Array | string] ? unknown : { codec: Encoder<In> }

/** What {@link ProducerOptions.aroundPublish} and the `nsq.publish` diagnostics channel see. */
export interface PublishCall {
  /** The topic. */
  topic: string
  /** Messages in this call. */
  messages: number
  /** Bytes of all bodies. */
  bytes: number
  /** Delay asked for, ms; 0: none. */
  deferMs: number
  /** Headers of the messages. A tracer adds its own here, such as `traceparent`. */
  headers: Record<string, string>
}

/** Options of one publish. */
export interface PublishOptions {
  /**
   * Deliver after this time at the earliest; up to nsqd's --max-req-timeout (1 h), and --max-defer (30 days) of an nsqd of this
   * project, which also takes several messages at once so.
   */
  defer?: Duration
  /**
   * Deliver at this time at the earliest: a Date, or Unix milliseconds; up to --max-defer (30 days) of an nsqd of this project. Any
   * other gets it as a delay, up to --max-req-timeout (1 h), and only for single messages.
   */
  at?: Date | number
  /**
   * Kept with each message, beside its body: `message.headers` of a consumer that can see them. Only an nsqd of this project takes
   * them. Names are made lower case: letters, digits, `.`, `_` and `-`, at most 64; not beginning with `nsq-`.
   */
  headers?: Readonly<Record<string, string>>
  /** Default: the producer's. */
  timeout?: Duration
  /** Default: the producer's. */
  replicas?: number
  /** Rejects with the signal's reason. What was sent already may still be stored. */
  signal?: AbortSignal
}

/** Options with every default filled in. */
export interface ProducerSettings {
  connection: ConnectionSettings
  nsqd: string[]
  batch: BatchLimits
  replicas: number
  replicasMax: number
  timeoutMs: number
  answerTimeoutMs: number
  retries: number
  dropHeaders: boolean
  messagesMax: number
  bytesMax: number
}

// 10 messages a batch do 220,000 a second, 100 330,000, 1000 360,000 and more no better (bench/batching.mjs); 256 KiB stay well below
// any --max-body-size.
const BATCH_MESSAGES = 1000
const BATCH_BYTES = 256 * 1024

/** Most copies of a message. */
const REPLICAS_MAX = 100

/** @throws {RangeError} naming the option that is wrong */
export function producerSettings(options: ProducerOptions<never>): ProducerSettings {
  const batch = options.batch === false ? { messages: 1 } : typeof options.batch === 'object' ? options.batch : {}
  return {
    connection: connectionSettings(options),
    nsqd: parseNodeSource(options),
    batch: {
      messageCountMax: numberOption(batch, 'messages', BATCH_MESSAGES, 1, 1_000_000),
      sizeMax: numberOption(batch, 'bytes', BATCH_BYTES, 1, 2 ** 31 - 1),
    },
    replicas: numberOption(options, 'replicas', 1, 1, REPLICAS_MAX),
    replicasMax: REPLICAS_MAX,
    timeoutMs: durationOption(options, 'timeout', 30_000),
    answerTimeoutMs: durationOption(options, 'answerTimeout', 10_000),
    retries: numberOption(options, 'retries', 3, 0, Infinity),
    dropHeaders: options.dropUnsupportedHeaders === true,
    messagesMax: numberOption(options, 'maxPendingMessages', 200_000, 1, Infinity),
    bytesMax: numberOption(options, 'maxPendingBytes', 256 * 1024 * 1024, 1, Infinity),
  }
}
