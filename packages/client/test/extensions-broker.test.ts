// Headers, times and depth hints with a real nsqd of this project.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin, type ConnectionOptions, Consumer, deadLetter, Producer, readDeadLetter } from '@nsq-ts/client'
import { Reader } from '@nsq-ts/client/nsqjs'
import { type Daemon, hasBroker, startNsqd } from './support/broker.ts'
import { type CertificateFiles, writeCertificates } from './support/certificates.ts'
import { until } from './support/wait.ts'

const isOurs = process.env['NSQ_TEST_NSQD'] === undefined
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe.skipIf(!hasBroker || !isOurs)('with an nsqd of this project', () => {
  let files: CertificateFiles
  let nsqd: Daemon

  beforeAll(async () => {
    files = await writeCertificates()
    nsqd = await startNsqd(files.tlsFlags)
  })

  afterAll(async () => {
    await nsqd[Symbol.asyncDispose]()
    await files[Symbol.asyncDispose]()
  })

  test.each<[string, ConnectionOptions]>([
    ['plain', {}],
    ['tls', { tls: true }],
    ['snappy', { snappy: true }],
    ['deflate', { deflate: true }],
    ['tls-snappy', { tls: true, snappy: true }],
    ['tls-deflate', { tls: true, deflate: 1 }],
  ])('headers go there and back: %s', async (topic, wanted) => {
    const options = wanted.tls === true ? { ...wanted, tls: { ca: files.certificates.ca.cert } } : wanted
    await using producer = new Producer({ nsqd: nsqd.address, ...options })
    const count = 300
    await Promise.all(
      Array.from({ length: count }, (_, n) => {
        const body = `${n} ${'x'.repeat((n * 97) % 5000)}`
        return producer.publish(topic, body, n % 2 === 0 ? { headers: { n: String(n), trace: TRACE } } : {})
      }),
    )
    await using consumer = new Consumer({ topic, channel: 'c', nsqd: nsqd.address, ...options })
    const seen = new Map<number, unknown>()
    void consumer.run(({ body, headers }) => void seen.set(Number.parseInt(body.toString()), { ...headers }), {
      concurrency: 50,
    })
    await until(() => seen.size === count)
    for (const [n, headers] of seen) expect(headers).toEqual(n % 2 === 0 ? { n: String(n), trace: TRACE } : {})
  })

  test('a time is kept to some ms, far beyond what DPUB takes; so is a delay of several', async () => {
    await using producer = new Producer({ nsqd: nsqd.address })
    const admin = new Admin({ nsqd: nsqd.httpAddress })
    const at = new Date(Date.now() + 36 * 3_600_000)
    await nsqd.http('/topic/create?topic=times', 'POST')
    await nsqd.http('/channel/create?topic=times&channel=c', 'POST')
    await producer.publish('times', 'far', { at, headers: { n: '1' } })
    await producer.publish('times', ['one', 'two'], { defer: '1m' })
    const dueAt = Date.now() + 200
    await producer.publish('times', 'soon', { at: dueAt })
    await using consumer = new Consumer({ topic: 'times', channel: 'c', nsqd: nsqd.address })
    const [first] = await firstOf(consumer, 1)
    expect(first).toMatchObject({ body: 'soon' })
    expect(first!.at - dueAt).toBeGreaterThanOrEqual(-1)
    expect(first!.at - dueAt).toBeLessThan(500)
    const { messages } = await admin.deferred('times', 'c')
    expect(messages.map(({ body, headers }) => [body.toString(), { ...headers }])).toEqual([
      ['one', {}],
      ['two', {}],
      ['far', { n: '1' }],
    ])
    expect(messages[2]!.due!.getTime()).toBe(at.getTime())
  })

  test('a delay beyond what DPUB takes is what an nsqd of this project takes, too', async () => {
    await using producer = new Producer({ nsqd: nsqd.address })
    await producer.publish('delays', 'x', { defer: '2h' })
    const { messages } = await new Admin({ nsqd: nsqd.httpAddress }).peek('delays', null, { state: 'deferred' })
    expect(messages.map(({ body }) => body.toString())).toEqual(['x'])
  })

  test('a dead letter of the client keeps the headers of what it tells of', async () => {
    await using producer = new Producer({ nsqd: nsqd.address })
    const origin = { topic: 'exhausted', channel: 'c' }
    await producer.publish(origin.topic, 'poison', { headers: { n: '1' } })
    const onExhausted = deadLetter(origin, { producer })
    await using consumer = new Consumer({ ...origin, nsqd: nsqd.address, maxAttempts: 1, backoff: false, onExhausted })
    void consumer.run(() => Promise.reject(new Error('no')))
    await using dead = new Consumer({ topic: 'exhausted.c.dead', channel: 'c', nsqd: nsqd.address })
    const [letter] = await firstOf(dead, 1)
    expect(readDeadLetter(Buffer.from(letter!.body))).toMatchObject({ headers: { n: '1' } })
  })

  test('a Reader of nsqjs takes such messages as any', async () => {
    await using producer = new Producer({ nsqd: nsqd.address })
    await producer.publish('reader', 'bare', { headers: { n: '1' } })
    const reader = new Reader('reader', 'c', { nsqdTCPAddresses: nsqd.address })
    const body = new Promise<string>((resolve) => {
      reader.on('message', (message: { body: Buffer; finish(): void }) => {
        message.finish()
        resolve(message.body.toString())
      })
    })
    reader.connect()
    expect(await body).toBe('bare')
    void reader.close()
  })
})

