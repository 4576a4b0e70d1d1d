// Headers, times and depth hints (docs/protocol-extensions.md): what goes over the wire, by a double that shows it, and what becomes
// of it where a server does not offer them.
import { tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Consumer, type NsqError, Producer, UnsupportedError } from '@nsq-ts/client'
import { encodeDepthHint, encodeFrame, encodeMessage, FrameType } from '@nsq-ts/protocol'
import { encodeHeadedMessage, splitPiece } from '@nsq-ts/protocol/headed'
import { depthShares } from '../src/consumer/depth-shares.ts'
import { RdyDistribution, type RdyHolder } from '../src/consumer/rdy-distribution.ts'
import { type FakeClient, FakeNsqd, type FakeOptions, type Received } from './support/fake-nsqd.ts'
import { codeOf, until } from './support/wait.ts'

const OFFERED = { message_headers: true, max_header_bytes: 8192, depth_hint: true }

/** One that offers the extensions. */
function offering(options: FakeOptions = {}): Promise<FakeNsqd> {
  return FakeNsqd.start({ features: OFFERED, ...options })
}

const isPublish = ({ words }: Received): boolean => words[0]!.endsWith('PUB')

/** What was published, as `COMMAND params: body {headers}, ...`. */
function published(...fakes: FakeNsqd[]): string[] {
  const commands = fakes.flatMap((fake) => fake.clients.flatMap((client) => client.received.filter(isPublish)))
  return commands.map(({ words, bodies }) => {
    const shown = bodies.map((bytes) => {
      if (!words[0]!.startsWith('H')) return bytes.toString()
      const { block, body } = splitPiece(bytes, 0)
      return block.length === 0 ? body.toString() : `${body.toString()} ${block.toString()}`
    })
    return `${words.join(' ')}: ${shown.join(', ')}`
  })
}

