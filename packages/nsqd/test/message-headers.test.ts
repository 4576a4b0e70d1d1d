// Message headers, over TCP and HTTP (docs/protocol-extensions.md).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fin, mpub, pub, rdy, req, sub } from '@nsq-ts/protocol'
import { encodeHeaders, hmpub, hpub, type MessageHeaders } from '@nsq-ts/protocol/headers'
import { describe, expect, test, vi } from 'vitest'
import { afterCrash } from './support/crashed-copy.ts'
import { RawHttp } from './support/raw-http.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'
import type { V2Connection } from './support/v2-connection.ts'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const ASKING = { feature_negotiation: true, message_headers: true }

/** What the extension adds to the answer of an nsqd with default options. */
const GRANTED = {
  message_headers: true,
  max_header_bytes: 8192,
  max_req_timeout: 3_600_000,
  max_defer: 2_592_000_000,
}

function message(body: string, headers: MessageHeaders = {}): { block: Buffer; body: Buffer } {
  return { block: encodeHeaders(headers), body: Buffer.from(body) }
}

/** A connection that has asked for headers. */
async function asking(d: TestNsqd, more: object = {}): Promise<V2Connection> {
  const connection = d.connect()
  await connection.identify({ ...ASKING, ...more })
  return connection
}

async function consumer(d: TestNsqd, topic: string, connection?: V2Connection, count = 100): Promise<V2Connection> {
  const subscribed = connection ?? (await asking(d))
  expect(await subscribed.command(sub(topic, 'c'))).toBe('OK')
  subscribed.send(rdy(count))
  return subscribed
}

/** The next messages, each as `body {headers}`. */
async function taken(connection: V2Connection, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) {
    const { body, headers } = await connection.headed()
    found.push(headers === undefined ? body : `${body} ${JSON.stringify(headers)}`)
  }
  return found
}

async function peek(d: TestNsqd, query: string): Promise<{ body: string; headers?: MessageHeaders }[]> {
  const { body } = await d.ask('GET', query)
  return (JSON.parse(body) as { messages: { body: string; headers?: MessageHeaders }[] }).messages
}

/** POST with headers of ours; the names and values as they are. */
async function post(d: TestNsqd, path: string, body: string, lines: string[]): Promise<[number, string]> {
  using http = new RawHttp(d.httpPort)
  const all = [`POST ${path} HTTP/1.1`, 'Host: x', `Content-Length: ${Buffer.byteLength(body)}`, ...lines, '', body]
  http.send(all.join('\r\n'))
  const answer = await http.answer()
  return [answer.status, answer.body]
}

describe('IDENTIFY', () => {
  test('grants headers to who asks, behind what everybody is told', async () => {
    await using d = await startNsqd()
    using plain = d.connect()
    using asks = d.connect()
    const told = JSON.parse(await plain.identify({ feature_negotiation: true })) as object
    const answer = await asks.identify(ASKING)
    expect(JSON.parse(answer)).toEqual({ ...told, ...GRANTED })
    expect(Object.keys(told)).not.toContain('message_headers')
    expect(answer.startsWith(JSON.stringify(told).slice(0, -1))).toBe(true)
  })

  test.each([
    ['who says false', { feature_negotiation: true, message_headers: false, depth_hint: false }],
    ['who negotiates nothing', { message_headers: true, depth_hint: true }],
  ])('grants nothing to %s', async (_who, settings) => {
    await using d = await startNsqd()
    using connection = d.connect()
    expect(await connection.identify(settings)).not.toMatch(/message_headers|depth_hint/)
    expect(await connection.command(hpub('t', message('x')))).toBe('E_INVALID invalid command HPUB')
  })

  test('refuses what is no boolean', async () => {
    await using d = await startNsqd()
    using connection = d.connect()
    expect(await connection.identify({ message_headers: 'yes' })).toMatch(/^E_BAD_BODY /)
  })

  test('PUT /config changes what is told of max-defer', async () => {
    await using d = await startNsqd()
    await d.ask('PUT', '/config/max_defer', '1h')
    using connection = d.connect()
    expect(JSON.parse(await connection.identify(ASKING))).toMatchObject({ max_defer: 3_600_000 })
    expect(await connection.command(hpub('t', message('x'), { delayMs: 3_600_001 }))).toMatch(/^E_INVALID HPUB time /)
  })
})

