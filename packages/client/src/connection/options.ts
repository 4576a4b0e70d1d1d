// What both producers and consumers may say about their connections.
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Duration } from '../duration.ts'
import type { Environment } from '../environment.ts'

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
  /** Local IP address to connect from. */
  localAddress?: string
  /** Local port to connect from: only for a client of one nsqd. */
  localPort?: number
  /** For tests: time and chance. */
  environment?: Environment
}
