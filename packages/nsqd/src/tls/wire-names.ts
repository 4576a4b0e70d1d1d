// How TLS versions and cipher suites are called in /stats (nsqd-http.md, client fields): the original knows the names of some
// suites only, and gives the number of the others.

/** @param protocol node's name, `TLSv1.2`; `TLSv1` is 1.0 */
export function tlsVersionName(protocol: string): string {
  const version = protocol.replace(/^TLSv/, '')
  return version.length === 1 ? `TLS${version}.0` : `TLS${version}`
}

/** @param name IANA's */
export function cipherSuiteName(name: string): string {
  const number = NUMBERED_SUITES.get(name)
  return number === undefined ? name : `Unknown ${number}`
}

/** What OpenSSL offers of the suites that the original has no names for, with IANA's numbers. */
const NUMBERED_SUITES: ReadonlyMap<string, number> = new Map([
  ['TLS_AES_128_GCM_SHA256', 0x1301],
  ['TLS_AES_256_GCM_SHA384', 0x1302],
  ['TLS_CHACHA20_POLY1305_SHA256', 0x1303],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 0x009c],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 0x009d],
  ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 0x009e],
  ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 0x009f],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 0xc023],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 0xc024],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 0xc027],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 0xc028],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9],
  ['TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xccaa],
])
