import { describe, expect, test } from 'vitest'
import { Consumer, type ConsumerOptions, json, type Message, type NsqError } from '@nsq-ts/client'
import { FakeNsqd } from './support/fake-nsqd.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { codeOf, until } from './support/wait.ts'

function options(fake: FakeNsqd, more: Partial<ConsumerOptions<Buffer>> = {}): ConsumerOptions<Buffer> {
  return { topic: 't', channel: 'c', nsqd: fake.address, ...more }
}

/** Commands of the only client, those of the handshake left out. */
function commandsOf(fake: FakeNsqd): string[] {
  return fake.commands.filter((command) => !/^(IDENTIFY|SUB)/.test(command))
}

describe('handler', () => {
  test('returning finishes, sync or async; throwing requeues; answering oneself counts first', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 10, backoff: false, requeueDelay: 100 }))
    const errors: NsqError[] = []
    consumer.on('error', (error) => errors.push(error))
    void consumer.run(
      (message) => {
        switch (message.raw.toString()) {
          case 'sync':
            return undefined
          case 'async':
            return Promise.resolve()
          case 'throw':
            throw new Error('no')
          case 'reject':
            return Promise.reject(new Error('no'))
          case 'finish and throw':
            message.finish()
            throw new Error('no')
          default:
            return message.requeue({ delay: '2s' })
        }
      },
      { concurrency: 10 },
    )
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 10)
    const ids = ['sync', 'async', 'throw', 'reject', 'finish and throw', 'requeue'].map((body) =>
      client.deliver(body, 2),
    )
    await fake.until(() => fake.commands.filter((command) => /^(FIN|REQ)/.test(command)).length === 6)
    const answers = new Set(commandsOf(fake).slice(1))
    expect(answers).toEqual(
      new Set([
        `FIN ${ids[0]}`,
        `FIN ${ids[1]}`,
        `REQ ${ids[2]} 200`, // attempts times requeueDelay
        `REQ ${ids[3]} 200`,
        `FIN ${ids[4]}`,
        `REQ ${ids[5]} 2000`,
      ]),
    )
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => 'ERR_NSQ_HANDLER'))
    expect(consumer.stats).toMatchObject({ received: 6, finished: 3, requeued: 3, inFlight: 0 })
  })

  test('a message tells what it is', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address, codec: json<{ n: number }>() })
    const seen: Message<{ n: number }>[] = []
    void consumer.run((message) => void seen.push(message))
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    client.deliver('{"n":1}', 3, '00000000000000ff')
    await until(() => seen.length === 1)
    const message = seen[0]!
    expect(message.body).toEqual({ n: 1 })
    expect(message).toMatchObject({
      id: '00000000000000ff',
      attempts: 3,
      address: fake.address,
      timestampNs: 1_700_000_000_000_000_000n,
    })
    expect(message.timestamp).toEqual(new Date('2023-11-14T22:13:20Z'))
    expect([message.hasResponded, message.isLost, message.timeLeftMs]).toEqual([true, false, 0])
    expect([message.finish(), message.requeue(), message.touch()]).toEqual([false, false, false])
  })

  test('a body that cannot be decoded is requeued like any failure', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: fake.address,
      codec: json(),
      requeueDelay: 0,
    })
    const failed = new Promise<NsqError>((resolve) => consumer.on('error', resolve))
    void consumer.run((message) => message.body)
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('{')
    await fake.until(() => fake.commands.includes(`REQ ${id} 0`))
    expect(await failed).toMatchObject({ cause: { code: 'ERR_NSQ_DECODE' } })
  })

  test('runs for no more messages at a time than its concurrency', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 20 }))
    let running = 0
    let most = 0
    void consumer.run(
      async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        running--
      },
      { concurrency: 3 },
    )
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 20)
    for (let index = 0; index < 20; index++) client.deliver('x')
    await until(() => consumer.stats.finished === 20)
    expect(most).toBe(3)
  })

  test('with manual its end answers nothing', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake))
    const seen: Message[] = []
    void consumer.run((message) => void seen.push(message), { manual: true })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await until(() => seen.length === 1)
    expect(consumer.stats.inFlight).toBe(1)
    seen[0]!.finish()
    await fake.until(() => fake.commands.includes(`FIN ${id}`))
  })

  test('only one at a time, and none after close', async () => {
    await using fake = await FakeNsqd.start()
    const consumer = new Consumer(options(fake))
    const ended = consumer.run(() => {})
    expect(() => consumer.run(() => {})).toThrow(TypeError)
    expect(() => new Consumer(options(fake)).run(() => {}, { concurrency: 0 })).toThrow(RangeError)
    await consumer.close()
    await ended
    expect(() => consumer.run(() => {})).toThrow(expect.objectContaining({ code: 'ERR_NSQ_CLOSED' }))
  })

  test('aroundMessage and the diagnostics channel see each run', async () => {
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
    const seen: string[] = []
    const onEnd = (context: unknown): void => void seen.push(`channel ${(context as { topic: string }).topic}`)
    subscribe('tracing:nsq.process:asyncEnd', onEnd)
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(
      options(fake, {
        async aroundMessage(message, next) {
          seen.push(`before ${message.raw.toString()}`)
          await next()
        },
      }),
    )
    void consumer.run(() => void seen.push('handler'))
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    client.deliver('x')
    await until(() => consumer.stats.finished === 1)
    unsubscribe('tracing:nsq.process:asyncEnd', onEnd)
    expect(seen).toEqual(['before x', 'handler', 'channel t'])
  })
})

