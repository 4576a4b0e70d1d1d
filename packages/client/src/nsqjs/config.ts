// Options as nsqjs 0.13 names them, in its units and with its defaults, turned into ours. Unknown ones are dropped, as there.
import type { ConnectionOptions } from '../connection/options.ts'
import type { ConsumerOptions } from '../consumer/options.ts'

/** Options of nsqjs for both Reader and Writer. */
export interface ConnectionConfigOptions {
  /** Default: none. */
  authSecret?: string | null | undefined
  /** Default: the first label of the host's name. */
  clientId?: string | null | undefined
  /** Default false. */
  deflate?: boolean | undefined
  /** 1 to 9. Default 6. */
  deflateLevel?: number | undefined
  /** Seconds. Default 30. */
  heartbeatInterval?: number | undefined
  /** Default 1. */
  maxInFlight?: number | undefined
  /** Milliseconds. Default: nsqd's. */
  messageTimeout?: number | null | undefined
  /** Bytes; -1: none. Default: nsqd's. */
  outputBufferSize?: number | null | undefined
  /** Milliseconds. */
  outputBufferTimeout?: number | null | undefined
  /** Milliseconds; not multiplied by the attempts. Default 90000. */
  requeueDelay?: number | undefined
  /** Percent, 1 to 99. Default: all. */
  sampleRate?: number | null | undefined
  /** Needs the packages `snappy` and `@node-rs/crc32`. Default false. */
  snappy?: boolean | undefined
  /** Default false. */
  tls?: boolean | undefined
  /** Whether the server's certificate is checked. Default true. */
  tlsVerification?: boolean | undefined
  /** Of the client's certificate, PEM. */
  key?: Buffer | null | undefined
  /** The client's certificate, PEM. */
  cert?: Buffer | null | undefined
  /** Authority of the server's certificate, PEM. */
  ca?: Buffer | null | undefined
  /** Seconds. Accepted; heartbeats watch the connection already. */
  idleTimeout?: number | undefined
}

/** Options of nsqjs for Reader. */
export interface ReaderConnectionConfigOptions extends ConnectionConfigOptions {
  /** `host:port` or URL; these or nsqdTCPAddresses are needed. */
  lookupdHTTPAddresses?: string | string[] | undefined
  /** Seconds. Default 60. */
  lookupdPollInterval?: number | undefined
  /** Part of the interval, 0 to 1. Default 0.3. */
  lookupdPollJitter?: number | undefined
  /** Accepted; turns among many nodes are taken by our own rule. */
  lowRdyTimeout?: number | undefined
  /** Accepted; has no effect. */
  name?: string | undefined
  /** `host:port`. */
  nsqdTCPAddresses?: string | string[] | undefined
  /** 0: unlimited. Default 0. */
  maxAttempts?: number | undefined
  /** Seconds; 0: no backoff. Default 128. */
  maxBackoffDuration?: number | undefined
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value.length > 0
const isBoolean: Check = (value) => typeof value === 'boolean'
const isBuffer: Check = (value) => Buffer.isBuffer(value)
const within =
  (min: number, max = Infinity): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max

const CHECKS: Readonly<Record<string, Check>> = {
  authSecret: isText,
  clientId: isText,
  deflate: isBoolean,
  deflateLevel: within(0, 9),
  heartbeatInterval: within(1),
  maxInFlight: within(1),
  messageTimeout: within(1),
  outputBufferSize: (value) => value === -1 || within(64)(value),
  outputBufferTimeout: (value) => value === -1 || within(1)(value),
  requeueDelay: within(0),
  sampleRate: within(1, 99),
  snappy: isBoolean,
  tls: isBoolean,
  tlsVerification: isBoolean,
  key: isBuffer,
  cert: isBuffer,
  ca: isBuffer,
  idleTimeout: within(0),
  lookupdPollInterval: within(1),
  lookupdPollJitter: within(0, 1),
  lowRdyTimeout: within(1),
  maxAttempts: within(0),
  maxBackoffDuration: within(0),
}

/** @throws {Error} for a value that nsqjs refuses as well */
function checkOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue
    if (CHECKS[name]?.(value) === false) throw new Error(`${name}(${String(value)}) is not valid`)
  }
}

/** @throws {Error} for a value that is not valid */
export function connectionOptionsOf(options: ConnectionConfigOptions): ConnectionOptions {
  checkOptions(options)
  const result: ConnectionOptions = { heartbeatInterval: (options.heartbeatInterval ?? 30) * 1000 }
  if (options.authSecret) result.authSecret = options.authSecret
  if (options.clientId) result.clientId = options.clientId
  if (options.snappy) result.snappy = true
  if (options.deflate) result.deflate = options.deflateLevel || 6
  if (typeof options.outputBufferSize === 'number') result.outputBufferSize = options.outputBufferSize
  if (typeof options.outputBufferTimeout === 'number') result.outputBufferTimeout = options.outputBufferTimeout
  if (options.tls) {
    const { key, cert, ca } = options
    result.tls = {
      rejectUnauthorized: options.tlsVerification ?? true,
      ...(key ? { key } : {}),
      ...(cert ? { cert } : {}),
      ...(ca ? { ca } : {}),
    }
  }
  return result
}

/** @throws {Error} for a value that is not valid, and without any address */
export function consumerOptionsOf(
  topic: string,
  channel: string,
  options: ReaderConnectionConfigOptions,
): ConsumerOptions<Buffer> {
  const result: ConsumerOptions<Buffer> = {
    ...connectionOptionsOf(options),
    topic,
    channel,
    maxInFlight: options.maxInFlight ?? 1,
    autoTouch: false, // nsqjs leaves that to the program
    lookupdPollInterval: (options.lookupdPollInterval ?? 60) * 1000,
    lookupdPollJitter: options.lookupdPollJitter ?? 0.3,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  const nsqd = [options.nsqdTCPAddresses ?? []].flat()
  if (nsqd.length > 0) result.nsqd = nsqd
  const lookupd = [options.lookupdHTTPAddresses ?? []].flat()
  if (lookupd.length > 0) result.lookupd = lookupd
  if (nsqd.length + lookupd.length === 0) {
    throw new Error('Need to provide either nsqdTCPAddresses or lookupdHTTPAddresses option')
  }
  const { messageTimeout, sampleRate, maxBackoffDuration = 128 } = options
  if (messageTimeout) result.msgTimeout = messageTimeout
  if (sampleRate) result.sampleRate = sampleRate
  result.backoff = maxBackoffDuration === 0 ? false : { max: maxBackoffDuration * 1000 }
  return result
}

/** nsqjs waits for no message at its close; we give those that the program still works on a moment. */
const CLOSE_TIMEOUT_MS = 5000
