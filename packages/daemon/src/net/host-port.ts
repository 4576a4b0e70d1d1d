/** The two parts of `host:port`; `host` is empty for `:4150`, IPv6 comes without its brackets. */
export interface HostPort {
  readonly host: string
  readonly port: string
}

/**
 * Splits an address as Go's net.SplitHostPort does: `10.0.0.1:4150`, `[::1]:4150`, `:4150`, `example.net:http`. The port is
 * everything behind the last colon, and checked only when it is used.
 * @returns undefined for what is no `host:port`; nsqd takes that for the path of a unix socket
 */
export function parseHostPort(address: string): HostPort | undefined {
  const bracketed = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(address)
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' }
  const plain = /^([^:[\]]*):([^:[\]]*)$/.exec(address)
  if (plain !== null) return { host: plain[1] ?? '', port: plain[2] ?? '' }
  return undefined
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** @returns the port number, undefined if the text is none in 0..65535 */
export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port <= 65_535 ? port : undefined
}