describe('iteration', () => {
  test('asking for the next finishes the last; a break gives the last back and stops the flow', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 3 }))
    const delivered = fake.subscriber().then(async (client) => {
      await fake.until(() => client.rdy === 3)
      return ['a', 'b', 'c'].map((body) => client.deliver(body))
    })
    const bodies: string[] = []
    for await (const message of consumer) {
      bodies.push(message.raw.toString())
      if (bodies.length === 2) break
    }
    const ids = await delivered
    await fake.until(() => fake.commands.filter((command) => command.startsWith('REQ')).length === 2)
    expect(bodies).toEqual(['a', 'b'])
    expect(commandsOf(fake)).toEqual(['RDY 3', `FIN ${ids[0]}`, 'RDY 0', `REQ ${ids[1]} 0`, `REQ ${ids[2]} 0`])
    // and can be begun again
    const again = consumer[Symbol.asyncIterator]()
    const next = again.next()
    await fake.until(() => fake.clients[0]!.rdy === 3)
    fake.clients[0]!.deliver('d')
    const result = await next
    expect(result.done === true ? '' : result.value.raw.toString()).toBe('d')
    await again.return(undefined)
  })

  test('ends when the consumer is closed', async () => {
    await using fake = await FakeNsqd.start()
    const consumer = new Consumer(options(fake))
    const loop = (async () => {
      for await (const message of consumer) message.finish()
      return 'ended'
    })()
    await fake.subscriber()
    await consumer.close()
    expect(await loop).toBe('ended')
  })
})

describe('batches', () => {
  test('are handed out when full, or when the first has waited long enough; the loop finishes them', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 10 }))
    const sizes: number[] = []
    const loop = (async () => {
      for await (const batch of consumer.batches({ size: 3, wait: 60 })) {
        sizes.push(batch.size)
        if (batch.bodies[0]!.toString() === 'last') return
      }
    })()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 10)
    for (const body of ['1', '2', '3', '4']) client.deliver(body)
    await until(() => consumer.stats.finished === 4)
    expect(sizes).toEqual([3, 1])
    client.deliver('last')
    await loop
    await until(() => consumer.stats.requeued === 1)
  })

  test('do not wait for messages that nsqd may not send', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 2 }))
    const loop = (async () => {
      for await (const batch of consumer.batches({ size: 100, wait: '30s' })) {
        expect(batch.size).toBe(2)
        expect(consumer.isStarved).toBe(true)
        batch.requeue({ delay: 0, backoff: false })
        return
      }
    })()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 2)
    client.deliver('1')
    client.deliver('2')
    await loop
  })

  test('maxInFlight follows their size unless given', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake))
    const next = consumer.batches({ size: 50 }).next()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 50)
    await consumer.close()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

