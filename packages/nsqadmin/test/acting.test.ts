import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { startAdmin } from './fixtures/admin.ts'
import { startCluster } from './fixtures/cluster.ts'
import { fakeNsqd, fakeUpstream } from './fixtures/fake-upstream.ts'

test('topics and channels, ephemeral ones too, are made, paused, emptied and deleted on every node', async () => {
  await using cluster = await startCluster()
  await cluster.make('t', ['c#ephemeral'])
  const { admin, nsqds } = cluster
  const path = '/api/topics/t/c%23ephemeral'
  for (const nsqd of nsqds) await nsqd.publish('t', 'a', 'b')
  const depths = async () => await Promise.all(nsqds.map(async (nsqd) => (await nsqd.topic('t')).channels[0]?.depth))
  await eventually(async () => (await depths()).join() === '2,2', { what: 'the channels have the messages' })
  expect((await admin.post(path, { action: 'pause' })).json).toEqual({ message: '' })
  for (const nsqd of nsqds) expect((await nsqd.topic('t')).channels[0].paused).toBe(true)
  await admin.post(path, { action: 'unpause' })
  await admin.post(path, { action: 'empty' })
  expect(await depths()).toEqual([0, 0])
  expect((await admin.call('DELETE', path)).json).toEqual({ message: '' })
  for (const nsqd of nsqds) expect((await nsqd.topic('t')).channels).toEqual([])
  expect((await admin.call('DELETE', '/api/topics/t')).json).toEqual({ message: '' })
  for (const nsqd of nsqds) expect(await nsqd.topics()).toEqual([])
  expect((await cluster.askLookupd('/topics')).json).toEqual({ topics: [] })
})

test('a tombstone hides the node from those who look, and deletes the topic there and nowhere else', async () => {
  await using cluster = await startCluster()
  await cluster.make('t')
  const [gone, stays] = cluster.nsqds
  const answer = await cluster.admin.call('DELETE', `/api/nodes/${gone!.node}`, { body: { topic: 't' } })
  expect(answer.json).toEqual({ message: '' })
  expect(await gone!.topics()).toEqual([])
  expect(await stays!.topics()).toEqual(['t'])
  const { json } = await cluster.askLookupd('/lookup?topic=t')
  expect(json.producers.map((producer: { http_port: number }) => producer.http_port)).toEqual([stays!.port])
})

test('only admins act, whatever their body says; everybody reads', async () => {
  await using cluster = await startCluster({ nsqds: 1, admin: { adminUsers: ['Alice'], aclHttpHeader: 'X-Who' } })
  await cluster.make('t', ['c'])
  const { admin } = cluster
  const actions: [string, string, unknown][] = [
    ['POST', '/api/topics', 'no json'],
    ['POST', '/api/topics/t', { action: 'pause' }],
    ['POST', '/api/topics/t/c', { action: 'pause' }],
    ['DELETE', '/api/topics/t', undefined],
    ['DELETE', '/api/topics/t/c', undefined],
    ['DELETE', `/api/nodes/${cluster.nsqd.node}`, { topic: 't' }],
    ['POST', '/api/publish/t', { body: 'x' }],
  ]
  for (const [method, path, body] of actions) {
    for (const headers of [{}, { 'X-Who': 'alice' }, { 'X-Forwarded-User': 'Alice' }]) {
      expect(await admin.call(method, path, { body, headers })).toMatchObject({
        status: 403,
        json: { message: 'FORBIDDEN' },
      })
    }
  }
  expect((await admin.get('/api/tail/t')).status).toBe(403)
  expect(await cluster.nsqd.topics()).toEqual(['t'])
  expect(admin.log.filter((line) => line.startsWith('WARNING: AUDIT: DELETE /api/topics/t refused'))).toHaveLength(3)
  expect((await admin.get('/api/topics')).status).toBe(200)
  expect((await admin.call('DELETE', '/api/topics/t', { headers: { 'x-who': 'Alice' } })).status).toBe(200)
  const session = async (user: string) => (await admin.get('/api/session', { 'x-who': user })).json
  expect(await session('Alice')).toEqual({ login_required: false, user: 'Alice', role: 'operator', is_admin: true })
  expect(await session('bob')).toEqual({ login_required: false, user: 'bob', role: 'viewer', is_admin: false })
})

