// Clients that send a byte now and then, fall silent, or close one direction only. The deadline is two heartbeat intervals
// from the last whole command (tcp-protocol.md section 9), and that is all a client can take.
import { fin, identify, mpub, pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { Canary } from '../support/canary.ts'
import { eventually, within } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'

const INTERVAL_MS = 1000
const DEADLINE_MS = 2 * INTERVAL_MS
/** A busy machine may be late. */
const LATE_MS = 6000

test('clients that send byte by byte are dropped at their deadline, wherever in a command they are', async () => {
  await using nsqd = await NsqdProcess.start()
  const canary = await Canary.release(nsqd)
  const body = Buffer.alloc(1000, 'x')
  const slow = await Promise.all(
    [
      Buffer.alloc(1000, 'P'), // a line that does not end
      Buffer.concat([Buffer.from('PUB trickle\n'), Buffer.from([0, 0])]), // a size
      pub('trickle', body),
      mpub('trickle', [Buffer.from('a'), body]),
      identify('x'.repeat(1000)),
    ].map((bytes) => trickle(nsqd, bytes)),
  )
  for (const { aliveMs, sent } of slow) {
    expect(aliveMs).toBeGreaterThan(DEADLINE_MS - 200)
    expect(aliveMs).toBeLessThan(DEADLINE_MS + LATE_MS)
    expect(sent).toBeGreaterThan(5)
  }
  await canary.stop()
  expect(nsqd.crash).toBeUndefined()
})

test('a client that says nothing is sent heartbeats and dropped, and what it had in flight goes to another', async () => {
  await using nsqd = await NsqdProcess.start()
  using silent = await nsqd.connect({ identify: { heartbeat_interval: INTERVAL_MS, msg_timeout: 1000 }, beats: false })
  await silent.subscribe('quiet', 'ch', 10)
  using other = await nsqd.connect()
  other.send(pub('quiet', Buffer.from('once')))
  await other.ok()
  expect((await silent.nextMessage()).attempts).toBe(1)
  await within(DEADLINE_MS + LATE_MS, 'it is dropped', silent.closed)
  expect(silent.heartbeatCount).toBeGreaterThan(0)

  other.send(sub('quiet', 'ch'), rdy(1))
  await other.ok()
  const message = await other.nextMessage()
  expect(message.body.toString()).toBe('once')
  expect(message.attempts).toBeGreaterThan(1)
  other.send(fin(message.id))
})

test('a connection whose client closed its sending side is closed, after the answer to what it had sent', async () => {
  await using nsqd = await NsqdProcess.start()
  const idle = await nsqd.connect({ identify: false })
  const subscribed = await nsqd.connect()
  await subscribed.subscribe('half', 'ch', 1)
  const amid = await nsqd.connect()
  const cut = pub('half', Buffer.from('never whole')).subarray(0, -1)

  idle.socket.end()
  subscribed.socket.end()
  amid.send(pub('half#ephemeral', Buffer.from('whole')), cut)
  amid.socket.end()
  await amid.ok()
  expect(await amid.errorCode()).toBe('E_BAD_MESSAGE')
  await within(LATE_MS, 'all are closed', Promise.all([idle.closed, subscribed.closed, amid.closed]))
  await eventually(async () => (await nsqd.channel('half', 'ch')).client_count === 0, {
    what: 'it has left its channel',
  })
})

test('a client that closed its sending side and does not read is cut off', async () => {
  await using nsqd = await NsqdProcess.start()
  using client = await nsqd.connect()
  const before = await nsqd.openSocketCount()
  await client.subscribe('half', 'ch', 2500)
  client.socket.pause()
  using producer = await nsqd.connect()
  const bodies = Array.from({ length: 4 }, () => Buffer.alloc(1024 * 1024, 1))
  for (let i = 0; i < 15; i++) {
    producer.send(mpub('half', bodies))
    await producer.ok()
  }
  client.socket.end()
  producer.destroy()
  await eventually(async () => (await nsqd.channel('half', 'ch')).client_count === 0, {
    what: 'it has left its channel',
  })
  await eventually(async () => (await nsqd.openSocketCount()) <= before, { what: 'its socket is closed' })
  expect(nsqd.crash).toBeUndefined()
})

/** Sends one byte after the other, ten a second, until it is dropped. */
async function trickle(nsqd: NsqdProcess, bytes: Buffer): Promise<{ aliveMs: number; sent: number }> {
  using client = await nsqd.connect({ identify: { heartbeat_interval: INTERVAL_MS }, beats: false })
  const start = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    if (sent < bytes.length) client.send(bytes.subarray(sent, ++sent))
  }, 100)
  await within(DEADLINE_MS + 2 * LATE_MS, 'it is dropped', client.closed).finally(() => clearInterval(timer))
  return { aliveMs: performance.now() - start, sent }
}
