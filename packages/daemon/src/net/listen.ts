import type { Server } from 'node:net'
import { formatHostPort, parseHostPort, parsePort } from './host-port.ts'

export interface BoundAddress {
  /** `127.0.0.1:4150`, or the path of a unix socket: what logs show. */
  readonly text: string
  /** The bound port; -1 for a unix socket, as `/info` reports it. */
  readonly port: number
  readonly host: string
}

/** A listener that could not be opened: `listen (<address>) failed - <cause>`. `code` is node's: EADDRINUSE... */
export class ListenError extends Error {
  readonly code: string

  constructor(address: string, reason: string, code: string, options?: ErrorOptions) {
    super(`listen (${address}) failed - ${reason}`, options)
    this.name = 'ListenError'
    this.code = code
  }
}

/**
 * Listens on `host:port` (an empty host is every interface, port 0 a free one), or on a unix socket when the address is no
 * `host:port`. An existing socket file is an address in use: it may belong to somebody.
 * @throws {ListenError}
 */
export async function listen(server: Server, address: string): Promise<BoundAddress> {
  const target = listenTarget(address)
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      reject(new ListenError(address, reason(error), error.code ?? 'EUNKNOWN', { cause: error }))
    }
    const onListening = () => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError)
    server.once('listening', onListening)
    server.listen(target)
  })
  return boundAddress(server, address)
}

function listenTarget(address: string): { path: string } | { host?: string; port: number } {
  const hostPort = parseHostPort(address)
  if (hostPort === undefined) {
    if (address === '') throw new ListenError(address, 'the address is empty', 'EINVAL')
    return { path: address }
  }
  const port = parsePort(hostPort.port)
  if (port === undefined) throw new ListenError(address, `invalid port ${JSON.stringify(hostPort.port)}`, 'EINVAL')
  return hostPort.host === '' ? { port } : { host: hostPort.host, port }
}

function boundAddress(server: Server, address: string): BoundAddress {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') return { text: bound ?? address, port: -1, host: '' }
  return { text: formatHostPort(bound.address, bound.port), port: bound.port, host: bound.address }
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'bind: address already in use'
    case 'EACCES':
      return 'bind: permission denied'
    case 'EADDRNOTAVAIL':
      return 'bind: cannot assign requested address'
    case 'ENOTFOUND':
      return 'no such host'
    default:
      return error.message
  }
}
