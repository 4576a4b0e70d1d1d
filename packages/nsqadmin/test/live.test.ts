import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { startAdmin } from './fixtures/admin.ts'
import { startCluster } from './fixtures/cluster.ts'
import { openEvents } from './fixtures/event-source.ts'
import { fakeNsqd } from './fixtures/fake-upstream.ts'

const FAST = { refreshIntervalMs: 100, historyIntervalMs: 1000 }

test('a snapshot, then what has changed: figures, rates, channels of the topic that is looked at', async () => {
  await using cluster = await startCluster({ admin: FAST })
  await cluster.make('t', ['c'])
  await cluster.make('quiet')
  await using live = await openEvents(cluster.admin.port, '/api/live?topic=t')
  expect(live.response.headers['content-type']).toBe('text/event-stream')
  expect(live.response.headers['content-encoding']).toBeUndefined()
  let first: string | undefined
  await live.until(({ event, data }) => {
    first ??= event
    return data.totals.topics === 2 && data.totals.channels === 1 && data.totals.nodes === 2
  })
  expect(first).toBe('snapshot')
  await cluster.nsqds[0]!.publish('t', 'a', 'b')
  await cluster.nsqds[1]!.publish('t', 'c')
  let rate = 0
  const { data } = await live.until(({ data }) => {
    const row = data.topics.find(({ topic }: { topic: string }) => topic === 't')
    rate = Math.max(rate, row?.rate_in ?? 0)
    return row?.depth === 3 && row.messages === 3
  })
  expect(rate).toBeGreaterThan(0)
  expect(data.topics.map(({ topic }: { topic: string }) => topic)).not.toContain('quiet')
  const row = data.topics[0]
  expect(row).toMatchObject({ topic: 't', topic_depth: 0, channels: 1, paused: false, clients: 0, trouble: [] })
  expect(row.nodes.toSorted()).toEqual(cluster.nsqds.map(({ node }) => node).toSorted())
  expect(data.channels[0]).toMatchObject({ channel: 'c', depth: 3, e2e: null })
  expect(data.totals).toMatchObject({ depth: 3, topics: 2, channels: 1, nodes: 2, nodes_down: 0 })

  await cluster.admin.post('/api/topics/t/c', { action: 'pause' })
  const paused = await live.until(({ data }) => data.channels[0]?.paused === true)
  expect(paused.data.channels[0].trouble).toEqual(['paused'])
  await cluster.admin.call('DELETE', '/api/topics/t')
  const gone = await live.until(({ data }) => data.topics_gone.includes('t'))
  expect(gone.data.channels_gone).toEqual(['c'])
})

test('a node that is lost is shown as such, with the age of its figures, which stay', async () => {
  await using cluster = await startCluster({ admin: FAST })
  await cluster.make('t', ['c'])
  for (const nsqd of cluster.nsqds) await nsqd.publish('t', 'x')
  await using live = await openEvents(cluster.admin.port, '/api/live')
  await live.until(({ data }) => data.totals.depth === 2 && data.totals.nodes === 2)
  const [lost] = cluster.nsqds
  await lost!.nsqd.close()
  const { data } = await live.until(({ data }) => data.totals.nodes_down === 1 && data.topics.length > 0)
  const node = data.nodes.find(({ node }: { node: string }) => node === lost!.node)
  expect(['down', 'gone']).toContain(node.state)
  expect(node.trouble).toContain('down')
  expect(node.reason).not.toBe('')
  expect(data.totals.depth).toBe(2)
  expect(data.topics[0]).toMatchObject({ topic: 't', stale_nodes: [lost!.node], trouble: ['stale'] })
  const later = await live.until(({ data }) => data.nodes.some(({ age }: { age: number }) => age > 300))
  expect(later.data.nodes.filter(({ age }: { age: number }) => age > 300)).toMatchObject([{ node: lost!.node }])
})

test('an nsqlookupd that is lost takes nothing away', async () => {
  await using cluster = await startCluster({ nsqds: 1, admin: FAST })
  await cluster.make('t')
  await using live = await openEvents(cluster.admin.port, '/api/live')
  await live.until(({ data }) => data.totals.topics === 1)
  await cluster.lookupd!.close()
  const { data } = await live.until(({ data }) => data.warnings.length > 0)
  expect(data.warnings[0]).toContain('connection refused')
  expect(data.nodes).toMatchObject([{ state: 'up' }])
})

