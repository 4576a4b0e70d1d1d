import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pub } from '@nsq-ts/protocol'
import { expect, test, vi } from 'vitest'
import { makeCertificate } from './support/certificates.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { startHastyNsqd } from './support/start-discovery.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const depths = async (d: TestNsqd, topic: string): Promise<Record<string, number>> => {
  const { topics } = await d.stats(`topic=${topic}`)
  const channels: { channel_name: string; depth: number }[] = topics[0]?.channels ?? []
  return Object.fromEntries(channels.map(({ channel_name, depth }) => [channel_name, depth]))
}

function gate(): { released: Promise<void>; release: () => void } {
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  return { released, release }
}

test('the first message of a new topic reaches the channels that the cluster knows', async () => {
  await using one = await FakeLookupd.start()
  await using two = await FakeLookupd.start()
  one.channels.set('t', ['b', 'a'])
  two.channels.set('t', ['b', 'c'])
  await using d = await startNsqd(one.flag, two.flag)
  using producer = d.connect()
  expect(await producer.command(pub('t', Buffer.from('first')))).toBe('OK')
  expect(await depths(d, 't')).toEqual({ a: 1, b: 1, c: 1 })
})

test('a node that has just been started waits for its nsqlookupds to be reached: 25 of 25 first messages arrive', async () => {
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('t', ['known'])
  for (let i = 0; i < 25; i++) {
    await using d = await startNsqd(lookupd.flag, '--log-level=error')
    using producer = d.connect()
    expect(await producer.command(pub('t', Buffer.from('first')))).toBe('OK')
    expect(await depths(d, 't')).toEqual({ known: 1 })
  }
})

test('publishing to a new topic does not wait, and nothing is handed out before the channels are there', async () => {
  const { released, release } = gate()
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => void released.then(() => response.end('{"channels":["late"]}')),
  })
  await using d = await startNsqd(lookupd.flag)
  using producer = d.connect()
  for (const body of ['1', '2']) expect(await producer.command(pub('t', Buffer.from(body)))).toBe('OK')
  expect((await d.post('/pub?topic=t', '3')).body).toBe('OK')
  await lookupd.until(({ asked }) => asked.length === 1)

  using consumer = d.connect()
  await consumer.identify({})
  expect(await consumer.command('SUB t mine\n')).toBe('OK')
  consumer.send('RDY 10\n')
  expect(await depths(d, 't')).toEqual({ mine: 0 })
  release()
  expect(await consumer.bodies(3)).toEqual(['1', '2', '3'])
  expect(await depths(d, 't')).toEqual({ mine: 0, late: 3 })
  expect(lookupd.asked).toEqual(['/channels?topic=t'])
})

test('an nsqlookupd that does not answer the question delays the first messages, and no more than that', async () => {
  await using mute = await FakeLookupd.start({ onChannels: () => {} })
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('t', ['known'])
  await using d = await startNsqd(mute.flag, lookupd.flag, '--http-client-request-timeout=300ms')
  expect((await d.post('/pub?topic=t', 'x')).body).toBe('OK')
  await vi.waitFor(async () => expect(await depths(d, 't')).toEqual({ known: 1 }), 20_000)
  expect(d.logged.some((line) => /^WARNING: failed to query nsqlookupd .* for topic t - /.test(line))).toBe(true)
})

test('--http-client-request-timeout=0 is bounded all the same', async () => {
  await using mute = await FakeLookupd.start({ onChannels: () => {} })
  await using hasty = await startHastyNsqd([mute.address], {}, '--http-client-request-timeout=0s')
  const topic = hasty.d.nsqd.registry.topic('t')
  await hasty.discovery.opened(topic)
  expect(hasty.discovery.opened(topic)).toBeUndefined()
})

test.each([
  ['status 500', 500, '{"channels":["a"]}'],
  ['no JSON', 200, 'channels'],
  ['another JSON', 200, '{"topics":[]}'],
  ['a list', 200, '[]'],
  ['403 without a port', 403, '{"message":"no"}'],
])('an answer with %s counts as none', async (_what, status, body) => {
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => response.writeHead(status).end(body),
  })
  await using d = await startNsqd(lookupd.flag)
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  await d.post('/topic/create?topic=t')
  expect(await depths(d, 't')).toEqual({})
  expect(d.logged.filter((line) => line.startsWith('WARNING: failed to query nsqlookupd'))).toHaveLength(1)
})

