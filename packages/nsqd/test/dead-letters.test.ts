import { fin, identify, rdy, req, sub } from '@nsq-ts/protocol'
import { EarlyExit, resolveOptions } from '@nsq-ts/daemon'
import { describe, expect, test, vi } from 'vitest'
import { nsqdTable } from '../src/options.ts'
import { afterCrash } from './support/crashed-copy.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const C = 'topic=orders&channel=billing'
const DLQ = 'orders.billing.dlq'

interface Shown {
  body: string
  attempts: number
  headers: Record<string, string>
}

async function started(...flags: string[]): Promise<TestNsqd> {
  const d = await startNsqd(...flags)
  await d.post('/topic/create?topic=orders')
  await d.post(`/channel/create?${C}`)
  return d
}

async function json(d: TestNsqd, method: string, path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await d.ask(method, path)).body) as Record<string, unknown>
}

/** The dead letters that wait, once there are so many. */
async function letters(d: TestNsqd, count: number, path = `/topic/peek?topic=${DLQ}`): Promise<Shown[]> {
  return vi.waitFor(async () => {
    const { messages } = (await json(d, 'GET', `${path}&limit=1000`)) as unknown as { messages: Shown[] }
    expect(messages).toHaveLength(count)
    return messages
  }, 10_000)
}

async function ready(d: TestNsqd, query: string): Promise<Shown[]> {
  const page = await json(d, 'GET', `/channel/peek?${query}&limit=1000`)
  return page['messages'] as Shown[]
}

/** Puts back everything that a channel hands out, until so many were put back. */
async function requeueAll(d: TestNsqd, count: number): Promise<number[]> {
  using consumer = d.connect()
  await consumer.command(sub('orders', 'billing'))
  consumer.send(rdy(100))
  const attempts: number[] = []
  while (attempts.length < count) {
    const message = await consumer.message()
    attempts.push(message.attempts)
    consumer.send(req(message.id, 0))
  }
  await vi.waitFor(() => expect(d.nsqd.registry.get('orders')!.channels.get('billing')!.inFlightCount).toBe(0))
  return attempts
}

describe('/channel/retries', () => {
  test('says what holds, takes what is said, and gives back to the options what is empty', async () => {
    await using d = await started('--max-attempts-for=orders/*=4', '--retry-backoff=1s,1m', '--retry-jitter=0')
    const path = `/channel/retries?${C}`
    const options = { max_attempts: 4, backoff: '1s,1m0s', jitter: 0, dead_letter_topic: DLQ }
    expect(await json(d, 'GET', path)).toEqual({ topic: 'orders', channel: 'billing', ...options })
    const changed = await json(d, 'POST', `${path}&max_attempts=2&backoff=5s&jitter=20&dead_letter_topic=graves`)
    expect(changed).toMatchObject({ max_attempts: 2, backoff: '5s', jitter: 20, dead_letter_topic: 'graves' })
    const restarted = await afterCrash(d, (other) => json(other, 'GET', path))
    expect(restarted).toEqual(changed)
    const { topics } = await d.stats()
    expect(topics[0].channels[0].retry_policy).toMatchObject({ max_attempts: 2, dead_letter_topic: 'graves' })
    const back = await json(d, 'POST', `${path}&max_attempts=&backoff=&jitter=&dead_letter_topic=`)
    expect(back).toMatchObject(options)
  })

  test('goes with the channel, and without any policy /stats is as ever', async () => {
    await using d = await started()
    await json(d, 'POST', `/channel/retries?${C}&max_attempts=3`)
    await d.post(`/channel/delete?${C}`)
    await d.post(`/channel/create?${C}`)
    expect(await json(d, 'GET', `/channel/retries?${C}`)).toMatchObject({ max_attempts: 0, backoff: '' })
    const { topics } = await d.stats()
    expect(Object.keys(topics[0].channels[0])).not.toContain('retry_policy')
    expect(Object.keys(topics[0].channels[0])).not.toContain('dead_letter_count')
  })

  test.each([
    ['max_attempts=-1', 'INVALID_MAX_ATTEMPTS'],
    ['max_attempts=10001', 'INVALID_MAX_ATTEMPTS'],
    ['backoff=1', 'INVALID_BACKOFF'],
    ['backoff=1s,-1s', 'INVALID_BACKOFF'],
    ['jitter=101', 'INVALID_JITTER'],
    ['dead_letter_topic=a%20b', 'INVALID_DEAD_LETTER_TOPIC'],
    ['dead_letter_topic=a%23ephemeral', 'INVALID_DEAD_LETTER_TOPIC'],
    ['dead_letter_topic=orders', 'INVALID_DEAD_LETTER_TOPIC'],
  ])('%s is refused with %s, and changes nothing', async (query, code) => {
    await using d = await started()
    expect((await d.post(`/channel/retries?${C}&${query}&max_attempts=7`)).status).toBe(400)
    expect((await d.post(`/channel/retries?${C}&${query}`)).body).toBe(`{"message":"${code}"}`)
    expect(await json(d, 'GET', `/channel/retries?${C}`)).toMatchObject({ max_attempts: 0 })
  })

  test('ephemeral channels have none of their own', async () => {
    await using d = await started()
    await d.post('/channel/create?topic=orders&channel=e%23ephemeral')
    const answer = await d.post('/channel/retries?topic=orders&channel=e%23ephemeral&max_attempts=1')
    expect([answer.status, answer.body]).toEqual([400, '{"message":"CHANNEL_EPHEMERAL"}'])
  })

  test.each([
    '--max-attempts-for=orders=1',
    '--max-attempts-for=a/b=x',
    '--dead-letter-topic-for=a/b=c d',
    '--dead-letter-topic-for=a/b=c#ephemeral',
    '--retry-backoff=1',
    '--max-attempts=x',
  ])('the flag %s is refused', (flag) => {
    expect(() => resolveOptions(nsqdTable, [flag], { program: 'nsqd' })).toThrow(EarlyExit)
  })
})

