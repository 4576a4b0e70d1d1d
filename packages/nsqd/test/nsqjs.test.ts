// A client library of others, over what it can negotiate.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nsqjs from 'nsqjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificateFlags, makeCertificate } from './support/certificates.ts'
import { startNsqd } from './support/start-nsqd.ts'

let folder: string
let flags: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-nsqjs-'))
  flags = [...certificateFlags(folder, await makeCertificate()), '--https-address=', '--tls-required=tcp-https']
})

afterAll(() => rmSync(folder, { recursive: true }))

const MESSAGES = 200

test.each([
  ['TLS', {}],
  ['TLS and snappy', { snappy: true }],
  ['TLS and deflate', { deflate: true, deflateLevel: 4 }],
])('nsqjs publishes and consumes over %s', async (_, compression) => {
  await using nsqd = await startNsqd(...flags)
  const settings = { tls: true, tlsVerification: false, ...compression }
  const writer = new nsqjs.Writer('127.0.0.1', nsqd.tcpPort, settings)
  const reader = new nsqjs.Reader('t', 'c', {
    nsqdTCPAddresses: [`127.0.0.1:${nsqd.tcpPort}`],
    maxInFlight: 10,
    ...settings,
  })
  const arrived = new Set<string>()
  try {
    await new Promise<void>((resolve, reject) => {
      writer.on('error', reject)
      reader.on('error', reject)
      reader.on('message', (message) => {
        arrived.add(message.body.toString())
        message.finish()
        if (arrived.size === MESSAGES) resolve()
      })
      writer.on('ready', () => {
        for (let i = 0; i < MESSAGES; i++) writer.publish('t', `message ${i} ${'x'.repeat(i * 20)}`)
      })
      writer.connect()
      reader.connect()
    })
    expect(arrived.size).toBe(MESSAGES)
  } finally {
    // At a close it complains of a deflate stream without end, whatever the server.
    writer.on('error', () => undefined)
    reader.on('error', () => undefined)
    await closed(writer)
    await closed(reader)
  }
})

function closed(client: { close(): void; on(event: string, listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    client.on('closed', resolve)
    client.on('nsqd_closed', resolve)
    client.close()
  })
}
