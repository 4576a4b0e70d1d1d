import { setTimeout as sleep } from 'node:timers/promises'
import { fin, rdy, req, sub } from '@nsq-ts/protocol'
import { describe, expect, test } from 'vitest'
import { afterCrash } from './support/crashed-copy.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

interface Answer {
  readonly messages: number
  readonly complete: boolean
  readonly from: string | null
  readonly depth: number
  readonly in_flight: number
  readonly deferred: number
}

async function rewind(nsqd: TestNsqd, to: number | string, channel = 'c'): Promise<Answer> {
  const answer = await nsqd.post(`/channel/rewind?topic=t&channel=${channel}&to=${encodeURIComponent(to)}`)
  expect([answer.status, answer.body]).toEqual([200, expect.any(String)])
  return JSON.parse(answer.body) as Answer
}

async function publish(nsqd: TestNsqd, ...bodies: string[]): Promise<void> {
  for (const body of bodies) expect((await nsqd.post('/pub?topic=t', body)).body).toBe('OK')
}

/** A moment that lies after what was published before and before what comes. */
async function moment(): Promise<number> {
  await sleep(3)
  const now = Date.now()
  await sleep(3)
  return now
}

/** Takes so many messages of a channel and finishes them. */
async function consume(nsqd: TestNsqd, count: number, channel = 'c'): Promise<{ body: string; attempts: number }[]> {
  using client = nsqd.connect()
  await client.command(sub('t', channel))
  client.send(rdy(count))
  const got: { body: string; attempts: number }[] = []
  while (got.length < count) {
    const { attempts, body, id } = await client.message()
    got.push({ body: body.toString(), attempts })
    client.send(fin(id))
  }
  await expect.poll(async () => (await channelOf(nsqd, channel)).in_flight_count).toBe(0)
  return got
}

interface ChannelFigures {
  readonly depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly message_count: number
}

async function channelOf(nsqd: TestNsqd, channel = 'c'): Promise<ChannelFigures> {
  const { topics } = await nsqd.stats()
  return topics[0].channels.find(({ channel_name }: { channel_name: string }) => channel_name === channel)
}

const KEEPING = ['--retain-for=1h']

