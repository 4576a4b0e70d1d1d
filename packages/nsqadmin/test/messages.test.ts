import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessagesAnswer, ShownMessage } from '../server/api-types.ts'
import { hashPassword } from '../server/access/password.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startAdmin } from './fixtures/admin.ts'
import { startCluster } from './fixtures/cluster.ts'
import type { RunningCluster, RunningNsqd } from './fixtures/cluster.ts'
import { hold, makeDeadLetters } from './fixtures/failing.ts'
import { fakeUpstream } from './fixtures/fake-upstream.ts'

describe('messages', () => {
  let cluster: RunningCluster
  let first: RunningNsqd
  let second: RunningNsqd

  beforeAll(async () => {
    cluster = await startCluster({ nsqd: { maxDeferMs: 3_600_000 } })
    ;[first, second] = cluster.nsqds as [RunningNsqd, RunningNsqd]
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  async function look(path: string, node = first): Promise<MessagesAnswer> {
    const { json, status } = await cluster.admin.get(
      `/api/messages${path}${path.includes('?') ? '&' : '?'}node=${node.node}`,
    )
    if (status !== 200) throw new Error(`${status} ${json.message}`)
    return json
  }
  const bodies = ({ messages }: MessagesAnswer): string[] => messages.map(({ body }) => body)
  const act = (path: string, body: object) => cluster.admin.post(`/api/message${path}`, { node: first.node, ...body })

  test('those of a channel are shown by state, page by page, of the node that was asked', async () => {
    await cluster.make('orders', ['billing'])
    await first.publish('orders', 'one', 'two', '{"three":3}')
    await second.publish('orders', 'elsewhere')
    await first.post('/pub?topic=orders&defer=30m', 'later')
    const consumer = hold(first, 'orders', 'billing', 'till-1')
    await eventually(async () => (await look('/orders/billing?state=in_flight')).count === 1, {
      what: 'one is in flight',
    })

    const [flying] = (await look('/orders/billing?state=in_flight')).messages as [ShownMessage]
    expect(flying).toMatchObject({ state: 'in_flight', body: 'one', attempts: 1, consumer: { client_id: 'till-1' } })
    expect(flying.consumer!.times_out_at).toBeGreaterThan(Date.now())
    expect(Math.abs(flying.timestamp - Date.now())).toBeLessThan(60_000)
    const page = await look('/orders/billing?limit=1')
    expect(page).toMatchObject({ node: first.node, topic: 'orders', channel: 'billing', count: 2, next: 1 })
    expect(bodies(page)).toEqual(['two'])
    expect(bodies(await look(`/orders/billing?offset=${page.next}`))).toEqual(['{"three":3}'])
    expect(bodies(await look('/orders/billing?contains=three'))).toEqual(['{"three":3}'])
    expect(bodies(await look('/orders/billing', second))).toEqual(['elsewhere'])
    const [deferred] = (await look('/orders/billing?state=deferred')).messages as [ShownMessage]
    expect(Math.abs(deferred.due! - Date.now() - 1_800_000)).toBeLessThan(60_000)
    await consumer.close({ timeout: 0 })
  })

  test('a body that is cut, or is no text, is had whole; what waits in a topic without channels as well', async () => {
    const long = 'ü'.repeat(5000)
    await cluster.make('long', ['reader'])
    await cluster.make('alone')
    await first.publish('long', long)
    await first.publish('alone', long)
    await first.post('/pub?topic=alone', Buffer.from([0xff, 0xfe]).toString('latin1'))
    for (const path of ['/long/reader', '/alone']) {
      const [cut] = (await look(path)).messages as [ShownMessage]
      expect(cut).toMatchObject({ truncated: true, size: 10_000, encoding: 'utf8' })
      expect(cut.body.length).toBeLessThan(2049)
      const { json } = await cluster.admin.get(`/api/message${path}?node=${first.node}&id=${cut.id}`)
      expect(json).toMatchObject({ id: cut.id, truncated: false, body: long })
    }
    expect((await look('/alone')).channel).toBeNull()
  })

  test('one is finished, requeued, delivered now and cancelled; each is an audit line', async () => {
    await cluster.make('acts', ['c'])
    await first.publish('acts', 'a', 'b')
    await first.post('/pub?topic=acts&defer=30m', 'soon')
    await first.post('/pub?topic=acts&defer=40m', 'never')
    await eventually(async () => (await look('/acts/c?state=deferred')).count === 2, { what: 'two are deferred' })
    const [a, b] = (await look('/acts/c')).messages as [ShownMessage, ShownMessage]
    const [soon, never] = (await look('/acts/c?state=deferred')).messages as [ShownMessage, ShownMessage]

    expect(await act('/acts/c', { id: a.id, action: 'finish' })).toMatchObject({ status: 200, json: { message: '' } })
    expect((await act('/acts/c', { id: b.id, action: 'requeue', defer: 60_000 })).status).toBe(200)
    expect((await act('/acts/c', { id: never.id, action: 'cancel' })).status).toBe(200)
    expect((await act('/acts/c', { id: soon.id, action: 'deliver' })).status).toBe(200)
    expect(bodies(await look('/acts/c'))).toEqual(['soon'])
    expect(bodies(await look('/acts/c?state=deferred'))).toEqual(['b'])

    expect(await act('/acts/c', { id: a.id, action: 'finish' })).toMatchObject({
      status: 404,
      json: { message: 'MESSAGE_NOT_FOUND' },
    })
    expect(await act('/acts/c', { id: soon.id, action: 'cancel' })).toMatchObject({ status: 409 })
    expect(await act('/acts/c', { id: b.id, action: 'requeue', defer: 7_200_000 })).toMatchObject({
      status: 400,
      json: { message: 'INVALID_DEFER' },
    })
    const audit = cluster.admin.log.filter((line) => line.includes('AUDIT:') && line.includes('"acts"'))
    const where = `"acts" "c" "${first.node}"`
    expect(audit.map((line) => line.replace(/^.*AUDIT: /, '').replace(/ by "-" from \S+/, ''))).toEqual([
      `finish_message ${where} "${a.id}" - done`,
      `requeue_message ${where} "${b.id}" "defer=60000ms" - done`,
      `cancel_message ${where} "${never.id}" - done`,
      `deliver_message ${where} "${soon.id}" - done`,
      `finish_message ${where} "${a.id}" - failed: MESSAGE_NOT_FOUND`,
      `cancel_message ${where} "${soon.id}" - failed: MESSAGE_NOT_DEFERRED`,
      `requeue_message ${where} "${b.id}" "defer=7200000ms" - failed: INVALID_DEFER`,
    ])
  })

  test('dead letters are those of the channel, wherever they lie; one is sent back, one is discarded', async () => {
    await cluster.make('mortal', ['c', 'other'])
    for (const channel of ['c', 'other']) {
      await first.post(`/channel/retries?topic=mortal&channel=${channel}&dead_letter_topic=graveyard`)
    }
    await first.post('/channel/pause?topic=mortal&channel=other')
    await first.post('/channel/retries?topic=mortal&channel=c&dead_letter_topic=')
    await makeDeadLetters(first, 'mortal', 'c', ['x', 'y', 'z'])
    const dead = () => look('/mortal/c?state=dead')
    const page = await dead()
    expect(page).toMatchObject({ topic: 'mortal.c.dlq', channel: null, count: 3, next: null })
    expect(bodies(page)).toEqual(['x', 'y', 'z'])
    expect(page.messages[0]!.headers).toMatchObject({ 'nsq-origin-channel': 'c', 'nsq-reason': 'requeued' })
    expect(bodies(await look('/mortal/other?state=dead'))).toEqual([])
    expect(bodies(await look('/mortal/c?state=dead', second))).toEqual([])

    expect((await act('/mortal/c', { id: page.messages[1]!.id, action: 'discard' })).status).toBe(200)
    expect(await dead()).toMatchObject({ channel: 'redrive', channels: ['redrive'] })
    expect(bodies(await dead())).toEqual(['x', 'z'])
    const { json } = await cluster.admin.post('/api/redrive/mortal/c', { id: page.messages[2]!.id })
    expect(json).toMatchObject({ nodes: [{ node: first.node }], message: '' })
    await eventually(async () => bodies(await dead()).join() === 'x', { what: 'z is back' })
    expect(bodies(await look('/mortal/c'))).toEqual(['z'])
    const progress = (await cluster.admin.get('/api/redrive/mortal/c')).json.nodes
    expect(progress).toContainEqual({ node: first.node, running: false, sent: 1, error: '' })

    const stopping = await cluster.admin.call('DELETE', '/api/redrive/mortal/c')
    expect(stopping).toMatchObject({ status: 409, json: { message: 'REDRIVE_NOT_RUNNING' } })
    await cluster.admin.post('/api/redrive/mortal/c', { contains: 'x' })
    await eventually(async () => (await dead()).count === 0, { what: 'all are back' })
  })

  test('letters of many channels in one topic are told apart, over pages', async () => {
    await cluster.make('shared', ['a', 'b'])
    for (const channel of ['a', 'b']) {
      await first.post(`/channel/retries?topic=shared&channel=${channel}&dead_letter_topic=shared-graves`)
    }
    await makeDeadLetters(first, 'shared', 'a', ['1', '2', '3'], 'shared-graves')
    await makeDeadLetters(first, 'shared', 'b', ['4', '5'], 'shared-graves')
    const all = async (channel: string) => {
      const found: string[] = []
      for (let offset: number | null = 0; offset !== null;) {
        const page: MessagesAnswer = await look(`/shared/${channel}?state=dead&limit=2&offset=${offset}`)
        expect(page.messages.length).toBeLessThanOrEqual(2)
        found.push(...bodies(page))
        offset = page.next
      }
      return found.toSorted().join()
    }
    expect(await all('a')).toBe('1,2,3')
    expect(await all('b')).toBe('1,2,3,4,5')
  })

  test('the retry policy is read and changed on all nodes; a wrong one is refused with its code', async () => {
    await cluster.make('retried', ['c'])
    const path = '/api/retries/retried/c'
    const none = { max_attempts: 0, dead_letter_topic: 'retried.c.dlq', backoff: '', jitter: 0 }
    const nodes = [first.node, second.node].toSorted()
    expect((await cluster.admin.get(path)).json).toEqual({
      nodes: nodes.map((node) => ({ node, ...none })),
      message: '',
    })

    const changed = await cluster.admin.post(path, { max_attempts: '3', backoff: '1s,10s', jitter: '5' })
    const policy = { ...none, max_attempts: 3, backoff: '1s,10s', jitter: 5 }
    expect(changed.json).toEqual({ nodes: nodes.map((node) => ({ node, ...policy })), message: '' })
    expect((await cluster.admin.post(path, { max_attempts: '' })).json.nodes[0].max_attempts).toBe(0)
    for (const [change, code] of [
      [{ backoff: 'x' }, 'INVALID_BACKOFF'],
      [{ jitter: '101' }, 'INVALID_JITTER'],
      [{ max_attempts: '-1' }, 'INVALID_MAX_ATTEMPTS'],
      [{ dead_letter_topic: 'retried' }, 'INVALID_DEAD_LETTER_TOPIC'],
      [{}, 'INVALID_BODY'],
    ] as const) {
      expect(await cluster.admin.post(path, change)).toMatchObject({ status: 400, json: { message: code } })
    }
    const line = cluster.admin.log.find((line) => line.includes('change_channel_retries "retried" "c"'))
    expect(line).toContain('"max_attempts=3&backoff=1s%2C10s&jitter=5"')
  })

  test('a channel goes back to a time where nsqd keeps what was finished, and says so where it does not', async () => {
    await using keeping = await startCluster({ nsqd: { retainForMs: 3_600_000 } })
    await keeping.make('again', ['c'])
    const to = Date.now() - 60_000
    for (const nsqd of keeping.nsqds) {
      await nsqd.publish('again', 'x', 'y')
      await eventually(async () => (await nsqd.topic('again')).channels[0].depth === 2, { what: 'they are there' })
      await nsqd.post('/channel/empty?topic=again&channel=c')
    }
    const { json } = await keeping.admin.post('/api/rewind/again/c', { to })
    const nodes = keeping.nsqds.map(({ node }) => node).toSorted()
    expect(json).toEqual({ nodes: nodes.map((node) => ({ node, messages: 2, complete: true })), message: '' })
    for (const nsqd of keeping.nsqds) expect((await nsqd.topic('again')).channels[0].depth).toBe(2)
    const late = await keeping.admin.post('/api/rewind/again/c', { to: Date.now() + 3_600_000 })
    expect(late).toMatchObject({ status: 400, json: { message: 'TO_IN_FUTURE' } })
    for (const body of [{}, { to: 9e15 }, { to: -1 }, { to: 'yesterday' }]) {
      expect((await keeping.admin.post('/api/rewind/again/c', body)).status).toBe(400)
    }
    const line = keeping.admin.log.find((one) => one.includes('AUDIT: rewind_channel "again" "c"'))
    expect(line).toContain(`"to=${new Date(to).toISOString()}"`)

    await cluster.make('not-kept', ['c'])
    const refused = await cluster.admin.post('/api/rewind/not-kept/c', { to })
    expect(refused).toMatchObject({ status: 409, json: { message: 'NOT_RETAINED' } })
  })

  test('a node that fails is named, and the others have done it', async () => {
    await cluster.make('partial', ['c'])
    await second.post('/channel/delete?topic=partial&channel=c')
    const { json } = await cluster.admin.post('/api/retries/partial/c', { max_attempts: '4' })
    expect(json.nodes).toMatchObject([{ node: first.node, max_attempts: 4 }])
    expect(json.message).toBe(`WARNING: ${second.node}: CHANNEL_NOT_FOUND`)
    expect((await cluster.admin.get('/api/retries/partial/c')).json).toMatchObject({ nodes: [{}], message: '' })
  })

  test('questions that make no sense, and nodes that are none of ours', async () => {
    const get = async (path: string) => {
      const { status, json } = await cluster.admin.get(path)
      return [status, json.message]
    }
    const at = `node=${first.node}`
    expect(await get('/api/messages/orders/billing')).toEqual([400, 'MISSING_ARG_NODE'])
    expect(await get('/api/messages/orders/billing?node=10.0.0.1:80')).toEqual([404, 'NODE_NOT_FOUND'])
    expect(await get(`/api/messages/orders/billing?${at}&state=x`)).toEqual([400, 'INVALID_ARG_STATE'])
    expect(await get(`/api/messages/orders?${at}&state=dead`)).toEqual([400, 'INVALID_ARG_STATE'])
    expect(await get(`/api/messages/orders/billing?${at}&limit=101`)).toEqual([400, 'INVALID_ARG_LIMIT'])
    expect(await get(`/api/messages/orders/no?${at}`)).toEqual([404, 'CHANNEL_NOT_FOUND'])
    expect(await get(`/api/messages/no?${at}`)).toEqual([404, 'TOPIC_NOT_FOUND'])
    expect(await get(`/api/message/orders/billing?${at}&id=x`)).toEqual([400, 'INVALID_ID'])
    expect(await get('/api/retries/no/c')).toEqual([404, 'TOPIC_NOT_FOUND'])
    expect((await act('/orders/billing', { id: 'x', action: 'finish' })).status).toBe(400)
  })
})

test('the original, an nsqd that wants a token, and one that is gone say so, each for itself', async () => {
  await using original = await fakeUpstream((): { status?: number; json: unknown } => ({ json: {} }))
  const info = {
    broadcast_address: '127.0.0.1',
    hostname: 'a',
    http_port: original.port,
    tcp_port: 1,
    version: '1.3.0',
  }
  let refusal = { status: 404, json: { message: 'NOT_FOUND' } }
  original.answer = ({ url }) => {
    if (url.startsWith('/info')) return { json: info }
    if (url.startsWith('/stats')) return { json: { topics: [{ topic_name: 't', channels: [{ channel_name: 'c' }] }] } }
    return refusal
  }
  await using admin = await startAdmin({ nsqdHttpAddresses: [original.address] })
  const { address } = original
  const answers = async () => {
    const { status, json } = await admin.get(`/api/messages/t/c?node=${address}`)
    return [status, json.message]
  }
  expect(await answers()).toEqual([501, 'NOT_SUPPORTED'])
  expect(await admin.get('/api/retries/t/c')).toMatchObject({ status: 501, json: { message: 'NOT_SUPPORTED' } })
  refusal = { status: 401, json: { message: 'UNAUTHORIZED' } }
  expect(await answers()).toEqual([502, 'NODE_WANTS_TOKEN'])
  await eventually(async () => (await admin.get('/api/nodes')).json.nodes?.length === 1, { what: 'it is known' })
  await original[Symbol.asyncDispose]()
  expect((await answers())[0]).toBe(502)
})

test('with logins nothing is shown without one, a viewer sees, and only an operator acts, from this page', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-users-'))
  try {
    const hash = await hashPassword('secret', { N: 1024, r: 8, p: 1 })
    const authFile = join(folder, 'users')
    writeFileSync(authFile, `olga:operator:${hash}\nviktor:viewer:${hash}\n`)
    await using cluster = await startCluster({ nsqds: 1, admin: { authFile } })
    const { node } = cluster.nsqd
    await cluster.make('t', ['c'])
    await cluster.nsqd.publish('t', 'secret of the house')
    const as = (user: string) => ({ authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}` })
    const list = `/api/messages/t/c?node=${node}`
    const [{ id }] = (await cluster.admin.get(list, as('viktor'))).json.messages
    const reads = [
      list,
      `/api/messages/t?node=${node}`,
      `/api/message/t/c?node=${node}&id=${id}`,
      '/api/retries/t/c',
      '/api/redrive/t/c',
    ]
    for (const path of reads) {
      const refused = await cluster.admin.get(path)
      expect([path, refused.status, refused.json]).toEqual([path, 401, { message: 'LOGIN_REQUIRED' }])
      expect((await cluster.admin.get(path, as('viktor'))).status).toBe(200)
    }
    const acts: [string, string, object][] = [
      ['POST', '/api/message/t/c', { node, id, action: 'requeue' }],
      ['POST', '/api/retries/t/c', { max_attempts: '5' }],
      ['POST', '/api/redrive/t/c', {}],
      ['DELETE', '/api/redrive/t/c', {}],
      ['POST', '/api/rewind/t/c', { to: 1 }],
    ]
    for (const [method, path, body] of acts) {
      const call = (headers: Record<string, string>) => cluster.admin.call(method, path, { body, headers })
      expect((await call({})).status).toBe(401)
      expect((await call(as('viktor'))).status).toBe(403)
      expect((await call({ ...as('olga'), 'sec-fetch-site': 'cross-site' })).status).toBe(403)
      expect((await call(as('olga'))).status).not.toBe(403)
    }
    expect(cluster.admin.log.some((line) => line.includes('requeue_message') && line.includes('by "olga"'))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a notification names the message', async () => {
  await using endpoint = await fakeUpstream(() => ({}))
  const notificationHttpEndpoint = `http://${endpoint.address}/`
  await using cluster = await startCluster({ nsqds: 1, admin: { notificationHttpEndpoint } })
  const { node } = cluster.nsqd
  await cluster.make('t', ['c'])
  await cluster.nsqd.publish('t', 'x')
  const [{ id }] = (await cluster.admin.get(`/api/messages/t/c?node=${node}`)).json.messages
  await cluster.admin.post('/api/message/t/c', { node, id, action: 'finish' })
  await eventually(() => endpoint.seen.length === 1, { what: 'it is notified' })
  expect(JSON.parse(endpoint.seen[0]!.body)).toMatchObject({
    action: 'finish_message',
    topic: 't',
    channel: 'c',
    node,
    message_id: id,
  })
})
