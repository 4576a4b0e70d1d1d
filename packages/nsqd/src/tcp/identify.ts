import { ProtocolError } from '@nsq-ts/protocol'

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
}

/** How a field of the body is read: `int` is 64 bits wide, `int32` is not. */
type FieldType = 'string' | 'boolean' | 'int' | 'int32'

const FIELDS: ReadonlyMap<string, { key: keyof IdentifyRequest; type: FieldType }> = new Map([
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
])

/**
 * Reads the body of IDENTIFY as the original does (tcp-protocol.md section 6.1): keys in any letter case, the last of
 * several wins, null and unknown keys are passed over, types are strict; an integer is written without point or exponent.
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
  }
  const whole = parseJson(body)
  if (whole === null) return request
  if (typeof whole !== 'object' || Array.isArray(whole)) throw malformed()
  for (const [key, source] of members(body)) {
    const field = FIELDS.get(key.toLowerCase())
    if (field === undefined || source === 'null') continue
    Object.assign(request, { [field.key]: readField(source, field.type) })
  }
  return request
}

function readField(source: string, type: FieldType): string | boolean | number {
  switch (type) {
    case 'string': {
      if (!source.startsWith('"')) throw malformed()
      return String(parseJson(source))
    }
    case 'boolean': {
      if (source !== 'true' && source !== 'false') throw malformed()
      return source === 'true'
    }
    case 'int':
    case 'int32': {
      if (!/^-?\d+$/.test(source)) throw malformed()
      const value = BigInt(source)
      if (BigInt.asIntN(type === 'int' ? 64 : 32, value) !== value) throw malformed()
      return Number(value) // what is not exact any more is far beyond all limits
    }
  }
}

/**
 * The members of a JSON object that is known to be valid, as (key, source text of the value): JSON.parse would no longer
 * tell 1000 from 1000.0, nor the first `client_id` from the last.
 */
function* members(json: string): IterableIterator<[string, string]> {
  let at = json.indexOf('{') + 1
  for (;;) {
    at = skipSpace(json, at)
    if (json[at] === ',') at = skipSpace(json, at + 1)
    if (json[at] === '}') return
    const keyEnd = valueEnd(json, at)
    const key = String(parseJson(json.slice(at, keyEnd)))
    at = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const end = valueEnd(json, at)
    yield [key, json.slice(at, end)]
    at = end
  }
}

function skipSpace(json: string, at: number): number {
  while (' \t\r\n'.includes(json[at] ?? '-')) at++
  return at
}

/** Where the value that starts at `at` ends. */
function valueEnd(json: string, at: number): number {
  let depth = 0
  for (let i = at; ; i++) {
    const char = json[i]!
    if (char === '"') {
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++
      if (depth === 0) return i + 1
    } else if (char === '{' || char === '[') {
      depth++
    } else if (char === '}' || char === ']') {
      if (depth === 0) return i
      if (--depth === 0) return i + 1
    } else if (depth === 0 && ', \t\r\n'.includes(char)) {
      return i
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformed(error)
  }
}

function malformed(cause?: unknown): ProtocolError {
  return new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body', { cause })
}
