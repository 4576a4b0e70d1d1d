import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Admin, AdminError, ConnectionError, Consumer } from '../src/index.ts'
import { type Daemon, startNsqd } from './support/broker.ts'

const isOurs = process.env['NSQ_TEST_NSQD'] === undefined

describe.skipIf(!isOurs)('Admin', () => {
  let nsqd: Daemon
  let admin: Admin
  let topic = ''
  let count = 0

  beforeAll(async () => {
    nsqd = await startNsqd()
    admin = new Admin({ nsqd: nsqd.httpAddress })
  })
  afterAll(() => nsqd[Symbol.asyncDispose]())
  beforeEach(async () => {
    topic = `topic${++count}`
    await nsqd.http(`/topic/create?topic=${topic}`, 'POST')
    await nsqd.http(`/channel/create?topic=${topic}&channel=c`, 'POST')
  })

  test('publishes for later, lists, cancels and delivers', async () => {
    const at = new Date(Date.now() + 3_600_000)
    await admin.publish(topic, 'in an hour', { at })
    await admin.publish(topic, Buffer.from([0xff, 0]), { defer: '30m' })
    await admin.publish(topic, 'now', { headers: { traceparent: '00-1', 'x-name': '\u00fc' } })
    const page = await vi.waitFor(async () => {
      const deferred = await admin.deferred(topic, 'c')
      expect(deferred.count).toBe(2)
      return deferred
    })
    expect(page.messages.map(({ body, state }) => [state, body.toString('latin1')])).toEqual([
      ['deferred', '\u00FF\0'],
      ['deferred', 'in an hour'],
    ])
    expect(page.messages[1]!.due).toEqual(at)
    expect((await admin.deferred(topic, 'c', { from: at })).messages).toHaveLength(1)
    await admin.cancel(topic, 'c', page.messages[0]!.id)
    await admin.deliver(topic, 'c', page.messages[1]!.id)
    const ready = await admin.peek(topic, 'c')
    expect(ready.messages.map(({ body }) => body.toString())).toEqual(['now', 'in an hour'])
    expect(ready.messages.map(({ headers }) => headers)).toEqual([{ traceparent: '00-1', 'x-name': '\u00fc' }, {}])
    await expect(admin.publish(topic, 'x', { at, defer: '1s' })).rejects.toMatchObject({ code: 'DEFER_AND_AT' })
  })

  test('looks at messages page by page, finishes and requeues', async () => {
    const bodies = Array.from({ length: 250 }, (_, i) => `m${i}`)
    await nsqd.http(`/mpub?topic=${topic}`, 'POST', bodies.join('\n'))
    const seen: string[] = []
    for await (const { body, timestamp } of admin.messages(topic, 'c')) {
      seen.push(body.toString())
      expect(Math.abs(Number(timestamp) - Date.now())).toBeLessThan(60_000)
    }
    expect(seen).toEqual(bodies)
    const { messages } = await admin.peek(topic, 'c', { contains: 'm24', limit: 2, bodyMax: 1 })
    expect(messages.map(({ body, size }) => [body.toString(), size])).toEqual([
      ['m', 3],
      ['m', 4],
    ])
    await admin.finish(topic, 'c', messages[0]!.id)
    await admin.requeue(topic, 'c', messages[1]!.id, '1h')
    expect((await admin.peek(topic, 'c')).count).toBe(248)
    expect((await admin.peek(topic, 'c', { state: 'deferred' })).count).toBe(1)
    expect((await admin.peek(topic, null)).count).toBe(0)
  })

  test('who has a message in flight', async () => {
    await admin.publish(topic, 'x')
    const consumer = new Consumer({ topic, channel: 'c', nsqd: nsqd.address, clientId: 'worker' })
    const running = consumer.run(async () => {
      const { messages } = await admin.peek(topic, 'c', { state: 'in_flight' })
      expect(messages[0]).toMatchObject({ attempts: 1, consumer: { clientId: 'worker' } })
      expect(Number(messages[0]!.timesOutAt)).toBeGreaterThan(Number(messages[0]!.deliveredAt))
      void consumer.close()
    })
    await running
  })

  test('rewinds a channel, and makes one that begins at a time', async () => {
    await nsqd.http(`/topic/settings?topic=${topic}&retain_for=1h`, 'POST')
    const before = new Date(Date.now() - 1000)
    await admin.publish(topic, 'again')
    const consumer = new Consumer({ topic, channel: 'c', nsqd: nsqd.address })
    await consumer.run(() => void consumer.close())
    await vi.waitFor(async () => expect((await admin.peek(topic, 'c', { state: 'in_flight' })).count).toBe(0))
    const rewound = await admin.rewind(topic, 'c', before)
    expect(rewound).toEqual({ messages: 1, complete: true, from: expect.any(Date), depth: 1, inFlight: 0, deferred: 0 })
    expect(await admin.rewind(topic, 'c', Date.now())).toMatchObject({ messages: 0, from: undefined, depth: 1 })
    expect(await admin.createChannelFrom(topic, 'new', rewound.from!)).toMatchObject({ messages: 1, complete: true })
    const { messages } = await admin.peek(topic, 'new')
    expect(messages.map(({ attempts, body }) => [body.toString(), attempts])).toEqual([['again', 0]])
    await expect(admin.createChannelFrom(topic, 'new', 0)).rejects.toMatchObject({ code: 'CHANNEL_EXISTS' })
    await expect(admin.rewind(topic, 'c', Date.now() + 60_000)).rejects.toMatchObject({ code: 'TO_IN_FUTURE' })
  })

  test('retries, dead letters and the way back', async () => {
    const changed = await admin.changeRetries(topic, 'c', { maxAttempts: 1, backoff: ['1s', 90_000], jitter: 0 })
    expect(changed).toEqual({ maxAttempts: 1, deadLetterTopic: `${topic}.c.dlq`, backoff: '1s,1m30s', jitter: 0 })
    await admin.publish(topic, 'x')
    const consumer = new Consumer({ topic, channel: 'c', nsqd: nsqd.address, requeueDelay: 0, backoff: false })
    void consumer.run(() => {
      throw new Error('no')
    })
    await vi.waitFor(async () => {
      const { messages } = await admin.peek(`${topic}.c.dlq`, null)
      expect(messages.map(({ headers }) => headers['nsq-reason'])).toEqual(['requeued'])
    }, 10_000)
    await consumer.close()
    expect((await admin.redrive(topic, 'c', { rate: 100 })).running).toBe(true)
    const progress = await vi.waitFor(async () => {
      const now = await admin.redriveProgress(topic, 'c')
      expect(now.running).toBe(false)
      return now
    }, 10_000)
    expect(progress).toEqual({ running: false, sent: 1, error: undefined })
    expect((await admin.peek(topic, 'c')).messages[0]!.body.toString()).toBe('x')
    expect(await admin.changeRetries(topic, 'c', { maxAttempts: null, backoff: null })).toMatchObject({
      maxAttempts: 0,
      backoff: '',
    })
    expect((await admin.retries(topic, 'c')).jitter).toBe(0)
    await expect(admin.stopRedrive(topic, 'c')).rejects.toMatchObject({ code: 'REDRIVE_NOT_RUNNING', status: 409 })
  })

  test('draining, and thinking better of it', async () => {
    await admin.publish(topic, 'x')
    expect(await admin.drain({ timeout: '1h' })).toMatchObject({ draining: true })
    await expect(admin.publish(topic, 'y')).rejects.toMatchObject({ code: 'DRAINING', status: 503 })
    expect((await admin.drainProgress()).topics).toContain(topic)
    expect((await admin.cancelDrain()).draining).toBe(false)
  })

  test('errors bear the code of nsqd, or say that nobody answers', async () => {
    await expect(admin.peek(topic, 'none')).rejects.toMatchObject({ code: 'CHANNEL_NOT_FOUND', status: 404 })
    await expect(admin.peek(topic, 'none')).rejects.toBeInstanceOf(AdminError)
    await expect(new Admin({ nsqd: '127.0.0.1:1' }).drainProgress()).rejects.toBeInstanceOf(ConnectionError)
    expect(() => new Admin({ nsqd: 'no address' })).toThrow(TypeError)
  })
})