describe('HPUB and HMPUB', () => {
  test('bring headers to who asked, and the bare message to everybody else', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    await d.post('/topic/create?topic=t')
    for (const channel of ['c', 'plain']) await d.post(`/channel/create?topic=t&channel=${channel}`)
    expect(await producer.command(hpub('t', message('one', { traceparent: TRACE })))).toBe('OK')
    expect(await producer.command(pub('t', Buffer.from('two')))).toBe('OK')
    const batch = [message('three'), message('four', { a: '1', b: '' }), message('five')]
    expect(await producer.command(hmpub('t', batch))).toBe('OK')
    using asks = await consumer(d, 't')
    const headed = ['two', 'three', 'four {"a":"1","b":""}', 'five']
    expect(await taken(asks, 5)).toEqual([`one {"traceparent":"${TRACE}"}`, ...headed])
    using plain = d.connect()
    await plain.command(sub('t', 'plain'))
    plain.send(rdy(10))
    expect(await plain.bodies(5)).toEqual(['one', 'two', 'three', 'four', 'five'])
    const { topics } = await d.stats()
    expect(topics[0]).toMatchObject({ message_count: 5, message_bytes: 'onetwothreefourfive'.length })
  })

  test('are the same however the bytes are cut', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    const commands = Buffer.concat([
      hpub('t', message('a', { n: '1' })),
      hmpub('t', [message('b', { n: '2' }), message('c')]),
      mpub('t', [Buffer.from('d')]),
    ])
    producer.socket.setNoDelay(true)
    const answers: string[] = []
    for (const byte of commands.subarray(0, -1)) {
      producer.send(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    answers.push(await producer.command(commands.subarray(-1)))
    while (answers.length < 3) answers.push(await producer.command(''))
    expect(answers).toEqual(['OK', 'OK', 'OK'])
    using asks = await consumer(d, 't')
    expect(await taken(asks, 4)).toEqual(['a {"n":"1"}', 'b {"n":"2"}', 'c', 'd'])
  })

  test('wait for their time: after a delay, at a time, at once where that is past', async () => {
    await using d = await startNsqd()
    await d.post('/topic/create?topic=t')
    await d.post('/channel/create?topic=t&channel=c')
    using producer = await asking(d)
    const nowMs = Date.now()
    await producer.command(hpub('t', message('late', { a: '1' }), { delayMs: 600_000 }))
    await producer.command(hmpub('t', [message('x', { b: '2' }), message('y')], { dueWallMs: nowMs + 300_000 }))
    await producer.command(hpub('t', message('past', { c: '3' }), { dueWallMs: nowMs - 1 }))
    await producer.command(hpub('t', message('soon', { d: '4' }), { delayMs: 50 }))
    using asks = await consumer(d, 't')
    expect(await taken(asks, 2)).toEqual(['past {"c":"3"}', 'soon {"d":"4"}'])
    const waiting = await vi.waitFor(async () => {
      const found = await peek(d, '/channel/deferred?topic=t&channel=c')
      expect(found).toHaveLength(3)
      return found
    })
    expect(waiting.map(({ body, headers }) => [body, headers])).toEqual([
      ['x', { b: '2' }],
      ['y', undefined],
      ['late', { a: '1' }],
    ])
  })

  test.each<[string, Buffer, RegExp]>([
    ['headers that are no JSON', piece('{', 'x'), /^E_BAD_HEADERS headers are no JSON$/],
    ['a name in upper case', piece('{"A":"1"}', 'x'), /^E_BAD_HEADERS "A" is no name/],
    ['a reserved name', piece('{"nsq-reason":"1"}', 'x'), /^E_BAD_HEADERS "nsq-reason"/],
    [
      'headers that are too large',
      piece(`{"a":"${'x'.repeat(100)}"}`, 'x'),
      /^E_BAD_HEADERS headers too big 108 > 64$/,
    ],
    ['a size of headers beyond the message', Buffer.from('\0\0\0\x09{}x'), /^E_BAD_HEADERS invalid headers size 9$/],
    [
      'a negative size of headers',
      Buffer.from('\xff\xff\xff\xff{}x', 'latin1'),
      /^E_BAD_HEADERS invalid headers size -1$/,
    ],
    ['less than a size', Buffer.from('\0\0'), /^E_BAD_HEADERS invalid headers size -1$/],
    ['no body', piece('{}', ''), /^E_BAD_MESSAGE HM?PUB invalid message body size 0$/],
    ['a body that is too large', piece('', 'x'.repeat(101)), /^E_BAD_MESSAGE HM?PUB message too big 101 > 100$/],
    ['more than both may have', piece('', 'x'.repeat(200)), /^E_BAD_MESSAGE HM?PUB message too big 204 > 168$/],
  ])('with %s are refused, and nothing is stored', async (_what, bytes, answer) => {
    await using d = await startNsqd('--max-msg-size=100', '--max-header-bytes=64')
    const single = Buffer.concat([Buffer.from('HPUB t\n'), int32(bytes.length), bytes])
    const content = Buffer.concat([int32(2), int32(5), Buffer.from('\0\0\0\0x'), int32(bytes.length), bytes])
    for (const command of [single, Buffer.concat([Buffer.from('HMPUB t\n'), int32(content.length), content])]) {
      using producer = await asking(d)
      expect(await producer.command(command)).toMatch(answer)
      await new Promise((resolve) => producer.socket.once('close', resolve))
    }
    expect(d.nsqd.registry.get('t')?.messageCount ?? 0).toBe(0)
  })

  test.each([
    ['HPUB\n', 'E_INVALID HPUB insufficient number of parameters'],
    ['HMPUB\n', 'E_INVALID HMPUB insufficient number of parameters'],
    ['HPUB a$b\n', 'E_BAD_TOPIC HPUB topic name "a$b" is not valid'],
    ['HPUB t soon\n', 'E_INVALID HPUB could not parse time soon'],
    ['HMPUB t @\n', 'E_INVALID HMPUB could not parse time @'],
    ['HPUB t 2592000001\n', 'E_INVALID HPUB time is more than 2592000000 ms ahead'],
    ['HPUB t @9007199254740991\n', 'E_INVALID HPUB time is more than 2592000000 ms ahead'],
    ['HPUB t\n\0\0\0\0', 'E_BAD_MESSAGE HPUB invalid message body size 0'],
    ['HMPUB t\n\0\0\0\0', 'E_BAD_BODY HMPUB invalid body size 0'],
    ['HMPUB t\n\0\0\0\x08\0\0\0\0', 'E_BAD_BODY HMPUB invalid message count 0'],
  ])('%j is %s', async (command, answer) => {
    await using d = await startNsqd()
    using producer = await asking(d)
    expect(await producer.command(command)).toBe(answer)
  })

  test('--max-header-bytes=0 takes no headers, and times all the same', async () => {
    await using d = await startNsqd('--max-header-bytes=0')
    using producer = d.connect()
    expect(JSON.parse(await producer.identify(ASKING))).toMatchObject({ message_headers: true, max_header_bytes: 0 })
    expect(await producer.command(hpub('t', message('x'), { delayMs: 1000 }))).toBe('OK')
    expect(await producer.command(hpub('t', message('x', { a: '' })))).toBe('E_BAD_HEADERS headers too big 8 > 0')
    expect(await post(d, '/pub?topic=t', 'x', ['X-Nsq-Header-A: 1'])).toEqual([413, '{"message":"HEADERS_TOO_BIG"}'])
  })

  test('a publish to a draining nsqd fails as any other', async () => {
    await using d = await startNsqd()
    await d.post('/pub?topic=t', 'x')
    using producer = await asking(d)
    using many = await asking(d)
    await d.ask('PUT', '/config/drain', 'true')
    expect(await producer.command(hpub('t', message('x')))).toMatch(/^E_PUB_FAILED HPUB failed /)
    expect(await many.command(hmpub('t', [message('x')]))).toMatch(/^E_MPUB_FAILED HMPUB failed /)
  })
})

