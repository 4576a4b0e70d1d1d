// What both producers and consumers may say about their connections.
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { hostname } from 'node:os'
import { type Duration, toMs } from '../duration.ts'
import { type Environment, realEnvironment } from '../environment.ts'

/** Options of every connection to nsqd. Durations are milliseconds or text such as `'5s'`. */
export interface ConnectionOptions {
  /** Shown in nsqd's /stats. Default: the first label of the host's name. */
  clientId?: string
  /** Shown in nsqd's /stats. Default: the host's name. */
  hostname?: string
  /** Shown in nsqd's /stats. Default: `nsq-ts/<version>`. */
  userAgent?: string
  /** How often nsqd asks whether we live, 1s up to its --max-heartbeat-interval (60s), or -1 for never. Default 30s. */
  heartbeatInterval?: Duration
  /** How long nothing at all may come, heartbeats included, until a connection is given up. Default: two heartbeats. */
  readTimeout?: Duration
  /** For connecting and the whole handshake. Default 5s. */
  connectTimeout?: Duration
  /**
   * Ask for TLS. An object is passed to Node's `tls.connect`: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized`,
   * `minVersion`. A server without TLS is then refused. Default false.
   */
  tls?: boolean | TlsOptions
  /** Ask for snappy; needs the packages `snappy` and `@node-rs/crc32`. Not together with deflate. Default false. */
  snappy?: boolean
  /** Ask for deflate, by level 1 (fast) to 9 (small) or true for 6. Default false. */
  deflate?: boolean | number
  /** Secret for servers that require AUTH. */
  authSecret?: string
  /** nsqd's buffer for this connection in bytes, 64 to 65536, or -1 for none. Default: nsqd's (16384). */
  outputBufferSize?: number
  /** Longest time nsqd keeps messages in that buffer, 25ms to 30s, or -1 for no limit. Default: nsqd's (250ms). */
  outputBufferTimeout?: Duration
  /** Region of this client, for topology-aware consumption. */
  topologyRegion?: string
  /** Zone of this client, for topology-aware consumption. */
  topologyZone?: string
  /** Largest frame taken from nsqd, in bytes: larger ones end the connection. Default 64 MiB. */
  frameSizeMax?: number
  /** Local address to connect from. */
  localAddress?: string
  /** Local port to connect from: only for a client of one nsqd. */
  localPort?: number
  /** For tests: time and chance. */
  environment?: Environment
}

/** What consumers add to IDENTIFY. */
export interface SubscriberIdentity {
  /** Time after which nsqd takes a message back, ms; 0: nsqd's default. */
  msgTimeoutMs: number
  /** Percent of the messages of the channel to get; 0: all. */
  sampleRate: number
}

/** Options with every default filled in; units in the names. */
export interface ConnectionSettings extends SubscriberIdentity {
  clientId: string
  hostname: string
  userAgent: string
  /** -1: none. */
  heartbeatIntervalMs: number
  readTimeoutMs: number
  connectTimeoutMs: number
  tls: TlsOptions | undefined
  snappy: boolean
  /** 0: no deflate. */
  deflateLevel: number
  authSecret: string | undefined
  outputBufferSize: number
  outputBufferTimeoutMs: number
  topologyRegion: string
  topologyZone: string
  frameSizeMax: number
  /** What to connect from, as Node's `connect` takes it. */
  local: Pick<ConnectionOptions, 'localAddress' | 'localPort'>
  environment: Environment
}

/** Version of this package, for the user agent. */
export const VERSION = '0.1.0'

const FRAME_SIZE_MAX = 64 * 1024 * 1024
const DEFLATE_LEVEL = 6
/** A day: nsqd has the last word. */
const HEARTBEAT_INTERVAL_MAX_MS = 86_400_000

/** @throws {RangeError} naming the option that is out of its bounds */
export function connectionSettings(options: ConnectionOptions, identity: SubscriberIdentity): ConnectionSettings {
  const host = options.hostname ?? hostname()
  const deflateLevel = options.deflate === true ? DEFLATE_LEVEL : Number(options.deflate ?? 0)
  requireRange('deflate', deflateLevel, 0, 9)
  if (options.snappy === true && deflateLevel > 0) throw new RangeError('snappy and deflate exclude each other')
  const hasHeartbeats = options.heartbeatInterval !== -1
  const heartbeatIntervalMs = hasHeartbeats ? toMs(options.heartbeatInterval ?? 30_000, 'heartbeatInterval') : -1
  if (hasHeartbeats) requireRange('heartbeatInterval', heartbeatIntervalMs, 1000, HEARTBEAT_INTERVAL_MAX_MS)
  const readTimeoutMs = toMs(options.readTimeout ?? (hasHeartbeats ? 2 * heartbeatIntervalMs : Infinity), 'readTimeout')
  requireRange('readTimeout', readTimeoutMs, Math.max(100, heartbeatIntervalMs), Infinity)
  requireRange('frameSizeMax', options.frameSizeMax ?? FRAME_SIZE_MAX, 1024, 2 ** 31 - 1)
  return {
    ...identity,
    clientId: options.clientId ?? host.split('.', 1)[0]!,
    hostname: host,
    userAgent: options.userAgent ?? `nsq-ts/${VERSION}`,
    heartbeatIntervalMs,
    readTimeoutMs,
    connectTimeoutMs: toMs(options.connectTimeout ?? 5000, 'connectTimeout'),
    tls: options.tls === true ? {} : options.tls || undefined,
    snappy: options.snappy ?? false,
    deflateLevel,
    authSecret: options.authSecret,
    outputBufferSize: options.outputBufferSize ?? 0,
    outputBufferTimeoutMs:
      options.outputBufferTimeout === -1 ? -1 : toMs(options.outputBufferTimeout ?? 0, 'outputBufferTimeout'),
    topologyRegion: options.topologyRegion ?? '',
    topologyZone: options.topologyZone ?? '',
    frameSizeMax: options.frameSizeMax ?? FRAME_SIZE_MAX,
    local: {
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
    },
    environment: options.environment ?? realEnvironment,
  }
}

/** @throws {RangeError} unless `value` is a number within the bounds */
export function requireRange(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`${name}: ${value} is not within ${min}..${max}`)
}