describe('publish, where the server offers it', () => {
  test('headers, a time, and a delay of several go out as HPUB and HMPUB; the rest as ever', async () => {
    await using fake = await offering()
    await using producer = new Producer({ nsqd: fake.address })
    const at = new Date(1_800_000_000_000)
    await producer.publish('t', 'a', { headers: { TraceParent: '00-1', 'x-b3': '' } })
    await producer.publish('t', ['b', 'c'], { headers: { n: '1' } })
    await producer.publish('t', 'd', { at })
    await producer.publish('t', ['e', 'f'], { at: at.getTime(), headers: { n: '2' } })
    await producer.publish('t', ['g', 'h'], { defer: '1.5s' })
    await producer.publish('t', 'i', { defer: '1s', headers: { n: '3' } })
    await producer.publish('t', 'j', { defer: '1s', headers: {} })
    await producer.publish('t', 'k', { headers: {} })
    await producer.publish('t', ['l', 'm'])
    expect(published(fake)).toEqual([
      'HPUB t: a {"traceparent":"00-1","x-b3":""}',
      'HMPUB t: b {"n":"1"}, c {"n":"1"}',
      'HPUB t @1800000000000: d',
      'HMPUB t @1800000000000: e {"n":"2"}, f {"n":"2"}',
      'HMPUB t 1500: g, h',
      'HPUB t 1000: i {"n":"3"}',
      'DPUB t 1000: j',
      'PUB t: k',
      'MPUB t: l, m',
    ])
    expect(producer.stats).toMatchObject({ published: 13, pendingMessages: 0, pendingBytes: 0 })
  })

  test('calls of one turn share a command, each with its own headers, in their order', async () => {
    await using fake = await offering()
    await using producer = new Producer({ nsqd: fake.address })
    await producer.connect()
    await Promise.all([
      producer.publish('t', 'a'),
      producer.publish('t', 'b', { headers: { n: '1' } }),
      producer.publish('t', 'c', { headers: { n: '2' } }),
      producer.publish('t', 'd', { at: 1_800_000_000_000 }),
      producer.publish('t', 'e'),
      producer.publish('u', 'f'),
      producer.publish('u', 'g'),
    ])
    // The first with headers loads what they need: what was published before it may be on its way already.
    const bodies = published(fake).flatMap((command) => command.replace(/^.*?: /, '').split(', '))
    expect(bodies).toEqual(['a', 'b {"n":"1"}', 'c {"n":"2"}', 'd', 'e', 'f', 'g'])
    await Promise.all([
      producer.publish('t', 'v'),
      producer.publish('t', 'w', { headers: { n: '3' } }),
      producer.publish('t', 'x', { at: 1_800_000_000_000 }),
      producer.publish('t', 'y'),
      producer.publish('t', 'z'),
    ])
    expect(published(fake).slice(-3)).toEqual(['HMPUB t: v, w {"n":"3"}', 'HPUB t @1800000000000: x', 'MPUB t: y, z'])
  })

  test('headers count against the bounds of a batch and of what may wait', async () => {
    await using fake = await offering()
    await using producer = new Producer({ nsqd: fake.address, batch: { bytes: 100 }, maxPendingBytes: 150 })
    await producer.publish('t', 'x', { headers: { n: '1' } })
    const headers = { n: 'x'.repeat(60) }
    const calls = ['a', 'b'].map((body) => producer.publish('t', body, { headers }))
    expect(await codeOf(producer.publish('t', 'c', { headers }))).toBe('ERR_NSQ_BUFFER_FULL')
    await Promise.all(calls)
    expect(fake.commands.slice(-2)).toEqual(['HPUB t', 'HPUB t'])
  })

  test('one that is refused for its headers takes none of its batch with it', async () => {
    await using fake = await offering({
      onCommand(client, { words, body }) {
        if (!words[0]!.startsWith('H') || !body.includes('bad')) return false
        client.error('E_BAD_HEADERS headers too big 9 > 8')
        client.end()
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address })
    await producer.publish('t', 'first', { headers: { n: '0' } })
    const calls = ['good', 'bad', 'fine'].map((n) => codeOf(producer.publish('t', n, { headers: { n } })))
    expect(await Promise.all(calls)).toEqual(['none', 'E_BAD_HEADERS', 'none'])
  })

  test('copies of one publish go to as many nodes', async () => {
    await using one = await offering()
    await using two = await offering()
    await using producer = new Producer({ nsqd: [one.address, two.address], replicas: 2 })
    await producer.publish('t', 'a', { headers: { n: '1' } })
    expect([published(one), published(two)]).toEqual([['HPUB t: a {"n":"1"}'], ['HPUB t: a {"n":"1"}']])
  })

  test.each<[string, unknown, typeof TypeError]>([
    ['a name that may not be', { headers: { 'a b': '' } }, RangeError],
    ['a name of nsqd', { headers: { 'nsq-reason': '' } }, RangeError],
    ['a value that is no text', { headers: { a: 1 } }, RangeError],
    ['a line feed', { headers: { a: '\n' } }, RangeError],
    ['no time', { at: new Date('x') }, RangeError],
    ['a time before 1970', { at: -1 }, RangeError],
    ['a time and a delay', { at: 1, defer: 1 }, TypeError],
    ['copies beyond their bound', { replicas: 101 }, RangeError],
  ])('%s is refused before anything is sent', async (_what, options, kind) => {
    await using fake = await offering()
    await using producer = new Producer({ nsqd: fake.address })
    await expect(producer.publish('t', 'x', options as object)).rejects.toThrow(kind)
    expect(fake.commands).toEqual([])
  })

  test('close() waits for what was published right before it', async () => {
    await using fake = await offering()
    const producer = new Producer({ nsqd: fake.address })
    await producer.connect()
    const call = producer.publish('t', 'a', { headers: { n: '1' } })
    await producer.close()
    await call
    expect(published(fake)).toEqual(['HPUB t: a {"n":"1"}'])
  })

  test('a tracer adds headers around the call, and on its channel', async () => {
    await using fake = await offering()
    await using producer = new Producer({
      nsqd: fake.address,
      async aroundPublish(call, next) {
        call.headers['traceparent'] = `00-${call.messages}`
        await next()
      },
    })
    const given = { n: '1' }
    await producer.publish('t', ['a', 'b'], { headers: given })
    expect(given).toEqual({ n: '1' })
    const handlers = {
      start: (call: unknown) => void ((call as { headers: Record<string, string> }).headers['b3'] = '0'),
    }
    const channel = tracingChannel<object>('nsq.publish')
    channel.start.subscribe(handlers.start)
    try {
      await producer.publish('t', 'c')
    } finally {
      channel.start.unsubscribe(handlers.start)
    }
    expect(published(fake)).toEqual([
      'HMPUB t: a {"n":"1","traceparent":"00-2"}, b {"n":"1","traceparent":"00-2"}',
      'HPUB t: c {"b3":"0","traceparent":"00-1"}',
    ])
  })
})

describe('publish, where the server does not offer it', () => {
  const inAnHour = (): number => Date.now() + 3_600_000

  test.each<[string, string | string[], object]>([
    ['headers', 'x', { headers: { a: '1' } }],
    ['several at a time', ['x', 'y'], { at: 1_800_000_000_000 }],
    ['several after a delay', ['x', 'y'], { defer: 5 }],
  ])('%s: nothing is sent, and the error says so', async (_what, body, options) => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    const error: unknown = await producer.publish('t', body, options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect((error as NsqError).code).toBe('ERR_NSQ_UNSUPPORTED')
    expect([fake.commands, producer.stats]).toEqual([
      ['IDENTIFY'],
      expect.objectContaining({ failed: [body].flat().length }),
    ])
  })

  test('a time becomes a delay; one that is past, none', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    await producer.publish('t', 'a', { at: inAnHour() })
    await producer.publish('t', 'b', { at: new Date(0) })
    const [deferred, plain] = published(fake)
    expect(plain).toBe('PUB t: b')
    const delayMs = Number(/^DPUB t (\d+): a$/.exec(deferred!)?.[1])
    expect(delayMs).toBeGreaterThan(3_590_000)
    expect(delayMs).toBeLessThanOrEqual(3_600_000)
  })

  test('a time that is beyond the bound of the server is told by name', async () => {
    await using fake = await FakeNsqd.start({
      onCommand(client, { words }) {
        if (words[0] !== 'DPUB') return false
        client.error('E_INVALID DPUB timeout 7200000 out of range 0-3600000')
        client.end()
        return true
      },
    })
    await using producer = new Producer({ nsqd: fake.address })
    const error: unknown = await producer.publish('t', 'a', { at: 2 * inAnHour() }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_NSQ_UNSUPPORTED', cause: { code: 'E_INVALID' } })
  })

  test('headers are left out where the program allows it', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, dropUnsupportedHeaders: true })
    await producer.publish('t', 'a', { headers: { n: '1' } })
    await producer.publish('t', ['b', 'c'], { headers: { n: '1' } })
    expect(published(fake)).toEqual(['PUB t: a', 'MPUB t: b, c'])
  })

  test('a node that offers it is chosen among those that do not', async () => {
    await using plain = await FakeNsqd.start()
    await using offers = await offering()
    await using producer = new Producer({ nsqd: [plain.address, offers.address] })
    await producer.connect()
    await until(() => producer.stats.nodes.every(({ isOpen }) => isOpen))
    for (let i = 0; i < 4; i++) await producer.publish('t', String(i), { headers: { n: '1' } })
    expect([published(plain).length, published(offers).length]).toEqual([0, 4])
  })
})