test('an nsqlookupd that insists on HTTPS is asked there, if whoever signed for it is trusted', async () => {
  const certificate = await makeCertificate({ isCa: true })
  const secure = createServer(certificate, (_request, response) => response.end('{"channels":["a"]}'))
  secure.listen(0, '127.0.0.1')
  await once(secure, 'listening')
  const { port } = secure.address() as AddressInfo
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => response.writeHead(403).end(JSON.stringify({ https_port: port })),
  })
  await using distrustful = await startNsqd(lookupd.flag)
  await distrustful.post('/topic/create?topic=t')
  expect(await depths(distrustful, 't')).toEqual({})
  const caFile = join(distrustful.dataPath, 'ca.pem')
  writeFileSync(caFile, certificate.cert)
  await using d = await startNsqd(lookupd.flag, `--tls-root-ca-file=${caFile}`)
  await d.post('/topic/create?topic=t')
  expect(await depths(d, 't')).toEqual({ a: 0 })
  secure.closeAllConnections()
  secure.close()
})

test('ephemeral channels and what is no name are not made', async () => {
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('t', ['a', 'e#ephemeral', 'not a name', '', 'x'.repeat(65)])
  await using d = await startNsqd(lookupd.flag)
  expect((await d.post('/topic/create?topic=t')).status).toBe(200)
  expect([...d.nsqd.registry.get('t')!.channels.keys()]).toEqual(['a']) // at the answer, not some time after it
})

test('no more channels are made than a topic may have', async () => {
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('t', ['a', 'b', 'c'])
  await using d = await startNsqd(lookupd.flag, '--max-channels-per-topic=2')
  expect((await d.post('/topic/create?topic=t')).status).toBe(200)
  expect([...d.nsqd.registry.get('t')!.channels.keys()]).toEqual(['a', 'b'])
  expect(d.logged.filter((line) => line.startsWith('WARNING: channel c of topic t'))).toHaveLength(1)
})

test('an nsqlookupd that cannot be asked, or whose answer never ends or breaks off, is done without', async () => {
  await using endless = await FakeLookupd.start({
    onChannels: (_topic, response) => {
      const more = () => response.write('x'.repeat(65_536), () => setImmediate(more))
      more()
    },
  })
  await using cut = await FakeLookupd.start({ onChannels: (_topic, response) => response.destroy() })
  await using half = await FakeLookupd.start({
    onChannels: (_topic, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"channels":["a"]}', () => response.destroy())
    },
  })
  await using malformed = await FakeLookupd.start({ broadcastAddress: 'no host' })
  const lookupds = [endless, cut, half, malformed]
  await using d = await startNsqd(...lookupds.map(({ flag }) => flag))
  await Promise.all(lookupds.map((fake) => fake.until(({ open }) => open[0]?.identity !== undefined)))
  expect((await d.post('/topic/create?topic=t')).status).toBe(200)
  expect(await depths(d, 't')).toEqual({})
  expect(d.logged.filter((line) => line.startsWith('WARNING: failed to query nsqlookupd'))).toHaveLength(1)
})

test('a connection that was kept and that its nsqlookupd ends meanwhile costs no channel', async () => {
  const seen = new WeakSet<object>()
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => {
      const socket = response.socket!
      if (seen.has(socket)) return void socket.resetAndDestroy()
      seen.add(socket)
      response.end('{"channels":["a"]}')
    },
  })
  await using d = await startNsqd(lookupd.flag)
  for (const topic of ['first', 'second', 'third']) {
    expect((await d.post(`/pub?topic=${topic}`, 'x')).body).toBe('OK')
    expect(await depths(d, topic)).toEqual({ a: 1 })
  }
  expect(lookupd.asked.length).toBeGreaterThan(3) // some of them twice
})

test('a topic whose question failed gets its channels at the next ping, without a reconnect', async () => {
  let broken = true
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => response.writeHead(broken ? 500 : 200).end('{"channels":["a"]}'),
  })
  await using hasty = await startHastyNsqd([lookupd.address])
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  for (const topic of ['t', 'u', 'v']) await hasty.d.post(`/pub?topic=${topic}`, 'x')
  for (const topic of hasty.d.nsqd.registry.topics()) await hasty.discovery.opened(topic)
  const count = lookupd.asked.length
  await lookupd.until(({ asked }) => asked.length > count + 2)
  expect(lookupd.asked[count + 2]).toBe(lookupd.asked[count + 1]) // once a ping, and not for every topic
  expect(await depths(hasty.d, 't')).toEqual({})
  broken = false
  for (const topic of ['t', 'u', 'v']) {
    await vi.waitFor(async () => expect(await depths(hasty.d, topic)).toEqual({ a: 1 }), 20_000)
  }
  expect(lookupd.connections).toHaveLength(1)
})

test('ephemeral topics are asked for too, their name is escaped', async () => {
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('t#ephemeral', ['a'])
  await using d = await startNsqd(lookupd.flag)
  await d.post('/topic/create?topic=t%23ephemeral')
  expect(lookupd.asked).toEqual(['/channels?topic=t%23ephemeral'])
  expect([...d.nsqd.registry.get('t#ephemeral')!.channels.keys()]).toEqual(['a'])
})

