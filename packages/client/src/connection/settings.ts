// What connections are made by: their options, checked, with every default.
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { toMs } from '../duration.ts'
import { type Environment, realEnvironment } from '../environment.ts'
import { durationOption, numberOption, requireRange } from '../option-value.ts'
import { identifyBody, type SubscriberIdentity } from './identify.ts'
import type { ConnectionOptions } from './options.ts'

/** What a connection is made by; units in the names. */
export interface ConnectionSettings {
  /** The body of IDENTIFY. */
  identify: object
  readTimeoutMs: number
  connectTimeoutMs: number
  tls: TlsOptions | undefined
  snappy: boolean
  deflate: boolean
  authSecret: string | undefined
  frameSizeMax: number
  /** What to connect from, as Node's `connect` takes it. */
  local: Pick<ConnectionOptions, 'localAddress' | 'localPort'>
  environment: Environment
}

/** A day: nsqd has the last word. */
const HEARTBEAT_INTERVAL_MAX_MS = 86_400_000

/** @throws {RangeError} naming the option that is out of its bounds */
export function connectionSettings(options: ConnectionOptions & SubscriberIdentity): ConnectionSettings {
  const { heartbeatInterval = 30_000, snappy = false, deflate = false, localAddress } = options
  requireRange('deflate', Number(deflate), 0, 9)
  if (snappy && deflate) throw new RangeError('snappy and deflate exclude each other')
  const heartbeatIntervalMs = heartbeatInterval === -1 ? -1 : toMs(heartbeatInterval, 'heartbeatInterval')
  if (heartbeatIntervalMs !== -1) {
    requireRange('heartbeatInterval', heartbeatIntervalMs, 1000, HEARTBEAT_INTERVAL_MAX_MS)
  }
  const twoHeartbeatsMs = heartbeatIntervalMs === -1 ? Infinity : 2 * heartbeatIntervalMs
  const readTimeoutMs = durationOption(options, 'readTimeout', twoHeartbeatsMs)
  requireRange('readTimeout', readTimeoutMs, Math.max(100, heartbeatIntervalMs), Infinity)
  if (localAddress !== undefined && isIP(localAddress) === 0) {
    throw new RangeError(`localAddress: ${localAddress} is no IP address`)
  }
  return {
    identify: identifyBody(options, heartbeatIntervalMs),
    readTimeoutMs,
    connectTimeoutMs: durationOption(options, 'connectTimeout', 5000),
    tls: options.tls === true ? {} : options.tls || undefined,
    snappy,
    deflate: Boolean(deflate),
    authSecret: options.authSecret,
    frameSizeMax: numberOption(options, 'frameSizeMax', 64 * 1024 * 1024, 1024, 2 ** 31 - 1),
    local: {
      ...(localAddress !== undefined && { localAddress }),
      localPort: numberOption(options, 'localPort', 0, 0, 65_535), // 0: any
    },
    environment: options.environment ?? realEnvironment,
  }
}
