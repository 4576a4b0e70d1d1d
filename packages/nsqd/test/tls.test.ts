import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { identify, NOP, pub } from '@nsq-ts/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificate, certificateFlags, makeCertificate } from './support/certificates.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

let folder: string
let ca: Certificate
let server: Certificate
let serverFlags: [string, string]
let caFile: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-tls-'))
  ca = await makeCertificate({ commonName: 'test-ca', isCa: true })
  server = await makeCertificate({ ca })
  serverFlags = certificateFlags(folder, server)
  caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.cert)
})

afterAll(() => rmSync(folder, { recursive: true }))

const startTls = (...flags: string[]): Promise<TestNsqd> =>
  startNsqd(...serverFlags, '--https-address=127.0.0.1:0', ...flags)
const upgrade = (nsqd: TestNsqd, options: ConnectionOptions = {}) =>
  UpgradedConnection.upgrade(nsqd.tcpPort, { tls_v1: true }, { ca: ca.cert, ...options })

/** GET over HTTPS: the status, or the code of what went wrong. */
function getOverHttps(nsqd: TestNsqd, options: ConnectionOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const { port } = nsqd.nsqd.addresses.https!
    request({ host: '127.0.0.1', port, path: '/ping', agent: false, ca: ca.cert, ...options }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end()
  })
}