describe('X-Nsq-Header-*', () => {
  test('of /pub, its older name and /mpub become headers, in lower case', async () => {
    await using d = await startNsqd()
    expect(await post(d, '/pub?topic=t', 'one', [`X-Nsq-Header-TraceParent: ${TRACE}`])).toEqual([200, 'OK'])
    expect(await post(d, '/put?topic=t', 'two', ['x-nsq-header-a: 1', 'X-NSQ-HEADER-B: \u00fc'])).toEqual([200, 'OK'])
    expect(await post(d, '/mpub?topic=t', 'three\nfour', ['X-Nsq-Header-A: 1', 'X-Nsq-Header-a: 2'])).toEqual([
      200,
      'OK',
    ])
    expect(await post(d, '/pub?topic=t', 'five', ['X-Other: 1'])).toEqual([200, 'OK'])
    using asks = await consumer(d, 't')
    expect(await taken(asks, 5)).toEqual([
      `one {"traceparent":"${TRACE}"}`,
      'two {"a":"1","b":"\u00fc"}',
      'three {"a":"1, 2"}',
      'four {"a":"1, 2"}',
      'five',
    ])
  })

  test('go with defer= and at=', async () => {
    await using d = await startNsqd()
    const lines = ['X-Nsq-Header-A: 1']
    await d.post('/topic/create?topic=t')
    await d.post('/channel/create?topic=t&channel=c')
    for (const query of ['defer=30', 'defer=30ms', `at=${Date.now() + 30}`, 'defer=0', 'at=1']) {
      expect(await post(d, `/pub?topic=t&${query}`, query.slice(0, 8), lines)).toEqual([200, 'OK'])
    }
    expect(await post(d, '/mpub?topic=t&defer=1h', 'x\ny', lines)).toEqual([200, 'OK'])
    using asks = await consumer(d, 't')
    const headed = (await taken(asks, 5)).every((each) => each.endsWith(' {"a":"1"}'))
    expect(headed).toBe(true)
    const deferred = await peek(d, '/channel/deferred?topic=t&channel=c')
    expect(deferred.map(({ headers }) => headers)).toEqual([{ a: '1' }, { a: '1' }])
  })

  test.each([
    ['no name', 'X-Nsq-Header-: 1', 400, 'INVALID_HEADERS'],
    ['a name that may not be', 'X-Nsq-Header-a!: 1', 400, 'INVALID_HEADERS'],
    ['a reserved name', 'X-Nsq-Header-Nsq-Reason: 1', 400, 'INVALID_HEADERS'],
    ['a value that is no UTF-8', 'X-Nsq-Header-a: \xff', 400, 'INVALID_HEADERS'],
    ['too much', `X-Nsq-Header-a: ${'x'.repeat(8190)}`, 413, 'HEADERS_TOO_BIG'],
  ])('with %s are refused, and nothing is stored', async (_what, line, status, code) => {
    await using d = await startNsqd()
    using http = new RawHttp(d.httpPort)
    http.send(Buffer.from(`POST /pub?topic=t HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n${line}\r\n\r\nx`, 'latin1'))
    const answer = await http.answer()
    expect([answer.status, answer.body]).toEqual([status, `{"message":"${code}"}`])
    expect(d.nsqd.registry.get('t')?.messageCount ?? 0).toBe(0)
  })
})

