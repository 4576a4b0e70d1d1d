import { hostname } from 'node:os'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { backOffMs } from '../src/discovery/back-off.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { startHastyNsqd } from './support/start-discovery.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const everythingIn = ({ nsqd }: TestNsqd) =>
  [...nsqd.registry.topics()]
    .flatMap((topic) => [topic.name, ...Array.from(topic.channels.keys(), (name) => `${topic.name} ${name}`)])
    .sort()

const putAddresses = (d: TestNsqd, addresses: string[]) =>
  d.ask('PUT', '/config/nsqlookupd_tcp_addresses', JSON.stringify(addresses))

test('an nsqd says who it is, with the ports that it listens on', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd(lookupd.flag, '--broadcast-address=me.example', '--topology-zone=z')
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  const [heard] = lookupd.open
  expect(heard?.lines[0]).toBe('  V1')
  expect(JSON.stringify(heard?.identity)).toBe(
    JSON.stringify({
      broadcast_address: 'me.example',
      hostname: hostname(),
      http_port: d.httpPort,
      tcp_port: d.tcpPort,
      topology_region: '',
      topology_zone: 'z',
      version: '1.3.0',
    }),
  )
})

test('the ports to announce can be given', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd(lookupd.flag, '--broadcast-tcp-port=1234', '--broadcast-http-port=1235')
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  expect(lookupd.open[0]?.identity).toMatchObject({ tcp_port: 1234, http_port: 1235 })
  expect(d.tcpPort).not.toBe(1234)
})

test('what is created and deleted is announced at once, ephemeral things too', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd(lookupd.flag)
  await lookupd.until(({ open }) => open[0]?.identity !== undefined)
  for (const path of [
    '/topic/create?topic=t',
    '/channel/create?topic=t&channel=c',
    '/channel/create?topic=t&channel=e%23ephemeral',
    '/channel/delete?topic=t&channel=c',
    '/topic/delete?topic=t',
  ]) {
    expect((await d.post(path)).status).toBe(200)
  }
  await lookupd.until(({ open }) => open[0]!.lines.length === 8)
  expect(lookupd.open[0]!.lines.slice(2)).toEqual([
    'REGISTER t',
    'REGISTER t c',
    'REGISTER t e#ephemeral',
    'UNREGISTER t c',
    'UNREGISTER t',
    'UNREGISTER t e#ephemeral',
  ])
})

test('every nsqlookupd is told, also with one among them that cannot be reached or is no address', async () => {
  await using one = await FakeLookupd.start()
  await using two = await FakeLookupd.start()
  const nobody = await FakeLookupd.start()
  await nobody[Symbol.asyncDispose]()
  await using d = await startNsqd(one.flag, nobody.flag, two.flag, '--lookupd-tcp-address=nonsense')
  await d.post('/pub?topic=t', 'x')
  await Promise.all([one, two].map((fake) => fake.until(({ registered }) => registered.length === 1)))
  expect(d.logged.filter((line) => line.startsWith('ERROR: LOOKUPD(nonsense)'))).toHaveLength(1)
})

test('a lost connection is made again without waiting for anything to say, and told everything', async () => {
  await using lookupd = await FakeLookupd.start()
  await using hasty = await startHastyNsqd([lookupd.address], { pingIntervalMs: 60_000 })
  const { d } = hasty
  await d.post('/topic/create?topic=bare')
  await d.post('/pub?topic=t', 'x')
  for (const name of ['a', 'b']) await d.post(`/channel/create?topic=t&channel=${name}`)
  for (let round = 0; round < 3; round++) {
    await lookupd.until(({ registered }) => registered.length === 4)
    expect(lookupd.registered).toEqual(everythingIn(d))
    lookupd.cut()
  }
  await lookupd.until(({ connections, registered }) => connections.length === 4 && registered.length === 4)
})