describe('rewind', () => {
  test('delivers again what was published since, as if never delivered, and no other channel notices', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    await nsqd.post('/topic/create?topic=t')
    for (const channel of ['c', 'other']) await nsqd.post(`/channel/create?topic=t&channel=${channel}`)
    await publish(nsqd, 'a', 'b')
    const then = await moment()
    await publish(nsqd, 'd', 'e')
    await consume(nsqd, 4)
    expect(await rewind(nsqd, then)).toMatchObject({ messages: 2, complete: true, depth: 2, in_flight: 0, deferred: 0 })
    expect(await channelOf(nsqd)).toMatchObject({ depth: 2, message_count: 6 })
    expect(await channelOf(nsqd, 'other')).toMatchObject({ depth: 4, message_count: 4 })
    expect(await consume(nsqd, 2)).toEqual([
      { body: 'd', attempts: 1 },
      { body: 'e', attempts: 1 },
    ])
    expect((await channelOf(nsqd)).depth).toBe(0)
  })

  test('is exact to the message: from the very time of one, that one is the first', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    for (let i = 0; i < 20; i++) await publish(nsqd, `${i}`)
    await sleep(20)
    const { body } = await nsqd.ask('GET', '/channel/peek?topic=t&channel=c&limit=20')
    const { messages } = JSON.parse(body) as { messages: { timestamp: string }[] }
    await consume(nsqd, 20)
    for (const [index, { timestamp }] of messages.entries()) {
      const { depth, from } = await rewind(nsqd, timestamp)
      expect([index, depth, from]).toEqual([index, 20 - index, timestamp])
      await consume(nsqd, 20 - index)
    }
  })

  test('leaves alone what is in flight, deferred or waiting: nobody has a message twice at a time, and none is lost', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    const then = await moment()
    await publish(nsqd, 'finished', 'in flight', 'deferred', 'waits')
    using client = nsqd.connect()
    await client.command(sub('t', 'c'))
    client.send(rdy(3))
    const [finished, flying, deferred] = [await client.message(), await client.message(), await client.message()]
    client.send(rdy(0))
    client.send(fin(finished.id))
    client.send(req(deferred.id, 1000))
    await expect.poll(() => channelOf(nsqd)).toMatchObject({ depth: 1, in_flight_count: 1, deferred_count: 1 })
    expect(await rewind(nsqd, then)).toMatchObject({ messages: 1, depth: 2, in_flight: 1, deferred: 1, complete: true })
    expect(await rewind(nsqd, then)).toMatchObject({ messages: 0, depth: 2, in_flight: 1, deferred: 1 })
    client.send(fin(flying.id))
    client.send(rdy(5))
    const got = [await client.message(), await client.message(), await client.message()]
    expect(got.map(({ attempts, body }) => [body.toString(), attempts])).toEqual([
      ['finished', 1],
      ['waits', 1],
      ['deferred', 2],
    ])
  })

  test('says when some of it is gone, and begins at the oldest that is kept', async () => {
    await using nsqd = await startNsqd('--retain-bytes=1000')
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    const then = await moment()
    for (let i = 0; i < 40; i++) await publish(nsqd, `${i} ${'x'.repeat(1000)}`) // several segments: the first have 4 KiB
    await consume(nsqd, 40)
    nsqd.nsqd.registry.sweep()
    const answer = await rewind(nsqd, then)
    expect(answer.complete).toBe(false)
    expect(answer.messages).toBeGreaterThan(0)
    expect(answer.messages).toBeLessThan(40)
    const [first] = await consume(nsqd, answer.messages)
    expect(Number.parseInt(first!.body, 10)).toBe(40 - answer.messages)
    expect(await rewind(nsqd, Date.now())).toMatchObject({ messages: 0, complete: true, from: null })
  })

  test.each([
    ['topic=t&channel=c', 400, 'MISSING_ARG_TO'],
    ['topic=t&channel=c&to=yesterday', 400, 'INVALID_TO'],
    ['topic=t&channel=c&to=-1', 400, 'INVALID_TO'],
    ['topic=t&channel=c&to=99999999999999', 400, 'TO_IN_FUTURE'],
    ['topic=t&channel=other&to=0', 404, 'CHANNEL_NOT_FOUND'],
    ['topic=u&channel=c&to=0', 404, 'TOPIC_NOT_FOUND'],
    ['topic=off&channel=c&to=0', 409, 'NOT_RETAINED'],
    ['topic=e%23ephemeral&channel=c&to=0', 409, 'NOT_RETAINED'],
  ])('?%s is answered with %i %s', async (query, status, message) => {
    await using nsqd = await startNsqd('--retain-for=1h', '--retain-for-topic=off=0s')
    for (const topic of ['t', 'off', 'e%23ephemeral']) {
      await nsqd.post(`/topic/create?topic=${topic}`)
      await nsqd.post(`/channel/create?topic=${topic}&channel=c`)
    }
    const answer = await nsqd.post(`/channel/rewind?${query}`)
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }])
  })

  test('a message comes with its headers again, from the disk as well', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    const headers = { 'X-Nsq-Header-Tenant': 'blue' }
    await fetch(`http://127.0.0.1:${nsqd.httpPort}/pub?topic=t`, { method: 'POST', body: 'a', headers })
    await consume(nsqd, 1)
    const peeked = async (of: TestNsqd): Promise<unknown> => {
      await rewind(of, 0)
      const { body } = await of.ask('GET', '/channel/peek?topic=t&channel=c')
      return (JSON.parse(body) as { messages: unknown[] }).messages
    }
    const expected = [expect.objectContaining({ body: 'a', attempts: 0, headers: { tenant: 'blue' } })]
    expect(await peeked(nsqd)).toEqual(expected)
    await consume(nsqd, 1)
    await nsqd.nsqd.close()
    await using again = await startNsqd(...KEEPING, `--data-path=${nsqd.dataPath}`)
    expect(await peeked(again)).toEqual(expected)
  })

  test('works on a paused channel, which delivers once it is unpaused', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    const then = await moment()
    await publish(nsqd, 'a')
    await consume(nsqd, 1)
    await nsqd.post('/channel/pause?topic=t&channel=c')
    expect(await rewind(nsqd, then)).toMatchObject({ messages: 1, depth: 1 })
    using client = nsqd.connect()
    await client.command(sub('t', 'c'))
    client.send(rdy(1))
    await sleep(30)
    expect((await channelOf(nsqd)).depth).toBe(1)
    await nsqd.post('/channel/unpause?topic=t&channel=c')
    expect((await client.message()).body.toString()).toBe('a')
  })

  test('many at a time, while others publish and consume: nobody has a message twice at a time, and none is missed', async () => {
    await using nsqd = await startNsqd(...KEEPING, '--mem-queue-size=20', '--max-bytes-per-file=10000')
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    const then = await moment()
    const all = Array.from({ length: 300 }, (_, i) => `${i} `.padEnd(100))
    const inHand = new Set<string>()
    const twice: string[] = []
    const got = new Map<string, number>()
    const consumers = Array.from({ length: 3 }, () => nsqd.connect())
    const work = async (client: (typeof consumers)[number]): Promise<void> => {
      await client.command(sub('t', 'c'))
      client.send(rdy(20))
      for (;;) {
        const message = await client.message().catch(() => undefined)
        if (message === undefined) return
        const { body, id } = message
        if (inHand.has(id)) twice.push(id)
        inHand.add(id)
        got.set(body.toString(), (got.get(body.toString()) ?? 0) + 1)
        setImmediate(() => {
          inHand.delete(id)
          client.send(Math.random() < 0.1 ? req(id, 0) : fin(id))
        })
      }
    }
    const working = consumers.map(work)
    for (let i = 0; i < all.length; i += 30) {
      await publish(nsqd, ...all.slice(i, i + 30))
      await Promise.all([rewind(nsqd, then), rewind(nsqd, Date.now() - 20), rewind(nsqd, then)])
    }
    const isIdle = async (): Promise<number[]> => {
      const { deferred_count, depth, in_flight_count } = await channelOf(nsqd)
      return [depth, in_flight_count, deferred_count]
    }
    await expect.poll(isIdle, { timeout: 10_000 }).toEqual([0, 0, 0])
    got.clear()
    const { messages } = await rewind(nsqd, then)
    expect(messages).toBe(all.length)
    await expect.poll(isIdle, { timeout: 10_000 }).toEqual([0, 0, 0])
    for (const client of consumers) client[Symbol.dispose]()
    await Promise.all(working)
    expect([...got.keys()].sort()).toEqual([...all].sort())
    expect(twice).toEqual([])
  })

  test('brings back what was emptied from the channel, and not what was emptied from the topic', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    const then = await moment()
    await publish(nsqd, 'a')
    await nsqd.post('/channel/create?topic=t&channel=c')
    await nsqd.post('/channel/empty?topic=t&channel=c')
    expect(await rewind(nsqd, then)).toMatchObject({ messages: 1 })
    await consume(nsqd, 1)
    await nsqd.post('/topic/pause?topic=t')
    await publish(nsqd, 'b')
    await nsqd.post('/topic/empty?topic=t')
    await nsqd.post('/topic/unpause?topic=t')
    await publish(nsqd, 'd')
    const expected = { depth: 1, complete: false }
    await consume(nsqd, 1)
    const look = async (restarted: TestNsqd) => expect(await rewind(restarted, then)).toMatchObject(expected)
    await afterCrash(nsqd, look, ...KEEPING)
    expect(await rewind(nsqd, then)).toMatchObject(expected)
    expect(await consume(nsqd, 1)).toEqual([{ body: 'd', attempts: 1 }])
  })

  test('an ephemeral channel gets all of it, whatever --mem-queue-size, and what comes meanwhile', async () => {
    await using nsqd = await startNsqd(...KEEPING, '--mem-queue-size=10')
    const then = await moment()
    for (let i = 0; i < 100; i++) await publish(nsqd, `${i}`)
    await nsqd.post('/channel/create?topic=t&channel=c')
    const created = await nsqd.post(`/channel/create?topic=t&channel=tail%23ephemeral&from=${then}`)
    expect(JSON.parse(created.body)).toMatchObject({ messages: 100, depth: 100, complete: true })
    for (let i = 100; i < 105; i++) await publish(nsqd, `${i}`)
    using client = nsqd.connect()
    await client.command(sub('t', 'tail#ephemeral'))
    client.send(rdy(200))
    expect(await client.bodies(105)).toEqual(Array.from({ length: 105 }, (_, i) => `${i}`))
  })
})