test('a poison message ends in the dead-letter topic once, with its story, and the others are as ever', async () => {
  await using d = await started('--max-attempts-for=*/billing=3')
  await d.post('/pub?topic=orders', 'poison')
  expect(await requeueAll(d, 3)).toEqual([1, 2, 3])
  const [letter] = await letters(d, 1)
  expect(letter).toMatchObject({
    body: 'poison',
    attempts: 0,
    headers: {
      'nsq-origin-topic': 'orders',
      'nsq-origin-channel': 'billing',
      'nsq-attempts': '3',
      'nsq-reason': 'requeued',
    },
  })
  expect(Number(letter!.headers['nsq-first-failed'])).toBeLessThanOrEqual(Number(letter!.headers['nsq-last-failed']))
  const { topics } = await d.stats('topic=orders')
  expect(topics[0].channels[0]).toMatchObject({ depth: 0, in_flight_count: 0, deferred_count: 0, dead_letter_count: 1 })
  expect(await afterCrash(d, async (other) => (await letters(other, 1)).map(({ body }) => body))).toEqual(['poison'])
  using reader = d.connect()
  await reader.command(sub(DLQ, 'reader'))
  reader.send(rdy(1))
  const message = await reader.message()
  expect([message.body.toString(), message.attempts]).toEqual(['poison', 1])
})

test('a time-out and a consumer that is gone count as failures', async () => {
  await using d = await started('--max-attempts=2')
  await d.post('/pub?topic=orders', 'x')
  {
    using consumer = d.connect()
    await consumer.command(identify({ msg_timeout: 1000, feature_negotiation: true }))
    await consumer.command(sub('orders', 'billing'))
    consumer.send(rdy(1))
    expect((await consumer.message()).attempts).toBe(1)
    expect((await consumer.message()).attempts).toBe(2)
  } // and goes away
  const [letter] = await letters(d, 1)
  expect(letter!.headers['nsq-reason']).toBe('consumer-lost')
})

test('a message waits longer after each failure', async () => {
  await using d = await started('--retry-backoff=1h', '--retry-jitter=0', '--max-attempts=9')
  await d.post('/pub?topic=orders', 'x')
  const before = Date.now()
  await requeueAll(d, 1)
  const { messages } = (await json(d, 'GET', `/channel/deferred?${C}`)) as unknown as { messages: { due: string }[] }
  expect(Math.abs(Date.parse(messages[0]!.due) - before - 3_600_000)).toBeLessThan(10_000)
})