describe('headers stay with their message', () => {
  test.each(['memory', 'os', 'fsync'])(
    '--durability=%s: over a restart, in the log and waiting for their time',
    async (durability) => {
      const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-headers-'))
      const flags = [`--data-path=${dataPath}`, `--durability=${durability}`]
      try {
        const first = await startNsqd(...flags)
        using producer = await asking(first)
        await producer.command(hmpub('t', [message('a', { n: '1' }), message('b'), message('c', { n: '3' })]))
        await producer.command(hpub('t', message('later', { n: '4' }), { delayMs: 300 }))
        producer.socket.destroy()
        await first.nsqd.close()
        await using second = await startNsqd(...flags)
        using asks = await consumer(second, 't')
        expect(await taken(asks, 4)).toEqual(['a {"n":"1"}', 'b', 'c {"n":"3"}', 'later {"n":"4"}'])
      } finally {
        rmSync(dataPath, { recursive: true, force: true })
      }
    },
  )

  test('over a crash, in flight or not', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    await producer.command(hmpub('t', [message('a', { n: '1' }), message('b', { n: '2' })]))
    using holds = await consumer(d, 't', undefined, 1)
    expect(await taken(holds, 1)).toEqual(['a {"n":"1"}'])
    const found = await afterCrash(d, async (other) => {
      using asks = await consumer(other, 't')
      return (await taken(asks, 2)).sort()
    })
    expect(found).toEqual(['a {"n":"1"}', 'b {"n":"2"}'])
  })

  test('on the way over the disk, where memory holds no messages', async () => {
    await using d = await startNsqd('--mem-queue-size=0')
    using producer = await asking(d)
    const count = 5000
    const all = Array.from({ length: count }, (_, n) => message(`m${n}`, n % 3 === 0 ? { n: String(n) } : {}))
    for (let at = 0; at < count; at += 500)
      expect(await producer.command(hmpub('t', all.slice(at, at + 500)))).toBe('OK')
    using asks = await consumer(d, 't', undefined, 2500)
    for (let n = 0; n < count; n++) {
      const { id, body, headers } = await asks.headed()
      expect([body, headers]).toEqual([`m${n}`, n % 3 === 0 ? { n: String(n) } : undefined])
      asks.send(fin(id))
    }
  })

  test('when they are put back, time out, or wait for another try', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    await producer.command(hpub('t', message('a', { n: '1' })))
    using asks = await consumer(d, 't', await asking(d, { msg_timeout: 1000 }), 1)
    const first = await asks.headed()
    asks.send(req(first.id, 0))
    const second = await asks.headed()
    asks.send(req(second.id, 20))
    await asks.headed() // and lets it time out
    expect(await asks.headed()).toEqual({ ...first, attempts: 4, headers: { n: '1' } })
  })

  test('in a dead letter, beside its story, and on the way back', async () => {
    await using d = await startNsqd('--max-attempts=1')
    using producer = await asking(d)
    await producer.command(hpub('t', message('a', { n: '1' })))
    using asks = await consumer(d, 't', undefined, 1)
    asks.send(req((await asks.headed()).id, 0))
    const [letter] = await vi.waitFor(async () => {
      const found = await peek(d, '/topic/peek?topic=t.c.dlq')
      expect(found).toHaveLength(1)
      return found
    }, 5000)
    expect(letter?.headers).toMatchObject({ n: '1', 'nsq-origin-topic': 't', 'nsq-reason': 'requeued' })
    using graves = await consumer(d, 't.c.dlq')
    expect((await graves.headed()).headers).toMatchObject({ n: '1', 'nsq-origin-channel': 'c' })
  })

  test('of a redriven letter they are what they were', async () => {
    await using d = await startNsqd('--max-attempts=1')
    using producer = await asking(d)
    await producer.command(hpub('t', message('a', { n: '1' })))
    using asks = await consumer(d, 't', undefined, 1)
    asks.send(req((await asks.headed()).id, 0))
    await vi.waitFor(async () => expect(await peek(d, '/topic/peek?topic=t.c.dlq')).toHaveLength(1), 5000)
    await d.post('/channel/redrive?topic=t&channel=c')
    expect(await taken(asks, 1)).toEqual(['a {"n":"1"}'])
  })

  test('when they are delivered again', async () => {
    await using d = await startNsqd('--retain-for=1h')
    using producer = await asking(d)
    await producer.command(hmpub('t', [message('a', { n: '1' }), message('b')]))
    using asks = await consumer(d, 't')
    for (let i = 0; i < 2; i++) asks.send(fin((await asks.headed()).id))
    await vi.waitFor(async () => expect((await d.stats()).topics[0].channels[0].in_flight_count).toBe(0))
    expect((await d.post('/channel/rewind?topic=t&channel=c&to=0')).status).toBe(200)
    expect(await taken(asks, 2)).toEqual(['a {"n":"1"}', 'b'])
  })

  test('with consumers of both kinds on a channel, each gets messages as it asked', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    using plain = d.connect()
    await plain.command(sub('t', 'c'))
    using asks = await consumer(d, 't', undefined, 5)
    plain.send(rdy(5))
    const all = Array.from({ length: 10 }, (_, n) => message(`m${n}`, { n: String(n) }))
    await producer.command(hmpub('t', all))
    const bodies = await plain.bodies(5)
    const headed = await Promise.all(Array.from({ length: 5 }, () => asks.headed()))
    expect([...bodies, ...headed.map(({ body }) => body)].sort()).toEqual(all.map(({ body }) => body.toString()))
    for (const { body, headers } of headed) expect(headers).toEqual({ n: body.slice(1) })
  })

  test('with sampling, none is mixed up', async () => {
    await using d = await startNsqd()
    using producer = await asking(d)
    using asks = await consumer(d, 't', await asking(d, { sample_rate: 50 }), 2500)
    const all = Array.from({ length: 500 }, (_, n) => message(`m${n}`, n % 2 === 0 ? { n: String(n) } : {}))
    await producer.command(hmpub('t', all))
    await vi.waitFor(async () => expect((await d.stats()).topics[0].channels[0].depth).toBe(0))
    const count = (await d.stats()).topics[0].channels[0].in_flight_count as number
    for (let i = 0; i < count; i++) {
      const { body, headers } = await asks.headed()
      const n = Number(body.slice(1))
      expect(headers).toEqual(n % 2 === 0 ? { n: String(n) } : undefined)
    }
  })
})

/** The message of a headed command, its parts as they are. */
function piece(block: string, body: string): Buffer {
  return Buffer.concat([int32(block.length), Buffer.from(block), Buffer.from(body)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