describe.skipIf(!hasBroker || !isOurs)('over several nsqds', () => {
  /** How long one message at a time takes to find all that wait on one of five nsqds. @param isHinted whether they tell */
  async function msToDrain(isHinted: boolean): Promise<number> {
    const nsqds = await Promise.all(Array.from({ length: 5 }, () => startNsqd()))
    try {
      const addresses = nsqds.map(({ address }) => address)
      for (const nsqd of nsqds) {
        await nsqd.http('/topic/create?topic=t', 'POST')
        await nsqd.http('/channel/create?topic=t&channel=c', 'POST')
      }
      await nsqds[2]!.http('/mpub?topic=t', 'POST', Array.from({ length: 120 }, (_, n) => `m${n}`).join('\n'))
      await using consumer = new Consumer({
        topic: 't',
        channel: 'c',
        nsqd: addresses,
        maxInFlight: 1,
        depthHint: isHinted,
      })
      let count = 0
      const startedAt = performance.now()
      void consumer.run(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        count++
      })
      await until(() => count === 120, 30_000)
      return performance.now() - startedAt
    } finally {
      await Promise.all(nsqds.map((nsqd) => nsqd[Symbol.asyncDispose]()))
    }
  }

  test('where one has all the messages it is served several times sooner than by turns', async () => {
    const [hinted, blind] = [await msToDrain(true), await msToDrain(false)]
    expect(hinted * 2).toBeLessThan(blind)
  }, 60_000)

  test('each is served within 2 s, however deep another is', async () => {
    const nsqds = await Promise.all(Array.from({ length: 4 }, () => startNsqd()))
    try {
      await nsqds[0]!.http('/mpub?topic=t', 'POST', Array.from({ length: 2000 }, (_, n) => `deep${n}`).join('\n'))
      for (const nsqd of nsqds.slice(1)) {
        await nsqd.http('/topic/create?topic=t', 'POST')
        await nsqd.http('/channel/create?topic=t&channel=c', 'POST')
      }
      await using consumer = new Consumer({
        topic: 't',
        channel: 'c',
        nsqd: nsqds.map(({ address }) => address),
        maxInFlight: 1,
      })
      const seen = new Map<string, number>()
      void consumer.run(async ({ body }) => {
        seen.set(body.toString(), performance.now())
        await new Promise((resolve) => setTimeout(resolve, 5))
      })
      await until(() => seen.size > 50)
      const publishedAt = performance.now()
      await Promise.all(nsqds.slice(1).map((nsqd, n) => nsqd.http('/pub?topic=t', 'POST', `other${n}`)))
      await until(() => ['other0', 'other1', 'other2'].every((body) => seen.has(body)))
      for (const body of ['other0', 'other1', 'other2']) expect(seen.get(body)! - publishedAt).toBeLessThan(2000)
      expect(seen.size).toBeLessThan(1900) // the deep one was not done yet
    } finally {
      await Promise.all(nsqds.map((nsqd) => nsqd[Symbol.asyncDispose]()))
    }
  }, 60_000)
})

/** The next messages, and when they came, Unix milliseconds. */
async function firstOf(consumer: Consumer, count: number): Promise<{ body: string; at: number }[]> {
  const found: { body: string; at: number }[] = []
  for await (const message of consumer) {
    found.push({ body: message.body.toString(), at: Date.now() })
    message.finish()
    if (found.length === count) break
  }
  return found
}
