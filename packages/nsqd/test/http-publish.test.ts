import { HttpError } from '@nsq-ts/daemon'
import { rdy, sub } from '@nsq-ts/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundsOfFrames, boundsOfLines } from '../src/http/mpub-body.ts'
import { RawHttp } from './support/raw-http.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const SMALL = ['--max-msg-size=100', '--max-body-size=250']

/** Depth and number of messages of a topic. */
function counted({ nsqd }: TestNsqd, name: string): { depth: number; messages: number; bytes: number } | undefined {
  const topic = nsqd.registry.get(name)
  return topic && { depth: topic.depth, messages: topic.messageCount, bytes: topic.messageBytes }
}

/** Reads all that a topic holds, through a channel. */
async function consume(d: TestNsqd, topic: string, count: number): Promise<string[]> {
  using connection = d.connect()
  await connection.command(sub(topic, 'reader'))
  connection.send(rdy(count + 1))
  return await connection.bodies(count)
}

function code(body: string): string {
  return (JSON.parse(body) as { message: string }).message
}

function int32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes.toString('latin1')
}

function frames(...bodies: string[]): Buffer {
  return Buffer.from(int32(bodies.length) + bodies.map((body) => int32(body.length) + body).join(''), 'latin1')
}

describe('/pub', () => {
  test('a message of exactly max-msg-size is taken, with or without Content-Length', async () => {
    await using d = await startNsqd(...SMALL)
    expect(await d.post('/pub?topic=t', 'x'.repeat(100))).toMatchObject({ status: 200, body: 'OK' })
    using chunked = new RawHttp(d.httpPort)
    chunked.sendChunked('/pub?topic=t', ['y'.repeat(50), 'y'.repeat(50)])
    expect(await chunked.answer()).toMatchObject({ status: 200, body: 'OK' })
    expect(counted(d, 't')).toEqual({ depth: 2, messages: 2, bytes: 200 })
    expect(await consume(d, 't', 2)).toEqual(['x'.repeat(100), 'y'.repeat(100)])
  })

  test('a larger one is MSG_TOO_BIG, with or without Content-Length, and makes no topic', async () => {
    await using d = await startNsqd(...SMALL)
    const answer = await d.post('/pub?topic=t', 'x'.repeat(101))
    expect([answer.status, code(answer.body)]).toEqual([413, 'MSG_TOO_BIG'])
    using chunked = new RawHttp(d.httpPort)
    chunked.sendChunked('/pub?topic=t', ['y'.repeat(50), 'y'.repeat(51)])
    const chunkedAnswer = await chunked.answer()
    expect([chunkedAnswer.status, code(chunkedAnswer.body)]).toEqual([413, 'MSG_TOO_BIG'])
    expect(counted(d, 't')).toBeUndefined()
  })

  test('a body that is cut short publishes nothing', async () => {
    await using d = await startNsqd()
    using half = new RawHttp(d.httpPort)
    half.send('POST /pub?topic=t HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc')
    half.socket.end()
    const answer = await half.answer()
    expect([answer.status, code(answer.body)]).toEqual([500, 'INTERNAL_ERROR'])
    expect(counted(d, 't')).toBeUndefined()
  })

  test.each([
    ['?topic=%zz', '', 'MSG_EMPTY'],
    ['?topic=%zz', 'x', 'INVALID_REQUEST'],
    ['?topic=a;b', 'x', 'INVALID_REQUEST'],
    ['', 'x', 'MISSING_ARG_TOPIC'],
    ['?topic=', 'x', 'INVALID_TOPIC'],
    ['?topic=a%20b', 'x', 'INVALID_TOPIC'],
    [`?topic=${'t'.repeat(65)}`, 'x', 'INVALID_TOPIC'],
  ])('/pub%s with the body "%s" is refused with %s', async (query, body, expected) => {
    await using d = await startNsqd()
    const answer = await d.post(`/pub${query}`, body)
    expect([answer.status, code(answer.body)]).toEqual([400, expected])
    expect(d.nsqd.registry.size).toBe(0)
  })

  test.each(['', 'x', '5.0', '0x5', '1e3', ' 5', '-1', '3600001', '9223372036854775808'])(
    'defer=%s is INVALID_DEFER, and leaves the topic behind',
    async (defer) => {
      await using d = await startNsqd()
      const answer = await d.post(`/pub?topic=t&defer=${encodeURIComponent(defer)}`, 'x')
      expect([answer.status, code(answer.body)]).toEqual([400, 'INVALID_DEFER'])
      expect(counted(d, 't')).toEqual({ depth: 0, messages: 0, bytes: 0 })
    },
  )

  test('a deferred message waits in its channels', async () => {
    await using d = await startNsqd()
    await d.post('/topic/create?topic=t')
    await d.post('/channel/create?topic=t&channel=c')
    for (const defer of ['%2B5000', '3600000']) await d.post(`/pub?topic=t&defer=${defer}`, 'x')
    await d.post('/pub?topic=t&defer=-0', 'now')
    const { topics } = await d.stats('topic=t')
    expect(topics[0].channels[0]).toMatchObject({ depth: 1, deferred_count: 2, message_count: 3 })
  })

  test('the names before NSQ 1.0 still work', async () => {
    await using d = await startNsqd()
    expect((await d.post('/put?topic=t', 'one')).body).toBe('OK')
    expect((await d.post('/mput?topic=t', 'two\nthree')).body).toBe('OK')
    expect(await consume(d, 't', 3)).toEqual(['one', 'two', 'three'])
  })

  test('publishing is not in the access log', async () => {
    await using d = await startNsqd()
    await d.post('/pub?topic=t', 'x')
    await d.post('/mpub?topic=t', 'x')
    await d.post('/topic/pause?topic=t')
    const accesses = d.logged.filter((line) => line.includes(' POST '))
    expect(accesses).toEqual([expect.stringMatching(/^INFO: 200 POST \/topic\/pause\?topic=t \(127\.0\.0\.1:\d+\) /)])
  })
})

