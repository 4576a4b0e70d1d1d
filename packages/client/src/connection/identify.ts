// IDENTIFY: what we say of ourselves and ask for, and what the server grants (NSQ spec, "IDENTIFY").
import { hostname } from 'node:os'
import { type Duration, toMs } from '../duration.ts'
import { durationOption, numberOption } from '../option-value.ts'
import type { ConnectionOptions } from './options.ts'

/** Version of this package, for the user agent. */
export const VERSION = '0.1.0'

const DEFLATE_LEVEL = 6

/** What consumers add to IDENTIFY. */
export interface SubscriberIdentity {
  /** Time after which nsqd takes a message back; 0: nsqd's default. */
  msgTimeout?: Duration
  /** Percent of the messages of the channel to get; 0: all. */
  sampleRate?: number
  /** To be told how much waits. */
  depthHint?: boolean
}

/** What a server granted, with the defaults of servers that do not say. */
export interface ServerFeatures {
  /** Largest RDY count the server takes. */
  rdyCountMax: number
  /** Time after which it takes back a message on this connection, ms. */
  msgTimeoutMs: number
  /** Longest time that TOUCH can hold a message, ms. */
  msgTimeoutMaxMs: number
  tls: boolean
  snappy: boolean
  deflate: boolean
  deflateLevel: number
  authRequired: boolean
  /** It takes and hands out headers, and takes times. */
  isExtended: boolean
}

/** The body of IDENTIFY. @param heartbeatIntervalMs -1: none. @throws {RangeError} naming the option that is wrong */
export function identifyBody(options: ConnectionOptions & SubscriberIdentity, heartbeatIntervalMs: number): object {
  const { hostname: host = hostname(), outputBufferTimeout = 0, deflate = false } = options
  const clientId = options.clientId ?? host.split('.', 1)[0]
  return {
    client_id: clientId,
    hostname: host,
    user_agent: options.userAgent ?? `nsq-ts/${VERSION}`,
    // What client_id and hostname were called before nsqd 0.2.28.
    short_id: clientId,
    long_id: host,
    feature_negotiation: true,
    heartbeat_interval: Math.round(heartbeatIntervalMs),
    output_buffer_size: options.outputBufferSize ?? 0,
    output_buffer_timeout:
      outputBufferTimeout === -1 ? -1 : Math.round(toMs(outputBufferTimeout, 'outputBufferTimeout')),
    tls_v1: Boolean(options.tls),
    snappy: Boolean(options.snappy),
    deflate: Boolean(deflate),
    deflate_level: typeof deflate === 'number' ? deflate || DEFLATE_LEVEL : DEFLATE_LEVEL,
    sample_rate: numberOption(options, 'sampleRate', 0, 0, 99),
    msg_timeout: Math.round(durationOption(options, 'msgTimeout', 0)),
    topology_region: options.topologyRegion ?? '',
    topology_zone: options.topologyZone ?? '',
    // Extensions of an nsqd of this project; any other passes over them.
    message_headers: true,
    depth_hint: options.depthHint ?? true,
  }
}

/**
 * Reads the answer to IDENTIFY.
 * @param data a JSON object, or OK from a server that negotiates nothing and works by its defaults
 * @throws {SyntaxError} when it is neither
 */
export function parseFeatures(data: Buffer): ServerFeatures {
  const text = data.toString()
  if (!text.startsWith('{') && text !== 'OK')
    throw new SyntaxError(`unexpected answer to IDENTIFY: ${text.slice(0, 100)}`)
  const answer = (text === 'OK' ? {} : JSON.parse(text)) as Record<string, unknown>
  const number = (key: string, fallback: number): number => {
    const value = answer[key]
    return typeof value === 'number' && value > 0 ? value : fallback
  }
  return {
    rdyCountMax: number('max_rdy_count', 2500),
    msgTimeoutMs: number('msg_timeout', 60_000),
    msgTimeoutMaxMs: number('max_msg_timeout', 900_000),
    tls: answer['tls_v1'] === true,
    snappy: answer['snappy'] === true,
    deflate: answer['deflate'] === true,
    deflateLevel: number('deflate_level', DEFLATE_LEVEL),
    authRequired: answer['auth_required'] === true,
    isExtended: answer['message_headers'] === true,
  }
}