describe('a consumer', () => {
  const header = encodeMessage({ id: '0123456789abcdef', timestampNs: 5n, attempts: 2, body: Buffer.alloc(0) })
  const headed = (block: string, body: string): Buffer =>
    encodeFrame(FrameType.headedMessage, encodeHeadedMessage(header, Buffer.from(block), Buffer.from(body)))

  test('has the headers of a message, and none of one that has none', async () => {
    await using fake = await offering()
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address, maxInFlight: 3 })
    const seen: unknown[] = []
    void consumer.run(({ id, attempts, body, headers, timestampNs }) => {
      seen.push({ id, attempts, timestampNs, body: body.toString(), headers })
    })
    const server = await fake.subscriber()
    server.write(headed('{"traceparent":"00-1","\u00fc":"\u00fc"}', 'a'))
    const id = server.deliver('b')
    server.write(headed('', 'c'))
    await until(() => seen.length === 3)
    const common = { id: '0123456789abcdef', attempts: 2, timestampNs: 5n }
    expect(seen).toEqual([
      { ...common, body: 'a', headers: { traceparent: '00-1', '\u00fc': '\u00fc' } },
      { id, attempts: 1, timestampNs: 1_700_000_000_000_000_000n, body: 'b', headers: {} },
      { ...common, body: 'c', headers: {} },
    ])
    await fake.until(() => fake.commands.filter((command) => command.startsWith('FIN')).length === 3)
  })

  test.each<[string, Buffer]>([
    [
      'headers that do not fit',
      encodeFrame(FrameType.headedMessage, Buffer.concat([header, Buffer.from('\0\0\0\x09{}x')])),
    ],
    ['a message without the size of its headers', encodeFrame(FrameType.headedMessage, header)],
    ['half a depth', encodeFrame(FrameType.depth, Buffer.alloc(4))],
    ['a frame of no type that we know', encodeFrame(5 as FrameType, Buffer.alloc(30))],
    ['a frame of a negative type', encodeFrame(-1 as FrameType, Buffer.alloc(30))],
  ])('ends a connection on which %s comes, and makes a new one', async (_what, frame) => {
    await using fake = await offering()
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address })
    const lost = new Promise<NsqError | undefined>((resolve) =>
      consumer.once('disconnect', ({ error }) => resolve(error)),
    )
    void consumer.run(() => {})
    ;(await fake.subscriber()).write(frame)
    expect((await lost)?.code).toBe('ERR_NSQ_CONNECTION')
    await fake.subscriber(1)
  })

  test('gives most of its RDY to where most waits, and something to all', async () => {
    await using deep = await offering()
    await using shallow = await offering()
    await using silent = await FakeNsqd.start()
    const fakes = [deep, shallow, silent]
    const nsqd = fakes.map(({ address }) => address)
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd, maxInFlight: 31 })
    void consumer.run(() => {}, { concurrency: 31 })
    const clients = await Promise.all(fakes.map((fake) => fake.subscriber()))
    const rdys = (): number[] => clients.map(({ rdy }) => rdy)
    await until(() => sum(rdys()) === 31)
    clients[0]!.write(encodeDepthHint(900))
    clients[1]!.write(encodeDepthHint(100))
    // One for each; of 28, 14 evenly, 14 by 900, 100 and 500, what the third is taken for.
    await until(() => rdys()[0]! > 10 && sum(rdys()) === 31)
    expect(rdys()[0]).toBeGreaterThan(rdys()[2]!)
    expect(rdys()[2]).toBeGreaterThan(rdys()[1]!)
    expect(Math.min(...rdys())).toBeGreaterThan(4)
    clients[0]!.write(encodeDepthHint(0))
    await until(() => rdys()[0]! < rdys()[1]!)
  })

  test('that may have one message is where there is one', async () => {
    const fakes = await Promise.all(Array.from({ length: 5 }, () => offering()))
    await using _all = { [Symbol.asyncDispose]: async () => void (await Promise.all(fakes.map(dispose))) }
    const nsqd = fakes.map(({ address }) => address)
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd, maxInFlight: 1 })
    void consumer.run(() => {})
    const clients = await Promise.all(fakes.map((fake) => fake.subscriber()))
    for (const client of clients) client.write(encodeDepthHint(0))
    clients[3]!.write(encodeDepthHint(10))
    await until(() => clients[3]!.rdy === 1)
    const moved = (): number => rdyCommands(clients[3]!)
    const before = moved()
    await new Promise((resolve) => setTimeout(resolve, 1500)) // several turns
    expect([moved(), clients[3]!.rdy]).toEqual([before, 1])
    clients[1]!.write(encodeDepthHint(1))
    await until(() => clients[1]!.rdy === 1, 2000)
    await until(() => clients[3]!.rdy === 1, 2000)
    clients[3]!.write(encodeDepthHint(0))
    await until(() => clients[1]!.rdy === 1, 2000)
  })
})