test('disk trouble, restarts and rising depths are seen; counters that begin anew make no negative rates', async () => {
  let stats = { start: 1, messages: 100, depth: 10, health: 'OK' }
  await using nsqd = await fakeNsqd({ hostname: 'h', version: '1.0.0' }, () => [])
  const tell = nsqd.answer
  nsqd.answer = (seen) => {
    if (!seen.url.startsWith('/stats')) return tell(seen)
    const { start, messages, depth, health } = stats
    const channels = [{ channel_name: 'c', depth, message_count: messages, client_count: 0 }]
    const topics = [{ topic_name: 't', message_count: messages, channels }]
    return { json: { health, start_time: start, topics } }
  }
  await using admin = await startAdmin({ nsqdHttpAddresses: [nsqd.address], ...FAST })
  await using live = await openEvents(admin.port, '/api/live')
  await live.until(({ data }) => data.totals.messages === 100)
  stats = { start: 2, messages: 5, depth: 12, health: 'NOK - disk full' }
  const rates: number[] = []
  const { data } = await live.until(({ data }) => {
    rates.push(data.totals.rate_in, data.totals.rate_out)
    return data.nodes[0].health !== 'OK'
  })
  expect(data.nodes[0]).toMatchObject({ health: 'NOK - disk full', trouble: ['disk'] })
  expect(Math.min(...rates)).toBe(0)
  expect(data.topics[0].rate_in).toBeGreaterThan(0)
})

test('the last hour is kept of everything, condensed to what is asked for', async () => {
  await using cluster = await startCluster({ nsqds: 1, admin: FAST })
  await cluster.make('t#ephemeral', ['c'])
  const { admin, nsqd } = cluster
  await nsqd.publish('t#ephemeral', 'x', 'y')
  const past = async (path: string) => (await admin.get(`/api/history/${path}`)).json
  await eventually(async () => (await past('topics/t%23ephemeral')).series?.depth?.at(-1) === 2, { what: 'a point' })
  await eventually(async () => (await past('cluster')).times.length >= 2, { what: 'two points' })
  for (const path of ['topics/t%23ephemeral', 'topics/t%23ephemeral/c', `nodes/${nsqd.node}`, 'cluster']) {
    const { interval, times, series } = await past(path)
    expect(interval).toBe(1000)
    for (const points of Object.values(series)) expect(points).toHaveLength(times.length)
    expect(series.depth.at(-1)).toBe(2)
    expect(series.e2e_99.at(-1)).toBeNull()
  }
  expect((await past('cluster?points=1')).times).toHaveLength(1)
  const sparklines = (await admin.get('/api/history?points=5')).json
  expect(sparklines.topics['t#ephemeral'].depth.at(-1)).toBe(2)
  expect(await admin.get('/api/history/topics/none')).toMatchObject({ status: 404, json: { message: 'NOT_FOUND' } })
  expect((await admin.get('/api/history?points=0')).status).toBe(400)
})

test('nobody watches: the nodes are left in peace when there is no history either', async () => {
  await using nsqd = await fakeNsqd({ hostname: 'h' }, () => [])
  await using admin = await startAdmin({
    nsqdHttpAddresses: [nsqd.address],
    historyLengthMs: 0,
    refreshIntervalMs: 100,
  })
  expect((await admin.get('/api/history')).json).toEqual({ interval: 15_000, to: 0, topics: {} })
  expect(nsqd.seen).toEqual([])
  {
    await using live = await openEvents(admin.port, '/api/live')
    await live.until(({ data }) => data.nodes.length === 1)
  }
  await eventually(
    async () => {
      const before = nsqd.seen.length
      await new Promise((resolve) => setTimeout(resolve, 250))
      return nsqd.seen.length === before
    },
    { what: 'it is asked no more' },
  )
})

test('closing ends the streams of those who watch', async () => {
  await using nsqd = await fakeNsqd({ hostname: 'h' }, () => [])
  await using admin = await startAdmin({ nsqdHttpAddresses: [nsqd.address], ...FAST })
  await using live = await openEvents(admin.port, '/api/live')
  await live.next()
  const startedAt = performance.now()
  await admin.admin.close()
  expect(performance.now() - startedAt).toBeLessThan(2000)
  while ((await live.next()) !== undefined);
})