describe('upgrading a connection', () => {
  test('a client that checks the certificate is served over TLS', async () => {
    await using nsqd = await startTls()
    using connection = await upgrade(nsqd)
    expect(await connection.ask(pub('t', 'whisper'))).toBe('OK')
  })

  test.each([
    ['another host', { host: 'elsewhere.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['the past', { expired: true }, 'CERT_HAS_EXPIRED'],
  ])('a client turns down a certificate of %s, and others are served on', async (_, details, code) => {
    const bad = mkdtempSync(join(tmpdir(), 'nsqd-tls-'))
    try {
      const flags = certificateFlags(bad, await makeCertificate({ ca, ...details }))
      await using nsqd = await startNsqd(...flags, '--https-address=')
      await expect(upgrade(nsqd)).rejects.toMatchObject({ code })
      using trusting = await upgrade(nsqd, { rejectUnauthorized: false })
      expect(await trusting.ask(pub('t', 'x'))).toBe('OK')
    } finally {
      rmSync(bad, { recursive: true })
    }
  })

  test('what was sent ahead of the handshake is thrown away, not taken for commands', async () => {
    await using nsqd = await startTls()
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    await connection.ask(Buffer.concat([identify({ feature_negotiation: true, tls_v1: true }), pub('injected', 'x')]))
    await connection.startTls({ ca: ca.cert })
    await connection.expectOk()
    expect(await connection.ask(pub('meant', 'x'))).toBe('OK')
    expect([...nsqd.nsqd.registry.topics()].map(({ name }) => name)).toEqual(['meant'])
  })

  test('what is no handshake is answered in the clear and closed', async () => {
    await using nsqd = await startTls()
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    await connection.ask(identify({ feature_negotiation: true, tls_v1: true }))
    connection.send('this is no handshake\n'.repeat(5))
    expect(await connection.untilClosed()).toEqual([
      'E_IDENTIFY_FAILED IDENTIFY failed tls: first record does not look like a TLS handshake',
    ])
  })

  test('a client that never begins its handshake is told so after five seconds', async () => {
    await using nsqd = await startTls()
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    const startedAt = performance.now()
    await connection.ask(identify({ feature_negotiation: true, tls_v1: true, heartbeat_interval: 1000 }))
    const [error] = await connection.untilClosed()
    expect(error).toMatch(/^E_IDENTIFY_FAILED IDENTIFY failed read tcp .*: i\/o timeout$/)
    expect(performance.now() - startedAt).toBeGreaterThan(4900)
  })

  test('nsqd closes at once while handshakes are under way', async () => {
    const nsqd = await startTls()
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    await connection.ask(identify({ feature_negotiation: true, tls_v1: true }))
    await nsqd[Symbol.asyncDispose]()
    expect(await connection.untilClosed()).toEqual([])
  })

  test('a connection is upgraded once', async () => {
    await using nsqd = await startTls()
    using connection = await upgrade(nsqd)
    expect(await connection.ask(identify({ feature_negotiation: true }))).toContain('"tls_v1":false')
    expect(await connection.ask(identify({ feature_negotiation: true, tls_v1: true }))).toMatch(/^E_IDENTIFY_FAILED /)
  })

  test('--tls-min-version holds for TCP and HTTPS', async () => {
    await using nsqd = await startTls('--tls-min-version=tls1.3')
    await expect(upgrade(nsqd, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({ code: /ALERT_PROTOCOL_VERSION/ })
    expect(await getOverHttps(nsqd, { maxVersion: 'TLSv1.2' })).toBe('EPROTO')
    using connection = await upgrade(nsqd, { minVersion: 'TLSv1.3' })
    expect((connection.socket as import('node:tls').TLSSocket).getProtocol()).toBe('TLSv1.3')
    expect(await getOverHttps(nsqd, { minVersion: 'TLSv1.3' })).toBe(200)
  })

  test('by default TLS 1.0 is still spoken with those who know no better', async () => {
    await using nsqd = await startTls()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    using connection = await upgrade(nsqd, old)
    expect((connection.socket as import('node:tls').TLSSocket).getProtocol()).toBe('TLSv1')
  })
})

describe('certificates of clients', () => {
  test('require takes any certificate, and none without', async () => {
    await using nsqd = await startTls('--tls-client-auth-policy=require')
    const stranger = await makeCertificate({ commonName: 'stranger' })
    await expect(upgrade(nsqd, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
    expect(await getOverHttps(nsqd, {})).not.toBe(200)
    using connection = await upgrade(nsqd, stranger)
    expect(await connection.ask(pub('t', 'x'))).toBe('OK')
    expect(await getOverHttps(nsqd, stranger)).toBe(200)
  })

  test('require-verify takes those that our authority signed', async () => {
    await using nsqd = await startTls('--tls-client-auth-policy=require-verify', `--tls-root-ca-file=${caFile}`)
    const known = await makeCertificate({ commonName: 'known', ca })
    using connection = await upgrade(nsqd, known)
    expect(await connection.ask(pub('t', 'x'))).toBe('OK')
    expect(await getOverHttps(nsqd, known)).toBe(200)
    const otherCa = await makeCertificate({ commonName: 'other-ca', isCa: true })
    for (const unknown of [
      undefined,
      await makeCertificate({ commonName: 'self' }),
      await makeCertificate({ commonName: 'other', ca: otherCa }),
      await makeCertificate({ commonName: 'late', ca, expired: true }),
    ]) {
      await expect(upgrade(nsqd, unknown)).rejects.toThrow()
      expect(await getOverHttps(nsqd, unknown ?? {})).not.toBe(200)
    }
  })
})

describe('requiring TLS', () => {
  test('in the clear nothing but IDENTIFY is taken', async () => {
    await using nsqd = await startTls('--tls-required')
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    expect(await connection.ask(identify({}))).toBe('OK')
    expect(await connection.ask(NOP)).toBe('E_INVALID cannot NOP in current state (TLS required)')
    using upgraded = await upgrade(nsqd)
    expect(await upgraded.ask(pub('t', 'x'))).toBe('OK')
  })

  test('plain HTTP says where HTTPS is, unless it may stay open', async () => {
    await using closed = await startTls('--tls-required=true')
    const { body, status } = await closed.ask('GET', '/ping')
    expect(status).toBe(403)
    expect(JSON.parse(body)).toEqual({ message: 'TLS_REQUIRED', https_port: closed.nsqd.addresses.https!.port })
    await using open = await startTls('--tls-required=tcp-https')
    expect((await open.ask('GET', '/ping')).status).toBe(200)
  })
})

describe('files that cannot be used', () => {
  const junk = () => {
    writeFileSync(join(folder, 'junk'), 'junk')
    return join(folder, 'junk')
  }
  const refusals: [string, () => string[], string][] = [
    ['a certificate alone', () => [serverFlags[0]], 'failed to build TLS config - open : no such file or directory'],
    [
      'no file',
      () => ['--tls-cert=/none', serverFlags[1]],
      'failed to build TLS config - open /none: no such file or directory',
    ],
    [
      'a folder',
      () => [`--tls-cert=${folder}`, serverFlags[1]],
      'failed to build TLS config - read FOLDER: is a directory',
    ],
    [
      'no PEM',
      () => [`--tls-cert=${junk()}`, serverFlags[1]],
      'failed to build TLS config - tls: failed to find any PEM data in certificate input',
    ],
    [
      'no PEM key',
      () => [serverFlags[0], `--tls-key=${junk()}`],
      'failed to build TLS config - tls: failed to find any PEM data in key input',
    ],
    [
      'no root CA',
      () => [...serverFlags, `--tls-root-ca-file=${junk()}`],
      'failed to build TLS config - failed to append certificate to pool',
    ],
    [
      'no root CA of a client',
      () => [`--tls-root-ca-file=${junk()}`],
      'failed to build client TLS config - failed to append certificate to pool',
    ],
    [
      'TLS required without files',
      () => ['--tls-required', '--auth-http-request-method=put'],
      'cannot require TLS client connections without TLS key and cert',
    ],
    [
      'an HTTPS address that is none',
      () => [...serverFlags, '--https-address=/tmp/x'],
      'listen (/tmp/x) failed - listen tcp: address /tmp/x: missing port in address',
    ],
  ]
  test.each(refusals)('%s', async (_, flags, reason) => {
    const problem = `failed to instantiate nsqd - ${reason.replace('FOLDER', folder)}`
    await expect(startNsqd(...flags())).rejects.toThrow(problem)
  })

  test("another's key", async () => {
    const other = join(folder, 'other.key')
    writeFileSync(other, (await makeCertificate()).key)
    await expect(startNsqd(serverFlags[0], `--tls-key=${other}`)).rejects.toThrow(
      'failed to instantiate nsqd - failed to build TLS config - tls: private key does not match public key',
    )
  })
})