describe('backoff', () => {
  test('a failure stops the flow before the REQ; then one message at a time until it goes well', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 6, requeueDelay: 0, backoff: { multiplier: 5 } }))
    const levels: number[] = []
    consumer.on('backoff', ({ level }) => levels.push(level))
    void consumer.run(
      (message) => {
        if (message.raw.toString() === 'bad') throw new Error('bad')
      },
      { concurrency: 6 },
    )
    const client = await fake.subscriber()
    const flow = async (rdy: number): Promise<void> => fake.until(() => client.rdy === rdy)
    await flow(6)
    const bad = client.deliver('bad')
    await flow(1)
    const worse = client.deliver('bad')
    await flow(0)
    await flow(1)
    const good = client.deliver('good')
    await flow(0)
    await flow(1)
    const better = client.deliver('good')
    await flow(6)
    await fake.until(() => fake.commands.includes(`FIN ${better}`))
    expect(commandsOf(fake)).toEqual([
      'RDY 6',
      'RDY 0',
      `REQ ${bad} 0`,
      'RDY 1',
      'RDY 0',
      `REQ ${worse} 0`,
      'RDY 1',
      'RDY 0',
      `FIN ${good}`,
      'RDY 1',
      'RDY 6',
      `FIN ${better}`,
    ])
    expect(levels).toEqual([1, 2, 1, 0])
  })

  test('requeue without backoff, and backoff false, leave the flow alone', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake))
    void consumer.run((message) => message.requeue({ delay: 5, backoff: false }))
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await fake.until(() => fake.commands.includes(`REQ ${id} 5`))
    expect(commandsOf(fake)).toEqual(['RDY 1', `REQ ${id} 5`])
  })
})

describe('attempts', () => {
  test('a message whose last attempt fails is given up, finished after the hook', async () => {
    await using fake = await FakeNsqd.start()
    const given: string[] = []
    await using consumer = new Consumer(
      options(fake, {
        maxAttempts: 5,
        maxInFlight: 3,
        backoff: false,
        requeueDelay: 0,
        onExhausted: (message, reason) => void given.push(`${message.attempts} ${(reason as NsqError).code}`),
      }),
    )
    let runs = 0
    void consumer.run(() => {
      runs++
      throw new Error('never')
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 3)
    const [fourth, fifth, sixth] = [4, 5, 6].map((attempts) => client.deliver('x', attempts))
    await fake.until(() => fake.commands.length === 3 + 3)
    expect(commandsOf(fake).slice(1).sort()).toEqual([`FIN ${fifth}`, `FIN ${sixth}`, `REQ ${fourth} 0`].sort())
    expect(given.sort()).toEqual(['5 ERR_NSQ_HANDLER', '6 ERR_NSQ_HANDLER'])
    expect(runs).toBe(2) // the sixth was never handled
    expect(consumer.stats.exhausted).toBe(2)
  })

  test('a hook that fails keeps the message', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(
      options(fake, { maxAttempts: 1, requeueDelay: 0, onExhausted: () => Promise.reject(new Error('no room')) }),
    )
    void consumer.run(() => Promise.reject(new Error('never')))
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await fake.until(() => fake.commands.includes(`REQ ${id} 0`))
    expect(consumer.stats.exhausted).toBe(0)
  })
})

