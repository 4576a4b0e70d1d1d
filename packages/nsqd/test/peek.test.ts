import { fin, identify, mpub, rdy, sub } from '@nsq-ts/protocol'
import { describe, expect, test, vi } from 'vitest'
import { afterCrash } from './support/crashed-copy.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

interface Shown {
  id: string
  state: string
  timestamp: string
  attempts: number
  due?: string
  consumer?: Record<string, string>
  delivered_at?: string
  times_out_at?: string
  size: number
  truncated?: true
  encoding: string
  body: string
}

interface Page {
  topic: string
  channel?: string
  state: string
  count: number
  offset: number
  next: number | null
  messages: Shown[]
}

const C = 'topic=t&channel=c'

async function started(...flags: string[]): Promise<TestNsqd> {
  const d = await startNsqd(...flags)
  await d.post('/topic/create?topic=t')
  await d.post(`/channel/create?${C}`)
  return d
}

async function peek(d: TestNsqd, query = '', path = '/channel/peek'): Promise<Page> {
  const { body, status } = await d.ask('GET', `${path}?${C}&${query}`)
  if (status !== 200) throw new Error(body)
  return JSON.parse(Buffer.from(body, 'latin1').toString()) as Page
}

const bodiesOf = ({ messages }: Page): string[] => messages.map(({ body }) => body)

async function figures(d: TestNsqd): Promise<unknown> {
  const { topics } = await d.stats()
  return topics
}

