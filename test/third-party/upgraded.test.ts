// Clients over what a connection can be upgraded to. Of those that npm has only nsqjs and ours can do it: squeaky and nsq.js speak plain
// TCP only. So go-nsq stands beside them where the original's tools are at hand (their folder in NSQ_ORIGINAL_TOOLS).
import { once } from 'node:events'
import type { Server } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer, Producer } from '@nsq-ts/client'
import { execa } from 'execa'
import { Reader, Writer } from 'nsqjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthServer } from '../../docs/examples/auth-server.ts'
import { certificateFlags, makeCertificate } from '../../packages/nsqd/test/support/certificates.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'

interface Upgrade {
  readonly snappy?: true
  readonly deflate?: true
  readonly secret?: string
}

const SECRET = 's3cret'
const TLS_SNAPPY: Upgrade = { snappy: true }
const TLS_DEFLATE_AUTH: Upgrade = { deflate: true, secret: SECRET }

const MESSAGE_COUNT = 300
/** From nothing to several segments of a compressor, some of it hard to compress. */
const BODIES = Array.from({ length: MESSAGE_COUNT }, (_, i) => `${i} ${Math.sin(i)} ${'x'.repeat(i * 40)}`)

let folder: string
let tlsFlags: string[]
let auth: Server

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-upgraded-'))
  tlsFlags = [...certificateFlags(folder, await makeCertificate()), '--https-address=', '--tls-required=tcp-https']
  const authorizations = [{ topic: '^t$', channels: ['.*'], permissions: ['subscribe', 'publish'] as const }]
  auth = createAuthServer([{ secret: SECRET, identity: 'upgraded', authorizations }])
  auth.listen(0, '127.0.0.1')
  await once(auth, 'listening')
})

afterAll(() => {
  auth.close()
  rmSync(folder, { recursive: true })
})

const ORIGINAL_TOOLS = process.env['NSQ_ORIGINAL_TOOLS']

test.each([
  ['nsqjs', 'TLS and snappy', throughNsqjs, TLS_SNAPPY],
  ['nsqjs', 'TLS, deflate and AUTH', throughNsqjs, TLS_DEFLATE_AUTH],
  ['@nsq-ts/client', 'TLS and snappy', throughOurs, TLS_SNAPPY],
  ['@nsq-ts/client', 'TLS, deflate and AUTH', throughOurs, TLS_DEFLATE_AUTH],
  ...(ORIGINAL_TOOLS === undefined
    ? []
    : ([
        ['go-nsq', 'TLS and snappy', throughGoNsq, TLS_SNAPPY],
        ['go-nsq', 'TLS, deflate and AUTH', throughGoNsq, TLS_DEFLATE_AUTH],
      ] as const)),
] as const)('%s publishes and consumes over %s', async (_library, _upgrade, through, upgrade) => {
  const { port } = auth.address() as AddressInfo
  const authFlags = upgrade.secret === undefined ? [] : [`--auth-http-address=127.0.0.1:${port}`]
  await using nsqd = await NsqdProcess.start([...tlsFlags, ...authFlags])
  await through(nsqd, upgrade)
  expect(nsqd.crash).toBeUndefined()
})

/** What nsqd says of the only consumer: that the connection is what it was meant to be. */
async function expectUpgraded(nsqd: NsqdProcess, { snappy, deflate, secret }: Upgrade): Promise<void> {
  const { clients } = await nsqd.channel('t', 'c')
  expect(clients).toHaveLength(1)
  expect(clients[0]).toMatchObject({ tls: true, snappy: snappy === true, deflate: deflate === true })
  if (secret !== undefined) expect(clients[0]).toMatchObject({ authed: true, auth_identity: 'upgraded' })
}