describe('ownership', () => {
  const quick = { msg_timeout: 400, max_msg_timeout: 1500 }

  test('a message that is worked on is touched, until nsqd would take it back whatever one does', async () => {
    await using fake = await FakeNsqd.start({ features: quick })
    await using consumer = new Consumer(options(fake))
    const lost = new Promise<unknown>((resolve) => {
      void consumer.run(
        (message) =>
          new Promise<void>((done) =>
            message.signal.addEventListener('abort', () => {
              resolve(message.signal.reason)
              done()
            }),
          ),
      )
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const deliveredAt = performance.now()
    const id = client.deliver('x')
    expect(await lost).toMatchObject({ code: 'ERR_NSQ_MESSAGE_LOST' })
    expect(performance.now() - deliveredAt).toBeGreaterThan(1400)
    expect(fake.commands.filter((command) => command === `TOUCH ${id}`).length).toBeGreaterThan(3)
    expect(fake.commands.some((command) => /^(FIN|REQ)/.test(command))).toBe(false)
  })

  test('without autoTouch it is lost when its time is over', async () => {
    await using fake = await FakeNsqd.start({ features: quick })
    await using consumer = new Consumer(options(fake, { autoTouch: false }))
    const lost = new Promise<boolean>((resolve) => {
      void consumer.run(async (message) => {
        await until(() => message.isLost)
        resolve(message.finish())
      })
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    client.deliver('x')
    expect(await lost).toBe(false)
    expect(fake.commands.some((command) => /^(TOUCH|FIN)/.test(command))).toBe(false)
  })

  test('a TOUCH that fails, and a connection that breaks, abort the signal; the connection survives the first', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake))
    const reasons: unknown[] = []
    void consumer.run(async (message) => {
      message.touch()
      await until(() => message.signal.aborted)
      reasons.push(message.signal.reason)
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await fake.until(() => fake.commands.includes(`TOUCH ${id}`))
    client.error(`E_TOUCH_FAILED TOUCH ${id} failed ID not in flight`)
    await until(() => reasons.length === 1)
    client.deliver('y')
    await fake.until(() => fake.commands.filter((command) => command.startsWith('TOUCH')).length === 2)
    client.reset()
    await until(() => reasons.length === 2)
    expect(reasons).toMatchObject([{ code: 'ERR_NSQ_MESSAGE_LOST' }, { code: 'ERR_NSQ_MESSAGE_LOST' }])
    const again = await fake.subscriber(1)
    await fake.until(() => again.rdy === 1)
  })

  test('a message sent again on the same connection is the new one', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 2 }))
    const seen: Message[] = []
    void consumer.run((message) => void seen.push(message), { manual: true })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 2)
    const id = client.deliver('x')
    client.deliver('x', 2, id)
    await until(() => seen.length === 2)
    expect([seen[0]!.isLost, seen[0]!.finish(), seen[1]!.finish()]).toEqual([true, false, true])
    expect(consumer.stats.inFlight).toBe(0)
  })
})

describe('flow', () => {
  test('pause stops it, resume starts it, maxInFlight may change meanwhile', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer(options(fake, { maxInFlight: 4 }))
    void consumer.run(() => {})
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 4)
    consumer.pause()
    expect(consumer.isPaused).toBe(true)
    await fake.until(() => client.rdy === 0)
    consumer.maxInFlight = 7
    consumer.resume()
    await fake.until(() => client.rdy === 7)
    consumer.maxInFlight = 0
    await fake.until(() => client.rdy === 0)
    expect(() => (consumer.maxInFlight = -1)).toThrow(RangeError)
  })

  test('RDY stays within what the server takes', async () => {
    await using fake = await FakeNsqd.start({ features: { max_rdy_count: 5 } })
    await using consumer = new Consumer(options(fake, { maxInFlight: 100 }))
    void consumer.run(() => {})
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 5)
    expect(commandsOf(fake)).toEqual(['RDY 5'])
  })

  test('with one message allowed and ten nodes, each node is served within two seconds', async () => {
    const fakes = await Promise.all(Array.from({ length: 10 }, () => FakeNsqd.start()))
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: fakes.map(({ address }) => address),
      maxInFlight: 1,
    })
    const served = new Set<string>()
    void consumer.run((message) => void served.add(message.address))
    await until(() => consumer.stats.nodes.every(({ isSubscribed }) => isSubscribed))
    const startedAt = performance.now()
    for (const fake of fakes) {
      void fake.until(() => fake.clients[0]!.rdy === 1).then(() => fake.clients[0]!.deliver('x'))
    }
    let mostHolders = 0
    await until(() => {
      mostHolders = Math.max(mostHolders, consumer.stats.nodes.filter(({ rdy }) => rdy > 0).length)
      return served.size === 10
    }, 5000)
    expect(performance.now() - startedAt).toBeLessThan(2000)
    expect(mostHolders).toBe(1)
    await consumer.close()
    for (const fake of fakes) await fake[Symbol.asyncDispose]()
  })
})