test('topics that were there before the start are not asked for', async () => {
  await using lookupd = await FakeLookupd.start()
  lookupd.channels.set('old', ['elsewhere'])
  const first = await startNsqd(lookupd.flag)
  lookupd.channels.set('old', [])
  await first.post('/topic/create?topic=old')
  await first.nsqd.close()
  lookupd.channels.set('old', ['elsewhere'])
  const asked = lookupd.asked.length
  await using second = await startNsqd(lookupd.flag, `--data-path=${first.dataPath}`)
  await lookupd.until(({ open }) => open.some(({ registered }) => registered.has('old')))
  expect(await depths(second, 'old')).toEqual({})
  expect(lookupd.asked).toHaveLength(asked)
  await first[Symbol.asyncDispose]()
})

test('without any nsqlookupd to ask a topic starts, and gets the channels as soon as there is one', async () => {
  const gone = await FakeLookupd.start()
  await gone[Symbol.asyncDispose]()
  await using hasty = await startHastyNsqd([gone.address])
  const { d } = hasty
  expect((await d.post('/pub?topic=t', 'early')).body).toBe('OK')
  await vi.waitFor(
    () => expect(d.logged.join('\n')).toMatch(/ERROR: no available nsqlookupd to query .* topic t/),
    20_000,
  )
  await d.post('/topic/create?topic=deleted')
  await d.post('/topic/delete?topic=deleted')

  await using lookupd = await FakeLookupd.start({ tcpPort: gone.tcpPort })
  lookupd.channels.set('t', ['a', 'b'])
  // What waited in the topic is for all of them.
  await vi.waitFor(async () => expect(await depths(d, 't')).toEqual({ a: 1, b: 1 }), 20_000)
  expect(d.nsqd.registry.get('t')!.paused).toBe(false)
  expect(d.nsqd.registry.get('deleted')).toBeUndefined()
})

test('an nsqlookupd without a broadcast address is not asked', async () => {
  await using lookupd = await FakeLookupd.start({ broadcastAddress: '' })
  await using d = await startNsqd(lookupd.flag)
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  await d.post('/topic/create?topic=t')
  expect(lookupd.asked).toEqual([])
  await lookupd.until(({ registered }) => registered.includes('t'))
})

test('a topic that is deleted while its channels are asked for stays deleted', async () => {
  const { released, release } = gate()
  await using lookupd = await FakeLookupd.start({
    onChannels: (_topic, response) => void released.then(() => response.end('{"channels":["late"]}')),
  })
  await using d = await startNsqd(lookupd.flag)
  await d.post('/pub?topic=t', 'x')
  await lookupd.until(({ asked }) => asked.length === 1)
  const opened = d.nsqd.discovery.opened(d.nsqd.registry.get('t')!)
  await d.post('/topic/delete?topic=t')
  release()
  await opened
  expect(d.nsqd.registry.get('t')).toBeUndefined()
  await lookupd.until(({ open }) => open[0]?.lines.includes('UNREGISTER t') ?? false)
  expect(lookupd.registered).toEqual([])
})

test('the end of nsqd does not wait for channels, and what was published to the new topic is kept', async () => {
  await using mute = await FakeLookupd.start({ onChannels: () => {} })
  const first = await startNsqd(mute.flag)
  await mute.until(({ open }) => open[0]?.identity !== undefined)
  await first.post('/pub?topic=t', 'kept')
  await mute.until(({ asked }) => asked.length === 1)
  const startedAt = performance.now()
  await first.nsqd.close()
  expect(performance.now() - startedAt).toBeLessThan(3000)
  await using second = await startNsqd(`--data-path=${first.dataPath}`)
  using consumer = second.connect()
  await consumer.identify({})
  expect(await consumer.command('SUB t c\n')).toBe('OK')
  consumer.send('RDY 1\n')
  expect((await consumer.message()).body.toString()).toBe('kept')
  await second.nsqd.close()
  await first[Symbol.asyncDispose]()
})

test('hundreds of new topics at once are all opened', async () => {
  await using lookupd = await FakeLookupd.start({
    onChannels: (topic, response) => void sleep(1).then(() => response.end(`{"channels":["of-${topic}"]}`)),
  })
  await using d = await startNsqd(lookupd.flag, '--log-level=error')
  const names = Array.from({ length: 300 }, (_, i) => `t${i}`)
  const { registry } = d.nsqd
  for (const name of names) registry.topic(name).publish(Buffer.from('x'), 0, 1)
  await vi.waitFor(() => {
    for (const name of names) expect([...registry.get(name)!.channels.values()].map(({ depth }) => depth)).toEqual([1])
  }, 50_000) // on a machine that is busy with other things some are asked for again, with the next ping
  await lookupd.until(({ registered }) => registered.length === 600)
})
