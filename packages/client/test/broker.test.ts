// The client and a real nsqd: ours, or the one that NSQ_TEST_NSQD names.
import { connect, type Socket } from 'node:net'
import { identify, MAGIC_V1, register as registerTopic } from '@nsq-ts/protocol'
import { describe, expect, test } from 'vitest'
import { Consumer, deadLetter, dedupe, json, type Message, Producer, readDeadLetter } from '@nsq-ts/client'
import { type Daemon, hasBroker, hasLookupd, startNsqd, startNsqlookupd } from './support/broker.ts'
import { codeOf, until } from './support/wait.ts'

describe.skipIf(!hasBroker)('with a real nsqd', () => {
  test('what is published arrives, requeues and all, and nothing is left', async () => {
    await using nsqd = await startNsqd()
    await using producer = new Producer({ nsqd: nsqd.address, codec: json<{ n: number }>() })
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: nsqd.address,
      codec: json<{ n: number }>(),
      backoff: false,
    })
    const attempts = new Map<number, number>()
    const finished = new Set<number>()
    void consumer.run(
      async (message) => {
        const { n } = message.body
        attempts.set(n, message.attempts)
        if (n % 100 === 0 && message.attempts === 1) message.requeue({ delay: 0 })
        else finished.add(n)
      },
      { concurrency: 50 },
    )
    await Promise.all(Array.from({ length: 20_000 }, (_, n) => producer.publish('t', { n })))
    await until(() => finished.size === 20_000)
    expect(attempts.get(100)).toBe(2)
    expect(attempts.get(101)).toBe(1)
    await consumer.close()
    const stats = (await nsqd.http('/stats?format=json')) as {
      topics: { channels: { depth: number; in_flight_count: number; deferred_count: number }[] }[]
    }
    expect(stats.topics[0]!.channels[0]).toMatchObject({ depth: 0, in_flight_count: 0, deferred_count: 0 })
  })

  test('close leaves nothing in flight, and what was received ahead goes to others at once', async () => {
    await using nsqd = await startNsqd()
    await using producer = new Producer({ nsqd: nsqd.address })
    const first = new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address, maxInFlight: 50 })
    let handled = 0
    void first.run(async () => {
      handled++
      await new Promise((resolve) => setTimeout(resolve, 20))
    })
    await producer.publish(
      't',
      Array.from({ length: 50 }, (_, n) => String(n)),
    )
    await until(() => handled >= 2)
    await first.close()
    const stats = (await nsqd.http('/stats?format=json')) as {
      topics: { channels: { depth: number; in_flight_count: number }[] }[]
    }
    expect(stats.topics[0]!.channels[0]).toMatchObject({ depth: 50 - handled, in_flight_count: 0 })
    await using second = new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address, maxInFlight: 50 })
    void second.run(() => {})
    await until(() => second.stats.finished === 50 - handled)
  })

  test('a deferred message comes when it is due, errors carry the code of nsqd', async () => {
    await using nsqd = await startNsqd(['--max-msg-size=1000'])
    await using producer = new Producer({ nsqd: nsqd.address })
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address })
    const receivedAt = new Promise<number>((resolve) => void consumer.run(() => resolve(performance.now())))
    await until(() => consumer.stats.nodes[0]!.isSubscribed)
    const publishedAt = performance.now()
    await producer.publish('t', 'later', { defer: 300 })
    expect((await receivedAt) - publishedAt).toBeGreaterThan(290)
    expect(await codeOf(producer.publish('t', 'x', { defer: '1000h' }))).toMatch(/^(?:E_INVALID|ERR_NSQ_UNSUPPORTED)$/)
    const codes = await Promise.all(['a', 'b'.repeat(2000), 'c'].map((body) => codeOf(producer.publish('t', body))))
    expect(codes).toEqual(['none', 'E_BAD_MESSAGE', 'none'])
  })

  test('a handler that takes longer than the message timeout keeps its message', async () => {
    await using nsqd = await startNsqd()
    await using producer = new Producer({ nsqd: nsqd.address })
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address, msgTimeout: '1s' })
    const attempts: number[] = []
    void consumer.run(async (message) => {
      attempts.push(message.attempts)
      await new Promise((resolve) => setTimeout(resolve, 2500))
    })
    await producer.publish('t', 'x')
    await until(() => consumer.stats.finished === 1)
    expect(attempts).toEqual([1])
  })

  test('messages that are given up end in the dead-letter topic, with reason and origin', async () => {
    await using nsqd = await startNsqd()
    await using producer = new Producer({ nsqd: nsqd.address })
    const origin = { topic: 'orders', channel: 'billing' }
    await using consumer = new Consumer({
      ...origin,
      nsqd: nsqd.address,
      maxAttempts: 2,
      requeueDelay: 0,
      backoff: false,
      onExhausted: deadLetter(origin, { producer }),
    })
    void consumer.run(() => {
      throw new Error('poison')
    })
    await using dead = new Consumer({ topic: 'orders.billing.dead', channel: 'c', nsqd: nsqd.address })
    const letters: Message[] = []
    void dead.run((message) => void letters.push(message))
    await producer.publish('orders', Buffer.from([0xff, 0x00]))
    await until(() => letters.length === 1)
    const letter = readDeadLetter(letters[0]!.body)
    expect('headers' in letter).toBe(false)
    expect(letter).toMatchObject({
      origin: { ...origin, address: nsqd.address },
      attempts: 2,
      body: Buffer.from([0xff, 0x00]),
    })
    expect(letter.reason).toMatchObject({ code: 'ERR_NSQ_HANDLER' })
    await until(() => consumer.stats.finished === 1)
    expect(() => readDeadLetter(Buffer.from('{}'))).toThrow(TypeError)
  })

  test('a redundant pair loses nothing when one of its nodes is lost, and dedupe drops the copies', async () => {
    await using one = await startNsqd()
    await using two = await startNsqd()
    const nsqd = [one.address, two.address]
    await using producer = new Producer({ nsqd, replicas: 2, codec: json<number>() })
    for (let id = 0; id < 50; id++) await producer.publish('t', id)
    await one.stop('SIGKILL')
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd, codec: json<number>() })
    const seen: number[] = []
    void consumer.run(dedupe({ key: (message) => String(message.body) }, (message) => void seen.push(message.body)))
    await until(() => seen.length === 50)
    expect(new Set(seen).size).toBe(50)
  })

  test('a restart of nsqd is got over by both sides', async () => {
    let nsqd = await startNsqd()
    const port = nsqd.tcpPort
    await using producer = new Producer({ nsqd: nsqd.address })
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address })
    const seen = new Set<string>()
    void consumer.run((message) => void seen.add(message.raw.toString()))
    await producer.publish('t', 'before')
    await until(() => seen.has('before'))
    await nsqd[Symbol.asyncDispose]()
    const during = producer.publish('t', 'during')
    nsqd = await startNsqd([], port)
    await during
    await until(() => seen.has('during'))
    expect(seen).toEqual(new Set(['before', 'during']))
    await nsqd[Symbol.asyncDispose]()
  })
})