describe('peek', () => {
  test('shows what is ready, in flight and deferred, and changes no figure', async () => {
    await using d = await started()
    using consumer = d.connect()
    await consumer.command(identify({ client_id: 'worker', hostname: 'h' }))
    await consumer.command(sub('t', 'c'))
    consumer.send(rdy(1))
    await d.post('/mpub?topic=t', 'one\ntwo')
    await d.post('/pub?topic=t&defer=1h', 'later')
    const { id } = await consumer.message()
    await vi.waitFor(async () => expect((await peek(d, 'state=deferred')).count).toBe(1), 20_000)
    const before = await figures(d)
    const inFlight = await peek(d, 'state=in_flight')
    expect(inFlight).toMatchObject({ topic: 't', channel: 'c', state: 'in_flight', count: 1, offset: 0, next: null })
    expect(inFlight.messages).toMatchObject([
      { id, attempts: 1, body: 'one', encoding: 'text', size: 3, consumer: { client_id: 'worker', hostname: 'h' } },
    ])
    const [flight] = inFlight.messages
    expect(Date.parse(flight!.times_out_at!) - Date.parse(flight!.delivered_at!)).toBe(60_000)
    expect(Math.abs(Date.parse(flight!.timestamp) - Date.now())).toBeLessThan(10_000)
    expect((await peek(d)).messages).toMatchObject([{ state: 'ready', attempts: 0, body: 'two' }])
    expect((await peek(d, 'state=deferred')).messages).toMatchObject([{ body: 'later', attempts: 0 }])
    expect(await figures(d)).toEqual(before)
    consumer.send(fin(id))
    expect((await consumer.message()).attempts).toBe(1) // it was not taken from the line
  })

  test('a topic without a channel shows what waits in it', async () => {
    await using d = await startNsqd()
    await d.post('/mpub?topic=t', 'a\nb\nc')
    const at = Date.now() + 3_600_000
    await d.post(`/pub?topic=t&at=${at}`, 'd')
    await d.post('/pub?topic=t&defer=1000', 'e')
    const page = await peek(d, 'offset=1&limit=1', '/topic/peek')
    expect(page).toMatchObject({ topic: 't', state: 'ready', count: 3, offset: 1, next: 2, messages: [{ body: 'b' }] })
    const deferred = await peek(d, 'state=deferred', '/topic/peek')
    expect(deferred.messages.map(({ body, due }) => [body, due])).toEqual([
      ['d', new Date(at).toISOString()],
      ['e', undefined],
    ])
    expect((await peek(d, 'state=in_flight', '/topic/peek')).messages).toEqual([])
  })

  test('bodies that are no text are base64, and long ones are cut at whole characters', async () => {
    await using d = await started()
    await d.post('/pub?topic=t', Buffer.from([0xff, 0xfe, 0]))
    await d.post('/pub?topic=t', 'äöü')
    const { messages } = await peek(d)
    expect(messages).toMatchObject([
      { encoding: 'base64', body: '//4A', size: 3 },
      { encoding: 'text', body: 'äöü', size: 6 },
    ])
    expect((await peek(d, 'body_max=3')).messages[1]).toMatchObject({ body: 'ä', size: 6, truncated: true })
    expect((await peek(d, 'body_max=2')).messages[0]).toMatchObject({ body: '//4=', size: 3, truncated: true })
    expect((await peek(d, 'encoding=base64')).messages[1]!.body).toBe(Buffer.from('äöü').toString('base64'))
    expect((await peek(d, 'body_max=0')).messages[1]).toMatchObject({ body: '', size: 6, truncated: true })
  })

  test('contains looks through the line, and says where it stopped', async () => {
    await using d = await started()
    await d.post('/mpub?topic=t', Array.from({ length: 2000 }, (_, i) => `message ${i}`).join('\n'))
    const found = await peek(d, 'contains=99&limit=3')
    expect([bodiesOf(found), found.next]).toEqual([['message 99', 'message 199', 'message 299'], 300])
    const rest = await peek(d, 'contains=1999&offset=300')
    expect([bodiesOf(rest), rest.next]).toEqual([['message 1999'], null])
    expect(await peek(d, 'contains=nothing')).toMatchObject({ count: 2000, next: null, messages: [] })
  })

  test.each([
    ['limit=0', 'INVALID_LIMIT'],
    ['limit=1001', 'INVALID_LIMIT'],
    ['offset=-1', 'INVALID_OFFSET'],
    ['state=gone', 'INVALID_STATE'],
    ['encoding=hex', 'INVALID_ENCODING'],
    ['body_max=x', 'INVALID_BODY_MAX'],
  ])('%s is refused with %s', async (query, code) => {
    await using d = await started()
    expect(await d.ask('GET', `/channel/peek?${C}&${query}`)).toMatchObject({
      status: 400,
      body: `{"message":"${code}"}`,
    })
  })

  test('what does not exist is said to be missing', async () => {
    await using d = await started()
    expect((await d.ask('GET', '/channel/peek?topic=t&channel=x')).body).toBe('{"message":"CHANNEL_NOT_FOUND"}')
    expect((await d.ask('GET', '/topic/peek?topic=x')).body).toBe('{"message":"TOPIC_NOT_FOUND"}')
  })

  test('100 messages from the middle of a backlog of 1,000,000 come in less than 200 ms', async () => {
    await using d = await started('--mem-queue-size=1000', '--max-body-size=20000000')
    using producer = d.connect()
    for (let batch = 0; batch < 20; batch++) {
      const bodies = Array.from({ length: 50_000 }, (_, i) => Buffer.from(`body of message ${batch * 50_000 + i}`))
      expect(await producer.command(mpub('t', bodies))).toBe('OK')
    }
    await vi.waitFor(async () => expect((await peek(d, 'limit=1')).count).toBe(1_000_000), 20_000)
    const took: number[] = []
    for (let attempt = 0; attempt < 4; attempt++) {
      const offset = 500_000 + attempt * 100_003
      const startedAt = performance.now()
      const page = await peek(d, `offset=${offset}&limit=100`)
      took.push(performance.now() - startedAt)
      expect(bodiesOf(page)).toEqual(Array.from({ length: 100 }, (_, i) => `body of message ${offset + i}`))
    }
    expect(Math.min(...took)).toBeLessThan(200)
  })
})

