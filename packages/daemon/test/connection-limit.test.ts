import { expect, test } from 'vitest'
import { HttpServer, silentLogger } from '../src/index.ts'
import type { Route } from '../src/index.ts'
import { RawClient } from './fixtures/raw-client.ts'

const routes: Route[] = [
  { method: 'GET', path: '/ping', handle: () => 'OK', probe: true },
  { method: 'GET', path: '/stats', handle: () => 'figures' },
  {
    method: 'POST',
    path: '/pub',
    handle: async (request) => `${(await request.readBody(10_000_000, 'TOO_BIG')).length}`,
  },
]
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const KEPT_ALIVE = { status: 200, body: 'figures' }
const REFUSED = { status: 503, body: '{"message":"TOO_MANY_CONNECTIONS"}' }

/** A server that bears one connection, which is there. */
async function fullServer() {
  let max = 1
  const server = new HttpServer({ routes, logger: silentLogger(), maxConnections: () => max })
  const { port } = await server.listen('127.0.0.1:0')
  const first = new RawClient(port)
  await first.send(get('/stats')).answers(1)
  return {
    port,
    first,
    setMax: (value: number) => (max = value),
    async [Symbol.asyncDispose]() {
      first.socket.destroy()
      await server.close()
    },
  }
}

test('one connection more is answered 503 and closed; those that are there go on', async () => {
  await using full = await fullServer()
  using second = new RawClient(full.port)
  const [answer] = await second.send(get('/stats')).answers(1)
  expect(answer).toMatchObject(REFUSED)
  expect(answer?.headers['connection']).toBe('close')
  await second.ended
  expect((await full.first.send(get('/stats')).answers(2))[1]).toMatchObject(KEPT_ALIVE)
})

test('probes are answered all the same', async () => {
  await using full = await fullServer()
  using probe = new RawClient(full.port)
  expect((await probe.send(get('/ping')).answers(1))[0]).toMatchObject({ status: 200, body: 'OK' })
  await probe.ended
})

test('a refusal reaches a client that is still sending its body', async () => {
  await using full = await fullServer()
  using publisher = new RawClient(full.port)
  publisher.send(`POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(5_000_000)}`)
  expect((await publisher.answers(1))[0]).toMatchObject(REFUSED)
  await publisher.ended
})

test('whoever leaves makes room, and a limit that was raised or lifted holds at once', async () => {
  await using full = await fullServer()
  full.setMax(2)
  using second = new RawClient(full.port)
  expect((await second.send(get('/stats')).answers(1))[0]).toMatchObject(KEPT_ALIVE)
  second.socket.destroy()
  await second.ended
  for (let left = false; !left;) {
    using third = new RawClient(full.port)
    left = (await third.send(get('/stats')).answers(1))[0]?.status === 200 // the server hears of it a moment later
  }
  full.setMax(0)
  const clients = Array.from({ length: 5 }, () => new RawClient(full.port))
  for (const client of clients) expect((await client.send(get('/stats')).answers(1))[0]).toMatchObject(KEPT_ALIVE)
  for (const { socket } of clients) socket.destroy()
})

test('a flood of connections that say nothing is cut off', async () => {
  await using full = await fullServer()
  const flood = Array.from({ length: 200 }, () => new RawClient(full.port))
  await Promise.all(flood.map(({ ended }) => ended))
  expect((await full.first.send(get('/stats')).answers(2))[1]).toMatchObject(KEPT_ALIVE)
})
