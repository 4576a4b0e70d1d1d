// Certificates and keys as the options name them, read and checked before anything is opened (nsqd-flags.md, section 3).
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { DEFAULT_CIPHERS, type SecureContextOptions, type SecureVersion } from 'node:tls'
import { readNamedFile } from './files.ts'

export interface TlsFileOptions {
  readonly tlsCert: string
  readonly tlsKey: string
  readonly tlsRootCaFile: string
  readonly tlsMinVersion: SecureVersion
}

/**
 * What the server shows, and whom it trusts to have signed clients' certificates.
 * @returns undefined without certificate and key
 * @throws {Error} when a file cannot be read, is not what it should be, or the key is another's
 */
export function loadServerMaterial(options: TlsFileOptions): SecureContextOptions | undefined {
  const { tlsCert, tlsKey, tlsRootCaFile, tlsMinVersion } = options
  if (tlsCert === '' && tlsKey === '') return undefined
  const cert = readNamedFile(tlsCert)
  const key = readNamedFile(tlsKey)
  checkPair(cert, key)
  const ca = tlsRootCaFile === '' ? {} : { ca: loadRoots(tlsRootCaFile) }
  return { cert, key, ...ca, minVersion: tlsMinVersion, ciphers: ciphersFor(tlsMinVersion) }
}

/**
 * Whom we trust, and how, where we are the client: of auth servers, for example.
 * @throws {Error} when the root CA file cannot be used
 */
export function loadClientMaterial(options: TlsFileOptions): SecureContextOptions {
  const { tlsRootCaFile, tlsMinVersion } = options
  const ca = tlsRootCaFile === '' ? {} : { ca: loadRoots(tlsRootCaFile) }
  return { ...ca, minVersion: tlsMinVersion, ciphers: ciphersFor(tlsMinVersion) }
}

function checkPair(cert: Buffer, key: Buffer): void {
  if (!cert.includes('-----BEGIN')) throw new Error('tls: failed to find any PEM data in certificate input')
  if (!key.includes('-----BEGIN')) throw new Error('tls: failed to find any PEM data in key input')
  const own = parse('certificate', () => new X509Certificate(cert))
  const privateKey = parse('private key', () => createPrivateKey(key))
  if (!own.checkPrivateKey(privateKey)) throw new Error('tls: private key does not match public key')
}

function parse<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error(`tls: failed to parse ${what}: ${(cause as Error).message}`, { cause })
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of a bundle that can be read; there has to be one. */
function loadRoots(file: string): string[] {
  const found = readNamedFile(file).toString('latin1').match(PEM_CERTIFICATE) ?? []
  const roots = found.filter(isCertificate)
  if (roots.length === 0) throw new Error('failed to append certificate to pool')
  return roots
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false // other entries of the bundle may be good
  }
}

/** OpenSSL refuses TLS 1.0 and 1.1 at its ordinary level of security, because they sign with SHA-1. */
function ciphersFor(minVersion: SecureVersion): string {
  return minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? `${DEFAULT_CIPHERS}:@SECLEVEL=0` : DEFAULT_CIPHERS
}