describe('redrive', () => {
  async function withLetters(bodies: readonly string[], ...flags: string[]): Promise<TestNsqd> {
    const d = await started('--max-attempts=1', ...flags)
    await d.post('/channel/create?topic=orders&channel=other')
    await d.post('/mpub?topic=orders', bodies.join('\n'))
    await requeueAll(d, bodies.length)
    await letters(d, bodies.length)
    return d
  }

  async function finished(d: TestNsqd): Promise<Record<string, unknown>> {
    return vi.waitFor(async () => {
      const progress = await json(d, 'GET', `/channel/redrive?${C}`)
      expect(progress['running']).toBe(false)
      return progress
    }, 20_000)
  }

  test('sends dead letters back to their channel alone, as they were', async () => {
    await using d = await withLetters(['a', 'b', 'c'])
    const [{ headers }] = (await letters(d, 3)) as [Shown]
    const begun = await json(d, 'POST', `/channel/redrive?${C}`)
    expect(begun).toMatchObject({ running: true, from_topic: DLQ, from_channel: 'redrive' })
    expect(await finished(d)).toMatchObject({ sent: 3, running: false })
    const back = await ready(d, C)
    expect(back.map(({ attempts, body }) => [body, attempts])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
    ])
    expect((back[0] as unknown as { id: string }).id).toBe(headers['nsq-origin-id'])
    expect(back[0]!.headers).toBeUndefined()
    expect((await ready(d, 'topic=orders&channel=other')).length).toBe(3)
    expect(await ready(d, `topic=${DLQ}&channel=redrive`)).toEqual([])
    expect(await afterCrash(d, async (other) => (await ready(other, C)).map(({ body }) => body))).toEqual([
      'a',
      'b',
      'c',
    ])
    using consumer = d.connect()
    await consumer.command(sub('orders', 'billing'))
    consumer.send(rdy(1))
    const message = await consumer.message()
    consumer.send(fin(message.id))
    expect([message.body.toString(), message.attempts]).toEqual(['a', 1])
  })

  test('by filter; what is not meant stays', async () => {
    await using d = await withLetters(['apple', 'pear', 'apple pie'])
    await json(d, 'POST', `/channel/redrive?${C}&contains=apple&reason=requeued`)
    expect(await finished(d)).toMatchObject({ sent: 2, contains: 'apple' })
    expect((await ready(d, C)).map(({ body }) => body)).toEqual(['apple', 'apple pie'])
    expect((await ready(d, `topic=${DLQ}&channel=redrive`)).map(({ body }) => body)).toEqual(['pear'])
    await json(d, 'POST', `/channel/redrive?${C}&reason=timed-out`)
    expect(await finished(d)).toMatchObject({ sent: 0 })
  })

  test('one of them, by its id', async () => {
    await using d = await withLetters(['same', 'same', 'same'])
    const [, second] = (await letters(d, 3)) as unknown as { id: string; headers: Record<string, string> }[]
    await json(d, 'POST', `/channel/redrive?${C}&id=${second!.id}`)
    expect(await finished(d)).toMatchObject({ sent: 1, id: second!.id })
    const [back] = (await ready(d, C)) as unknown as { id: string }[]
    expect(back!.id).toBe(second!.headers['nsq-origin-id'])
    expect(await ready(d, `topic=${DLQ}&channel=redrive`)).toHaveLength(2)
  })

  test('what dies again meanwhile stays dead', async () => {
    await using d = await withLetters(['a', 'b'])
    const failing = requeueAll(d, 2)
    await json(d, 'POST', `/channel/redrive?${C}&rate=20`)
    await failing
    expect(await finished(d)).toMatchObject({ sent: 2 })
    await letters(d, 2, `/channel/peek?topic=${DLQ}&channel=redrive`)
  })

  test('N a second, stopped, and gone on with after a crash', async () => {
    await using d = await withLetters(Array.from({ length: 60 }, (_, i) => `m${i}`))
    const startedAt = performance.now()
    await json(d, 'POST', `/channel/redrive?${C}&rate=40`)
    expect(await d.post(`/channel/redrive?${C}`)).toMatchObject({ status: 409, body: '{"message":"REDRIVE_RUNNING"}' })
    await vi.waitFor(async () => expect((await ready(d, C)).length).toBeGreaterThan(4), 5000)
    const rest = await afterCrash(d, async (other) => {
      await vi.waitFor(
        async () => expect((await json(other, 'GET', `/channel/redrive?${C}`))['running']).toBe(false),
        10_000,
      )
      return new Set((await ready(other, C)).map(({ body }) => body)).size
    })
    expect(rest).toBe(60)
    if ((await json(d, 'GET', `/channel/redrive?${C}`))['running'] === true) {
      expect((await d.post(`/channel/redrive/stop?${C}`)).status).toBe(200)
    }
    const { sent } = await finished(d)
    expect(Number(sent)).toBeLessThanOrEqual(4 + ((performance.now() - startedAt) / 1000) * 40)
    expect((await d.post(`/channel/redrive/stop?${C}`)).body).toBe('{"message":"REDRIVE_NOT_RUNNING"}')
  })

  test('needs dead letters, and to know from which channel of them', async () => {
    await using d = await started()
    const post = async (query = '') => {
      const { body, status } = await d.post(`/channel/redrive?${C}${query}`)
      return [status, (JSON.parse(body) as { message: string }).message]
    }
    expect(await post()).toEqual([404, 'NO_DEAD_LETTERS'])
    await d.post(`/topic/create?topic=${DLQ}`)
    for (const name of ['a', 'b']) await d.post(`/channel/create?topic=${DLQ}&channel=${name}`)
    expect(await post()).toEqual([400, 'MISSING_ARG_FROM'])
    expect(await post('&from=c')).toEqual([404, 'FROM_NOT_FOUND'])
    expect(await post('&rate=x')).toEqual([400, 'INVALID_RATE'])
    expect(await post('&id=x')).toEqual([400, 'INVALID_ID'])
    expect((await json(d, 'POST', `/channel/redrive?${C}&from=a`))['from_channel']).toBe('a')
    expect(await json(d, 'GET', `/channel/redrive?${C}`)).toMatchObject({ sent: 0 })
  })
})
