import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { type ConnectionChange, json, type NsqError, Producer, type ProducerOptions, text } from '@nsq-ts/client'
import { type FakeClient, FakeNsqd, type FakeOptions, type Received } from './support/fake-nsqd.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { codeOf, until } from './support/wait.ts'

const isPublish = ({ words }: Received): boolean => /^[MD]?PUB$/.test(words[0]!)

function published(...fakes: FakeNsqd[]): string[] {
  const commands = fakes.flatMap((fake) => fake.clients.flatMap((client) => client.received.filter(isPublish)))
  return commands.flatMap(({ bodies }) => bodies.map(String))
}

/** A fake that holds its answers to publishes back until release(). */
function holding(): { options: FakeOptions; release: () => void } {
  const held: FakeClient[] = []
  let isReleased = false
  return {
    options: {
      onCommand(client, command) {
        if (!isPublish(command) || isReleased) return false
        held.push(client)
        return true
      },
    },
    release() {
      isReleased = true
      for (const client of held) client.ok()
    },
  }
}

describe('publish', () => {
  test('one message, several, and a deferred one go out as PUB, MPUB and DPUB', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    await producer.publish('t', 'text')
    await producer.publish('t', [Buffer.from('a'), 'b'])
    await producer.publish('t', new Uint8Array([120]), { defer: '1.5s' })
    await producer.publish('t', ['only'])
    await producer.publish('t', [])
    expect(fake.commands).toEqual(['IDENTIFY', 'PUB t', 'MPUB t', 'DPUB t 1500', 'PUB t'])
    expect(published(fake)).toEqual(['text', 'a', 'b', 'x', 'only'])
    expect(producer.stats).toMatchObject({ published: 5, failed: 0, pendingMessages: 0, pendingBytes: 0 })
  })

  test('calls of one turn share an MPUB per topic, in order, within the bounds', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, batch: { messages: 3 } })
    await producer.connect()
    const calls = ['1', '2', '3', '4', '5'].map((body) => producer.publish('t', body))
    await Promise.all([
      ...calls,
      producer.publish('u', '6'),
      producer.publish('u', '7', { defer: 10 }),
      producer.publish('u', '8'),
    ])
    expect(fake.commands.slice(1)).toEqual(['MPUB t', 'MPUB t', 'PUB u', 'DPUB u 10', 'PUB u'])
    expect(published(fake)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  })

  test('with batching off each call is a PUB', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, batch: false })
    await Promise.all([producer.publish('t', '1'), producer.publish('t', '2')])
    expect(fake.commands).toEqual(['IDENTIFY', 'PUB t', 'PUB t'])
  })

  test('a batch does not exceed its size', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, batch: { bytes: 1000 } })
    await Promise.all(Array.from({ length: 10 }, () => producer.publish('t', Buffer.alloc(400, 97))))
    expect(fake.clients[0]!.received.filter(isPublish).map(({ bodies }) => bodies.length)).toEqual([2, 2, 2, 2, 2])
  })

  test('codecs encode, and what they cannot encode is told', async () => {
    await using fake = await FakeNsqd.start()
    await using orders = new Producer({ nsqd: fake.address, codec: json<{ id: number }>() })
    await orders.publish('t', { id: 1 })
    await using words = new Producer({ nsqd: fake.address, codec: text() })
    await words.publish('t', 'ü')
    expect(published(fake)).toEqual(['{"id":1}', 'ü'])
    await using anything = new Producer({ nsqd: fake.address, codec: json() })
    expect(await codeOf(anything.publish('t', undefined))).toBe('ERR_NSQ_ENCODE')
    await using plain = new Producer({ nsqd: fake.address })
    expect(await codeOf(plain.publish('t', ''))).toBe('ERR_NSQ_ENCODE')
    expect(await codeOf(plain.publish('t', 5 as unknown as string))).toBe('ERR_NSQ_ENCODE')
  })

  test('misuse is refused before anything is sent', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    await expect(producer.publish('a b', 'x')).rejects.toThrow(RangeError)
    await expect(producer.publish('t', 'x', { defer: 'later' })).rejects.toThrow(RangeError)
    expect(fake.commands).toEqual([])
  })

  test('publishes wait for a connection, and the bound on them is told', async () => {
    const { options, release } = holding()
    await using fake = await FakeNsqd.start(options)
    await using producer = new Producer({ nsqd: fake.address, maxPendingMessages: 2, maxPendingBytes: 100 })
    const calls = [producer.publish('t', 'a'), producer.publish('t', 'b')]
    expect(await codeOf(producer.publish('t', 'c'))).toBe('ERR_NSQ_BUFFER_FULL')
    release()
    await Promise.all(calls)
    expect(await codeOf(producer.publish('t', Buffer.alloc(1000)))).toBe('none') // alone it may exceed the bound
    const large = producer.publish('t', Buffer.alloc(99))
    expect(await codeOf(producer.publish('t', 'zz'))).toBe('ERR_NSQ_BUFFER_FULL')
    await large
  })

  test('an error of the server is told with its code, and the others are sent again', async () => {
    await using fake = await FakeNsqd.start({
      onCommand(client, { words, body }) {
        if (words[0] !== 'PUB' || body.toString() !== 'bad') return false
        client.error('E_UNAUTHORIZED AUTH failed for PUB on "t" ""')
        client.end()
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address, batch: false, retries: 0 })
    await producer.connect()
    const codes = await Promise.all(['a', 'bad', 'b', 'c'].map((body) => codeOf(producer.publish('t', body))))
    expect(codes).toEqual(['none', 'E_UNAUTHORIZED', 'none', 'none'])
  })

  test('one message that is refused does not take its batch with it', async () => {
    await using fake = await FakeNsqd.start({
      onCommand(client, { words, bodies }) {
        if (!words[0]!.endsWith('PUB') || !bodies.some((body) => body.toString() === 'bad')) return false
        client.error('E_BAD_MESSAGE PUB message too big')
        client.end()
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address })
    const codes = await Promise.all(['a', 'bad', 'b'].map((body) => codeOf(producer.publish('t', body))))
    expect(codes).toEqual(['none', 'E_BAD_MESSAGE', 'none'])
  })

  test('without a connection a publish ends at its timeout, with the trouble as cause', async () => {
    const fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, timeout: 100 })
    await fake[Symbol.asyncDispose]()
    await expect(producer.publish('t', 'x')).rejects.toMatchObject({ code: 'ERR_NSQ_TIMEOUT' })
    expect(producer.stats).toMatchObject({ failed: 1, pendingMessages: 0 })
  })

  test('an answer that comes after the timeout confuses nothing', async () => {
    const { options, release } = holding()
    await using fake = await FakeNsqd.start(options)
    await using producer = new Producer({ nsqd: fake.address, batch: false })
    expect(await codeOf(producer.publish('t', 'late', { timeout: 50 }))).toBe('ERR_NSQ_TIMEOUT')
    const second = producer.publish('t', 'second')
    await fake.until(() => published(fake).length === 2)
    release()
    await second
    expect(fake.clients).toHaveLength(1)
  })

  test('a signal ends the wait', async () => {
    const { options, release } = holding()
    await using fake = await FakeNsqd.start(options)
    await using producer = new Producer({ nsqd: fake.address })
    const controller = new AbortController()
    const waiting = producer.publish('t', 'x', { signal: controller.signal })
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(producer.publish('t', 'x', { signal: controller.signal })).rejects.toBe(reason)
    release()
  })

  test('a lost connection is made anew and what was not answered is sent again', async () => {
    let losses = 2
    await using fake = await FakeNsqd.start({
      onCommand(client, command) {
        if (!isPublish(command) || losses === 0) return false
        losses--
        client.reset()
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address })
    const events: string[] = []
    producer.on('connect', () => events.push('connect')).on('disconnect', () => events.push('disconnect'))
    await producer.publish('t', 'x')
    expect(events).toEqual(['connect', 'disconnect', 'connect', 'disconnect', 'connect'])
    expect(producer.stats).toMatchObject({ published: 1, retried: 2 })
  })

  test('with retries 0 a lost connection rejects', async () => {
    await using fake = await FakeNsqd.start({
      onCommand: (client, command) => isPublish(command) && (client.reset(), true),
    })
    await using producer = new Producer({ nsqd: fake.address, retries: 0 })
    await expect(producer.publish('t', 'x')).rejects.toMatchObject({
      code: 'ERR_NSQ_CONNECTION',
      address: fake.address,
    })
  })

  test('an answer to nothing, and an answer that is none, end the connection', async () => {
    await using fake = await FakeNsqd.start({
      onCommand(client, { words, body }) {
        if (words[0] !== 'PUB' || body.toString() !== 'odd') return false
        client.write(Buffer.from('00000008000000004d415942', 'hex'))
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address, retries: 0 })
    expect(await codeOf(producer.publish('t', 'odd'))).toBe('ERR_NSQ_CONNECTION')
    await producer.connect()
    fake.clients.at(-1)!.ok()
    await fake.until(() => fake.clients.at(-1)!.isClosed)
    await producer.publish('t', 'fine')
  })
})

