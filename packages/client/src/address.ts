// `host:port` of an nsqd; IPv6 in brackets.

/** Default TCP port of nsqd. */
const PORT_DEFAULT = 4150

/** An address taken apart. */
export interface HostPort {
  host: string
  port: number
}

/**
 * @param address `host:port`, `host` (port 4150), `[::1]:4150`
 * @throws {RangeError} when it is no address
 */
export function parseAddress(address: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/.exec(address)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? PORT_DEFAULT)
  if (host === undefined || port < 1 || port > 65535) {
    throw new RangeError(`${JSON.stringify(address)} is no nsqd address: host:port, with IPv6 in brackets`)
  }
  return { host, port }
}

/** The one way this library writes an address: also its key. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where nodes come from: at least one of the two. */
export interface NodeSource {
  /** TCP addresses of nsqd, `host:port`. */
  nsqd?: string | readonly string[]
  /** HTTP addresses of nsqlookupd, `host:port` or URLs. */
  lookupd?: string | readonly string[]
}

/**
 * The addresses of nsqd in it, without repetition, each in its normal form.
 * @throws {RangeError} when one is no address, or nothing is named at all
 */
export function parseNodeSource({ nsqd = [], lookupd = [] }: NodeSource): string[] {
  const addresses = [nsqd].flat()
  if (addresses.length + lookupd.length === 0) throw new RangeError('nsqd or lookupd: at least one address')
  return [...new Set(addresses.map(normalAddress))]
}

/** @throws {RangeError} when it is no address */
export function normalAddress(address: string): string {
  const { host, port } = parseAddress(address)
  return formatAddress(host, port)
}