describe('/mpub', () => {
  test('text: lines are messages, CR stays, empty lines are none, the last needs no end', async () => {
    await using d = await startNsqd()
    expect((await d.post('/mpub?topic=t', '\n\na\r\n\nb c\n\r\nlast')).body).toBe('OK')
    expect(await consume(d, 't', 4)).toEqual(['a\r', 'b c', '\r', 'last'])
  })

  test('binary: every byte may be in a message, and what follows the last is passed over', async () => {
    await using d = await startNsqd()
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1')
    const body = Buffer.concat([frames('a\nb', all), Buffer.from('rest')])
    expect((await d.post('/mpub?topic=t&binary=true', body)).body).toBe('OK')
    expect(await consume(d, 't', 2)).toEqual(['a\nb', all])
  })

  test.each([
    ['true', 'binary'],
    ['1', 'binary'],
    ['false', 'text'],
    ['0', 'text'],
    ['', 'binary, with a warning'],
    ['True', 'binary, with a warning'],
    ['yes', 'binary, with a warning'],
  ])('binary=%s means %s', async (value, meaning) => {
    await using d = await startNsqd()
    await d.post(`/mpub?topic=t&binary=${value}`, frames('a\nb'))
    expect(counted(d, 't')?.messages).toBe(meaning === 'text' ? 2 : 1)
    const warning = `WARNING: deprecated value '${value}' used for /mpub binary param`
    expect(d.logged.includes(warning)).toBe(meaning.endsWith('a warning'))
  })

  test.each([
    ['text, a line over the limit', '', `ok\n${'x'.repeat(101)}\nok`, 'MSG_TOO_BIG'],
    ['text, a last line over the limit', '', `ok\n${'x'.repeat(101)}`, 'MSG_TOO_BIG'],
    ['a body over the limit', '', 'x\n'.repeat(126), 'BODY_TOO_BIG'],
    ['binary, nothing', '&binary=1', '', 'BAD_BODY'],
    ['binary, half a count', '&binary=1', '\0\0', 'BAD_BODY'],
    ['binary, a count of zero', '&binary=1', int32(0), 'BAD_BODY'],
    ['binary, a negative count', '&binary=1', int32(-1), 'BAD_BODY'],
    ['binary, more messages than fit into the largest body', '&binary=1', int32(50), 'BAD_BODY'],
    ['binary, no message', '&binary=1', int32(49), 'BAD_MESSAGE'],
    ['binary, half a size', '&binary=1', `${int32(1)}\0\0`, 'BAD_MESSAGE'],
    ['binary, an empty message', '&binary=1', frames('ok', ''), 'BAD_MESSAGE'],
    ['binary, a negative size', '&binary=1', int32(1) + int32(-5), 'BAD_MESSAGE'],
    ['binary, a message over the limit', '&binary=1', frames('ok', 'x'.repeat(101)), 'BAD_MESSAGE'],
    ['binary, a message cut short', '&binary=1', frames('ok', 'abc').subarray(0, -1), 'BAD_MESSAGE'],
  ])('%s: nothing is published', async (_, query, body, expected) => {
    await using d = await startNsqd(...SMALL)
    const answer = await d.post(`/mpub?topic=t${query}`, typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    expect([answer.status, code(answer.body)]).toEqual([413, expected])
    expect(counted(d, 't')?.messages ?? 0).toBe(0)
  })

  test('a chunked body counts as it comes', async () => {
    await using d = await startNsqd(...SMALL)
    using fits = new RawHttp(d.httpPort)
    fits.sendChunked('/mpub?topic=t', ['x\n'.repeat(100), 'x\n'.repeat(25)])
    expect((await fits.answer()).body).toBe('OK')
    using tooLong = new RawHttp(d.httpPort)
    tooLong.sendChunked('/mpub?topic=t', ['x\n'.repeat(100), 'x\n'.repeat(26)])
    expect(code((await tooLong.answer()).body)).toBe('BODY_TOO_BIG')
    expect(counted(d, 't')?.messages).toBe(125)
  })

  test('an empty text body publishes nothing and is fine', async () => {
    await using d = await startNsqd()
    expect(await d.post('/mpub?topic=t')).toMatchObject({ status: 200, body: 'OK' })
    expect(counted(d, 't')).toEqual({ depth: 0, messages: 0, bytes: 0 })
  })

  test('a topic that goes while the body comes answers EXITING', async () => {
    await using d = await startNsqd()
    using slow = new RawHttp(d.httpPort)
    slow.send('POST /mpub?topic=t HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na')
    await expect.poll(() => d.nsqd.registry.get('t')).toBeDefined()
    await d.post('/topic/delete?topic=t')
    slow.send('\nb')
    const answer = await slow.answer()
    expect([answer.status, code(answer.body)]).toEqual([503, 'EXITING'])
  })

  test('while nsqd closes, publishes answer EXITING', async () => {
    await using d = await startNsqd()
    using slow = new RawHttp(d.httpPort)
    slow.send('POST /mpub?topic=t HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na')
    await expect.poll(() => d.nsqd.registry.get('t')).toBeDefined()
    const closed = d.nsqd.close()
    slow.send('\nb')
    const answer = await slow.answer()
    expect([answer.status, code(answer.body)]).toEqual([503, 'EXITING'])
    await closed
  })

  test('lines are found as splitting the text would find them', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\n') }), (text) => {
        const body = Buffer.from(text)
        const expected = text.split('\n').filter((line) => line !== '')
        expect(slices(body, boundsOfLines(body, 100))).toEqual(expected)
      }),
    )
  })

  test('binary messages are found again, whatever is in them', () => {
    const bodies = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 }), { minLength: 1 })
    fc.assert(
      fc.property(bodies, (messages) => {
        const body = frames(...messages)
        expect(slices(body, boundsOfFrames(body, 20, 10_000))).toEqual(messages)
      }),
    )
  })

  test('any bytes as a binary body are messages within it, or one of the two errors', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const body = Buffer.concat([Buffer.from([0, 0, 0]), bytes])
        const outcome = outcomeOf(() => boundsOfFrames(body, 1000, 10_000))
        const refused = outcome instanceof HttpError && ['BAD_BODY', 'BAD_MESSAGE'].includes(outcome.code)
        expect(refused || (Array.isArray(outcome) && outcome.every((at) => at >= 8 && at <= body.length))).toBe(true)
      }),
    )
  })
})

function slices(body: Buffer, bounds: readonly number[]): string[] {
  const found: string[] = []
  for (let i = 0; i < bounds.length; i += 2) found.push(body.toString('latin1', bounds[i], bounds[i + 1]))
  return found
}

/** What a function returns, or throws. */
function outcomeOf(run: () => number[]): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