describe.skipIf(!hasBroker || !hasLookupd)('with a real nsqlookupd', () => {
  test('producers and consumers find the nodes', async () => {
    await using lookupd = await startNsqlookupd()
    await using one = await startNsqd()
    await using two = await startNsqd()
    const registrations = [register(lookupd, one), register(lookupd, two)]
    await using producer = new Producer({ lookupd: lookupd.httpAddress, lookupdPollInterval: 100 })
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      lookupd: lookupd.httpAddress,
      lookupdPollInterval: 100,
      maxInFlight: 2,
    })
    const seen = new Set<string>()
    void consumer.run((message) => void seen.add(message.address))
    await producer.connect()
    await until(() => producer.stats.nodes.filter(({ isOpen }) => isOpen).length === 2)
    await until(async () => {
      await producer.publish('t', 'x')
      return seen.size === 2
    })
    expect(seen).toEqual(new Set([one.address, two.address]))
    for (const registration of registrations) registration.destroy()
  })
})

describe.skipIf(!hasBroker || !hasLookupd || process.env['NSQ_TEST_NSQLOOKUPD'] !== undefined)(
  'with an nsqlookupd that can wait',
  () => {
    test('a new topic on a new node is found at once, long before the next poll', async () => {
      await using lookupd = await startNsqlookupd()
      const lookup = { lookupd: lookupd.httpAddress, lookupdPollInterval: '1h' }
      await using producer = new Producer(lookup)
      await using consumer = new Consumer({ topic: 't', channel: 'c', ...lookup })
      const errors: Error[] = []
      consumer.on('error', (error) => errors.push(error))
      const seen: string[] = []
      void consumer.run((message) => void seen.push(message.address))
      const published = producer.publish('t', 'x') // there is no node yet
      await using nsqd = await startNsqd([`--lookupd-tcp-address=127.0.0.1:${lookupd.tcpPort}`])
      await published
      await until(() => seen.length === 1)
      expect(seen).toEqual([nsqd.address])
      expect(errors).toEqual([])
    })
  },
)

/** Says to nsqlookupd what an nsqd with the topic `t` would. */
function register(lookupd: Daemon, nsqd: Daemon): Socket {
  const socket = connect(lookupd.tcpPort, '127.0.0.1')
  const node = { broadcast_address: '127.0.0.1', tcp_port: nsqd.tcpPort, http_port: nsqd.httpPort, version: '1.3.0' }
  socket.write(Buffer.concat([MAGIC_V1, identify(node), registerTopic('t')]))
  return socket
}
