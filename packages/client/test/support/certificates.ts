// Certificates made for the test: an authority, a server's for 127.0.0.1 and localhost, a client's.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export interface KeyPair {
  key: string
  cert: string
}

export interface Certificates {
  ca: KeyPair
  server: KeyPair
  client: KeyPair
}

const DAY_MS = 86_400_000

export async function makeCertificates(): Promise<Certificates> {
  const lifetime = { notBeforeDate: new Date(Date.now() - DAY_MS), notAfterDate: new Date(Date.now() + DAY_MS) }
  const ca = await generate([{ name: 'commonName', value: 'test authority' }], {
    ...lifetime,
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const issue = async (commonName: string): Promise<KeyPair> => {
    const pair = await generate([{ name: 'commonName', value: commonName }], {
      ...lifetime,
      keySize: 2048,
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
          ],
        },
      ],
    })
    return { key: pair.private, cert: pair.cert }
  }
  return { ca: { key: ca.private, cert: ca.cert }, server: await issue('server'), client: await issue('client') }
}

/** Certificates, and files of them that are gone when this is disposed of. */
export interface CertificateFiles extends AsyncDisposable {
  certificates: Certificates
  /** Let an nsqd offer TLS over TCP; over HTTPS on a port of its own. */
  tlsFlags: string[]
}

export async function writeCertificates(): Promise<CertificateFiles> {
  const certificates = await makeCertificates()
  const folder = await mkdtemp(join(tmpdir(), 'nsq-client-certificates-'))
  const write = async (name: string, pem: string): Promise<string> => {
    await writeFile(join(folder, name), pem)
    return join(folder, name)
  }
  const { ca, server } = certificates
  return {
    certificates,
    tlsFlags: [
      '--https-address=127.0.0.1:0',
      `--tls-cert=${await write('cert.pem', server.cert)}`,
      `--tls-key=${await write('key.pem', server.key)}`,
      `--tls-root-ca-file=${await write('ca.pem', ca.cert)}`,
    ],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
