import { type IdentifyFieldType, readIdentifyBody } from '@nsq-ts/protocol'

/** What a client asked for in IDENTIFY; null where it left the choice to us. Times in milliseconds. */
export interface IdentifyRequest {
  clientId: string
  hostname: string
  userAgent: string
  featureNegotiation: boolean
  heartbeatInterval: number | null
  outputBufferSize: number | null
  outputBufferTimeout: number | null
  tlsV1: boolean
  snappy: boolean
  deflate: boolean
  deflateLevel: number | null
  sampleRate: number | null
  msgTimeout: number | null
  topologyRegion: string
  topologyZone: string
  /** Extensions (docs/protocol-extensions.md). */
  messageHeaders: boolean
  depthHint: boolean
}

const FIELDS: ReadonlyMap<string, { key: keyof IdentifyRequest; type: IdentifyFieldType }> = new Map([
  ['client_id', { key: 'clientId', type: 'string' }],
  ['hostname', { key: 'hostname', type: 'string' }],
  ['user_agent', { key: 'userAgent', type: 'string' }],
  ['feature_negotiation', { key: 'featureNegotiation', type: 'boolean' }],
  ['heartbeat_interval', { key: 'heartbeatInterval', type: 'int' }],
  ['output_buffer_size', { key: 'outputBufferSize', type: 'int' }],
  ['output_buffer_timeout', { key: 'outputBufferTimeout', type: 'int' }],
  ['tls_v1', { key: 'tlsV1', type: 'boolean' }],
  ['snappy', { key: 'snappy', type: 'boolean' }],
  ['deflate', { key: 'deflate', type: 'boolean' }],
  ['deflate_level', { key: 'deflateLevel', type: 'int' }],
  ['sample_rate', { key: 'sampleRate', type: 'int32' }],
  ['msg_timeout', { key: 'msgTimeout', type: 'int' }],
  ['topology_region', { key: 'topologyRegion', type: 'string' }],
  ['topology_zone', { key: 'topologyZone', type: 'string' }],
  ['message_headers', { key: 'messageHeaders', type: 'boolean' }],
  ['depth_hint', { key: 'depthHint', type: 'boolean' }],
])

const TYPES = new Map(Array.from(FIELDS, ([name, { type }]) => [name, type]))

/**
 * Reads the body of IDENTIFY; what it does not say, or says as null, is left to us.
 * @throws {ProtocolError} E_BAD_BODY
 */
export function parseIdentify(body: string): IdentifyRequest {
  const request: IdentifyRequest = {
    clientId: '',
    hostname: '',
    userAgent: '',
    featureNegotiation: false,
    heartbeatInterval: null,
    outputBufferSize: null,
    outputBufferTimeout: null,
    tlsV1: false,
    snappy: false,
    deflate: false,
    deflateLevel: null,
    sampleRate: null,
    msgTimeout: null,
    topologyRegion: '',
    topologyZone: '',
    messageHeaders: false,
    depthHint: false,
  }
  for (const [name, value] of readIdentifyBody(body, TYPES)) Object.assign(request, { [FIELDS.get(name)!.key]: value })
  return request
}
