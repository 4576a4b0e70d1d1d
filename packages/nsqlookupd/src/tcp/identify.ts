// The body of IDENTIFY (nsqlookupd.md, section 4.4).
import { ProtocolError } from '@nsq-ts/protocol'
import type { PeerInfo } from '../registrations/peer.ts'

/** nsqd sends 200 bytes. The original has no bound and allocates whatever is announced. */
export const IDENTIFY_BODY_SIZE_MAX = 65_536

/** @throws {ProtocolError} E_BAD_BODY for what is no JSON object of the right types, and for missing fields */
export function parseIdentify(body: string, remoteAddress: string): PeerInfo {
  const fields = parseFields(body)
  const info: PeerInfo = {
    remoteAddress, // whatever the body says
    hostname: text(fields, 'hostname'),
    broadcastAddress: text(fields, 'broadcast_address'),
    tcpPort: integer(fields, 'tcp_port'),
    httpPort: integer(fields, 'http_port'),
    version: text(fields, 'version'),
    topologyZone: text(fields, 'topology_zone'),
    topologyRegion: text(fields, 'topology_region'),
  }
  if (info.broadcastAddress === '' || info.tcpPort === 0 || info.httpPort === 0 || info.version === '') {
    throw new ProtocolError('E_BAD_BODY', 'IDENTIFY missing fields')
  }
  return info
}

type Fields = Readonly<Record<string, unknown>>

function parseFields(body: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw undecodable(cause)
  }
  if (value === null) return {} // as in Go: an object without fields
  if (typeof value !== 'object' || Array.isArray(value)) throw undecodable(new TypeError('not an object'))
  return value as Fields
}

function text(fields: Fields, name: string): string {
  const value = fields[name] ?? ''
  if (typeof value !== 'string') throw undecodable(new TypeError(`${name} is no string`))
  return value
}

function integer(fields: Fields, name: string): number {
  const value = fields[name] ?? 0
  if (typeof value !== 'number' || !Number.isInteger(value)) throw undecodable(new TypeError(`${name} is no integer`))
  return value
}

function undecodable(cause: unknown): ProtocolError {
  return new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body', { cause })
}