describe('discovery', () => {
  test('finds nodes through every nsqlookupd, and keeps those that work when it fails', async () => {
    await using one = await FakeNsqd.start()
    await using two = await FakeNsqd.start()
    await using first = await FakeLookupd.start([one.address])
    await using second = await FakeLookupd.start([two.address, one.address])
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      lookupd: [first.address, `http://${second.address}/lookup?cluster=a`],
      lookupdPollInterval: 20,
      maxInFlight: 2,
    })
    const errors: string[] = []
    consumer.on('error', ({ code }) => errors.push(code))
    void consumer.run(() => {})
    await until(() => consumer.stats.nodes.filter(({ isSubscribed }) => isSubscribed).length === 2)
    expect(first.requests[0]).toBe('/lookup?topic=t&wait=0s')
    expect(second.requests[0]).toBe('/lookup?cluster=a&topic=t&wait=0s')
    for (const lookupd of [first, second])
      lookupd.onRequest = (_request, response) => void response.writeHead(500).end()
    await until(() => errors.length > 2)
    expect(new Set(errors)).toEqual(new Set(['ERR_NSQ_LOOKUP']))
    expect(consumer.stats.nodes).toMatchObject([{ isSubscribed: true }, { isSubscribed: true }])
  })

  test('a topic that is unknown yet is no error, and the old form of answers is read', async () => {
    await using fake = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start()
    lookupd.onRequest = (_request, response) => void response.writeHead(404).end('{"message":"TOPIC_NOT_FOUND"}')
    await using consumer = new Consumer({ topic: 't', channel: 'c', lookupd: lookupd.address, lookupdPollInterval: 10 })
    const errors: NsqError[] = []
    consumer.on('error', (error) => errors.push(error))
    void consumer.run(() => {})
    await lookupd.until(() => lookupd.requests.length > 2)
    lookupd.onRequest = (_request, response) =>
      void response.end(
        JSON.stringify({ data: { producers: [{ broadcast_address: '127.0.0.1', tcp_port: fake.port }] } }),
      )
    await fake.subscriber()
    expect(errors).toEqual([])
  })

  test('an nsqlookupd that can wait for changes is asked to', async () => {
    await using fake = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start()
    lookupd.onRequest = (request, response) => {
      if (!request.url!.includes('since=')) return lookupd.answer(response, { 'X-Nsq-Since': 'one' })
      if (request.url!.includes('since=one')) {
        lookupd.nodes = [fake.address]
        lookupd.answer(response, { 'X-Nsq-Since': 'two' })
      } // else it waits
    }
    await using consumer = new Consumer({ topic: 't', channel: 'c', lookupd: lookupd.address })
    void consumer.run(() => {})
    await fake.subscriber()
    await lookupd.until(() => lookupd.requests.length === 3)
    expect(lookupd.requests).toEqual([
      '/lookup?topic=t&wait=0s',
      '/lookup?topic=t&wait=30s&since=one',
      '/lookup?topic=t&wait=30s&since=two',
    ])
  })

  test('a filter chooses, and a node that is listed no more is forgotten once it breaks', async () => {
    await using one = await FakeNsqd.start()
    await using two = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start([one.address, two.address])
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      lookupd: lookupd.address,
      lookupdPollInterval: 10,
      filterNodes: (addresses) => addresses.filter((address) => address !== two.address),
    })
    void consumer.run(() => {})
    const client = await one.subscriber()
    lookupd.nodes = []
    const asked = lookupd.requests.length
    await lookupd.until(() => lookupd.requests.length > asked + 1)
    expect(consumer.stats.nodes).toMatchObject([{ address: one.address, isSubscribed: true }])
    client.reset()
    await until(() => consumer.stats.nodes.length === 0)
    expect(two.clients).toEqual([])
  })

  test.each(['', 'host', 'ftp://host:1', 'http://'])('%j is no nsqlookupd address', (lookupd) => {
    expect(() => new Consumer({ topic: 't', channel: 'c', nsqd: 'x', lookupd })).toThrow(RangeError)
  })
})