describe('/channel/create?from=', () => {
  test('makes a channel that begins there, also beside others, and refuses one that exists', async () => {
    await using nsqd = await startNsqd(...KEEPING)
    await publish(nsqd, 'a')
    await consume(nsqd, 1)
    const then = await moment()
    await publish(nsqd, 'b', 'd')
    await consume(nsqd, 2)
    const path = `/channel/create?topic=t&channel=new&from=${encodeURIComponent(new Date(then).toISOString())}`
    expect(JSON.parse((await nsqd.post(path)).body)).toMatchObject({ channel: 'new', messages: 2, complete: true })
    expect(await nsqd.post(path)).toMatchObject({ status: 409, body: '{"message":"CHANNEL_EXISTS"}' })
    expect((await consume(nsqd, 2, 'new')).map(({ body }) => body)).toEqual(['b', 'd'])
    expect((await channelOf(nsqd)).depth).toBe(0)
  })

  test.each([
    ['from=x', 400, 'INVALID_FROM'],
    ['from=99999999999999', 400, 'FROM_IN_FUTURE'],
    ['from=0', 409, 'NOT_RETAINED'],
  ])('%s is answered with %i %s, and there is no channel', async (query, status, message) => {
    await using nsqd = await startNsqd()
    await nsqd.post('/topic/create?topic=t')
    const answer = await nsqd.post(`/channel/create?topic=t&channel=c&${query}`)
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }])
    expect((await nsqd.stats()).topics[0].channels).toEqual([])
  })

  test('counts as a channel that is made: --max-channels-per-topic', async () => {
    await using nsqd = await startNsqd(...KEEPING, '--max-channels-per-topic=1')
    await publish(nsqd, 'a')
    await consume(nsqd, 1)
    const answer = await nsqd.post('/channel/create?topic=t&channel=d&from=0')
    expect([answer.status, answer.body]).toEqual([400, '{"message":"TOO_MANY_CHANNELS"}'])
  })
})