describe('several nodes', () => {
  test('a publish that a node fails is retried on another', async () => {
    await using ill = await FakeNsqd.start({
      onCommand(client, command) {
        if (!isPublish(command)) return false
        client.error('E_PUB_FAILED PUB failed exiting')
        client.end()
        return true
      },
    })
    await using well = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: [ill.address, well.address] })
    await producer.connect()
    await until(() => producer.stats.nodes.every(({ isOpen }) => isOpen))
    for (let index = 0; index < 10; index++) await producer.publish('t', String(index))
    expect(published(well).sort()).toEqual(Array.from({ length: 10 }, (_, index) => String(index)))
    // Its circuit opens: it is not tried each time.
    expect(published(ill).length).toBeLessThan(5)
  })

  test('a node that does not answer is given up for another', async () => {
    await using mute = await FakeNsqd.start({ onCommand: (_client, command) => isPublish(command) })
    await using well = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: [mute.address, well.address], answerTimeout: 60 })
    await producer.connect()
    await until(() => producer.stats.nodes.every(({ isOpen }) => isOpen))
    await Promise.all([producer.publish('t', 'a'), producer.publish('t', 'b')])
    await Promise.all([producer.publish('t', 'c'), producer.publish('t', 'd')])
    expect(new Set(published(well))).toEqual(new Set(['a', 'b', 'c', 'd']))
  })

  test('turns are spread over the nodes', async () => {
    await using one = await FakeNsqd.start()
    await using two = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: [one.address, two.address] })
    await producer.connect()
    await until(() => producer.stats.nodes.every(({ isOpen }) => isOpen))
    for (let index = 0; index < 10; index++) await producer.publish('t', String(index))
    expect([published(one).length, published(two).length]).toEqual([5, 5])
  })

  test('replicas are stored on as many nodes', async () => {
    const fakes = await Promise.all([FakeNsqd.start(), FakeNsqd.start(), FakeNsqd.start()])
    await using producer = new Producer({ nsqd: fakes.map(({ address }) => address), replicas: 2 })
    for (let index = 0; index < 20; index++) await producer.publish('t', String(index))
    const copies = fakes.flatMap((fake) => [...new Set(published(fake))])
    for (let index = 0; index < 20; index++) expect(copies.filter((body) => body === String(index))).toHaveLength(2)
    await producer.close()
    for (const fake of fakes) await fake[Symbol.asyncDispose]()
  })

  test('a replica that fails is stored on a third node; with too few nodes the publish ends at its timeout', async () => {
    await using ill = await FakeNsqd.start({
      onCommand: (client, command) => isPublish(command) && (client.reset(), true),
    })
    await using one = await FakeNsqd.start()
    await using two = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: [ill, one, two].map(({ address }) => address) })
    await producer.publish('t', 'x', { replicas: 2 })
    expect([published(one), published(two)]).toEqual([['x'], ['x']])
    await using alone = new Producer({ nsqd: one.address, timeout: 100 })
    expect(await codeOf(alone.publish('t', 'y', { replicas: 2 }))).toBe('ERR_NSQ_TIMEOUT')
  })

  test('nodes are found through nsqlookupd, and those that are gone are forgotten', async () => {
    await using one = await FakeNsqd.start()
    const two = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start([one.address, two.address])
    await using producer = new Producer({ lookupd: lookupd.address, lookupdPollInterval: 20, lookupdToken: 'secret' })
    await producer.publish('t', 'x')
    await until(() => producer.stats.nodes.filter(({ isOpen }) => isOpen).length === 2)
    expect(lookupd.requests[0]).toBe('/nodes?wait=0s')
    expect(lookupd.headers[0]).toMatchObject({
      accept: 'application/vnd.nsq; version=1.0',
      authorization: 'Bearer secret',
    })
    lookupd.nodes = [one.address]
    await two[Symbol.asyncDispose]()
    await until(() => producer.stats.nodes.length === 1)
    await producer.publish('t', 'y')
  })
})