async function throughNsqjs(nsqd: NsqdProcess, upgrade: Upgrade): Promise<void> {
  const { snappy, deflate, secret } = upgrade
  const settings = {
    tls: true,
    tlsVerification: false, // it has no way to trust a certificate of one's own
    ...(snappy && { snappy }),
    ...(deflate && { deflate, deflateLevel: 4 }),
    ...(secret !== undefined && { authSecret: secret }),
  }
  const writer = new Writer('127.0.0.1', nsqd.tcpPort, settings)
  const reader = new Reader('t', 'c', { nsqdTCPAddresses: `127.0.0.1:${nsqd.tcpPort}`, maxInFlight: 10, ...settings })
  const arrived = new Set<string>()
  try {
    await new Promise<void>((resolve, reject) => {
      writer.on('error', reject)
      reader.on('error', reject)
      reader.on('message', (message) => {
        arrived.add(message.body.toString())
        message.finish()
        if (arrived.size === BODIES.length) resolve()
      })
      writer.on('ready', () => {
        for (const body of BODIES) writer.publish('t', body)
      })
      writer.connect()
      reader.connect()
    })
    expect([...arrived].sort()).toEqual([...BODIES].sort())
    await expectUpgraded(nsqd, upgrade)
  } finally {
    // At a close it complains of a deflate stream without end, whatever the server.
    writer.on('error', () => undefined)
    reader.on('error', () => undefined)
    writer.close()
    reader.close()
  }
}

async function throughOurs(nsqd: NsqdProcess, upgrade: Upgrade): Promise<void> {
  const { snappy, deflate, secret } = upgrade
  const settings = {
    nsqd: `127.0.0.1:${nsqd.tcpPort}`,
    tls: { ca: readFileSync(join(folder, 'server.pem')) },
    ...(snappy && { snappy }),
    ...(deflate && { deflate }),
    ...(secret !== undefined && { authSecret: secret }),
  }
  await using producer = new Producer(settings)
  await using consumer = new Consumer({ ...settings, topic: 't', channel: 'c' })
  const arrived = new Set<string>()
  const all = new Promise<void>((resolve, reject) => {
    consumer.on('error', reject)
    const handler = (body: string) => {
      arrived.add(body)
      if (arrived.size === BODIES.length) resolve()
    }
    consumer.run(({ body }) => handler(body.toString())).catch(reject)
  })
  await Promise.all(BODIES.map((body) => producer.publish('t', body)))
  await all
  expect([...arrived].sort()).toEqual([...BODIES].sort())
  await expectUpgraded(nsqd, upgrade)
}

/** `to_nsq` and `nsq_tail` of the original; it trusts our certificate as a root. */
async function throughGoNsq(nsqd: NsqdProcess, upgrade: Upgrade): Promise<void> {
  const { snappy, deflate, secret } = upgrade
  const settings = ['tls_v1,true', `tls_root_ca_file,${join(folder, 'server.pem')}`]
  if (snappy) settings.push('snappy,true')
  if (deflate) settings.push('deflate,true')
  if (secret !== undefined) settings.push(`auth_secret,${secret}`)
  const address = `--nsqd-tcp-address=127.0.0.1:${nsqd.tcpPort}`
  const tool = (name: string) => join(ORIGINAL_TOOLS ?? '', name)

  const producerFlags = settings.map((setting) => `--producer-opt=${setting}`)
  await execa(tool('to_nsq'), ['--topic=t', address, ...producerFlags], { input: `${BODIES.join('\n')}\n` })

  const consumerFlags = settings.map((setting) => `--consumer-opt=${setting}`)
  const tail = execa(tool('nsq_tail'), ['--topic=t', '--channel=c', address, ...consumerFlags], { reject: false })
  const arrived = new Set<string>()
  try {
    for await (const line of tail.iterable()) {
      arrived.add(line)
      if (arrived.size < BODIES.length) continue
      await expectUpgraded(nsqd, upgrade)
      tail.kill()
    }
  } finally {
    tail.kill()
  }
  expect([...arrived].sort()).toEqual([...BODIES].sort())
}