test('another site cannot make a browser act', async () => {
  await using cluster = await startCluster({ nsqds: 1 })
  await cluster.make('t')
  const { admin } = cluster
  const pause = async (headers: Record<string, string>) =>
    (await admin.post('/api/topics/t', { action: 'pause' }, headers)).status
  expect(await pause({ 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await pause({ 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await pause({ origin: 'http://evil.example' })).toBe(403)
  expect(await pause({ origin: 'null' })).toBe(403)
  expect((await cluster.nsqd.topic('t')).paused).toBe(false)
  expect(await pause({ 'sec-fetch-site': 'same-origin', origin: 'http://behind.proxy' })).toBe(200)
  expect(await pause({ origin: `http://${admin.address}` })).toBe(200)
  expect(await pause({ origin: 'https://behind.proxy', 'x-forwarded-host': 'behind.proxy' })).toBe(200)
  expect(await pause({ origin: 'https://behind.proxy', 'x-useragent': 'nsqadmin/v1.3.0' })).toBe(200)
})

test('each action is a line in the log and a notification, which outlives an endpoint that is down', async () => {
  await using endpoint = await fakeUpstream(() => ({ status: 500 }))
  await using cluster = await startCluster({
    nsqds: 1,
    admin: { notificationHttpEndpoint: `http://${endpoint.address}/hook` },
  })
  await cluster.make('t', ['c'])
  const { admin } = cluster
  const headers = {
    authorization: `Basic ${Buffer.from('bob:secret').toString('base64')}`,
    'user-agent': 'script/1',
    'x-scheme': 'https',
  }
  await admin.post('/api/topics/t/c?a=b', { action: 'pause' }, headers)
  await admin.post('/api/publish/t', { body: 'x' })
  expect((await admin.post('/api/topics/none', { action: 'pause' })).status).toBe(502)
  await eventually(() => endpoint.seen.length === 2, { what: 'two notifications' })
  const [paused, published] = endpoint.seen.map(({ body }) => JSON.parse(body))
  expect(paused).toMatchObject({
    action: 'pause_channel',
    topic: 't',
    channel: 'c',
    user: 'bob',
    user_agent: 'script/1',
    url: `https://${admin.address}/api/topics/t/c?a=b`,
  })
  expect(paused.remote_ip).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(Math.abs(paused.timestamp - Date.now() / 1000)).toBeLessThan(60)
  expect(Object.keys(paused)).not.toContain('node')
  expect(published).toMatchObject({ action: 'publish_message', topic: 't', node: cluster.nsqd.node })
  expect(Object.keys(published)).not.toContain('user')
  const audit = admin.log.filter((line) => line.includes('AUDIT: '))
  expect(audit[0]).toMatch(/^INFO: AUDIT: pause_channel "t" "c" by "bob" from 127\.0\.0\.1:\d+ - done$/)
  expect(audit.at(-1)).toMatch(/AUDIT: pause_topic "none" by "-" from \S+ - failed: UPSTREAM_ERROR/)

  await endpoint[Symbol.asyncDispose]()
  expect((await admin.post('/api/topics/t', { action: 'pause' })).status).toBe(200)
  await eventually(() => admin.log.some((line) => line.startsWith('ERROR: failed to POST notification')), {
    what: 'the failure is logged',
  })
  expect((await admin.get('/ping')).text).toBe('OK')
})

test('nsqds with tokens get ours, and nobody else does', async () => {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs')
  const folder = mkdtempSync('/tmp/nsqadmin-token-')
  const [file, tokens] = [`${folder}/token`, `${folder}/tokens.toml`]
  writeFileSync(file, 'hush\n')
  writeFileSync(tokens, '[[token]]\nrole = "admin"\ntoken = "hush"\n')
  await using cluster = await startCluster({
    nsqds: 1,
    lookupd: false,
    nsqd: { httpAuthFile: tokens },
    admin: { httpClientTokenFile: file },
  })
  const { admin } = cluster
  await using graphite = await fakeUpstream(() => ({ json: [{ datapoints: [[1, 1]] }] }))
  expect((await admin.get('/api/nodes')).json.nodes).toHaveLength(1)
  await using other = await startAdmin({
    lookupdHttpAddresses: [graphite.address],
    httpClientTokenFile: file,
    graphiteUrl: `http://${graphite.address}`,
  })
  await other.get('/api/topics')
  expect((await other.get('/api/graphite?metric=rate&target=x')).json).toEqual({ rate: '0.02' })
  expect(graphite.seen.length).toBeGreaterThanOrEqual(2)
  expect(graphite.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
  rmSync(folder, { recursive: true })
})

test('a publish goes to a node that has the topic, deferred if wished, and nsqd says what is wrong with it', async () => {
  await using cluster = await startCluster({ nsqd: { maxMsgSize: 100 } })
  const [first, second] = cluster.nsqds
  await cluster.make('t', ['c'], [second!])
  const { admin } = cluster
  expect((await admin.post('/api/publish/t', { body: 'hi' })).json).toEqual({ node: second!.node, message: '' })
  await admin.post('/api/publish/t', { body: '/wA=', encoding: 'base64', defer: 60_000 })
  await eventually(async () => (await second!.topic('t')).channels[0].deferred_count === 1, { what: 'it is deferred' })
  expect((await second!.topic('t')).channels[0]).toMatchObject({ depth: 1, deferred_count: 1 })
  expect((await admin.post('/api/publish/t', { body: 'x', node: first!.node })).json.node).toBe(first!.node)
  const refused: [unknown, number, string][] = [
    [{ body: '' }, 400, 'MSG_EMPTY'],
    [{ body: 'x'.repeat(101) }, 413, 'MSG_TOO_BIG'],
    [{ body: 'x', defer: 1e12 }, 400, 'INVALID_BODY'],
    [{ body: 'x', defer: 9e6 }, 400, 'INVALID_DEFER'],
    [{ body: 'x', node: '169.254.169.254:80' }, 404, 'NODE_NOT_FOUND'],
    ['', 400, 'INVALID_BODY'],
  ]
  for (const [body, status, message] of refused) {
    expect(await admin.post('/api/publish/t', body)).toMatchObject({ status, json: { message } })
  }
  expect(await admin.post('/api/publish/unknown', { body: 'x' })).toMatchObject({ status: 404 })
  expect(await admin.post('/api/publish/bad$', { body: 'x' })).toMatchObject({ status: 400 })
  expect((await first!.topics()).concat(await second!.topics())).toEqual(['t', 't'])
})

test('a publish whose fate is unknown is not tried elsewhere: that could make two of it', async () => {
  let mute = false
  await using first = await fakeNsqd({ hostname: 'a' }, () => [{ topic_name: 't' }])
  const tell = first.answer
  first.answer = (seen) => (mute && seen.url.startsWith('/pub') ? undefined : tell(seen))
  await using second = await fakeNsqd({ hostname: 'b' }, () => [{ topic_name: 't' }])
  await using admin = await startAdmin({
    nsqdHttpAddresses: [first.address, second.address],
    httpClientRequestTimeoutMs: 300,
  })
  mute = true
  expect((await admin.post('/api/publish/t', { body: 'x' })).status).toBe(502)
  expect(second.seen.filter(({ url }) => url.startsWith('/pub'))).toEqual([])
})