describe('RDY by depth', () => {
  interface Described {
    rdyMax: number
    depth: number | undefined
  }
  const holders = (described: readonly Described[]): RdyHolder[] =>
    described.map((each) => ({ ...each, rdy: 0, inFlight: 0, setRdy() {} }))
  const described = fc.array(
    fc.record({
      rdyMax: fc.nat({ max: 50 }),
      depth: fc.option(fc.oneof(fc.constant(0), fc.nat({ max: 1_000_000 })), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 12 },
  )

  test('all of the limit is used that may be, none has more than it takes, and none is left out that need not be', () => {
    fc.assert(
      fc.property(described, fc.nat({ max: 100 }), (nodes, limit) => {
        const counts = depthShares(holders(nodes), limit)
        expect(counts.length).toBe(nodes.length)
        expect(sum(counts)).toBe(Math.min(limit, sum(nodes.map(({ rdyMax }) => rdyMax))))
        counts.forEach((count, index) => {
          expect(count).toBeLessThanOrEqual(nodes[index]!.rdyMax)
          if (limit >= nodes.length && nodes[index]!.rdyMax > 0) expect(count).toBeGreaterThan(0)
        })
      }),
      { numRuns: 1000 },
    )
  })

  test('where all are silent it is spread as ever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 200 }), (count, limit) => {
        const silent = holders(Array.from({ length: count }, () => ({ rdyMax: 2500, depth: undefined })))
        const spread = depthShares(silent, limit)
        expect(Math.max(...spread) - Math.min(...spread)).toBeLessThanOrEqual(limit < count ? 1 : 2)
        expect(sum(spread)).toBe(limit)
      }),
    )
  })

  test('what waits more never gets less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 8 }),
        fc.nat({ max: 300 }),
        (depths, limit) => {
          const counts = depthShares(holders(depths.map((depth) => ({ rdyMax: 2500, depth }))), limit)
          const byDepth = depths.map((depth, index) => [depth, counts[index]!] as const).sort(([a], [b]) => a - b)
          byDepth.slice(1).forEach(([, count], index) => expect(count).toBeGreaterThanOrEqual(byDepth[index]![1] - 2))
        },
      ),
    )
  })

  test('each of those that have something has its turn when messages are scarce, and nobody else while there are such', async () => {
    const nodes = Array.from({ length: 6 }, (_, index) => new Turning(index % 2 === 0 ? 5 : 0))
    const distribution = new RdyDistribution(1)
    for (const node of nodes) distribution.add(node)
    await distribution.onDepth()
    distribution.setLimit(1)
    const turns: number[] = []
    for (let turn = 0; turn < 9; turn++) {
      turns.push(nodes.findIndex(({ rdy }) => rdy === 1))
      distribution.rotate()
    }
    expect(new Set(turns)).toEqual(new Set([0, 2, 4]))
    for (let turn = 3; turn < 9; turn++) expect(turns[turn]).toBe(turns[turn - 3])
  })
})

class Turning implements RdyHolder {
  readonly rdyMax = 2500
  readonly depth: number
  readonly inFlight = 0
  rdy = 0

  constructor(depth: number) {
    this.depth = depth
  }

  setRdy(count: number): void {
    this.rdy = count
  }
}

function rdyCommands(client: FakeClient): number {
  return client.received.filter(({ words }) => words[0] === 'RDY').length
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function dispose(fake: FakeNsqd): Promise<void> {
  return fake[Symbol.asyncDispose]()
}
