import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { HttpError, HttpServer, Logger, Reply } from '../src/index.ts'
import type { Route } from '../src/index.ts'
import { ask, RawClient } from './fixtures/raw-client.ts'

const lines: string[] = []
const logger = new Logger({
  prefix: '',
  destination: { write: (line) => lines.push(line.slice(27).trimEnd()), reopen() {}, close() {} },
})

const routes: Route[] = [
  { method: 'GET', path: '/ping', handle: () => new Reply('OK') },
  { method: 'GET', path: '/text', handle: () => 'words' },
  { method: 'GET', path: '/nothing', handle: () => undefined },
  { method: 'GET', path: '/empty-text', handle: () => '' },
  { method: 'GET', path: '/null', handle: () => null },
  { method: 'GET', path: '/json', handle: () => Promise.resolve({ b: '<&>\u2028', a: [1, 2n ** 62n], c: [] }) },
  { method: 'GET', path: '/crash', handle: () => Promise.reject(new Error('defect')) },
  {
    method: 'GET',
    path: '/refuse',
    handle: () => {
      throw new HttpError(404, 'TOPIC_NOT_FOUND')
    },
  },
  { method: 'GET', path: '/query', handle: ({ query }) => Object.fromEntries(query) },
  { method: 'GET', path: '/config/:opt', handle: ({ params }) => params['opt'] },
  {
    method: 'PUT',
    path: '/config/:opt',
    handle: async (request) => (await request.readBody(10, 'INVALID_VALUE')).toString(),
  },
  {
    method: 'POST',
    path: '/pub',
    handle: async (request) => `${(await request.readBody(1000, 'MSG_TOO_BIG')).length}`,
    quiet: true,
  },
]

let server: HttpServer
let port: number
beforeAll(async () => {
  server = new HttpServer({ routes, logger })
  port = (await server.listen('127.0.0.1:0')).port
})
afterAll(() => server.close())

const NSQ = 'nsq; version=1.0'
const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT = 'text/plain; charset=utf-8'

describe('what handlers return', () => {
  test.each([
    ['/ping', 200, undefined, TEXT, 'OK'],
    ['/text', 200, NSQ, TEXT, 'words'],
    ['/nothing', 200, NSQ, undefined, ''],
    ['/empty-text', 200, NSQ, undefined, ''],
    ['/null', 200, NSQ, JSON_TYPE, 'null'],
    ['/json', 200, NSQ, JSON_TYPE, String.raw`{"b":"\u003c\u0026\u003e\u2028","a":[1,4611686018427387904],"c":[]}`],
    ['/crash', 500, NSQ, JSON_TYPE, '{"message":"INTERNAL_ERROR"}'],
    ['/refuse', 404, NSQ, JSON_TYPE, '{"message":"TOPIC_NOT_FOUND"}'],
  ])('%s', async (path, status, nsq, type, body) => {
    const answer = await ask(port, 'GET', path)
    expect(answer).toMatchObject({ status, body })
    expect(answer.headers['x-nsq-content-type']).toBe(nsq)
    expect(answer.headers['content-type']).toBe(type)
    expect(answer.headers['content-length']).toBe(String(body.length))
    expect(answer.headers['transfer-encoding']).toBeUndefined()
  })

  test('the header is spelled as the original spells it', async () => {
    expect((await ask(port, 'GET', '/text')).head).toContain('\r\nX-Nsq-Content-Type: ')
  })
})

