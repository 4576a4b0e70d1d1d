// What must be right before anything is opened (nsqadmin.md, section 1), in the original's order and words.
import { readFileSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import { createSecureContext } from 'node:tls'
import { parseHostPort, parsePort, StartError } from '@nsq-ts/daemon'
import { Cidr } from './access/cidr.ts'
import type { NsqadminOptions } from './options.ts'
import type { UpstreamSettings } from './upstream/client.ts'

export interface CheckedOptions {
  readonly tls: UpstreamSettings['tls']
  /** For nsqds; empty: none. */
  readonly nsqdToken: string
  /** For NSQ's own protocol, where nsqds require AUTH; empty: none. */
  readonly tailAuthSecret: string
  /** For NSQ's own protocol: nsqds that need TLS for HTTP are taken to have it there too. Undefined: none. */
  readonly tcpTls: UpstreamSettings['tls'] | undefined
  /** Undefined: /config is for everybody. */
  readonly configCidr: Cidr | undefined
  /** Undefined: none, or it is not proxied. */
  readonly graphiteProxy: URL | undefined
}

/** @throws {StartError} */
export async function checkOptions(options: NsqadminOptions): Promise<CheckedOptions> {
  const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = options
  if (nsqds.length === 0 && lookupds.length === 0) refuse('--nsqd-http-address or --lookupd-http-address required')
  if (nsqds.length > 0 && lookupds.length > 0) refuse('use --nsqd-http-address or --lookupd-http-address not both')
  const tls = checkTls(options)
  for (const address of lookupds) await checkAddress('--lookupd-http-address', address)
  for (const address of nsqds) await checkAddress('--nsqd-http-address', address)
  const tcpTls = usesTls(options) ? tls : undefined
  const nsqdToken = readSecret('--http-client-token-file', options.httpClientTokenFile)
  const tailAuthSecret = readSecret('--tail-auth-secret-file', options.tailAuthSecretFile)
  return {
    tls,
    tcpTls,
    nsqdToken,
    tailAuthSecret,
    graphiteProxy: checkGraphite(options),
    configCidr: checkCidr(options.allowConfigFromCidr),
  }
}

/** What a file holds that nobody is to see on the command line. */
function readSecret(flag: string, path: string): string {
  if (path === '') return ''
  try {
    const token = readFileSync(path, 'utf8').trim()
    if (/^\S+$/.test(token)) return token
  } catch (cause) {
    return refuse(`failed to read ${flag} (${path}) - ${reason(cause)}`, cause)
  }
  return refuse(`${flag} (${path}) must have one ${flag.includes('token') ? 'token' : 'secret'}, without spaces`)
}

function usesTls(options: NsqadminOptions): boolean {
  return (
    options.httpClientTlsCert !== '' ||
    options.httpClientTlsRootCaFile !== '' ||
    options.httpClientTlsInsecureSkipVerify
  )
}

function checkTls(options: NsqadminOptions): UpstreamSettings['tls'] {
  const { httpClientTlsCert: cert, httpClientTlsKey: key, httpClientTlsRootCaFile: ca } = options
  if (cert !== '' && key === '') refuse('--http-client-tls-key must be specified with --http-client-tls-cert')
  if (key !== '' && cert === '') refuse('--http-client-tls-cert must be specified with --http-client-tls-key')
  return {
    rejectUnauthorized: !options.httpClientTlsInsecureSkipVerify,
    ...(cert !== '' && keyPair(cert, key)),
    ...(ca !== '' && { ca: readCa(ca) }),
  }
}

function keyPair(certPath: string, keyPath: string): { cert: Buffer; key: Buffer } {
  try {
    const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) }
    createSecureContext(pair)
    return pair
  } catch (cause) {
    return refuse(`failed to LoadX509KeyPair ${certPath}, ${keyPath} - ${reason(cause)}`, cause)
  }
}

function readCa(path: string): Buffer {
  let ca: Buffer
  try {
    ca = readFileSync(path)
  } catch (cause) {
    return refuse(`failed to read TLS root CA file ${path} - ${reason(cause)}`, cause)
  }
  try {
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate in it')
    createSecureContext({ ca })
    return ca
  } catch (cause) {
    return refuse(`failed to AppendCertsFromPEM ${path}`, cause)
  }
}

async function checkAddress(flag: string, address: string): Promise<void> {
  const cause = await unresolvable(address)
  if (cause !== undefined) refuse(`failed to resolve ${flag} (${address}) - ${cause}`)
}

async function unresolvable(address: string): Promise<string | undefined> {
  const parts = parseHostPort(address)
  if (parts === undefined) return `address ${address}: missing port in address`
  if (parsePort(parts.port) === undefined) return `lookup tcp/${parts.port}: unknown port`
  if (parts.host === '') return undefined // this machine
  try {
    await lookup(parts.host)
    return undefined
  } catch {
    return `lookup ${parts.host}: no such host`
  }
}

function checkGraphite({ proxyGraphite, graphiteUrl }: NsqadminOptions): URL | undefined {
  if (!proxyGraphite) return undefined
  if (graphiteUrl === '') return refuse('--proxy-graphite needs --graphite-url')
  try {
    return new URL(graphiteUrl)
  } catch (cause) {
    return refuse(`failed to parse --graphite-url (${graphiteUrl}) - ${reason(cause)}`, cause)
  }
}

function checkCidr(cidr: string): Cidr | undefined {
  if (cidr === '') return undefined
  try {
    return new Cidr(cidr)
  } catch (cause) {
    return refuse(`failed to parse --allow-config-from-cidr (${cidr}) - ${reason(cause)}`, cause)
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function refuse(cause: string, error?: unknown): never {
  throw new StartError(`failed to instantiate nsqadmin - ${cause}`, { cause: error })
}
