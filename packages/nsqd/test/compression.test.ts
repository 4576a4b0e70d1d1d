import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { fin, identify, pub, rdy, sub } from '@nsq-ts/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateFlags, makeCertificate } from './support/certificates.ts'
import { startNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

let folder: string
let flags: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-compression-'))
  flags = [...certificateFlags(folder, await makeCertificate()), '--https-address=']
})

afterAll(() => rmSync(folder, { recursive: true }))

const MIB = 1024 * 1024

/** Bodies from 1 byte to 1 MiB, most of them small; some compress well, some not at all. */
function bodies(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const size =
      i % 20 === 0 ? Math.ceil(Math.exp(Math.random() * Math.log(MIB))) : 1 + Math.floor(Math.random() * 2000)
    return i % 3 === 0 ? Buffer.alloc(size, `body ${i} `) : randomBytes(size)
  })
}

const digest = (body: Uint8Array) => createHash('sha1').update(body).digest('hex')

describe('every combination of TLS and compression', () => {
  const combinations = [false, true].flatMap((tls_v1) =>
    [{}, { snappy: true }, { deflate: true, deflate_level: 1 }, { deflate: true, deflate_level: 6 }].map(
      (compression) => ({ tls_v1, ...compression }),
    ),
  )

  test.each(combinations)('carries messages of all sizes unchanged: %j', async (settings) => {
    await using nsqd = await startNsqd(...flags)
    using producer = await UpgradedConnection.upgrade(nsqd.tcpPort, settings)
    using consumer = await UpgradedConnection.upgrade(nsqd.tcpPort, settings)
    await consumer.ask(sub('t', 'c'))
    consumer.send(rdy(100))
    const sent = [Buffer.alloc(1), Buffer.alloc(MIB, 'x'), randomBytes(MIB), ...bodies(1250)]
    const publishing = (async () => {
      for (const body of sent) if ((await producer.ask(pub('t', body))) !== 'OK') throw new Error('refused')
    })()
    const arrived = new Map<string, number>()
    for (let count = 0; count < sent.length; count++) {
      const message = await consumer.message()
      consumer.send(fin(message.id))
      const key = digest(message.body)
      arrived.set(key, (arrived.get(key) ?? 0) + 1)
    }
    await publishing
    for (const body of sent) {
      const key = digest(body)
      expect(arrived.get(key)).toBeGreaterThan(0)
      arrived.set(key, arrived.get(key)! - 1)
    }
  })

  test('a message does not sit in the compressor, and 0 bytes are refused in any encoding', async () => {
    await using nsqd = await startNsqd(...flags)
    for (const settings of combinations) {
      using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, settings)
      await connection.ask(sub('alone', 'c'))
      connection.send(rdy(100))
      await connection.ask(pub('alone', Buffer.from('x')))
      connection.send(fin((await connection.message()).id))
      expect(await connection.ask('PUB alone\n\0\0\0\0')).toBe('E_BAD_MESSAGE PUB invalid message body size 0')
    }
  })
})

describe('negotiation', () => {
  test('both compressions at once are refused, unless one of them is off', async () => {
    await using both = await startNsqd()
    using asking = UpgradedConnection.open(both.tcpPort)
    const settings = identify({ feature_negotiation: true, snappy: true, deflate: true })
    expect(await asking.ask(settings)).toBe('E_IDENTIFY_FAILED cannot enable both deflate and snappy compression')
    await using one = await startNsqd('--deflate=false')
    using granted = await UpgradedConnection.upgrade(one.tcpPort, { snappy: true, deflate: true })
    expect(await granted.ask(pub('t', Buffer.from('x')))).toBe('OK')
  })

  test.each([
    [0, 6],
    [-3, 6],
    [4, 4],
    [9, 6],
  ])('of deflate level %i comes %i', async (asked, level) => {
    await using nsqd = await startNsqd()
    using connection = UpgradedConnection.open(nsqd.tcpPort)
    const answer = await connection.ask(identify({ feature_negotiation: true, deflate: true, deflate_level: asked }))
    expect(JSON.parse(answer)).toMatchObject({ deflate: true, deflate_level: level })
  })
})