describe('one message', () => {
  const act = (d: TestNsqd, action: string, id: string, query = '') =>
    d.post(`/channel/message/${action}?${C}&id=${id}${query}`)

  test('is shown whole, in whatever state it is, and in a topic that has no channel', async () => {
    await using d = await started()
    await d.post('/topic/create?topic=alone')
    const body = 'é'.repeat(50_000)
    for (const topic of ['t', 'alone']) {
      await d.post(`/pub?topic=${topic}`, body)
      await d.post(`/pub?topic=${topic}&defer=1h`, 'later')
    }
    for (const [path, where] of [
      ['channel', C],
      ['topic', 'topic=alone'],
    ]) {
      for (const [state, text] of [
        ['ready', body],
        ['deferred', 'later'],
      ]) {
        const page = await d.ask('GET', `/${path}/peek?${where}&state=${state}&body_max=3`)
        const [cut] = (JSON.parse(page.body) as Page).messages
        const { body: found } = await d.ask('GET', `/${path}/message?${where}&id=${cut!.id}&body_max=1000000`)
        const shown = JSON.parse(Buffer.from(found, 'latin1').toString()) as Shown
        expect(shown).toMatchObject({ id: cut!.id, state, body: text })
        expect(shown.truncated).toBeUndefined()
      }
    }
    const missing = await d.ask('GET', `/channel/message?${C}&id=0123456789abcdef`)
    expect([missing.status, missing.body]).toEqual([404, '{"message":"MESSAGE_NOT_FOUND"}'])
    expect((await d.ask('GET', `/topic/message?topic=t&id=x`)).status).toBe(400)
  })

  test('finish takes it out of the middle of the line, for good', async () => {
    await using d = await started()
    await d.post('/mpub?topic=t', 'a\nb\nc')
    const { id } = (await peek(d)).messages[1]!
    expect(await act(d, 'finish', id)).toMatchObject({ status: 200, body: '' })
    const left = async (nsqd: TestNsqd): Promise<string[]> => bodiesOf(await peek(nsqd))
    expect(await afterCrash(d, left)).toEqual(['a', 'c'])
    expect(await left(d)).toEqual(['a', 'c'])
    expect((await act(d, 'finish', id)).status).toBe(404)
  })

  test('finish of one in flight: its consumer is told so, and goes on', async () => {
    await using d = await started()
    await d.post('/mpub?topic=t', 'a\nb')
    using consumer = d.connect()
    await consumer.command(sub('t', 'c'))
    consumer.send(rdy(1))
    const { id } = await consumer.message()
    expect((await act(d, 'finish', id)).status).toBe(200)
    expect((await consumer.message()).body.toString()).toBe('b') // its place is free
    expect(await consumer.command(fin(id))).toContain('E_FIN_FAILED')
  })

  test('requeue of one in flight hands it out once more, with its attempts', async () => {
    await using d = await started()
    await d.post('/pub?topic=t', 'a')
    using consumer = d.connect()
    await consumer.command(sub('t', 'c'))
    consumer.send(rdy(1))
    const { id } = await consumer.message()
    expect((await act(d, 'requeue', id)).status).toBe(200)
    expect(await consumer.message()).toMatchObject({ id, attempts: 2 })
  })

  test('requeue with a delay defers it', async () => {
    await using d = await started()
    await d.post('/mpub?topic=t', 'a\nb')
    const { id } = (await peek(d)).messages[0]!
    expect((await act(d, 'requeue', id, '&defer=1h')).status).toBe(200)
    expect([bodiesOf(await peek(d)), bodiesOf(await peek(d, 'state=deferred'))]).toEqual([['b'], ['a']])
    expect((await act(d, 'requeue', id, '&defer=soon')).body).toBe('{"message":"INVALID_DEFER"}')
  })

  test('it is found in a backlog that is on disk', async () => {
    await using d = await started('--mem-queue-size=0')
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i} ${'x'.repeat(100)}`)
    await d.post('/mpub?topic=t', lines.join('\n'))
    const page = await peek(d, 'offset=12345&limit=1')
    await d.nsqd.close()
    await using again = await startNsqd(`--data-path=${d.dataPath}`, '--mem-queue-size=0')
    const { id } = page.messages[0]!
    expect((await act(again, 'finish', id)).status).toBe(200)
    expect((await peek(again, 'offset=12345&limit=1')).messages[0]!.body).toMatch(/^12346 /)
    expect((await peek(again)).count).toBe(29_999)
  })
})
