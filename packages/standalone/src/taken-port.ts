import { formatHostPort, ListenError, parseHostPort, StartError } from '@nsq-ts/daemon'

interface Addresses {
  readonly tcpAddress?: string
  readonly httpAddress: string
  readonly httpsAddress?: string
}

/**
 * Waits for the start of a daemon, and says of a port that is taken whose it is and what to do.
 * @throws {StartError} instead of the daemon's own; other errors as they are
 */
export async function explainTakenPort(daemon: string, addresses: Addresses, starting: Promise<void>): Promise<void> {
  try {
    await starting
  } catch (error) {
    const taken = error instanceof Error && error.cause instanceof ListenError ? error.cause : undefined
    if (taken?.code !== 'EADDRINUSE') throw error
    throw new StartError(explanation(daemon, addresses, taken.address), { cause: error })
  }
}

function explanation(daemon: string, addresses: Addresses, address: string): string {
  const flag = flagFor(addresses, address)
  const parts = parseHostPort(address)
  if (parts === undefined) {
    return `${daemon} cannot listen on ${address}: the socket file exists. Remove it if no program uses it, or choose another: --${daemon}.${flag}=<path>`
  }
  const other = formatHostPort(parts.host, otherPort(Number(parts.port)))
  return (
    `${daemon} cannot listen on ${address}: port ${parts.port} is taken, perhaps by another ${daemon}. ` +
    `Stop that program (\`ss -ltnp 'sport = :${parts.port}'\` names it), or choose another port: --${daemon}.${flag}=${other}`
  )
}

function flagFor(addresses: Addresses, address: string): string {
  if (address === addresses.tcpAddress) return 'tcp-address'
  return address === addresses.httpAddress ? 'http-address' : 'https-address'
}

function otherPort(port: number): number {
  return port + 10_000 <= 65_535 ? port + 10_000 : port - 10_000
}
