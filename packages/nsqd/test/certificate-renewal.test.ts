import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { silentLogger } from '@nsq-ts/daemon'
import { fin, pub, rdy, sub } from '@nsq-ts/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ServerTls } from '../src/tls/server-tls.ts'
import { type Certificate, certificateFlags, makeCertificate } from './support/certificates.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

let folder: string
let flags: [string, string]
let first: Certificate
let second: Certificate

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-renewal-'))
  first = await makeCertificate({ commonName: 'first' })
  second = await makeCertificate({ commonName: 'second' })
  flags = certificateFlags(folder, first)
})

afterEach(() => rmSync(folder, { recursive: true }))

/** Whose certificate a connection was shown. */
function shownOver(connection: UpgradedConnection): unknown {
  return (connection.socket as TLSSocket).getPeerCertificate().subject.CN
}

function shownOverHttps(nsqd: TestNsqd): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port: nsqd.nsqd.addresses.https!.port, host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().subject.CN)
        socket.destroy()
      },
    )
    socket.on('error', reject)
  })
}

/** Publishes and consumes on one TLS connection until told to stop; gives how many messages went through. */
async function traffic(nsqd: TestNsqd, topic: string, signal: AbortSignal): Promise<number> {
  using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { tls_v1: true })
  await connection.ask(sub(topic, 'c'))
  connection.send(rdy(1))
  let count = 0
  while (!signal.aborted) {
    if ((await connection.ask(pub(topic, Buffer.from(`message ${count}`)))) !== 'OK')
      throw new Error('a publish was refused')
    const message = await connection.message()
    connection.send(fin(message.id))
    count++
  }
  return count
}

test('a certificate swapped under load reaches new connections, and no old one is dropped', async () => {
  await using nsqd = await startNsqd(...flags, '--https-address=127.0.0.1:0')
  const stop = new AbortController()
  const running = ['a', 'b', 'c', 'd'].map((topic) => traffic(nsqd, topic, stop.signal))
  for (let round = 0; round < 10; round++) {
    const [certificate, name] = round % 2 === 0 ? ([second, 'second'] as const) : ([first, 'first'] as const)
    certificateFlags(folder, certificate)
    nsqd.nsqd.reload()
    using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { tls_v1: true })
    expect(shownOver(connection)).toBe(name)
    expect(await shownOverHttps(nsqd)).toBe(name)
  }
  stop.abort()
  for (const count of await Promise.all(running)) expect(count).toBeGreaterThan(0)
})

test('files that do not fit together leave the old certificate in place', async () => {
  await using nsqd = await startNsqd(...flags, '--https-address=127.0.0.1:0')
  writeFileSync(join(folder, 'server.pem'), second.cert) // the key is to follow
  nsqd.nsqd.reload()
  using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { tls_v1: true })
  expect(shownOver(connection)).toBe('first')
  expect(nsqd.logged.filter((line) => line.startsWith('ERROR: TLS: the certificate was not reloaded'))).toHaveLength(1)
})

test('changed files are noticed without a signal, also when they are moved into place', async () => {
  const options = {
    tlsCert: join(folder, 'server.pem'),
    tlsKey: join(folder, 'server.key'),
    tlsRootCaFile: '',
    tlsMinVersion: 'TLSv1.2',
    tlsClientAuthPolicy: '',
  } as const
  const tls = ServerTls.load(options, silentLogger())!
  const renewed = vi.fn<() => void>()
  tls.listen(renewed)
  const before = tls.context
  await tls.watch(10)
  try {
    writeFileSync(join(folder, 'new.key'), second.key)
    writeFileSync(join(folder, 'new.pem'), second.cert)
    renameSync(join(folder, 'new.key'), options.tlsKey)
    renameSync(join(folder, 'new.pem'), options.tlsCert)
    await vi.waitFor(() => expect(renewed).toHaveBeenCalled(), 20_000)
    expect(tls.context).not.toBe(before)
  } finally {
    tls.close()
  }
})
