import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Nsqlookupd } from '../src/index.ts'
import { silentLogger } from '@nsq-ts/daemon'
import { LookupClient } from './fixtures/lookup-client.ts'
import { ask, get, post, SETTINGS, startNsqlookupd } from './fixtures/running.ts'

let nsqlookupd: Nsqlookupd
beforeAll(async () => {
  nsqlookupd = await startNsqlookupd()
})
afterAll(() => nsqlookupd.close())

interface Lookup {
  readonly channels: string[]
  readonly producers: { readonly broadcast_address: string }[]
}

interface Nodes {
  readonly producers: {
    readonly broadcast_address: string
    readonly topics: string[]
    readonly tombstones: boolean[]
  }[]
}

async function peerAt(broadcastAddress: string, ...topics: string[]): Promise<LookupClient> {
  const client = new LookupClient(nsqlookupd.tcpAddress.port)
  await client.identify({ broadcast_address: broadcastAddress })
  for (const topic of topics) await client.line(`REGISTER ${topic}`)
  return client
}

describe('the name * is a name like others, and no valid one', () => {
  beforeEach(() => post(nsqlookupd, '/channel/create?topic=kept&channel=ch'))

  test('deleting it deletes nothing', async () => {
    expect(await post(nsqlookupd, '/topic/delete?topic=*')).toMatchObject({ status: 200, body: '' })
    expect((await get<{ topics: string[] }>(nsqlookupd, '/topics')).topics).toContain('kept')
    expect(await get(nsqlookupd, '/channels?topic=kept')).toEqual({ channels: ['ch'] })
  })

  test('asking for it finds nothing', async () => {
    expect(await get(nsqlookupd, '/channels?topic=*')).toEqual({ channels: [] })
    expect(await ask(nsqlookupd, '/lookup?topic=*')).toMatchObject({ status: 404 })
  })
})

describe('tombstones', () => {
  test.each(['::1:5151', '[::1]:5151'])('of an IPv6 node may be written %s', async (node) => {
    using _client = await peerAt('::1', 'six')
    await post(nsqlookupd, `/topic/tombstone?topic=six&node=${encodeURIComponent(node)}`)
    expect((await get<Lookup>(nsqlookupd, '/lookup?topic=six')).producers).toEqual([])
  })

  test('stay over REGISTER and go with UNREGISTER', async () => {
    using client = await peerAt('stone.example', 'stone')
    await post(nsqlookupd, '/topic/tombstone?topic=stone&node=stone.example:5151')
    await client.line('REGISTER stone')
    expect((await get<Lookup>(nsqlookupd, '/lookup?topic=stone')).producers).toEqual([])
    await client.line('UNREGISTER stone')
    await client.line('REGISTER stone')
    expect((await get<Lookup>(nsqlookupd, '/lookup?topic=stone')).producers).toHaveLength(1)
  })

  test('show in /nodes at the place of their topic', async () => {
    using _client = await peerAt('marked.example', 'm1', 'm2', 'm3')
    await post(nsqlookupd, '/topic/tombstone?topic=m2&node=marked.example:5151')
    const { producers } = await get<Nodes>(nsqlookupd, '/nodes')
    const node = producers.find((one) => one.broadcast_address === 'marked.example')
    expect(node).toMatchObject({ topics: ['m1', 'm2', 'm3'], tombstones: [false, true, false] })
  })
})

test('a deleted topic does not come back with a PING, but with a REGISTER', async () => {
  using client = await peerAt('again.example', 'again')
  await post(nsqlookupd, '/topic/delete?topic=again')
  await client.line('PING')
  expect((await ask(nsqlookupd, '/lookup?topic=again')).status).toBe(404)
  const { producers } = await get<Nodes>(nsqlookupd, '/nodes')
  expect(producers.find((one) => one.broadcast_address === 'again.example')?.topics).toEqual([])
  await client.line('REGISTER again')
  expect((await get<Lookup>(nsqlookupd, '/lookup?topic=again')).producers).toHaveLength(1)
})

test('/debug shows times in nanoseconds to the last digit, and the zero time of Go', async () => {
  using _client = await peerAt('debug.example', 'debugged')
  const { body } = await ask(nsqlookupd, '/debug')
  expect(body).toMatch(/"topic:debugged:":\[\{"broadcast_address":"debug.example",[^}]*"last_update":\d{19},/)
  expect(body).toContain('"tombstoned":false,"tombstoned_at":-6795364578871345152,')
})

test.each([
  ['GET', '/debug/pprof', 200],
  ['GET', '/debug/pprof/', 301],
  ['GET', '/debug/pprof/cmdline', 200],
  ['POST', '/debug/pprof/symbol', 200],
  ['GET', '/debug/pprof/mutex', 404],
  ['POST', '/topics', 405],
  ['GET', '/Topics/', 301],
  ['GET', '/topics?x=%zz', 200],
  ['GET', '/channels?topic=%zz', 400],
])('%s %s answers %i', async (method, path, status) => {
  expect((await ask(nsqlookupd, path, { method })).status).toBe(status)
})

test('/metrics counts what there is', async () => {
  const own = await startNsqlookupd()
  using client = new LookupClient(own.tcpAddress.port)
  await client.identify()
  await client.line('REGISTER a x')
  await client.line('REGISTER b')
  await client.line('PING')
  await post(own, '/topic/tombstone?topic=a&node=peer.example:5151')
  const { body, headers } = await ask(own, '/metrics')
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const figures = Object.fromEntries(
    [...body.matchAll(/^nsqlookupd_(\S+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  )
  expect(figures).toEqual({
    topics: 2,
    channels: 1,
    connections: 1,
    producers: 1,
    producers_active: 1,
    tombstones: 1,
    waiting_requests: 0,
    'commands_total{command="IDENTIFY"}': 1,
    'commands_total{command="REGISTER"}': 2,
    'commands_total{command="PING"}': 1,
  })
  await own.close()
})

describe('the start', () => {
  const create = (settings: object) => new Nsqlookupd({ ...SETTINGS, ...settings }, silentLogger(), () => undefined)

  test.each(['tcpAddress', 'httpAddress'] as const)(
    'on a taken %s is refused and leaves nothing open',
    async (field) => {
      const taken = field === 'tcpAddress' ? nsqlookupd.tcpAddress.text : nsqlookupd.httpAddress.text
      const second = create({ [field]: taken })
      await expect(second.start()).rejects.toMatchObject({
        message: `failed to instantiate nsqlookupd - listen (${taken}) failed - bind: address already in use`,
      })
      expect(() => second.httpAddress).toThrow('does not listen')
    },
  )

  test.each(['no-port', '/tmp/a.sock', ''])('on %j is refused', async (address) => {
    await expect(create({ tcpAddress: address }).start()).rejects.toMatchObject({ name: 'StartError' })
  })

  test('answers IDENTIFY with both ports, however early an nsqd connects', async () => {
    const starting = create({})
    const started = starting.start()
    const port = await vi.waitFor(() => starting.tcpAddress.port, { interval: 0, timeout: 20_000 })
    using client = new LookupClient(port)
    const answer = await client.identify()
    await started
    expect(answer['http_port']).toBe(starting.httpAddress.port)
    await starting.close()
  })
})
