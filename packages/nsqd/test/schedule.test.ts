import { dpub, fin, rdy, sub } from '@nsq-ts/protocol'
import { describe, expect, test, vi } from 'vitest'
import { formatTimeNs, parseTime } from '../src/http/time.ts'
import { afterCrash } from './support/crashed-copy.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

interface Shown {
  id: string
  state: string
  timestamp: string
  attempts: number
  due: string
  body: string
}

interface Page {
  count: number
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

/** What is deferred, once there are so many. */
async function deferred(d: TestNsqd, count: number, query = ''): Promise<Page> {
  return vi.waitFor(async () => {
    const page = JSON.parse((await d.ask('GET', `/channel/deferred?${C}&limit=1000${query}`)).body) as Page
    expect(page.count).toBe(count)
    return page
  }, 5000)
}

function code(body: string): string {
  return (JSON.parse(body) as { message: string }).message
}

describe('when', () => {
  test.each([
    ['/pub', 'defer=-1s', 'INVALID_DEFER'],
    ['/pub', 'defer=1s1', 'INVALID_DEFER'],
    ['/pub', 'defer=1d', 'INVALID_DEFER'],
    ['/pub', 'defer=721h', 'INVALID_DEFER'],
    ['/pub', 'defer=3600001', 'INVALID_DEFER'],
    ['/mpub', 'defer=3600001', 'INVALID_DEFER'],
    ['/mpub', 'defer=soon', 'INVALID_DEFER'],
    ['/pub', 'at=', 'INVALID_AT'],
    ['/pub', 'at=tomorrow', 'INVALID_AT'],
    ['/pub', 'at=-5', 'INVALID_AT'],
    ['/pub', 'at=2026-02-31T00:00:00Z', 'INVALID_AT'],
    ['/pub', 'at=2026-02-01T00:00:00', 'INVALID_AT'],
    ['/pub', 'at=2199-01-01T00:00:00Z', 'INVALID_AT'],
    ['/mpub', `at=${Date.now() + 721 * 3_600_000}`, 'INVALID_AT'],
    ['/pub', 'at=5&defer=5', 'DEFER_AND_AT'],
  ])('%s?%s is refused with %s, and publishes nothing', async (path, query, expected) => {
    await using d = await started()
    const answer = await d.post(`${path}?topic=t&${query}`, 'x')
    expect([answer.status, code(answer.body)]).toEqual([400, expected])
    expect(d.nsqd.registry.get('t')!.messageCount).toBe(0)
  })

  test('--max-defer bounds both, and nothing else', async () => {
    await using d = await started('--max-defer=1m')
    for (const query of ['defer=59s', 'defer=3600000', `at=${Date.now() + 59_000}`]) {
      expect((await d.post(`/pub?topic=t&${query}`, 'x')).status).toBe(200)
    }
    for (const query of ['defer=61s', `at=${Date.now() + 65_000}`]) {
      expect((await d.post(`/pub?topic=t&${query}`, 'x')).status).toBe(400)
    }
    await deferred(d, 3)
    using client = d.connect()
    expect(await client.command(dpub('t', 3_600_001, Buffer.from('x')))).toContain('E_INVALID')
  })

  test.each([
    ['1700000000123', 1_700_000_000_123],
    ['2023-11-14T22:13:20Z', 1_700_000_000_000],
    ['2023-11-14t22:13:20.5z', 1_700_000_000_500],
    ['2023-11-14 22:13:20.123Z', 1_700_000_000_123],
    ['2023-11-15T00:13:20+02:00', 1_700_000_000_000],
    ['2023-11-15T00:13:20 02:00', 1_700_000_000_000],
    ['2023-11-14', undefined],
    ['2023-13-14T00:00:00Z', undefined],
    ['1e3', undefined],
  ])('the time %s is %s', (text, expected) => expect(parseTime(text)).toBe(expected))

  test('timestamps are shown to the microsecond', () => {
    expect(formatTimeNs(1_700_000_000_000_001_000n)).toBe('2023-11-14T22:13:20.000001Z')
  })
})

test('messages come when they are due, not before, whatever was asked first', async () => {
  await using d = await started()
  using consumer = d.connect()
  await consumer.command(sub('t', 'c'))
  consumer.send(rdy(10))
  const at = Date.now() + 400
  const posts = [
    d.post(`/pub?topic=t&at=${at}`, 'second'),
    d.post('/pub?topic=t&defer=200ms', 'first'),
    d.post(`/mpub?topic=t&at=${new Date(at + 200).toISOString()}`, 'third\nfourth'),
    d.post('/pub?topic=t&at=1000', 'at once'),
    d.post('/mpub?topic=t&defer=0s', 'too'),
  ]
  for (const { status } of await Promise.all(posts)) expect(status).toBe(200)
  const now = await consumer.bodies(2)
  expect(now.sort()).toEqual(['at once', 'too'])
  expect(await consumer.bodies(1)).toEqual(['first'])
  expect(await consumer.bodies(1)).toEqual(['second'])
  const lateMs = Date.now() - at
  expect(lateMs).toBeGreaterThanOrEqual(-2)
  expect(lateMs).toBeLessThan(2000) // the machine may be busy with others
  expect(await consumer.bodies(2)).toEqual(['third', 'fourth'])
})

test('the clock starts at the publish: what waited in a topic without a channel has waited', async () => {
  await using d = await startNsqd()
  await d.post('/pub?topic=t&defer=1h', 'hour')
  await d.post('/pub?topic=t&defer=50ms', 'soon')
  await d.post('/pub?topic=t&defer=3000000', 'as the original: from the channel on')
  await new Promise((resolve) => setTimeout(resolve, 120))
  await d.post(`/channel/create?${C}`)
  const { messages } = await deferred(d, 2)
  const waits = messages.map(({ body, due, timestamp }) => [body.slice(0, 4), Date.parse(due) - Date.parse(timestamp)])
  expect(waits[0]![0]).toBe('as t')
  expect(waits[1]![0]).toBe('hour')
  expect(Math.abs(Number(waits[1]![1]) - 3_600_000)).toBeLessThan(100) // one clock, read twice for a publish
  expect(Number(waits[0]![1])).toBeGreaterThan(3_000_100)
})

test('due times are the same after a restart and after a crash, with a channel or without', async () => {
  await using d = await started()
  const at = Date.now() + 3_600_000
  await d.post(`/pub?topic=t&at=${at}`, 'x')
  await d.post('/topic/create?topic=lonely')
  await d.post(`/pub?topic=lonely&at=${at + 1}`, 'y')
  const due = async (nsqd: TestNsqd): Promise<unknown> => {
    await nsqd.post('/channel/create?topic=lonely&channel=c')
    const { body } = await vi.waitFor(async () => {
      const answer = await nsqd.ask('GET', '/channel/deferred?topic=lonely&channel=c')
      expect((JSON.parse(answer.body) as Page).count).toBe(1)
      return answer
    }, 20_000)
    return [(await deferred(nsqd, 1)).messages[0]!.due, (JSON.parse(body) as Page).messages[0]!.due]
  }
  const expected = [new Date(at).toISOString(), new Date(at + 1).toISOString()]
  await new Promise((resolve) => setTimeout(resolve, 100)) // a delay that began anew would show
  expect(await afterCrash(d, due)).toEqual(expected)
  await d.nsqd.close()
  await using again = await startNsqd(`--data-path=${d.dataPath}`)
  expect(await due(again)).toEqual(expected)
})

describe('/channel/deferred', () => {
  test('lists by due time, in pages, from any time on', async () => {
    await using d = await started()
    const base = Date.now() + 100_000
    const order = [5, 3, 9, 1, 7, 0, 8, 2, 6, 4]
    for (const n of order) await d.post(`/pub?topic=t&at=${base + n * 1000}`, `m${n}`)
    const all = await deferred(d, 10)
    expect(all.messages.map(({ body }) => body)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n}`))
    expect(all.messages[4]).toMatchObject({ state: 'deferred', attempts: 0, due: new Date(base + 4000).toISOString() })
    const page = async (query: string): Promise<Page> =>
      JSON.parse((await d.ask('GET', `/channel/deferred?${C}&${query}`)).body) as Page
    const second = await page('limit=4&offset=4')
    expect([second.next, second.messages.map(({ body }) => body)]).toEqual([8, ['m4', 'm5', 'm6', 'm7']])
    const last = await page('limit=4&offset=8')
    expect([last.next, last.messages.map(({ body }) => body)]).toEqual([null, ['m8', 'm9']])
    const from = await page(`limit=2&from=${encodeURIComponent(all.messages[6]!.due)}`)
    expect(from.messages.map(({ body }) => body)).toEqual(['m6', 'm7'])
    expect((await d.ask('GET', `/channel/deferred?${C}&from=never`)).body).toBe('{"message":"INVALID_FROM"}')
  })

  test('cancel is for good, also after a crash', async () => {
    await using d = await started()
    await d.post('/pub?topic=t&defer=1h', 'stays')
    await d.post('/pub?topic=t&defer=50m', 'goes')
    const { id } = (await deferred(d, 2)).messages[0]!
    expect(await d.post(`/channel/deferred/cancel?${C}&id=${id}`)).toMatchObject({ status: 200, body: '' })
    const bodies = async (nsqd: TestNsqd): Promise<string[]> =>
      (await deferred(nsqd, 1)).messages.map(({ body }) => body)
    expect(await afterCrash(d, bodies)).toEqual(['stays'])
    expect(await bodies(d)).toEqual(['stays'])
    const again = await d.post(`/channel/deferred/cancel?${C}&id=${id}`)
    expect([again.status, code(again.body)]).toEqual([404, 'MESSAGE_NOT_FOUND'])
  })

  test('deliver hands out now, with the attempts that there were, also after a crash', async () => {
    await using d = await started()
    await d.post('/pub?topic=t&defer=1h', 'x')
    const { id } = (await deferred(d, 1)).messages[0]!
    expect((await d.post(`/channel/deferred/deliver?${C}&id=${id}`)).status).toBe(200)
    const first = async (nsqd: TestNsqd): Promise<unknown> => {
      using consumer = nsqd.connect()
      await consumer.command(sub('t', 'c'))
      consumer.send(rdy(1))
      const message = await consumer.message()
      consumer.send(fin(message.id))
      return [message.body.toString(), message.attempts]
    }
    expect(await afterCrash(d, first)).toEqual(['x', 1])
    expect(await first(d)).toEqual(['x', 1])
    const gone = await d.post(`/channel/deferred/deliver?${C}&id=${id}`)
    expect(gone.status).toBe(404)
  })

  test('what is in the line already can be neither cancelled nor delivered', async () => {
    await using d = await started()
    await d.post('/pub?topic=t', 'x')
    const { body } = await d.ask('GET', `/channel/peek?${C}`)
    const { id } = (JSON.parse(body) as Page).messages[0]!
    for (const action of ['cancel', 'deliver']) {
      const answer = await d.post(`/channel/deferred/${action}?${C}&id=${id}`)
      expect([answer.status, code(answer.body)]).toEqual([409, 'MESSAGE_NOT_DEFERRED'])
    }
  })

  test.each([
    ['', 400, 'MISSING_ARG_ID'],
    ['&id=', 400, 'INVALID_ID'],
    ['&id=0123456789ABCDEF', 400, 'INVALID_ID'],
    ['&id=0123456789abcdef', 404, 'MESSAGE_NOT_FOUND'],
  ])('cancel with "%s" is refused', async (query, status, expected) => {
    await using d = await started()
    await d.post('/pub?topic=t&defer=1h', 'x')
    const answer = await d.post(`/channel/deferred/cancel?${C}${query}`)
    expect([answer.status, code(answer.body)]).toEqual([status, expected])
  })
})