test('a restarted nsqlookupd is found again', async () => {
  const first = await FakeLookupd.start()
  await using hasty = await startHastyNsqd([first.address])
  await hasty.d.post('/topic/create?topic=t')
  await first.until(({ registered }) => registered.length === 1)
  await first[Symbol.asyncDispose]()
  await using second = await FakeLookupd.start({ tcpPort: first.tcpPort })
  await second.until(({ registered }) => registered.length === 1)
  // The trouble is in the log once, however often the connection was tried.
  const errors = hasty.d.logged.filter((line) => line.startsWith('ERROR: LOOKUPD('))
  expect(errors).toHaveLength(1)
})

test('an idle connection is pinged', async () => {
  await using lookupd = await FakeLookupd.start()
  await using hasty = await startHastyNsqd([lookupd.address], { pingIntervalMs: 20 })
  await lookupd.until(({ open }) => (open[0]?.lines.filter((line) => line === 'PING').length ?? 0) >= 3)
  expect(lookupd.connections).toHaveLength(1)
  expect(hasty.d.logged.some((line) => line.startsWith('ERROR'))).toBe(false)
})

test('an nsqlookupd that falls silent is left and tried again; nobody else notices', async () => {
  let silent = true
  await using lookupd = await FakeLookupd.start({
    answer: (line) => (line === 'IDENTIFY' ? 'identity' : silent ? null : 'OK'),
  })
  await using hasty = await startHastyNsqd([lookupd.address])
  expect((await hasty.d.post('/pub?topic=t', 'x')).body).toBe('OK')
  await lookupd.until(({ connections }) => connections.length === 2)
  silent = false
  await lookupd.until(({ registered, open }) => registered.length === 1 && open.length === 1)
})

test.each(['E_INVALID', 'E_BAD_BODY IDENTIFY missing fields', 'no JSON', 'null'])(
  'an nsqlookupd that answers IDENTIFY with %s is left alone for ever longer',
  async (answer) => {
    await using lookupd = await FakeLookupd.start({ answer: () => answer })
    await using hasty = await startHastyNsqd([lookupd.address])
    await lookupd.until(({ connections }) => connections.length === 3)
    await lookupd.until(({ open }) => open.length <= 1)
    for (const { lines } of lookupd.connections) expect(lines).toEqual(['  V1', 'IDENTIFY'].slice(0, lines.length))
    expect((await hasty.d.post('/pub?topic=t', 'x')).body).toBe('OK')
  },
)

test('the HTTP port of an nsqlookupd in place of its TCP port is named in the log', async () => {
  await using other = await startNsqd()
  await using d = await startNsqd(`--lookupd-tcp-address=127.0.0.1:${other.httpPort}`)
  await vi.waitFor(() => expect(d.logged.join('\n')).toMatch(/ERROR: LOOKUPD\(.*HTTP port/), 20_000)
})

test('an nsqlookupd that refuses to register is not hammered', async () => {
  await using lookupd = await FakeLookupd.start({
    answer: (line) => (line === 'IDENTIFY' ? 'identity' : 'E_BAD_TOPIC REGISTER'),
  })
  await using hasty = await startHastyNsqd([lookupd.address], { firstBackOffMs: 20, backOffMaxMs: 10_000 })
  await hasty.d.post('/pub?topic=t', 'x')
  await lookupd.until(({ connections }) => connections.length === 5)
  const startedAt = performance.now()
  await lookupd.until(({ connections }) => connections.length === 6)
  expect(performance.now() - startedAt).toBeGreaterThan(100) // half of 20 ms, doubled four times
})

test('PUT /config/nsqlookupd_tcp_addresses adds and removes nsqlookupds while nsqd runs', async () => {
  await using one = await FakeLookupd.start()
  await using two = await FakeLookupd.start()
  await using d = await startNsqd(one.flag)
  await d.post('/topic/create?topic=t')
  await one.until(({ registered }) => registered.length === 1)
  expect((await putAddresses(d, [one.address, two.address, two.address])).status).toBe(200)
  await two.until(({ registered }) => registered.length === 1)
  expect(one.open).toHaveLength(1)
  await putAddresses(d, [two.address])
  await one.until(({ open }) => open.length === 0)
  await d.post('/topic/create?topic=u')
  await two.until(({ registered }) => registered.length === 2)
  expect(one.connections).toHaveLength(1)
  await putAddresses(d, [])
  await two.until(({ open }) => open.length === 0)
  await putAddresses(d, [one.address])
  await one.until(({ registered }) => registered.length === 2)
})

test('the end of nsqd is the end of the connection; ephemeral channels are taken back before', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd(lookupd.flag)
  using consumer = d.connect()
  await consumer.identify({})
  expect(await consumer.command('SUB t passing#ephemeral\n')).toBe('OK')
  await lookupd.until(({ registered }) => registered.length === 2)
  await d.nsqd.close()
  await lookupd.until(({ open }) => open.length === 0)
  const lines = lookupd.connections[0]?.lines
  expect(lines?.filter((line) => line.startsWith('UNREGISTER'))).toEqual(['UNREGISTER t passing#ephemeral'])
})

