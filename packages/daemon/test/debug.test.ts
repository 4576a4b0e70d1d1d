import { gunzipSync } from 'node:zlib'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpServer, metricsRoute, pprofRoutes, runtimeRoutes, silentLogger } from '../src/index.ts'

let server: HttpServer
let port: number
beforeAll(async () => {
  const metrics = metricsRoute((prom, registry) => {
    return new prom.Gauge({
      name: 'nsq_depth',
      help: 'messages',
      registers: [registry],
      collect() {
        this.set(7)
      },
    })
  })
  const routes = [...pprofRoutes('/debug/pprof/'), ...runtimeRoutes(), metrics]
  server = new HttpServer({ routes, logger: silentLogger() })
  port = (await server.listen('127.0.0.1:0')).port
})
afterAll(() => server.close())

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: Buffer
}

function ask(method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode, type: response.headers['content-type'], body: Buffer.concat(chunks) })
      })
    })
    sent.on('error', reject).end()
  })
}

test.each([
  ['GET', '/debug/pprof/', 200, 'text/html; charset=utf-8', /<a href="\/debug\/pprof\/heap">/],
  ['GET', '/debug/pprof', 301, 'text/html; charset=utf-8', /debug/],
  ['GET', '/debug/pprof/cmdline', 200, 'text/plain; charset=utf-8', /\0/],
  ['GET', '/debug/pprof/symbol', 200, 'text/plain; charset=utf-8', /^num_symbols: 1\n$/],
  ['POST', '/debug/pprof/symbol', 200, 'text/plain; charset=utf-8', /^num_symbols: 1\n$/],
  ['GET', '/debug/pprof/goroutine?debug=2', 200, 'text/plain; charset=utf-8', /^goroutine profile: total \d+\n/],
  ['GET', '/debug/pprof/block', 200, 'text/plain; charset=utf-8', /^--- contention:/],
  ['GET', '/debug/pprof/threadcreate', 200, 'text/plain; charset=utf-8', /^threadcreate profile: total 0/],
  ['GET', '/debug/pprof/heap?debug=1', 200, 'text/plain; charset=utf-8', /^heapUsed = \d+$/m],
  ['GET', '/debug/pprof/trace', 404, 'application/json; charset=utf-8', /NOT_FOUND/],
  ['PUT', '/debug/setblockrate?rate=5', 200, 'text/plain; charset=utf-8', /^$/],
  [
    'PUT',
    '/debug/setblockrate?rate=x',
    400,
    'text/plain; charset=utf-8',
    /^invalid block rate : strconv\.Atoi: parsing "x": invalid syntax$/,
  ],
  ['POST', '/debug/freememory', 200, 'text/plain; charset=utf-8', /^$/],
  ['GET', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^nsq_depth 7$/m],
  ['GET', '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', /^process_resident_memory_bytes \d+$/m],
])('%s %s answers %i', async (method, path, status, type, body) => {
  const answer = await ask(method, path)
  expect(answer).toMatchObject({ status, type })
  expect(answer.body.toString()).toMatch(body)
})

test.each(['/debug/pprof/heap', '/debug/pprof/profile?seconds=0.05'])('%s is a gzipped profile', async (path) => {
  const answer = await ask('GET', path)
  expect(answer).toMatchObject({ status: 200, type: 'application/octet-stream' })
  expect(gunzipSync(answer.body).length).toBeGreaterThan(0)
})

test('one CPU profile at a time; a client that leaves ends its own', async () => {
  const abandoned = request({ port, host: '127.0.0.1', path: '/debug/pprof/profile?seconds=60', agent: false })
  abandoned.on('error', () => undefined).end()
  const gone = new Promise((resolve) => abandoned.on('close', resolve))
  await expect
    .poll(async () => (await ask('GET', '/debug/pprof/profile?seconds=0.01')).status, { timeout: 5000 })
    .toBe(500)
  abandoned.destroy()
  await gone
  await expect
    .poll(async () => (await ask('GET', '/debug/pprof/profile?seconds=0.01')).status, { timeout: 5000 })
    .toBe(200)
})
