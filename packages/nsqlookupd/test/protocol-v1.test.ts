import { identify } from '@nsq-ts/protocol'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Nsqlookupd } from '../src/index.ts'
import { LookupClient, PEER } from './fixtures/lookup-client.ts'
import { get, startNsqlookupd } from './fixtures/running.ts'

let nsqlookupd: Nsqlookupd
const log: string[] = []
beforeAll(async () => {
  nsqlookupd = await startNsqlookupd({}, log)
})
afterAll(() => nsqlookupd.close())

const connect = (magic?: Buffer) => new LookupClient(nsqlookupd.tcpAddress.port, magic)

function sized(size: number, body = ''): Buffer {
  const field = Buffer.alloc(4)
  field.writeInt32BE(size)
  return Buffer.concat([Buffer.from('IDENTIFY\n'), field, Buffer.from(body)])
}

describe('the magic', () => {
  test('of another protocol is refused', async () => {
    using client = connect(Buffer.from('  V2'))
    expect(await client.untilEnd()).toEqual(['E_BAD_PROTOCOL'])
  })

  test('that never comes ends nothing else', async () => {
    using client = connect(Buffer.from(' '))
    client.socket.end()
    expect(await client.untilEnd()).toEqual([])
  })
})

describe('IDENTIFY', () => {
  test('answers who the nsqlookupd is, keys in order', async () => {
    using client = connect()
    const answer = await client.identify()
    expect(Object.keys(answer)).toEqual(['broadcast_address', 'hostname', 'http_port', 'tcp_port', 'version'])
    expect(answer).toMatchObject({
      broadcast_address: 'lookup.example',
      http_port: nsqlookupd.httpAddress.port,
      tcp_port: nsqlookupd.tcpAddress.port,
      version: '1.3.0',
    })
  })

  test('cannot claim another address', async () => {
    using client = connect()
    await client.identify({ broadcast_address: 'spoofer.example', remote_address: '6.6.6.6:666' })
    const { producers } = await get<{ producers: { broadcast_address: string; remote_address: string }[] }>(
      nsqlookupd,
      '/nodes',
    )
    const node = producers.find((one) => one.broadcast_address === 'spoofer.example')
    expect(node?.remote_address).toBe(`127.0.0.1:${client.socket.localPort}`)
  })

  test.each([
    ['not JSON', 'hello', 'failed to decode JSON body'],
    ['empty', '', 'failed to decode JSON body'],
    ['a list', '[]', 'failed to decode JSON body'],
    ['two values', '{}{}', 'failed to decode JSON body'],
    ['a port as text', JSON.stringify({ ...PEER, tcp_port: '5150' }), 'failed to decode JSON body'],
    ['half a port', JSON.stringify({ ...PEER, tcp_port: 1.5 }), 'failed to decode JSON body'],
    ['a port with an exponent', JSON.stringify(PEER).replace('5150', '5e3'), 'failed to decode JSON body'],
    [
      'a port beyond 64 bits',
      JSON.stringify(PEER).replace('5150', '9223372036854775808'),
      'failed to decode JSON body',
    ],
    ['a number for a name', JSON.stringify({ ...PEER, hostname: 5 }), 'failed to decode JSON body'],
    ['a number for its address', JSON.stringify({ ...PEER, remote_address: 5 }), 'failed to decode JSON body'],
    ['a key emptied by a later one', JSON.stringify({ ...PEER, VERSION: '' }), 'missing fields'],
    ['null', 'null', 'missing fields'],
    ['nothing', '{}', 'missing fields'],
    ['port 0', JSON.stringify({ ...PEER, http_port: 0 }), 'missing fields'],
    ['a null version', JSON.stringify({ ...PEER, version: null }), 'missing fields'],
    ['an empty address', JSON.stringify({ ...PEER, broadcast_address: '' }), 'missing fields'],
  ])('with %s is refused', async (_, body, reason) => {
    using client = connect()
    client.send(sized(Buffer.byteLength(body), body))
    expect(await client.untilEnd()).toEqual([`E_BAD_BODY IDENTIFY ${reason}`])
  })

  test('is read whatever the case of its keys; null is not said, half a character not told', async () => {
    using client = connect()
    const body =
      '{"BROADCAST_ADDRESS":"cases.example","Tcp_Port":1,"HTTP_PORT":2,"version":"old","Version":"new","VERSION":null,"hostname":"\\ud800"}'
    client.send(sized(body.length, body))
    expect(JSON.parse((await client.answer()) ?? '')).toMatchObject({ version: '1.3.0' })
    const { producers } = await get<{ producers: { broadcast_address: string }[] }>(nsqlookupd, '/nodes')
    expect(producers.find((one) => one.broadcast_address === 'cases.example')).toMatchObject({
      tcp_port: 1,
      http_port: 2,
      version: 'new',
      hostname: '\ufffd',
    })
  })

  test.each([-1, -2_147_483_648, 65_537, 2_147_483_647])(
    'of %i bytes is refused before anything is allocated',
    async (size) => {
      using client = connect()
      client.send(sized(size))
      expect(await client.untilEnd()).toEqual(['E_BAD_BODY IDENTIFY failed to read body'])
    },
  )

  test.each([
    ['the size', 'IDENTIFY\n\0\0', 'failed to read body size'],
    ['the body', 'IDENTIFY\n\0\0\0\x05{', 'failed to read body'],
  ])('cut off in %s is told so', async (_, bytes, reason) => {
    using client = connect()
    client.send(bytes).socket.end()
    expect(await client.untilEnd()).toEqual([`E_BAD_BODY IDENTIFY ${reason}`])
  })

  test('again is refused without reading its body', async () => {
    using client = connect()
    await client.identify()
    client.send('IDENTIFY\n')
    expect(await client.untilEnd()).toEqual(['E_INVALID cannot IDENTIFY again'])
  })
})

