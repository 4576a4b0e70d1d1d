import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { sampleFor } from '../server/tail/sample.ts'
import { startCluster } from './fixtures/cluster.ts'
import type { RunningNsqd } from './fixtures/cluster.ts'
import { startAdmin } from './fixtures/admin.ts'
import { certificate } from './fixtures/certificate.ts'
import { openEvents } from './fixtures/event-source.ts'
import { fakeUpstream } from './fixtures/fake-upstream.ts'

const channelsOf = async (nsqd: RunningNsqd): Promise<string[]> =>
  (await nsqd.topic('t')).channels.map((channel: { channel_name: string }) => channel.channel_name)

test('messages of every node are shown as they come; nobody else misses one; the channel goes with the page', async () => {
  await using cluster = await startCluster()
  await cluster.make('t', ['c'])
  {
    await using tail = await openEvents(cluster.admin.port, '/api/tail/t?rate=100')
    const open = (await tail.next())!
    expect(open.event).toBe('open')
    expect(open.data).toMatchObject({ sample: 100, rate: 100 })
    expect(open.data.channel).toMatch(/^nsqadmin-tail-[0-9a-f]{12}#ephemeral$/)
    for (const nsqd of cluster.nsqds) {
      await eventually(async () => (await channelsOf(nsqd)).includes(open.data.channel), { what: 'the tail is open' })
    }
    await cluster.nsqds[0]!.publish('t', 'grüß dich')
    const first = (await tail.until(({ event }) => event === 'message')).data
    expect(first).toMatchObject({ body: 'grüß dich', encoding: 'utf8', size: 11, truncated: false, attempts: 1 })
    expect(first.node).toBe(cluster.nsqds[0]!.node)
    expect(first.id).toMatch(/^[0-9a-f]{16}$/)
    expect(Math.abs(first.timestamp - Date.now())).toBeLessThan(60_000)
    await cluster.admin.post('/api/publish/t', { body: '/wD+', encoding: 'base64', node: cluster.nsqds[1]!.node })
    const second = (await tail.until(({ event }) => event === 'message')).data
    expect(second).toMatchObject({ body: '/wD+', encoding: 'base64', size: 3, node: cluster.nsqds[1]!.node })
    await cluster.nsqds[0]!.publish('t', `${'x'.repeat(16 * 1024 - 1)}ü and more`)
    const third = (await tail.until(({ event }) => event === 'message')).data
    expect(third).toMatchObject({ truncated: true, encoding: 'utf8', size: 16 * 1024 + 10 })
    expect(third.body).toBe('x'.repeat(16 * 1024 - 1))
  }
  for (const nsqd of cluster.nsqds) {
    await eventually(async () => (await channelsOf(nsqd)).join() === 'c', { what: 'the channel of the tail is gone' })
  }
  const depths = await Promise.all(cluster.nsqds.map(async (nsqd) => (await nsqd.topic('t')).channels[0].depth))
  expect(depths).toEqual([2, 1])
})

test('more than the rate is counted, not shown', async () => {
  await using cluster = await startCluster({ nsqds: 1 })
  await cluster.make('t', ['c'])
  await using tail = await openEvents(cluster.admin.port, '/api/tail/t?rate=2')
  await tail.until(({ event }) => event === 'open')
  await eventually(async () => (await channelsOf(cluster.nsqd)).length === 2, { what: 'the tail is open' })
  await cluster.nsqd.post('/mpub?topic=t', Array.from({ length: 50 }, (_, n) => `m${n}`).join('\n'))
  const status = await tail.until(({ event, data }) => event === 'status' && data.shown + data.skipped === 50)
  expect(status.data.shown).toBeLessThanOrEqual(6)
  expect(status.data.problems).toEqual([])
  await cluster.nsqd.nsqd.close()
  const lost = await tail.until(({ event, data }) => event === 'status' && data.problems.length > 0)
  expect(lost.data.problems[0]).toContain(cluster.nsqd.node)
})

test('a topic without a channel is not tailed: its messages wait for the first one', async () => {
  await using cluster = await startCluster({ nsqds: 1 })
  await cluster.make('t')
  await cluster.nsqd.publish('t', 'waits')
  const { admin } = cluster
  expect(await admin.get('/api/tail/t')).toMatchObject({ status: 409, json: { message: 'TOPIC_HAS_NO_CHANNEL' } })
  expect(await admin.get('/api/tail/none')).toMatchObject({ status: 404, json: { message: 'TOPIC_NOT_FOUND' } })
  expect(await admin.get('/api/tail/bad$')).toMatchObject({ status: 400, json: { message: 'INVALID_TOPIC' } })
  expect(await admin.get('/api/tail/t?rate=0')).toMatchObject({ status: 400, json: { message: 'INVALID_ARG_RATE' } })
  expect((await cluster.nsqd.topic('t')).depth).toBe(1)
  await cluster.nsqd.post('/channel/create?topic=t&channel=c')
  expect((await admin.get('/api/tail/t?check=1')).json).toEqual({ message: '' })
})

test.each([
  [10, 0, 100],
  [10, 20, 100],
  [10, 100, 20],
  [10, 1_000_000, 1],
  [100, 201, 99],
])('to show %i of %i messages a second, %i percent are asked for', (rate, flow, percent) => {
  expect(sampleFor(rate, flow)).toBe(percent)
})

test('an nsqd that requires AUTH is tailed with a secret; without one the tail says what is missing', async () => {
  const authorizations = [{ topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }]
  await using authd = await fakeUpstream(({ url }) => {
    return url.includes('secret=open+sesame') || url.includes('secret=open-sesame')
      ? { json: { ttl: 3600, identity: 'admin', authorizations } }
      : { status: 403, json: {} }
  })
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-secret-'))
  try {
    const tailAuthSecretFile = join(folder, 'secret')
    writeFileSync(tailAuthSecretFile, 'open-sesame\n')
    await using cluster = await startCluster({ nsqds: 1, nsqd: { authHttpAddresses: [authd.address] } })
    await cluster.make('t', ['c'])
    await using refused = await openEvents(cluster.admin.port, '/api/tail/t')
    const { data } = await refused.until(({ event, data }) => event === 'status' && data.problems.length > 0)
    expect(data.problems[0]).toBe(`${cluster.nsqd.node}: it requires AUTH: nsqadmin needs --tail-auth-secret-file`)

    const nsqdHttpAddresses = [cluster.nsqd.node]
    await using admin = await startAdmin({ nsqdHttpAddresses, tailAuthSecretFile })
    await using tail = await openEvents(admin.port, '/api/tail/t')
    await eventually(async () => (await channelsOf(cluster.nsqd)).length === 2, { what: 'the tail has subscribed' })
    await cluster.nsqd.publish('t', 'let in')
    expect((await tail.until(({ event }) => event === 'message')).data.body).toBe('let in')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('an nsqd that requires TLS for its protocol alone cannot be tailed without it, and the tail says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-tls-'))
  try {
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const { cert, key } = await certificate()
    writeFileSync(tlsCert, cert)
    writeFileSync(tlsKey, key)
    await using cluster = await startCluster({ nsqds: 1, nsqd: { tlsCert, tlsKey, tlsRequired: 'tcp-https' } })
    await cluster.make('t', ['c'])
    await using tail = await openEvents(cluster.admin.port, '/api/tail/t')
    const { data } = await tail.until(({ event, data }) => event === 'status' && data.problems.length > 0)
    expect(data.problems[0]).toContain('it requires TLS: nsqadmin needs --http-client-tls-root-ca-file')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