describe('routing', () => {
  test.each(['/', '/put', '/v1/ping', '/config/', '/config', '/pingx', '/config/a/b', '/config/a%2Fb'])(
    'GET %s is NOT_FOUND',
    async (path) => {
      const answer = await ask(port, 'GET', path)
      expect(answer).toMatchObject({ status: 404, body: '{"message":"NOT_FOUND"}' })
      expect(answer.headers['x-nsq-content-type']).toBe(NSQ)
    },
  )

  test.each([
    ['POST', '/ping', 'GET, OPTIONS'],
    ['HEAD', '/ping', 'GET, OPTIONS'],
    ['GET', '/pub', 'OPTIONS, POST'],
    ['DELETE', '/config/x', 'GET, OPTIONS, PUT'],
  ])('%s %s is METHOD_NOT_ALLOWED and says what is', async (method, path, allow) => {
    using client = new RawClient(port)
    client.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await client.ended
    expect(client.received).toMatch(/^HTTP\/1\.1 405 /)
    expect(client.received).toContain(`Allow: ${allow}\r\n`)
    expect(client.received.endsWith('METHOD_NOT_ALLOWED"}')).toBe(method !== 'HEAD')
  })

  test.each([
    ['/ping', 'GET, OPTIONS'],
    ['/config/x', 'GET, OPTIONS, PUT'],
  ])('OPTIONS %s is empty, with Allow', async (path, allow) => {
    const answer = await ask(port, 'OPTIONS', path)
    expect(answer).toMatchObject({ status: 200, body: '' })
    expect(answer.headers['allow']).toBe(allow)
    expect(answer.headers['x-nsq-content-type']).toBeUndefined()
  })

  test.each([
    ['GET', '/ping/', 301, '/ping'],
    ['GET', '/PING?a=b&c', 301, '/ping?a=b&c'],
    ['GET', '//ping', 301, '/ping'],
    ['GET', '/x/../ping', 301, '/ping'],
    ['GET', '/CONFIG/Opt', 301, '/config/Opt'],
    ['GET', '/config/opt/', 301, '/config/opt'],
    ['GET', '/config/a%23b%3Fc%25/?d', 301, '/config/a%23b%3Fc%25?d'],
    ['PUT', '/Config/opt', 307, '/config/opt'],
    ['POST', '/pub/?topic=a', 307, '/pub?topic=a'],
  ])('%s %s redirects with %i', async (method, path, status, location) => {
    const answer = await ask(port, method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers['location']).toBe(location)
    expect(answer.body.startsWith('<a href=')).toBe(status === 301)
  })

  test('a redirect is only for the method of the route', async () => {
    expect((await ask(port, 'GET', '/PUB')).status).toBe(404)
    expect((await ask(port, 'OPTIONS', '/PING')).status).toBe(404)
  })

  test('paths are decoded before they are matched', async () => {
    expect((await ask(port, 'GET', '/p%69ng')).body).toBe('OK')
    expect((await ask(port, 'GET', '/config/a%20b')).body).toBe('a b')
    expect((await ask(port, 'GET', '/%zz')).status).toBe(400)
  })

  test('absolute targets and HTTP/1.0 are fine', async () => {
    expect((await ask(port, 'GET', 'http://anybody/query?a=1')).body).toBe('{"a":"1"}')
    using client = new RawClient(port)
    client.send('GET /ping HTTP/1.0\r\n\r\n')
    await client.ended
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nOK$/)
  })

  test('two routes for one method and path are a mistake', () => {
    const twice = [...routes, ...routes.slice(0, 1)]
    expect(() => new HttpServer({ routes: twice, logger })).toThrow('two routes')
  })
})

describe('the query', () => {
  test.each([
    ['a=1&a=2&A=3', { a: '1', A: '3' }],
    ['topic=a+b%20c%23ephemeral', { topic: 'a b c#ephemeral' }],
    ['topic=&x', { topic: '', x: '' }],
    ['&&a=b=c', { a: 'b=c' }],
    ['a=%FF', { a: '\uFFFD' }],
    ['', {}],
  ])('%s', async (query, expected) => {
    const { body } = await ask(port, 'GET', `/query?${query}`)
    expect(JSON.parse(Buffer.from(body, 'latin1').toString())).toEqual(expected)
  })

  test.each(['a=%', 'a=%zz', 'a=1;b=2', '%2=1', 'a=1&;'])('%s is INVALID_REQUEST', async (query) => {
    expect(await ask(port, 'GET', `/query?${query}`)).toMatchObject({
      status: 400,
      body: '{"message":"INVALID_REQUEST"}',
    })
  })

  test('is only looked at by routes that use it', async () => {
    expect((await ask(port, 'GET', '/ping?a=%zz')).status).toBe(200)
  })
})