describe('commands', () => {
  test.each([
    ['REGISTER t', 'E_INVALID client must IDENTIFY'],
    ['REGISTER', 'E_INVALID client must IDENTIFY'],
    ['UNREGISTER t c', 'E_INVALID client must IDENTIFY'],
    ['HELLO there', 'E_INVALID invalid command HELLO'],
    ['ping', 'E_INVALID invalid command ping'],
    ['', 'E_INVALID invalid command '],
  ])('%j before IDENTIFY is refused', async (line, answer) => {
    using client = connect()
    client.send(`${line}\n`)
    expect(await client.untilEnd()).toEqual([answer])
  })

  test.each([
    ['REGISTER', 'E_INVALID REGISTER insufficient number of params'],
    ['UNREGISTER', 'E_INVALID UNREGISTER insufficient number of params'],
    ['REGISTER no$good', `E_BAD_TOPIC REGISTER topic name 'no$good' is not valid`],
    ['REGISTER  c', `E_BAD_TOPIC REGISTER topic name '' is not valid`],
    ['REGISTER #ephemeral', `E_BAD_TOPIC REGISTER topic name '#ephemeral' is not valid`],
    ['UNREGISTER t no$good', `E_BAD_CHANNEL UNREGISTER channel name 'no$good' is not valid`],
    ['REGISTER *', `E_BAD_TOPIC REGISTER topic name '*' is not valid`],
    ['REGISTER \u00e4', `E_BAD_TOPIC REGISTER topic name '\u00e4' is not valid`],
  ])('%j after IDENTIFY is refused', async (line, answer) => {
    using client = connect()
    await client.identify()
    client.send(`${line}\n`)
    expect(await client.untilEnd()).toEqual([answer])
  })

  test.each([
    'PING',
    '  PING \t',
    'PING\r',
    'PING extra',
    'REGISTER t c extra',
    'REGISTER t  c',
    'UNREGISTER never seen',
  ])('%j is OK', async (line) => {
    using client = connect()
    await client.identify()
    expect(await client.line(line)).toBe('OK')
    expect(await client.line('PING')).toBe('OK')
  })

  test('after an error nothing more is done', async () => {
    using client = connect()
    await client.identify({ broadcast_address: 'wrong.example' })
    client.send('REGISTER before\nHELLO\nREGISTER after\n')
    expect(await client.untilEnd()).toEqual(['OK', 'E_INVALID invalid command HELLO'])
    const { topics } = await get<{ topics: string[] }>(nsqlookupd, '/topics')
    expect(topics).toContain('before')
    expect(topics).not.toContain('after')
  })

  test('a line without end is bounded', async () => {
    using client = connect()
    client.send('x'.repeat(100_000))
    expect((await client.untilEnd())[0]).toMatch(/^E_INVALID command line exceeds \d+ bytes$/)
  })

  test('a peer that sends much and reads late gets every answer', async () => {
    using client = connect()
    client.socket.pause()
    const count = 20_000
    client.send('PING\n'.repeat(count))
    await new Promise((resolve) => setImmediate(resolve))
    client.socket.resume()
    for (let index = 0; index < count; index++) expect(await client.answer()).toBe('OK')
  })
})