describe('close', () => {
  test('waits for the answers of what was published', async () => {
    const { options, release } = holding()
    await using fake = await FakeNsqd.start(options)
    const producer = new Producer({ nsqd: fake.address })
    const calls = Array.from({ length: 10 }, (_, index) => codeOf(producer.publish('t', String(index))))
    const closed = producer.close()
    expect(await codeOf(producer.publish('t', 'late'))).toBe('ERR_NSQ_CLOSED')
    expect(await codeOf(producer.connect())).toBe('ERR_NSQ_CLOSED')
    await fake.until(() => published(fake).length === 10)
    release()
    await closed
    await producer.close()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['none']))
    await fake.until(() => fake.clients[0]!.isClosed)
  })

  test('with a timeout rejects what is not answered by then', async () => {
    await using fake = await FakeNsqd.start({ onCommand: (_client, command) => isPublish(command) })
    const producer = new Producer({ nsqd: fake.address })
    const call = codeOf(producer.publish('t', 'x'))
    await producer.close({ timeout: 50 })
    expect(await call).toBe('ERR_NSQ_CLOSED')
  })

  test('ends connect() too, also where nobody listens', async () => {
    const producer = new Producer({ nsqd: '127.0.0.1:1' })
    const connecting = codeOf(producer.connect())
    await producer.close()
    expect(await connecting).toBe('ERR_NSQ_CLOSED')
  })
})

