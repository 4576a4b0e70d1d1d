import { fin, mpub, pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test, vi } from 'vitest'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const drain = (d: TestNsqd, body = 'true', query = '') => d.ask('PUT', `/config/drain${query}`, body)

/** Resolves when the drain has closed it. */
async function left(d: TestNsqd): Promise<void> {
  await vi.waitFor(() => expect(d.logged.at(-1)).toBe('INFO: NSQ: bye'), 10_000)
}

test('what is here is delivered and finished, and then nsqd leaves', async () => {
  await using d = await startNsqd()
  await d.post('/mpub?topic=t', 'one\ntwo')
  await d.post('/channel/create?topic=t&channel=c')
  const answer = await drain(d)
  expect(JSON.parse(answer.body)).toMatchObject({
    draining: true,
    waiting: 2,
    in_flight: 0,
    deferred: 0,
    topics: ['t'],
  })
  using consumer = d.connect()
  await consumer.command(sub('t', 'c'))
  consumer.send(rdy(2))
  const first = await consumer.message()
  const second = await consumer.message()
  expect(JSON.parse((await d.ask('GET', '/info')).body).drain).toMatchObject({ waiting: 0, in_flight: 2 })
  consumer.send(fin(first.id))
  consumer.send(fin(second.id))
  await left(d)
  expect(d.logged.some((line) => line.startsWith('INFO: DRAIN: empty after '))).toBe(true)
})

test('publishes are refused over TCP and HTTP, and make no topic', async () => {
  await using d = await startNsqd()
  await d.post('/pub?topic=t', 'x')
  await drain(d)
  for (const path of ['/pub?topic=t', '/mpub?topic=t', '/pub?topic=other', '/pub?topic=t&defer=100']) {
    expect(await d.post(path, 'x')).toMatchObject({ status: 503, body: '{"message":"DRAINING"}' })
  }
  for (const [command, code] of [
    [pub('t', Buffer.from('x')), 'E_PUB_FAILED'],
    [pub('other', Buffer.from('x')), 'E_PUB_FAILED'],
    [mpub('other', [Buffer.from('x')]), 'E_MPUB_FAILED'],
  ] as const) {
    using producer = d.connect()
    expect(await producer.command(command)).toContain(`${code} `)
  }
  expect([...d.nsqd.registry.topics()].map(({ name, messageCount }) => [name, messageCount])).toEqual([['t', 1]])
})

test('a publish that was on its way is refused', async () => {
  await using d = await startNsqd()
  using producer = d.connect()
  await producer.command(pub('t', Buffer.from('known')))
  await drain(d)
  expect(await producer.command(pub('t', Buffer.from('late')))).toContain('E_PUB_FAILED PUB failed draining')
  expect(d.nsqd.registry.get('t')!.depth).toBe(1)
})

test('called off, it is as before', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd(lookupd.flag)
  await d.post('/pub?topic=t', 'x')
  await lookupd.until(({ registered }) => registered.includes('t'))
  expect(JSON.parse((await d.ask('GET', '/config/drain')).body)).toEqual({ draining: false })
  await drain(d)
  await lookupd.until(({ open }) => open.length === 0)
  expect(await d.ask('GET', '/ready')).toMatchObject({ status: 503, body: 'NOK - draining' })
  expect((await d.ask('GET', '/ping')).status).toBe(200)
  expect((await drain(d, 'false')).body).toBe('{"draining":false}')
  await lookupd.until(({ registered }) => registered.includes('t'))
  expect((await d.post('/pub?topic=t', 'y')).status).toBe(200)
  expect((await d.ask('GET', '/ready')).status).toBe(200)
  expect(Object.keys(JSON.parse((await d.ask('GET', '/info')).body))).not.toContain('drain')
})

test('nsqlookupds that are named while it drains hear of it only when it was called off', async () => {
  await using lookupd = await FakeLookupd.start()
  await using d = await startNsqd()
  await d.post('/pub?topic=t', 'x')
  await drain(d)
  await d.ask('PUT', '/config/nsqlookupd_tcp_addresses', JSON.stringify([lookupd.address]))
  expect(lookupd.connections).toEqual([])
  await drain(d, '0')
  await lookupd.until(({ registered }) => registered.includes('t'))
})

test('when the time is over it leaves with what is left on disk', async () => {
  await using d = await startNsqd('--drain-timeout=150ms')
  await d.post('/pub?topic=t', 'x')
  const { body } = await drain(d, '')
  expect(JSON.parse(body).timeout).toBe(150_000_000)
  await left(d)
  expect(d.logged.some((line) => line.startsWith('WARNING: DRAIN: the time-out of 150ms is over'))).toBe(true)
  await using again = await startNsqd(`--data-path=${d.dataPath}`)
  expect((await again.stats('topic=t')).topics[0].depth).toBe(1)
})

test('what is deferred is waited for', async () => {
  await using d = await startNsqd()
  await d.post('/topic/create?topic=t')
  await d.post('/channel/create?topic=t&channel=c')
  await d.post('/pub?topic=t&defer=300', 'x')
  await vi.waitFor(async () => expect((await d.stats()).topics[0].channels[0].deferred_count).toBe(1), 20_000)
  expect(JSON.parse((await drain(d)).body)).toMatchObject({ waiting: 0, deferred: 1 })
  using consumer = d.connect()
  await consumer.command(sub('t', 'c'))
  consumer.send(rdy(1))
  consumer.send(fin((await consumer.message()).id))
  await left(d)
})

test.each([
  ['maybe', '', 'INVALID_VALUE'],
  ['true', '?timeout=soon', 'INVALID_TIMEOUT'],
  ['true', '?timeout=-1s', 'INVALID_TIMEOUT'],
])('PUT /config/drain%s%s is refused with %s', async (body, query, code) => {
  await using d = await startNsqd()
  expect(await drain(d, body, query)).toMatchObject({ status: 400, body: `{"message":"${code}"}` })
  expect(d.nsqd.drain.active).toBe(false)
})