test('the answers are the same however the bytes are cut', async () => {
  const script = Buffer.concat([
    Buffer.from('  V1PING\n'),
    identify(PEER),
    Buffer.from('REGISTER cut me\r\nREGISTER cut\nUNREGISTER cut me\nUNREGISTER cut\nBOGUS\n'),
  ])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: script.length }), { maxLength: 8 }), async (cuts) => {
      using client = connect(Buffer.alloc(0))
      let start = 0
      for (const end of [...cuts.sort((a, b) => a - b), script.length]) {
        if (end > start) client.send(script.subarray(start, end))
        start = end
        await new Promise((resolve) => setImmediate(resolve))
      }
      const answers = await client.untilEnd()
      expect(answers[0]).toBe('OK')
      expect(answers[1]).toMatch(/^\{"broadcast_address"/)
      expect(answers.slice(2)).toEqual(['OK', 'OK', 'OK', 'OK', 'E_INVALID invalid command BOGUS'])
    }),
    { numRuns: 25 },
  )
})

test('no bytes whatever end the server', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, identified) => {
      using client = connect()
      if (identified) await client.identify({ broadcast_address: 'fuzz.example' })
      client.send(Buffer.from(bytes)).socket.end()
      const answers = await client.untilEnd()
      for (const answer of answers) expect(answer).toMatch(/^(OK|E_[A-Z_]+)/)
    }),
    { numRuns: 50 },
  )
  expect(await get(nsqlookupd, '/info')).toEqual({ version: '1.3.0' })
})

describe('the end of a connection', () => {
  test.each(['end', 'destroy'] as const)('by %s takes its producer out, the names stay', async (how) => {
    using client = connect()
    await client.identify({ broadcast_address: `${how}.example` })
    await client.line(`REGISTER left-${how} ch`)
    client.socket[how]()
    await vi.waitFor(async () => {
      const { producers, channels } = await get<{ producers: unknown[]; channels: string[] }>(
        nsqlookupd,
        `/lookup?topic=left-${how}`,
      )
      expect(producers).toEqual([])
      expect(channels).toEqual(['ch'])
    }, 20_000)
  })

  test('is logged with everything it takes along', async () => {
    log.length = 0
    using client = connect()
    await client.identify({ broadcast_address: 'logged.example' })
    await client.line('REGISTER logged ch')
    const address = `127.0.0.1:${client.socket.localPort}`
    client.socket.end()
    await client.ended
    await vi.waitFor(() => expect(log.at(-1)).toBe(`INFO: client(${address}) closed`), 20_000)
    expect(log).toEqual([
      `INFO: TCP: new client(${address})`,
      `INFO: CLIENT(${address}): desired protocol magic '  V1'`,
      `INFO: CLIENT(${address}): IDENTIFY Address:logged.example TCP:5150 HTTP:5151 Version:1.2.3`,
      `INFO: DB: client(${address}) REGISTER category:client key: subkey:`,
      `INFO: DB: client(${address}) REGISTER category:channel key:logged subkey:ch`,
      `INFO: DB: client(${address}) REGISTER category:topic key:logged subkey:`,
      `INFO: DB: client(${address}) UNREGISTER category:client key: subkey:`,
      `INFO: DB: client(${address}) UNREGISTER category:topic key:logged subkey:`,
      `INFO: DB: client(${address}) UNREGISTER category:channel key:logged subkey:ch`,
      `INFO: client(${address}) closed`,
    ])
  })
})

test('close ends connections that never said anything', async () => {
  const own = await startNsqlookupd()
  using silent = new LookupClient(own.tcpAddress.port, Buffer.alloc(0))
  using identified = new LookupClient(own.tcpAddress.port)
  await identified.identify()
  await Promise.all([own.close(), own.close()])
  expect(await Promise.all([silent.untilEnd(), identified.untilEnd()])).toEqual([[], []])
})

test('a client that never says its magic is dropped after half a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  log.length = 0
  using silent = connect(Buffer.alloc(0))
  while (!log.some((line) => line.includes('new client'))) await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(30_000)
  vi.useRealTimers()
  expect(await silent.untilEnd()).toEqual([])
})
