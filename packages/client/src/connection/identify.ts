// IDENTIFY: what we say of ourselves and ask for, and what the server grants (NSQ spec, "IDENTIFY").
import type { ConnectionSettings } from './options.ts'

/** What a server granted, with the defaults of servers that do not say. */
export interface ServerFeatures {
  /** Largest RDY count the server takes. */
  rdyCountMax: number
  /** Version of nsqd; empty for one that does not negotiate. */
  version: string
  /** Time after which it takes back a message on this connection, ms. */
  msgTimeoutMs: number
  /** Longest time that TOUCH can hold a message, ms. */
  msgTimeoutMaxMs: number
  tls: boolean
  snappy: boolean
  deflate: boolean
  deflateLevel: number
  authRequired: boolean
}

/** What an nsqd that answers a plain OK does: no features, and its defaults. */
const PLAIN: ServerFeatures = {
  rdyCountMax: 2500,
  version: '',
  msgTimeoutMs: 60_000,
  msgTimeoutMaxMs: 900_000,
  tls: false,
  snappy: false,
  deflate: false,
  deflateLevel: 6,
  authRequired: false,
}

/** The body of IDENTIFY. */
export function identifyBody(settings: ConnectionSettings): object {
  return {
    client_id: settings.clientId,
    hostname: settings.hostname,
    user_agent: settings.userAgent,
    // What client_id and hostname were called before nsqd 0.2.28.
    short_id: settings.clientId,
    long_id: settings.hostname,
    feature_negotiation: true,
    heartbeat_interval: Math.round(settings.heartbeatIntervalMs),
    output_buffer_size: settings.outputBufferSize,
    output_buffer_timeout: Math.round(settings.outputBufferTimeoutMs),
    tls_v1: settings.tls !== undefined,
    snappy: settings.snappy,
    deflate: settings.deflateLevel > 0,
    deflate_level: settings.deflateLevel || PLAIN.deflateLevel,
    sample_rate: settings.sampleRate,
    msg_timeout: Math.round(settings.msgTimeoutMs),
    topology_region: settings.topologyRegion,
    topology_zone: settings.topologyZone,
  }
}

/**
 * Reads the answer to IDENTIFY.
 * @param data a JSON object, or OK from a server that negotiates nothing
 * @throws {SyntaxError} when it is neither
 */
export function parseFeatures(data: Buffer): ServerFeatures {
  if (data[0] !== 0x7b) {
    if (data.toString() === 'OK') return PLAIN
    throw new SyntaxError(`unexpected answer to IDENTIFY: ${data.toString('utf8', 0, 100)}`)
  }
  const answer = JSON.parse(data.toString()) as Record<string, unknown>
  const number = (key: string, fallback: number): number => {
    const value = answer[key]
    return typeof value === 'number' && value > 0 ? value : fallback
  }
  return {
    rdyCountMax: number('max_rdy_count', PLAIN.rdyCountMax),
    version: typeof answer['version'] === 'string' ? answer['version'] : '',
    msgTimeoutMs: number('msg_timeout', PLAIN.msgTimeoutMs),
    msgTimeoutMaxMs: number('max_msg_timeout', PLAIN.msgTimeoutMaxMs),
    tls: answer['tls_v1'] === true,
    snappy: answer['snappy'] === true,
    deflate: answer['deflate'] === true,
    deflateLevel: number('deflate_level', PLAIN.deflateLevel),
    authRequired: answer['auth_required'] === true,
  }
}
