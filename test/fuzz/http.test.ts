// The HTTP port: bodies at and over every limit, and requests that went wrong.
import { connect } from 'node:net'
import { mpub } from '@nsq-ts/protocol'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { Canary } from '../support/canary.ts'
import { eventually, within } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { type Random, randomOf } from '../support/random.ts'
import { FUZZ_RUNS, FUZZ_SEED, FuzzError } from './settings.ts'

const MEBIBYTE = 1024 * 1024
/** The defaults of nsqd (nsqd-flags.md). */
const MAX_MSG_SIZE = MEBIBYTE
const MAX_BODY_SIZE = 5 * MEBIBYTE
const REQUEST_RUNS = Math.ceil(FUZZ_RUNS / 5)
const AT_ONCE = 16
const CLOSE_TIMEOUT_MS = 20_000
const RESIDENT_GROWTH_MAX = 96 * MEBIBYTE

describe('bodies at and over the limits', () => {
  let nsqd: NsqdProcess
  beforeAll(async () => {
    nsqd = await NsqdProcess.start()
    await nsqd.http('POST', '/topic/create?topic=limits')
    await nsqd.http('POST', '/channel/create?topic=limits&channel=ch')
  })
  afterAll(() => nsqd[Symbol.asyncDispose]())

  const line = (size: number) => Buffer.alloc(size, 'x')
  const lines = (count: number, size: number) => Buffer.from(`${'x'.repeat(size - 1)}\n`.repeat(count))
  const frames = (count: number, size: number) => mpubBody(Array.from({ length: count }, () => Buffer.alloc(size, 1)))
  const cases: readonly { what: string; path: string; body: Buffer; status: number; messages: number }[] = [
    { what: 'PUB of max-msg-size', path: '/pub', body: line(MAX_MSG_SIZE), status: 200, messages: 1 },
    { what: 'PUB of one byte more', path: '/pub', body: line(MAX_MSG_SIZE + 1), status: 413, messages: 0 },
    { what: 'PUB of far more', path: '/pub', body: line(20 * MAX_MSG_SIZE), status: 413, messages: 0 },
    { what: 'PUB of nothing', path: '/pub', body: line(0), status: 400, messages: 0 },
    { what: 'MPUB of max-body-size', path: '/mpub', body: lines(5120, 1024), status: 200, messages: 5120 },
    { what: 'MPUB of one byte more', path: '/mpub', body: line(MAX_BODY_SIZE + 1), status: 413, messages: 0 },
    { what: 'a line of max-msg-size', path: '/mpub', body: line(MAX_MSG_SIZE), status: 200, messages: 1 },
    { what: 'a line of one byte more', path: '/mpub', body: line(MAX_MSG_SIZE + 1), status: 413, messages: 0 },
    {
      what: 'a binary message of max-msg-size',
      path: '/mpub?binary=true',
      body: frames(1, MAX_MSG_SIZE),
      status: 200,
      messages: 1,
    },
    {
      what: 'a binary one of one byte more',
      path: '/mpub?binary=true',
      body: frames(1, MAX_MSG_SIZE + 1),
      status: 413,
      messages: 0,
    },
    {
      what: 'binary of max-body-size',
      path: '/mpub?binary=true',
      body: frames(1, MAX_MSG_SIZE - 8),
      status: 200,
      messages: 1,
    },
    {
      what: 'binary that is cut',
      path: '/mpub?binary=true',
      body: frames(3, 100).subarray(0, -1),
      status: 413,
      messages: 0,
    },
    {
      what: 'a config value over max-msg-size',
      path: 'config',
      body: line(MAX_MSG_SIZE + 1),
      status: 413,
      messages: 0,
    },
  ]

  for (const { what, path, body, status, messages } of cases) {
    for (const how of ['with its length', 'chunked'] as const) {
      test(`${what}, ${how}: ${status}`, async () => {
        const before = (await nsqd.channel('limits', 'ch')).message_count
        const isConfig = path === 'config'
        const url = isConfig ? '/config/log_level' : `${path}${path.includes('?') ? '&' : '?'}topic=limits`
        const answer = await send(nsqd, isConfig ? 'PUT' : 'POST', url, body, how === 'chunked')
        expect(answer).toBe(status)
        expect((await nsqd.channel('limits', 'ch')).message_count - before).toBe(messages)
        expect(nsqd.crash).toBeUndefined()
      })
    }
  }

  test('many bodies over the limit at once cost no memory', async () => {
    const before = await nsqd.residentBytes()
    const huge = Buffer.alloc(20 * MEBIBYTE, 'x')
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => send(nsqd, 'POST', '/mpub?topic=limits', huge, i % 2 === 0)),
    )
    expect(new Set(answers)).toEqual(new Set([413]))
    // 240 MiB were offered; of each no more than the limit may be held.
    expect((await nsqd.residentBytes()) - before).toBeLessThan(12 * MAX_BODY_SIZE + RESIDENT_GROWTH_MAX)
  })
})

