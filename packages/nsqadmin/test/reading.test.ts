import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { startAdmin } from './fixtures/admin.ts'
import { startCluster } from './fixtures/cluster.ts'
import { fakeNsqd, fakeUpstream } from './fixtures/fake-upstream.ts'

const e2e = (count: number, p99: number, p95: number) => ({
  count,
  percentiles: [
    { quantile: 0.99, value: p99 },
    { quantile: 0.95, value: p95 },
  ],
})

test('a topic is the sum over its nodes, with latencies weighted by their counts and the true extremes', async () => {
  const channel = (depth: number, latency: object) => ({
    channel_name: 'c',
    depth,
    backend_depth: 1,
    message_count: depth + 1,
    client_count: 1,
    paused: depth > 3,
    e2e_processing_latency: latency,
  })
  const topic = (depth: number, latency: object) => [
    { topic_name: 't', depth, backend_depth: 0, channels: [channel(depth, latency)], e2e_processing_latency: latency },
  ]
  await using one = await fakeNsqd({ hostname: 'b-host', version: '1.3.0' }, () => topic(3, e2e(10, 1000, 500)))
  await using two = await fakeNsqd({ hostname: 'a-host', version: '1.2.1' }, () => topic(5, e2e(30, 2000, 100)))
  await using admin = await startAdmin({ nsqdHttpAddresses: [one.address, two.address] })

  const { json } = await admin.get('/api/topics/t')
  expect(json).toMatchObject({ node: '*', hostname: '', topic_name: 't', depth: 8, paused: false, message: '' })
  expect(json.nodes.map((node: { hostname: string }) => node.hostname)).toEqual(['a-host', 'b-host'])
  expect(json.channels).toHaveLength(1)
  expect(json.channels[0]).toMatchObject({ node: '*', depth: 8, memory_depth: 6, backend_depth: 2, paused: true })
  // A node's own entry stays its own.
  expect(json.nodes[0].channels[0]).toMatchObject({ node: two.address, depth: 5, nodes: null })
  expect(json.e2e_processing_latency).toEqual({
    count: 40,
    percentiles: [
      { quantile: 0.99, count: 40, average: 1750, max: 2000, min: 1000 },
      { quantile: 0.95, count: 40, average: 200, max: 500, min: 100 },
    ],
    topic: 't',
    channel: '',
    host: '*',
  })
  const channelAnswer = await admin.get('/api/topics/t/c')
  expect(channelAnswer.json.e2e_processing_latency).toMatchObject({ count: 40, channel: 'c' })
  expect(channelAnswer.json.client_count).toBe(2)
})

test('clients are listed by node, near ones first, with what the node is and how long they are connected', async () => {
  const now = Math.floor(Date.now() / 1000)
  const client = (id: string, region: string, zone: string) => ({
    client_id: id,
    connect_ts: now - 60,
    topology_region: region,
    topology_zone: zone,
  })
  const clients = [client('far', 'x', 'x'), client('region', 'r', 'other'), client('near', 'r', 'z')]
  await using nsqd = await fakeNsqd({ hostname: 'h', topology_region: 'r', topology_zone: 'z' }, () => [
    { topic_name: 't', channels: [{ channel_name: 'c', client_count: 3, clients }] },
  ])
  await using admin = await startAdmin({ nsqdHttpAddresses: [nsqd.address] })
  const { json } = await admin.get('/api/topics/t/c')
  expect(json.clients.map((one: { client_id: string }) => one.client_id)).toEqual(['near', 'region', 'far'])
  expect(json.clients[0]).toMatchObject({ node: nsqd.address, node_topology_region: 'r', node_topology_zone: 'z' })
  expect(json.clients[0].connected / 1e9).toBeGreaterThanOrEqual(59)
  expect(json.clients[0].connected / 1e9).toBeLessThanOrEqual(65)
})

test('an nsqd of another version, without half of the fields, is shown with what it says', async () => {
  await using old = await fakeUpstream(({ url }) => {
    if (url.startsWith('/info')) return { json: { status_code: 200, data: { version: '0.2.1' } } }
    return { json: { status_code: 200, data: { topics: [{ topic_name: 'old', channels: [{ channel_name: 'c' }] }] } } }
  })
  await using strange = await fakeNsqd({ hostname: 5, version: null }, () => 'not a list')
  await using admin = await startAdmin({ nsqdHttpAddresses: [old.address, strange.address] })
  const nodes = await admin.get('/api/nodes')
  expect(nodes.status).toBe(200)
  expect(nodes.json.nodes).toMatchObject([
    { hostname: '127.0.0.1', broadcast_address: '127.0.0.1', http_port: old.port, version: '0.2.1' },
    { http_port: strange.port, version: '', topics: null },
  ])
  const topic = await admin.get('/api/topics/old')
  expect(topic.json).toMatchObject({ depth: 0, e2e_processing_latency: { count: 0, percentiles: null } })
  expect(topic.json.channels[0]).toMatchObject({ channel_name: 'c', client_count: 0, clients: null })
})

