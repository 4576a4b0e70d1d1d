import type { Socket } from 'node:net'
import { formatHostPort } from './host-port.ts'

/**
 * `ip:port` of the other end, as logs and `/stats` show it; `@` for a unix socket, as Go says. An IPv4 peer of an IPv6 listener is
 * shown as IPv4. Ask at the start of a connection: it is gone after the end.
 */
export function remoteAddress(socket: Socket): string {
  const { remoteAddress: address, remotePort: port } = socket
  if (address === undefined || port === undefined) return '@'
  return formatHostPort(address.startsWith('::ffff:') ? address.slice(7) : address, port)
}