describe('what does not decode', () => {
  test.each([
    ['snappy', Buffer.from('no identifier at all')],
    ['snappy', Buffer.from('ff060000734e6150705902000000', 'hex')],
    ['deflate', Buffer.from([0x07, 0xff, 0xff])],
  ])('%s: the connection is closed without a word', async (compression, garbage) => {
    await using nsqd = await startNsqd()
    using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { [compression]: true })
    connection.socket.write(garbage)
    expect(await connection.untilClosed()).toEqual([])
  })

  test('a small read that expands to much is worked off a piece at a time', async () => {
    await using nsqd = await startNsqd()
    using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { deflate: true })
    const size = 200 * MIB
    const bomb = deflateRawSync(Buffer.alloc(size, `NOP ${'x'.repeat(8187)}\n`), { level: 9 })
    expect(bomb.length).toBeLessThan(MIB)
    globalThis.gc?.()
    const before = process.memoryUsage().rss
    let highest = 0
    const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 10)
    connection.socket.end(bomb)
    expect(await connection.untilClosed()).toEqual([]) // once all of it is worked off
    clearInterval(watch)
    expect(highest - before).toBeLessThan(size / 2)
  })

  test('a line that never ends is cut off while it is being expanded', async () => {
    await using nsqd = await startNsqd()
    using connection = await UpgradedConnection.upgrade(nsqd.tcpPort, { deflate: true })
    connection.socket.write(deflateRawSync(Buffer.alloc(20 * MIB, 'x')))
    expect(await connection.untilClosed()).toEqual([])
  })
})

test.each([{ deflate: true }, { snappy: true }])(
  'a client that does not read its messages gets no more of them, and all once it does: %j',
  async (settings) => {
    await using nsqd = await startNsqd()
    using lazy = await UpgradedConnection.upgrade(nsqd.tcpPort, settings)
    await lazy.ask(sub('big', 'c'))
    lazy.send(rdy(2500))
    lazy.socket.pause()
    using producer = UpgradedConnection.open(nsqd.tcpPort)
    for (let i = 0; i < 50; i++) await producer.ask(pub('big', randomBytes(500_000)))
    const channel = nsqd.nsqd.registry.get('big')!.channels.get('c')!
    expect(channel.inFlightCount).toBeLessThan(40)
    lazy.socket.resume()
    for (let i = 0; i < 50; i++) lazy.send(fin((await lazy.message()).id))
    expect(channel.depth).toBe(0)
  },
)

test('connections that send at the same time do not get into each other', async () => {
  await using nsqd = await startNsqd(...flags)
  const kinds = [{}, { snappy: true }, { deflate: true }, { tls_v1: true }, { tls_v1: true, deflate: true }]
  const sent: Buffer[] = []
  await Promise.all(
    [...kinds, ...kinds].map(async (settings) => {
      using producer = await UpgradedConnection.upgrade(nsqd.tcpPort, settings)
      const mine = bodies(60).filter(({ length }) => length < 100_000)
      sent.push(...mine)
      // All of them in one go, so that reads end in the middle of bodies while other connections are read.
      for (const body of mine) producer.send(pub('t', body))
      for (let answered = 0; answered < mine.length; answered++) await producer.expectOk()
    }),
  )
  using consumer = await UpgradedConnection.upgrade(nsqd.tcpPort, {})
  await consumer.ask(sub('t', 'c'))
  consumer.send(rdy(100))
  const arrived: string[] = []
  for (let count = 0; count < sent.length; count++) {
    const message = await consumer.message()
    consumer.send(fin(message.id))
    arrived.push(digest(message.body))
  }
  expect(arrived.sort()).toEqual(sent.map(digest).sort())
})