describe('bodies', () => {
  test.each([
    ['no type', ''],
    ['a form', 'Content-Type: application/x-www-form-urlencoded\r\n'],
    ['JSON', 'Content-Type: application/json\r\n'],
    ['an empty type', 'Content-Type: \r\n'],
    ['a broken type', 'Content-Type: a//;;\r\n'],
  ])('of %s are taken as they are', async (_, header) => {
    using client = new RawClient(port)
    client.send(`POST /pub HTTP/1.1\r\nHost: x\r\n${header}Content-Length: 3\r\n\r\na=%`)
    expect((await client.answers(1))[0]).toMatchObject({ status: 200, body: '3' })
  })

  test('none at all is an empty one', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await client.answers(1))[0]).toMatchObject({ status: 200, body: '0' })
  })

  test('chunked ones are read, and counted', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n')
    expect((await client.answers(1))[0]?.body).toBe('7')
    client.send(
      `POST /pub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`,
    )
    expect((await client.answers(2))[1]).toMatchObject({ status: 413, body: '{"message":"MSG_TOO_BIG"}' })
    client.send('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await client.answers(3))[2]?.body).toBe('OK')
  })

  test('too long by their announcement are refused before they come', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n')
    expect((await client.answers(1))[0]).toMatchObject({ status: 413, body: '{"message":"MSG_TOO_BIG"}' })
    client.send(`${'x'.repeat(1001)}GET /ping HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect((await client.answers(2))[1]?.body).toBe('OK')
  })

  test('that are refused and never end do not hold the connection', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n')
    await client.answers(1)
    await client.ended
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('wait for 100 Continue where the client asks for it', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    await client.until(() => client.received === 'HTTP/1.1 100 Continue\r\n\r\n')
    client.received = ''
    client.send('abc')
    expect((await client.answers(1))[0]?.body).toBe('3')
  })

  test('are not asked for when they will be refused', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n')
    await client.ended
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /)
    expect(client.received).toContain('Connection: close')
  })

  test('cut short by half a close are INTERNAL_ERROR', async () => {
    using client = new RawClient(port)
    client.send('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    client.socket.end()
    expect((await client.answers(1))[0]).toMatchObject({ status: 500, body: '{"message":"INTERNAL_ERROR"}' })
    await client.ended
  })
})

describe('what is no proper request', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n', '400 Bad Request'],
    ['a second protocol', '\x16\x03\x01\x00\xa5\x01\x00\x00', '400 Bad Request'],
    ['HTTP/1.1 without Host', 'GET /ping HTTP/1.1\r\n\r\n', '400 Bad Request: missing required Host header'],
    [
      'endless headers',
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('%s', async (_, bytes, body) => {
    using client = new RawClient(port)
    client.send(bytes)
    await client.ended
    expect(client.received.split('\r\n\r\n')[1]).toBe(body)
    expect(client.received).toContain('Content-Type: text/plain; charset=utf-8')
    expect(client.received).toContain('Connection: close')
  })
})

describe('the access log', () => {
  test.each([
    ['GET', '/text?a=1', /^INFO: 200 GET \/text\?a=1 \(127\.0\.0\.1:\d+\) [\d.]+(µs|ms)$/],
    ['GET', '/nowhere', /^INFO: 404 GET \/nowhere \(/],
    ['POST', '/ping', /^INFO: 405 POST \/ping \(/],
    ['GET', '/crash', /^INFO: 500 GET \/crash \(/],
  ])('has a line for %s %s', async (method, path, expected) => {
    lines.length = 0
    await ask(port, method, path)
    await vi.waitFor(() => expect(lines).toContainEqual(expect.stringMatching(expected)), 20_000)
  })

  test.each([
    ['POST', '/pub'],
    ['GET', '/PING'],
    ['OPTIONS', '/ping'],
  ])('has none for %s %s', async (method, path) => {
    lines.length = 0
    await ask(port, method, path)
    await ask(port, 'GET', '/ping') // whose line would come after
    await vi.waitFor(() => expect(lines).toHaveLength(1), 20_000)
    expect(lines[0]).toContain('GET /ping')
  })

  test('a defect is logged with its place', async () => {
    lines.length = 0
    await ask(port, 'GET', '/crash')
    expect(lines[0]).toMatch(/^ERROR: GET \/crash failed - Error: defect\\n\s+at /)
  })
})

test('the table of routes can be walked', async () => {
  for (const route of server.routes) {
    const path = route.path.replace(':opt', 'x')
    const { status } = await ask(port, 'OPTIONS', path)
    expect(status).toBe(200)
  }
})
