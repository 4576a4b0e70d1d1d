import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What a certificate is for; the default is a server on 127.0.0.1, valid for a day. */
export interface CertificateDetails {
  readonly commonName?: string
  readonly host?: string
  /** Signed by this one; by itself without. */
  readonly ca?: Certificate
  readonly isCa?: boolean
  readonly expired?: boolean
}

const DAY_MS = 86_400_000

export async function makeCertificate(details: CertificateDetails = {}): Promise<Certificate> {
  const { ca, commonName = 'nsqd', expired = false, host = '127.0.0.1', isCa = false } = details
  const now = Date.now()
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - 2 * DAY_MS),
    notAfterDate: new Date(expired ? now - DAY_MS : now + DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: isCa, critical: true },
      host === '127.0.0.1'
        ? { name: 'subjectAltName', altNames: [{ type: 7, ip: host }] }
        : { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
    ],
    ...(ca && { ca }),
  })
  return { cert: made.cert, key: made.private }
}

/** Writes a certificate where --tls-cert and --tls-key expect it, and gives the flags. */
export function certificateFlags(folder: string, { cert, key }: Certificate): [string, string] {
  const certFile = join(folder, 'server.pem')
  const keyFile = join(folder, 'server.key')
  writeFileSync(keyFile, key)
  writeFileSync(certFile, cert)
  return [`--tls-cert=${certFile}`, `--tls-key=${keyFile}`]
}
