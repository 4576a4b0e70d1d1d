// Addresses of nsqlookupd: `host:port` or URLs, with a path and query of their own if they must.

/**
 * @param address `host:port`, or a URL of http or https; its query is kept
 * @param path asked when the address has none: `/lookup` or `/nodes`
 * @param query added to the address's own
 * @throws {RangeError} when it is no such address
 */
export function lookupdUrl(address: string, path: string, query: Readonly<Record<string, string>>): URL {
  const text = /^[^/?]+:\d+(?:[/?]|$)/.test(address) ? `http://${address}` : address
  if (!/^https?:/.test(text) || !URL.canParse(text)) {
    throw new RangeError(`${JSON.stringify(address)} is no nsqlookupd address: host:port, or a URL`)
  }
  const url = new URL(text)
  if (url.pathname === '/') url.pathname = path
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  url.searchParams.sort()
  return url
}
