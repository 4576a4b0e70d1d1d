// The body of IDENTIFY (nsqlookupd.md, section 4.4).
import { type IdentifyFieldType, ProtocolError, readIdentifyBody } from '@nsq-ts/protocol'
import type { PeerInfo } from '../registrations/peer.ts'

/** nsqd sends 200 bytes. The original has no bound and allocates whatever is announced. */
export const IDENTIFY_BODY_SIZE_MAX = 65_536

const FIELDS: ReadonlyMap<string, IdentifyFieldType> = new Map([
  ['hostname', 'string'],
  ['broadcast_address', 'string'],
  ['tcp_port', 'int'],
  ['http_port', 'int'],
  ['version', 'string'],
  ['topology_zone', 'string'],
  ['topology_region', 'string'],
  ['remote_address', 'string'], // checked, and of no effect
])

/** @throws {ProtocolError} E_BAD_BODY for what is no JSON object of the right types, and for missing fields */
export function parseIdentify(body: string, remoteAddress: string): PeerInfo {
  const fields = readIdentifyBody(body, FIELDS)
  const text = (name: string) => String(fields.get(name) ?? '')
  const port = (name: string) => Number(fields.get(name) ?? 0)
  const info: PeerInfo = {
    remoteAddress,
    hostname: text('hostname'),
    broadcastAddress: text('broadcast_address'),
    tcpPort: port('tcp_port'),
    httpPort: port('http_port'),
    version: text('version'),
    topologyZone: text('topology_zone'),
    topologyRegion: text('topology_region'),
  }
  if (info.broadcastAddress === '' || info.tcpPort === 0 || info.httpPort === 0 || info.version === '') {
    throw new ProtocolError('E_BAD_BODY', 'IDENTIFY missing fields')
  }
  return info
}