describe('what is kept', () => {
  test.each(['memory', 'os', 'fsync'])('survives a restart (%s), and is no depth', async (durability) => {
    await using nsqd = await startNsqd(...KEEPING, `--durability=${durability}`)
    const then = await moment()
    for (let i = 0; i < 50; i++) await publish(nsqd, `${i}`)
    await consume(nsqd, 50)
    await nsqd.nsqd.close()
    await using again = await startNsqd(...KEEPING, `--data-path=${nsqd.dataPath}`)
    expect((await channelOf(again)).depth).toBe(0)
    expect((await again.stats()).topics[0].retained).toMatchObject({ messages: 50 })
    expect(await rewind(again, then)).toMatchObject({ messages: 50, complete: true })
    expect(await consume(again, 50)).toHaveLength(50)
  })

  test.each(['os', 'fsync'])('a rewind that was answered survives a crash (%s)', async (durability) => {
    await using nsqd = await startNsqd(...KEEPING, `--durability=${durability}`)
    const then = await moment()
    for (let i = 0; i < 50; i++) await publish(nsqd, `${i}`)
    await consume(nsqd, 50)
    await rewind(nsqd, then)
    await nsqd.post(`/channel/create?topic=t&channel=new&from=${then}`)
    await afterCrash(nsqd, async (restarted) => {
      expect((await channelOf(restarted)).depth).toBe(50)
      expect(await consume(restarted, 50)).toEqual(
        Array.from({ length: 50 }, (_, i) => ({ body: `${i}`, attempts: 1 })),
      )
      expect((await channelOf(restarted, 'new')).depth).toBe(50)
    })
  })

  test('goes by age, and can be switched on and off for a topic while nsqd runs', async () => {
    await using nsqd = await startNsqd()
    await publish(nsqd, 'gone')
    await consume(nsqd, 1)
    const set = (query: string) => nsqd.post(`/topic/settings?topic=t&${query}`)
    expect(JSON.parse((await set('retain_for=50ms')).body)).toMatchObject({ retain_for: '50ms', retain_bytes: 0 })
    await publish(nsqd, 'a')
    await consume(nsqd, 1)
    expect((await nsqd.stats()).topics[0].retained).toMatchObject({
      messages: expect.any(Number),
      oldest: expect.any(String),
    })
    await sleep(60)
    nsqd.nsqd.registry.sweep()
    expect((await nsqd.stats()).topics[0].retained).toEqual({ messages: 0, bytes: 0, oldest: null })
    expect(await rewind(nsqd, 0)).toMatchObject({ messages: 0, complete: false, from: null })
    await set('retain_for=')
    expect((await nsqd.stats()).topics[0].retained).toBeUndefined()
    expect((await nsqd.post('/channel/rewind?topic=t&channel=c&to=0')).status).toBe(409)
  })

  test('is shown to Prometheus, for topics that keep something', async () => {
    await using nsqd = await startNsqd('--retain-for-topic=t=1h')
    await publish(nsqd, 'a')
    await nsqd.post('/pub?topic=u', 'a')
    await consume(nsqd, 1)
    const { body } = await nsqd.ask('GET', '/metrics')
    const lines = body.split('\n').filter((line) => line.startsWith('nsqd_topic_retained'))
    expect(lines).toEqual([
      'nsqd_topic_retained_messages{topic="t"} 1',
      expect.stringMatching(/^nsqd_topic_retained_bytes\{topic="t"\} [1-9]\d*$/),
      expect.stringMatching(/^nsqd_topic_retained_oldest_timestamp_seconds\{topic="t"\} \d+\.\d+$/),
    ])
  })

  test('does not count for --max-topic-bytes; what is to come again does, and is refused beyond it', async () => {
    await using nsqd = await startNsqd(...KEEPING, '--max-topic-bytes=2500000')
    const then = await moment()
    for (let i = 0; i < 40; i++) {
      await publish(nsqd, 'x'.repeat(100_000))
      await consume(nsqd, 1)
    }
    expect(await nsqd.post(`/channel/rewind?topic=t&channel=c&to=${then}`)).toMatchObject({
      status: 507,
      body: '{"message":"TOPIC_FULL"}',
    })
    expect((await channelOf(nsqd)).depth).toBe(0)
    await publish(nsqd, 'still taken')
  })

  test('what comes again has not waited since it was published: --max-topic-age passes it over', async () => {
    await using nsqd = await startNsqd(...KEEPING, '--max-topic-age=40ms', '--topic-limit-policy=drop-oldest')
    const then = await moment()
    await publish(nsqd, 'a', 'b')
    await consume(nsqd, 2)
    await sleep(50)
    await rewind(nsqd, then)
    nsqd.nsqd.registry.sweep()
    expect((await channelOf(nsqd)).depth).toBe(2)
    const look = async (restarted: TestNsqd) => {
      restarted.nsqd.registry.sweep()
      expect((await channelOf(restarted)).depth).toBe(2)
    }
    await afterCrash(nsqd, look, '--max-topic-age=40ms', '--topic-limit-policy=drop-oldest')
  })
})
