// Many connections: coming and going, cut off without a word, and there without doing anything.
import { MAGIC_V2, pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { Canary } from '../support/canary.ts'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import type { V2Client } from '../support/v2-client.ts'

const MEBIBYTE = 1024 * 1024
const VISIT_COUNT = 2000
const AT_ONCE = 50
const IDLE_COUNT = 500

/** What a visitor does before it goes. */
const VISITS: readonly ((client: V2Client) => unknown)[] = [
  () => {}, // nothing
  (client) => client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
  (client) => client.send(MAGIC_V2),
  (client) => client.send(MAGIC_V2, Buffer.from('PUB visits#ephemeral\n\0\0')),
  (client) => client.send(MAGIC_V2, pub('visits#ephemeral', Buffer.from('hello'))),
  (client) => client.send(MAGIC_V2, sub('visits#ephemeral', 'ch#ephemeral'), rdy(10)),
]
/** How it goes: politely, at once, with a reset. */
const PARTINGS: readonly ((client: V2Client) => unknown)[] = [
  ({ socket }) => socket.end(),
  ({ socket }) => socket.destroy(),
  ({ socket }) => socket.resetAndDestroy(),
]

test('2,000 clients that come and go in every way leave nothing behind, and nobody else notices', async () => {
  await using nsqd = await NsqdProcess.start()
  await nsqd.hush()
  const canary = await Canary.release(nsqd)
  await visitMany(nsqd, AT_ONCE * 2) // what grows once with use has grown
  const socketsBefore = await nsqd.openSocketCount()
  const residentBefore = await nsqd.residentBytes()

  await visitMany(nsqd, VISIT_COUNT)

  await eventually(async () => (await nsqd.openSocketCount()) <= socketsBefore, { what: 'all sockets are closed' })
  expect((await nsqd.residentBytes()) - residentBefore).toBeLessThan(64 * MEBIBYTE)
  await canary.stop()
  await eventually(async () => (await nsqd.topics()).every(({ topic_name }) => topic_name === 'canary'), {
    what: 'the ephemeral topic went with its last user',
  })
  expect(nsqd.crash).toBeUndefined()
})

test('500 idle connections cost little, and leave on their own when nsqd stops', async () => {
  await using nsqd = await NsqdProcess.start()
  await nsqd.hush()
  const residentBefore = await nsqd.residentBytes()
  const idle = await Promise.all(Array.from({ length: IDLE_COUNT }, () => nsqd.connect()))
  expect((await nsqd.residentBytes()) - residentBefore).toBeLessThan(40 * MEBIBYTE)
  const canary = await Canary.release(nsqd)
  await canary.stop()
  nsqd.terminate()
  await Promise.all(idle.map(({ closed }) => closed))
  expect(await nsqd.stop()).toBe(0)
})

async function visitMany(nsqd: NsqdProcess, count: number): Promise<void> {
  let next = 0
  const visitor = async () => {
    while (next < count) {
      const turn = next++
      const client = await nsqd.connect({ identify: false })
      VISITS[turn % VISITS.length]?.(client)
      if (turn % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
      PARTINGS[turn % PARTINGS.length]?.(client)
      await client.closed
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, visitor))
}
