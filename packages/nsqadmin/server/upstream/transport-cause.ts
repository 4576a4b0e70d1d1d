// What went wrong below HTTP, in the words in which the original reports it: scripts and alarms look for them.

interface SystemError extends Error {
  readonly code?: string
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
  readonly errors?: readonly unknown[]
}

/** @param url what was asked, for errors that do not name the other end themselves */
export function transportCause(error: unknown, url: URL): string {
  const found = innermost(error)
  const address = found.address === undefined ? url.host : hostPort(found.address, found.port ?? url.port)
  switch (found.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: network is unreachable`
    case 'ENOTFOUND':
      return `dial tcp: lookup ${found.hostname ?? url.hostname}: no such host`
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${found.hostname ?? url.hostname}: the name server does not answer`
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `dial tcp ${address}: i/o timeout`
    case 'ECONNRESET':
      return 'read: connection reset by peer'
    case 'UND_ERR_SOCKET':
      return 'EOF'
    default:
      break
  }
  if (found.name === 'TimeoutError') return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
  if (found.name === 'AbortError') return 'context canceled'
  return found.message
}

/** Several addresses of one name fail together, as one error with a list. */
function innermost(error: unknown): SystemError {
  const found = (error instanceof Error ? error : new Error(String(error))) as SystemError
  const [first] = found.errors ?? []
  return first instanceof Error ? first : found
}

function hostPort(address: string, port: number | string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
