// Options that no other test here is about, over real sockets; and that each option is about some test.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Consumer, type ConsumerOptions, deadLetter, type Environment, Producer } from '@nsq-ts/client'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'
import { until } from './support/wait.ts'

/** The real time, with every delay asked for on record; dice that always show the same. */
function recording(random: number): Environment & { delays: number[] } {
  const delays: number[] = []
  return {
    delays,
    now: () => performance.now(),
    setTimer(callback, delayMs) {
      delays.push(delayMs)
      return setTimeout(callback, Math.min(delayMs, 60_000))
    },
    clearTimer: (timer) => clearTimeout(timer),
    random: () => random,
  }
}

/** Delivers one message that fails. @returns the wait that follows, ms */
async function backoffWait(backoff: ConsumerOptions<Buffer>['backoff'], random = 0.5): Promise<number> {
  await using fake = await FakeNsqd.start()
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    nsqd: fake.address,
    ...(backoff !== undefined && { backoff }),
    environment: recording(random),
  })
  const waits: number[] = []
  consumer.on('backoff', ({ waitMs }) => waits.push(waitMs))
  void consumer.run(() => {
    throw new Error('no')
  })
  const client = await fake.subscriber()
  await fake.until(() => client.rdy === 1)
  client.deliver('x')
  await fake.until(() => fake.commands.some((command) => command.startsWith('REQ')))
  return waits[0] ?? 0
}

describe('a consumer', () => {
  test.each<[string, ConsumerOptions<Buffer>['backoff'], number]>([
    ['by default for 2 s', undefined, 2000],
    ['for twice the multiplier', { multiplier: '3s' }, 6000],
    ['never when that is above max', { multiplier: '3s', max: '5s' }, 0],
    ['for part of it with full jitter', { multiplier: '3s', strategy: 'full-jitter' }, 3000],
    ['as a function says', { strategy: (level) => 100 * level }, 100],
    ['never when it is switched off', false, 0],
  ])('backs off %s', async (_name, backoff, waitMs) => {
    expect(await backoffWait(backoff)).toBe(waitMs)
  })

  test('survives a strategy that throws', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: fake.address,
      requeueDelay: 0,
      backoff: {
        strategy: () => {
          throw new Error('mine')
        },
      },
    })
    const errors: unknown[] = []
    consumer.on('error', (error) => errors.push((error.cause as Error).message))
    void consumer.run(() => {
      throw new Error('no')
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await fake.until(() => fake.commands.includes(`REQ ${id} 0`))
    expect(errors).toEqual(['no', 'mine'])
  })

  test('requeues after requeueDelay times the attempts, up to requeueDelayMax', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: fake.address,
      backoff: false,
      requeueDelay: '2s',
      requeueDelayMax: '5s',
    })
    void consumer.run((message) => message.requeue())
    const client = await fake.subscriber()
    const ids = [1, 2, 3].map((attempts) => client.deliver('x', attempts))
    await fake.until(() => fake.commands.filter((command) => command.startsWith('REQ')).length === 3)
    expect(fake.commands.filter((command) => command.startsWith('REQ'))).toEqual(
      [2000, 4000, 5000].map((delayMs, index) => `REQ ${ids[index]} ${delayMs}`),
    )
  })

  test('asks for its msgTimeout and sampleRate in IDENTIFY', async () => {
    await using fake = await FakeNsqd.start()
    const base = { topic: 't', channel: 'c', nsqd: fake.address }
    await using consumer = new Consumer({ ...base, msgTimeout: '90s', sampleRate: 20 })
    void consumer.run(() => {})
    const client = await fake.subscriber()
    const identify = JSON.parse(client.received[0]!.body.toString()) as object
    expect(identify).toMatchObject({ msg_timeout: 90_000, sample_rate: 20 })
    for (const wrong of [{ sampleRate: 100 }, { msgTimeout: -1 }, { maxAttempts: 65_536 }, { maxInFlight: -1 }]) {
      expect(() => new Consumer({ ...base, ...wrong })).toThrow(RangeError)
    }
  })

  test('a dead letter goes to the topic that was named, at the time that was given', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    const origin = { topic: 't', channel: 'c' }
    await using consumer = new Consumer({
      ...origin,
      nsqd: fake.address,
      maxAttempts: 1,
      onExhausted: deadLetter(origin, { producer, topic: 'graves', now: () => new Date(0) }),
    })
    void consumer.run(() => {
      throw new Error('no')
    })
    const client = await fake.subscriber()
    const id = client.deliver('x')
    await fake.until(() => fake.commands.includes(`FIN ${id}`))
    const published = fake.clients.flatMap(({ received }) => received).find(({ words }) => words[0] === 'PUB')!
    expect(published.words).toEqual(['PUB', 'graves'])
    expect(JSON.parse(published.body.toString())).toMatchObject({ failedAt: '1970-01-01T00:00:00.000Z', attempts: 1 })
  })
})

describe('discovery', () => {
  test.each([
    [0, 75],
    [0.999_999, 125],
  ])('asks again after an interval that lookupdPollJitter spreads (dice: %d)', async (random, delayMs) => {
    await using lookupd = await FakeLookupd.start()
    const environment = recording(random)
    await using producer = new Producer({
      lookupd: lookupd.address,
      lookupdPollInterval: 100,
      lookupdPollJitter: 0.5,
      environment,
    })
    void producer.connect().catch(() => {})
    await lookupd.until(() => lookupd.requests.length >= 2)
    expect(environment.delays.map(Math.round)).toContain(delayMs)
  })

  test('an nsqlookupd that does not answer within lookupdTimeout is reported, and asked again', async () => {
    await using lookupd = await FakeLookupd.start()
    lookupd.onRequest = () => {} // never
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      lookupd: lookupd.address,
      lookupdTimeout: 30,
      lookupdPollInterval: 20,
    })
    const codes: string[] = []
    consumer.on('error', ({ code }) => codes.push(code))
    void consumer.run(() => {})
    await lookupd.until(() => lookupd.requests.length === 2)
    expect(codes).toEqual(['ERR_NSQ_LOOKUP'])
  })

  test('a filter that throws is reported, and harms nothing else', async () => {
    await using fake = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start(['127.0.0.1:1'])
    await using producer = new Producer({
      nsqd: fake.address,
      lookupd: lookupd.address,
      filterNodes: () => {
        throw new Error('mine')
      },
    })
    const errors: Error[] = []
    producer.on('error', (error) => errors.push(error))
    await producer.publish('t', 'x')
    await until(() => errors.length > 0)
    expect(errors[0]).toMatchObject({ code: 'ERR_NSQ_LOOKUP', cause: { message: 'mine' } })
    expect(producer.stats.nodes).toEqual([{ address: fake.address, isOpen: true }])
  })
})

test('each option that the types offer is set by a test', () => {
  const read = (folder: string): string[] =>
    readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('types'))
      .map((file) => readFileSync(new URL(`${folder}/${file}`, import.meta.url), 'utf8'))
  const tests = read('.').join('\n')
  const options = new Set<string>()
  for (const source of read('../src')) {
    for (const [, members] of source.matchAll(/^export interface \w*(?:Options\b|NodeSource)[^{]*\{\n([^]*?)^\}/gm)) {
      for (const [, name] of members!.matchAll(/^ {2}(\w+)\??:/gm)) options.add(name!)
    }
  }
  expect(options.size).toBeGreaterThan(60)
  expect([...options].filter((name) => !new RegExp(`\\b${name}(?:: |,|\\(| \\})`).test(tests))).toEqual([])
})
