// Addresses of nsqlookupd: `host:port` or URLs, with a path and query of their own if they must.

/**
 * @param address `host:port`, or a URL of http or https; its query is kept
 * @param path asked when the address has none: `/lookup` or `/nodes`
 * @param query added to the address's own
 * @throws {RangeError} when it is no such address
 */
export function lookupdUrl(address: string, path: string, query: Readonly<Record<string, string>>): URL {
  const url = URL.canParse(withScheme(address)) ? new URL(withScheme(address)) : undefined
  const isPortMissing = !address.includes('://') && !/:\d+(?:[/?]|$)/.test(address)
  if (url === undefined || isPortMissing || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(`${JSON.stringify(address)} is no nsqlookupd address: host:port, or a URL`)
  }
  if (url.pathname === '/') url.pathname = path
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  url.searchParams.sort()
  return url
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`
}