test('nodes that run an older version than others are out of date', async () => {
  const producer = (hostname: string, version: string, port: number) => ({
    hostname,
    version,
    broadcast_address: hostname,
    tcp_port: port,
    http_port: port + 1,
    topics: ['b', 'a'],
    tombstones: [true, false],
  })
  const producers = [producer('c', '1.3.0', 1), producer('a', '1.3.0-rc1', 1), producer('b', 'mine', 1)]
  await using one = await fakeUpstream(() => ({ json: { producers: [...producers, producers[0]] } }))
  await using two = await fakeUpstream(() => ({ json: { producers: [{ ...producers[0], remote_address: 'r:1' }] } }))
  await using admin = await startAdmin({ lookupdHttpAddresses: [one.address, two.address] })
  const { json } = await admin.get('/api/nodes')
  expect(
    json.nodes.map((node: { hostname: string; out_of_date: boolean }) => [node.hostname, node.out_of_date]),
  ).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ])
  expect(json.nodes[2].remote_addresses).toEqual([`${one.address}/N/A`, `${one.address}/N/A`, `${two.address}/r:1`])
  expect(json.nodes[2].topics).toEqual([
    { topic: 'a', tombstoned: false },
    { topic: 'b', tombstoned: true },
  ])
})

test('a server that fails is a warning beside what the others say; if all fail there is nothing to say', async () => {
  await using cluster = await startCluster({ nsqds: 2 })
  await cluster.make('t', ['c'])
  const { admin } = cluster
  const good = cluster.lookupd!.httpAddress.text
  await admin.call('PUT', '/config/nsqlookupd_http_addresses', { body: [good, '127.0.0.1:1'] })
  const refused = 'Get "http://127.0.0.1:1/topics": dial tcp 127.0.0.1:1: connect: connection refused'
  expect((await admin.get('/api/topics')).json).toEqual({ topics: ['t'], message: `WARNING: ${refused}` })
  const created = await admin.post('/api/topics', { topic: 'made' })
  expect(created.status).toBe(200)
  expect(created.json.message).toMatch(/^WARNING: Post "http:\/\/127\.0\.0\.1:1\/topic\/create\?topic=made": dial tcp/)

  await cluster.nsqds[1]!.nsqd.close()
  const topic = await admin.get('/api/topics/t')
  expect(topic.status).toBe(200)
  expect(topic.json.nodes).toHaveLength(1)
  expect(topic.json.message).toMatch(/^WARNING: /)

  await admin.call('PUT', '/config/nsqlookupd_http_addresses', { body: ['127.0.0.1:1', '127.0.0.1:2'] })
  const failed = await admin.get('/api/topics')
  expect(failed.status).toBe(502)
  expect(failed.json.message).toMatch(/^UPSTREAM_ERROR: failed to query any nsqlookupd: Get .*\nGet /)
  expect((await admin.post('/api/topics', { topic: 'made' })).status).toBe(200)
  expect((await admin.call('DELETE', '/api/topics/t')).status).toBe(502)
})

test('an upstream that does not answer in time costs that time, and no more', async () => {
  await using mute = await fakeUpstream(() => undefined)
  await using nsqd = await fakeNsqd({ hostname: 'h' }, () => [{ topic_name: 't' }])
  await using admin = await startAdmin({
    nsqdHttpAddresses: [mute.address, nsqd.address],
    httpClientRequestTimeoutMs: 200,
  })
  const { json } = await admin.get('/api/topics')
  expect(json.topics).toEqual(['t'])
  expect(json.message).toContain('Client.Timeout exceeded')
})

test('closing breaks off what runs, the question to a mute nsqd too', async () => {
  await using mute = await fakeUpstream(() => undefined)
  await using admin = await startAdmin({ nsqdHttpAddresses: [mute.address], httpClientRequestTimeoutMs: 0 })
  await eventually(() => mute.seen.length > 0, { what: 'it is asked by the sampler' })
  const startedAt = performance.now()
  await admin.admin.close()
  expect(performance.now() - startedAt).toBeLessThan(4000)
})

test('answers that are no JSON are told as such', async () => {
  await using nsqd = await fakeUpstream(() => ({ text: '<html>' }))
  await using admin = await startAdmin({ nsqdHttpAddresses: [nsqd.address] })
  const { status, json } = await admin.get('/api/topics')
  expect(status).toBe(502)
  expect(json.message).toContain("invalid character '<' looking for beginning of value")
})

test('what does not exist: a channel is 404, a node is 404, a topic is what the upstreams say', async () => {
  await using cluster = await startCluster({ nsqds: 1 })
  await cluster.make('t', ['c'])
  const { admin } = cluster
  expect(await admin.get('/api/topics/t/none')).toMatchObject({ status: 404, json: { message: 'CHANNEL_NOT_FOUND' } })
  expect(await admin.get('/api/nodes/no:1')).toMatchObject({ status: 404, json: { message: 'NODE_NOT_FOUND' } })
  expect((await admin.get('/api/topics/none')).status).toBe(502)
})

test('without nsqlookupd the nsqds are asked, and that changes with /config at once', async () => {
  await using cluster = await startCluster({ nsqds: 2, lookupd: false })
  await cluster.make('t', ['c'])
  await cluster.nsqd.publish('t', 'x')
  const { admin } = cluster
  expect((await admin.get('/api/topics')).json).toEqual({ topics: ['t'], message: '' })
  expect((await admin.get('/api/topics?inactive=true')).json).toEqual({ topics: {}, message: '' })
  expect((await admin.get('/api/counter')).json.stats[`t:c:${cluster.nsqd.node}`].message_count).toBe(1)
  expect((await admin.get('/api/nodes')).json.nodes[0].remote_addresses).toBeNull()
  await admin.call('PUT', '/config/nsqlookupd_http_addresses', { body: ['127.0.0.1:1'] })
  expect((await admin.get('/api/topics')).status).toBe(502)
  await admin.call('PUT', '/config/nsqlookupd_http_addresses', { body: [] })
  expect((await admin.get('/api/topics')).status).toBe(200)
})
