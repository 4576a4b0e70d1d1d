// Producers that send without end, and read nothing of what nsqd answers.
import { fin, MAGIC_V2, mpub, pub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { eventually, within } from '../support/eventually.ts'
import { Canary } from '../support/canary.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import type { V2Client } from '../support/v2-client.ts'

const MEBIBYTE = 1024 * 1024
/** Unread answers pile up in the sockets first: 10 bytes each, some MiB. */
const PACKET = Buffer.concat(
  Array.from({ length: 1000 }, (_, i) => pub('flood#ephemeral', Buffer.from(`message ${i}`))),
)

test('producers that never read their answers are read no further, and nobody else notices', async () => {
  await using nsqd = await NsqdProcess.start(['--mem-queue-size=100'])
  const canary = await Canary.release(nsqd)
  const producers = await Promise.all(Array.from({ length: 4 }, () => connectDeaf(nsqd)))
  const floods = producers.map((producer) => flood(producer, PACKET))

  let before = -1
  const isStill = async () => {
    const count = await messageCount(nsqd, 'flood#ephemeral')
    const still = count > 0 && count === before
    before = count
    return still
  }
  await eventually(isStill, { what: 'nothing is read from them any more', timeoutMs: 30_000, intervalMs: 1000 })
  // Per connection 10 bytes of answer to a message, and 16 MiB of sockets at the very most.
  expect(before).toBeLessThan((4 * 16 * MEBIBYTE) / 10)
  expect(await nsqd.residentBytes()).toBeLessThan(250 * MEBIBYTE)

  await canary.stop()
  for (const producer of producers) producer.destroy()
  await Promise.all(floods)
  expect(nsqd.crash).toBeUndefined()
})

test('a producer whose answers nobody reads is dropped by its deadline', async () => {
  await using nsqd = await NsqdProcess.start(['--mem-queue-size=100'])
  using producer = await nsqd.connect({ identify: { heartbeat_interval: 1000 } })
  producer.socket.pause()
  await within(20_000, 'it is dropped', flood(producer, PACKET))
  expect(nsqd.crash).toBeUndefined()
})

test('a producer that reads its answers and is consumed as fast as it sends costs no memory', async () => {
  await using nsqd = await NsqdProcess.start()
  using consumer = await nsqd.connect({ onMessage: ({ id }, client) => client.send(fin(id)) })
  await consumer.subscribe('stream', 'ch', 2500)
  using producer = await nsqd.connect()
  const bodies = Array.from({ length: 100 }, () => Buffer.alloc(1000, 1))
  for (let i = 0; i < 1000; i++) {
    producer.send(mpub('stream', bodies))
    await producer.ok()
    if (i % 50 === 49)
      await eventually(async () => (await nsqd.channel('stream', 'ch')).depth < 10_000, { what: 'consumed' })
  }
  await eventually(async () => (await nsqd.channel('stream', 'ch')).in_flight_count === 0, { what: 'all is finished' })
  expect(await nsqd.residentBytes()).toBeLessThan(200 * MEBIBYTE) // 100 MB went through
})

/** A connection that reads nothing at all. */
async function connectDeaf(nsqd: NsqdProcess): Promise<V2Client> {
  const client = await nsqd.connect({ identify: false })
  client.socket.pause()
  client.send(MAGIC_V2)
  return client
}

/** Sends as fast as the socket takes it, until the connection is over. */
async function flood({ socket, closed }: V2Client, packet: Buffer): Promise<void> {
  const send = () => {
    while (!socket.destroyed && socket.write(packet));
  }
  socket.on('drain', send)
  send()
  await closed
}

async function messageCount(nsqd: NsqdProcess, topicName: string): Promise<number> {
  return (await nsqd.topics()).find(({ topic_name }) => topic_name === topicName)?.message_count ?? 0
}