test(
  `${REQUEST_RUNS} random and mutated HTTP requests crash, leak and stall nothing`,
  async () => {
    await using nsqd = await NsqdProcess.start()
    await nsqd.hush()
    const canary = await Canary.release(nsqd)
    await fuzz(nsqd, 0, Math.ceil(REQUEST_RUNS / 10))
    const socketsBefore = await nsqd.openSocketCount()
    const residentBefore = await nsqd.residentBytes()
    await fuzz(nsqd, Math.ceil(REQUEST_RUNS / 10), REQUEST_RUNS)
    await canary.stop()
    await eventually(async () => (await nsqd.openSocketCount()) <= socketsBefore, {
      what: 'all connections are closed',
    })
    const growth = (await nsqd.residentBytes()) - residentBefore
    expect(growth, `resident memory, seed ${FUZZ_SEED}`).toBeLessThan(RESIDENT_GROWTH_MAX)
    expect(canary.slowestMs).toBeLessThan(5000)
    expect(nsqd.crash).toBeUndefined()
    expect(await nsqd.stop()).toBe(0)
  },
  60_000 + REQUEST_RUNS * 10,
)

async function fuzz(nsqd: NsqdProcess, from: number, to: number): Promise<void> {
  let next = from
  const client = async () => {
    while (next < to) {
      const run = next++
      const bytes = mutatedRequest(randomOf(FUZZ_SEED, run))
      try {
        await within(CLOSE_TIMEOUT_MS, 'the connection is closed', talk(nsqd.httpPort, bytes))
      } catch (error) {
        throw new FuzzError(run, `${(error as Error).message}\n${nsqd.crash ?? ''}`, { cause: error })
      }
      if (!nsqd.running || nsqd.crash !== undefined)
        throw new FuzzError(run, `nsqd crashed:\n${nsqd.crash ?? nsqd.log}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
}

const REQUESTS = [
  'POST /pub?topic=fuzz HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'POST /pub?topic=fuzz&defer=1000 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'POST /mpub?topic=fuzz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na\nb\nc\r\n0\r\n\r\n',
  'POST /mpub?topic=fuzz&binary=true HTTP/1.1\r\nHost: h\r\nContent-Length: 13\r\n\r\n\0\0\0\x01\0\0\0\x05hello',
  'POST /topic/create?topic=fuzz HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /topic/delete?topic=fuzz HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /topic/empty?topic=fuzz HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /topic/pause?topic=fuzz HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /channel/create?topic=fuzz&channel=ch HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /channel/delete?topic=fuzz&channel=ch HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /channel/empty?topic=fuzz&channel=ch HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n',
  'GET /stats?format=json&topic=fuzz HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET /stats HTTP/1.0\r\n\r\n',
  'GET /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  'GET /info HTTP/1.1\r\nHost: h\r\n\r\nGET /ping HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET /config/log_level HTTP/1.1\r\nHost: h\r\n\r\n',
  'PUT /config/nsqlookupd_tcp_addresses HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n[]',
  'GET /debug/pprof/cmdline HTTP/1.1\r\nHost: h\r\n\r\n',
] as const
const INSERTS = [
  '%',
  '%zz',
  '%00',
  '&',
  '=',
  '?',
  '//',
  '../',
  '\r\n',
  '\n',
  '\0',
  ' ',
  'é',
  'Content-Length: 5\r\n',
  'x'.repeat(20_000),
]

function mutatedRequest(random: Random): Buffer {
  if (random.chance(0.05)) return random.bytes(random.below(500))
  let bytes: Buffer = Buffer.from(random.pick(REQUESTS), 'latin1')
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(bytes.length + 1)
    const end = Math.min(bytes.length, at + random.below(30))
    const insert = random.pick([
      random.bytes(1 + random.below(8)),
      Buffer.from(random.pick(INSERTS)),
      bytes.subarray(at, end),
    ])
    const choices = [
      [bytes.subarray(0, at)],
      [bytes.subarray(0, at), bytes.subarray(end)],
      [bytes.subarray(0, at), insert, bytes.subarray(at)],
      [bytes.subarray(0, at), insert, bytes.subarray(end)],
    ]
    bytes = Buffer.concat(random.pick(choices))
  }
  return bytes
}

/** Sends the bytes, closes the sending side, and waits for the end. */
function talk(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.end(bytes))
    socket.on('data', () => {})
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve())
  })
}

/** Sends one request and reads the status, also while the body is still going out. */
function send(nsqd: NsqdProcess, method: string, path: string, body: Buffer, chunked: boolean): Promise<number> {
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  const head = `${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${length}\r\n\r\n`
  const answer = new Promise<number>((resolve, reject) => {
    let text = ''
    const socket = connect({ port: nsqd.httpPort, host: '127.0.0.1' })
    socket.setEncoding('latin1')
    socket.on('data', (data: string) => (text += data))
    socket.on('error', () => {}) // it may close while we send; the answer counts
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
      if (status === undefined) reject(new Error('no answer'))
      else resolve(Number(status))
    })
    socket.write(head)
    if (chunked) {
      for (let at = 0; at < body.length; at += 65_536) {
        const piece = body.subarray(at, at + 65_536)
        socket.write(`${piece.length.toString(16)}\r\n`)
        socket.write(piece)
        socket.write('\r\n')
      }
      socket.write('0\r\n\r\n')
    } else {
      socket.write(body)
    }
  })
  return within(CLOSE_TIMEOUT_MS, 'the answer', answer)
}

/** What follows the size field of an MPUB. */
function mpubBody(bodies: readonly Buffer[]): Buffer {
  return mpub('t', bodies).subarray('MPUB t\n'.length + 4)
}