describe('close', () => {
  test('takes nothing more, gives back what nobody began with, waits for handlers, then hangs up', async () => {
    await using fake = await FakeNsqd.start()
    const consumer = new Consumer(options(fake, { maxInFlight: 3 }))
    let release = (): void => {}
    const begun = new Promise<void>((resolve) => (release = resolve))
    const ended = consumer.run(() => begun)
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 3)
    const ids = ['a', 'b', 'c'].map((body) => client.deliver(body))
    await until(() => consumer.stats.received === 3)
    const closed = consumer.close()
    await fake.until(() => fake.commands.includes(`REQ ${ids[2]} 0`))
    const crossing = client.deliver('d') // as if on its way when CLS was sent
    await fake.until(() => fake.commands.includes(`REQ ${crossing} 0`))
    release()
    await closed
    await ended
    expect(commandsOf(fake)).toEqual([
      'RDY 3',
      'RDY 0',
      'CLS',
      `REQ ${ids[1]} 0`,
      `REQ ${ids[2]} 0`,
      `REQ ${crossing} 0`,
      `FIN ${ids[0]}`,
    ])
    expect(consumer.stats.inFlight).toBe(0)
    await fake.until(() => client.isClosed)
  })

  test('after its timeout gives the rest back and aborts their signals', async () => {
    await using fake = await FakeNsqd.start()
    const consumer = new Consumer(options(fake, { closeTimeout: 50 }))
    let signal: AbortSignal | undefined
    void consumer.run((message) => {
      signal = message.signal
      return new Promise(() => {})
    })
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    const id = client.deliver('x')
    await until(() => signal !== undefined)
    await consumer.close()
    expect(fake.commands.at(-1)).toBe(`REQ ${id} 0`)
    expect(signal!.reason).toMatchObject({ code: 'ERR_NSQ_MESSAGE_LOST' })
  })

  test('while it connects, and where nobody listens', async () => {
    const consumer = new Consumer({ topic: 't', channel: 'c', nsqd: '127.0.0.1:1' })
    const ended = consumer.run(() => {})
    await consumer.close()
    expect(await codeOf(ended)).toBe('none')
  })

  test('a subscription that is refused is reported and tried again', async () => {
    let refusals = 2
    await using fake = await FakeNsqd.start({
      onCommand(client, { words }) {
        if (words[0] !== 'SUB' || refusals-- <= 0) return false
        client.error('E_SUB_FAILED SUB failed consumers for t:c exceeds limit of 1')
        client.end()
        return true
      },
    })
    await using consumer = new Consumer(options(fake))
    const errors: string[] = []
    consumer.on('error', ({ code }) => errors.push(code))
    void consumer.run(() => {})
    await fake.until(() => fake.clients.at(-1)?.rdy === 1)
    expect(errors).toEqual(['E_SUB_FAILED', 'E_SUB_FAILED'])
  })
})
