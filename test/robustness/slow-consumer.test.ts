// A consumer that asks for as much as it may and then reads nothing.
import { fin, mpub, NOP, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import type { V2Client, V2ClientSettings } from '../support/v2-client.ts'

const MEBIBYTE = 1024 * 1024
const BODY_SIZE = 256 * 1024
const MESSAGE_COUNT = 400
const QUEUED_BYTES = BODY_SIZE * MESSAGE_COUNT
/** What the two socket buffers between nsqd and a consumer may take; loopback's are 4 to 32 MiB on Linux. */
const SOCKETS_BYTES = 48 * MEBIBYTE

test('a consumer that stops reading is sent what its socket holds and no more, and another channel is not held up', async () => {
  await using nsqd = await NsqdProcess.start()
  using stuck = await connectStuck(nsqd, 'stuck', { heartbeat_interval: 60_000 })
  const consumer = finishing()
  using well = await nsqd.connect(consumer.settings)
  await well.subscribe('big', 'well', 2500)

  await publish(nsqd)
  await eventually(() => consumer.count === MESSAGE_COUNT, { what: 'the other channel has everything' })

  // Its own channel still has all 100 MiB. What was written for it on top of that must not stay in nsqd.
  const { in_flight_count, depth } = await nsqd.channel('big', 'stuck')
  expect(in_flight_count).toBeGreaterThan(0)
  expect(in_flight_count * BODY_SIZE).toBeLessThan(SOCKETS_BYTES)
  expect(in_flight_count + depth).toBe(MESSAGE_COUNT)
  expect(await nsqd.residentBytes()).toBeLessThan(QUEUED_BYTES + 160 * MEBIBYTE)

  stuck.destroy()
  await nsqd.http('POST', '/channel/empty?topic=big&channel=stuck')
  expect((await nsqd.channel('big', 'stuck')).depth).toBe(0)
})

test('what went to a consumer that does not read times out, and another consumer of its channel gets it', async () => {
  await using nsqd = await NsqdProcess.start()
  using stuck = await connectStuck(nsqd, 'shared', { heartbeat_interval: 1000, msg_timeout: 1000 })
  const consumer = finishing()
  using well = await nsqd.connect(consumer.settings)
  await well.subscribe('big', 'shared', 2500)

  await publish(nsqd)
  await eventually(() => consumer.count === MESSAGE_COUNT, {
    what: 'all came to the one that reads',
    timeoutMs: 20_000,
  })
  const channel = await nsqd.channel('big', 'shared')
  expect([channel.depth, channel.in_flight_count]).toEqual([0, 0])

  // It answered no heartbeat. (A socket that is not read does not notice that it was closed.)
  await eventually(async () => (await nsqd.channel('big', 'shared')).client_count === 1, { what: 'only one is left' })
  expect(stuck.heartbeatCount).toBe(0)
})

test('a consumer that goes on sending and never reads is dropped after two heartbeat intervals', async () => {
  await using nsqd = await NsqdProcess.start()
  using stuck = await connectStuck(nsqd, 'chatty', { heartbeat_interval: 1000 })
  await publish(nsqd)
  const chatter = setInterval(() => stuck.send(NOP), 100)
  await stuck.closed.finally(() => clearInterval(chatter))
  expect((await nsqd.channel('big', 'chatty')).client_count).toBe(0)
})

test('a consumer that reads again is sent the rest', async () => {
  await using nsqd = await NsqdProcess.start()
  const consumer = finishing()
  using slow = await nsqd.connect(consumer.settings)
  await slow.subscribe('big', 'slow', 2500)
  slow.socket.pause()
  await publish(nsqd)
  await eventually(async () => (await nsqd.channel('big', 'slow')).in_flight_count > 0, { what: 'it was sent some' })
  slow.socket.resume()
  await eventually(() => consumer.count === MESSAGE_COUNT, { what: 'it got everything' })
  expect((await nsqd.channel('big', 'slow')).depth).toBe(0)
})

/** Subscribes with the highest RDY, and reads nothing from then on. */
async function connectStuck(nsqd: NsqdProcess, channel: string, identify: Record<string, number>): Promise<V2Client> {
  const client = await nsqd.connect({ identify })
  client.send(sub('big', channel), rdy(2500))
  await client.ok()
  client.socket.pause()
  return client
}

/** Finishes what comes and counts it. */
function finishing(): { count: number; settings: V2ClientSettings } {
  const consumer = {
    count: 0,
    settings: {
      onMessage(message: { id: string }, client: V2Client): void {
        client.send(fin(message.id))
        consumer.count++
      },
    },
  }
  return consumer
}

async function publish(nsqd: NsqdProcess): Promise<void> {
  using producer = await nsqd.connect()
  const bodies = Array.from({ length: 10 }, (_, i) => Buffer.alloc(BODY_SIZE, i + 1))
  for (let sent = 0; sent < MESSAGE_COUNT; sent += bodies.length) {
    producer.send(mpub('big', bodies))
    await producer.ok()
  }
}