describe('tracing', () => {
  test('aroundPublish and the diagnostics channel see each publish', async () => {
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
    const seen: string[] = []
    const onEnd = (call: unknown): void => void seen.push(`channel ${(call as { topic: string }).topic}`)
    subscribe('tracing:nsq.publish:asyncEnd', onEnd)
    await using fake = await FakeNsqd.start()
    const options: ProducerOptions<string | Uint8Array> = {
      nsqd: fake.address,
      async aroundPublish(call, next) {
        await next()
        seen.push(`around ${call.topic} ${call.messages} ${call.bytes} ${call.deferMs}`)
      },
    }
    await using producer = new Producer(options)
    await producer.publish('t', ['a', 'bc'])
    await producer.publish('u', 'd', { defer: 5 })
    unsubscribe('tracing:nsq.publish:asyncEnd', onEnd)
    expect(seen).toEqual(['around t 2 3 0', 'channel t', 'around u 1 1 5', 'channel u'])
  })

  test('the diagnostics channel nsq.connection tells of connections that open, close, and fail', async () => {
    await using fake = await FakeNsqd.start()
    const changes: string[] = []
    const listen = (change: unknown): void => {
      const { role, address, state, error } = change as ConnectionChange
      if (address === fake.address) changes.push(`${role} ${state} ${(error as NsqError | undefined)?.code ?? '-'}`)
    }
    subscribe('nsq.connection', listen)
    const producer = new Producer({ nsqd: fake.address })
    await producer.connect()
    fake.clients[0]!.reset()
    await fake.until(() => fake.clients.length === 2)
    await producer.connect()
    await producer.close()
    unsubscribe('nsq.connection', listen)
    expect(changes).toEqual([
      'producer open -',
      'producer closed ERR_NSQ_CONNECTION',
      'producer open -',
      'producer closed -',
    ])
  })

  test('a listener that throws harms nobody', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    const warned = new Promise((resolve) => process.once('warning', resolve))
    producer.on('connect', () => {
      throw new Error('mine')
    })
    await producer.publish('t', 'x')
    expect(await warned).toMatchObject({ name: 'NsqWarning' })
  })
})