test('/ready waits until every nsqlookupd has been tried, and does not care what came of it', async () => {
  await using lookupd = await FakeLookupd.start()
  await using mute = await FakeLookupd.start({ answer: () => null })
  await using d = await startNsqd(lookupd.flag, mute.flag, '--lookupd-tcp-address=nonsense')
  await mute.until(({ open }) => open[0]?.identity !== undefined)
  const ready = () => d.ask('GET', '/ready')
  await vi.waitFor(async () => {
    const body = `NOK - nsqlookupd not tried yet: ${mute.address}`
    expect(await ready()).toMatchObject({ status: 503, body })
  }, 20_000)
  mute.cut()
  await vi.waitFor(async () => expect(await ready()).toMatchObject({ status: 200, body: 'OK' }), 20_000)
  await using added = await FakeLookupd.start({ answer: () => null })
  await putAddresses(d, [lookupd.address, added.address])
  await added.until(({ open }) => open.length === 1)
  expect(await ready()).toMatchObject({ status: 200 }) // clients are here already
})

test('an nsqlookupd that hangs does not hold up the end of nsqd for long', async () => {
  await using lookupd = await FakeLookupd.start({ answer: (line) => (line === 'IDENTIFY' ? 'identity' : null) })
  await using d = await startNsqd(lookupd.flag)
  await d.post('/pub?topic=t', 'x')
  await lookupd.until(({ registered }) => registered.length === 1)
  const startedAt = performance.now()
  await d.nsqd.close()
  expect(performance.now() - startedAt).toBeLessThan(3000)
})

test('whatever happens, every nsqlookupd ends up with what there is', async () => {
  const name = fc.constantFrom('a', 'b', 'c#ephemeral')
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('create', 'delete'), topic: name }),
    fc.record({ do: fc.constantFrom('create', 'delete'), topic: name, channel: name }),
    fc.record({ do: fc.constantFrom('cut', 'pause') }),
  )
  await using one = await FakeLookupd.start()
  await using two = await FakeLookupd.start()
  await using hasty = await startHastyNsqd([one.address, two.address], { firstBackOffMs: 1, backOffMaxMs: 4 })
  const { registry } = hasty.d.nsqd
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
    for (const action of steps) {
      if (action.do === 'cut') one.cut()
      if (action.do === 'pause') await new Promise(setImmediate)
      if (!('topic' in action)) continue
      const topic = registry.get(action.topic)
      const channel = 'channel' in action ? topic?.channels.get(action.channel) : undefined
      if (action.do === 'create') {
        const made = registry.topic(action.topic)
        if ('channel' in action) registry.channel(made, action.channel)
      } else if (topic !== undefined) {
        if (channel !== undefined) registry.deleteChannel(topic, channel)
        else if (!('channel' in action)) registry.deleteTopic(topic)
      }
    }
    await hasty.discovery.settled() // channels that the other one knew may have been made
    const wanted = everythingIn(hasty.d)
    for (const fake of [one, two]) {
      await fake.until(({ open, registered }) => open.length === 1 && registered.join() === wanted.join())
    }
  })
  await fc.assert(property, { numRuns: 60 })
})

test('waiting grows from failure to failure up to the bound, and half of it is chance', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = backOffMs(failures, 100, 5000, random)
      const whole = Math.min(5000, 100 * 2 ** failures)
      expect(ms).toBeGreaterThanOrEqual(whole / 2)
      expect(ms).toBeLessThanOrEqual(whole)
    }),
  )
})
