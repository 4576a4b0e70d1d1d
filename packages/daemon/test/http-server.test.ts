import { Agent, request } from 'node:https'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { expect, test, vi } from 'vitest'
import { HttpError, HttpServer, Logger, silentLogger } from '../src/index.ts'
import type { HttpServerSettings, Route } from '../src/index.ts'
import { ask, RawClient } from './fixtures/raw-client.ts'

const ping: Route = { method: 'GET', path: '/ping', handle: () => 'OK' }

function create(settings: Partial<HttpServerSettings> = {}): HttpServer {
  return new HttpServer({ routes: [ping], logger: silentLogger(), ...settings })
}

test('serves on a unix socket, which is gone after close', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsq-http-'))
  const path = join(folder, 'http.sock')
  const server = create({ routes: [{ ...ping, handle: ({ remoteAddress }) => remoteAddress }] })
  expect(await server.listen(path)).toEqual({ text: path, port: -1, host: '' })
  expect((await ask(path, 'GET', '/ping')).body).toBe('@')
  await expect(create().listen(path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await server.close()
  await expect(new Promise((_, reject) => new RawClient(path).socket.on('error', reject))).rejects.toMatchObject({
    code: 'ENOENT',
  })
  rmSync(folder, { recursive: true })
})

test('serves HTTPS', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })
  const lines: string[] = []
  const logger = new Logger({ prefix: '', destination: { write: (line) => lines.push(line), reopen() {}, close() {} } })
  await using server = create({ tls: { key, cert }, name: 'HTTPS', logger })
  const { port } = await server.listen('127.0.0.1:0')
  const agent = new Agent({ rejectUnauthorized: false })
  const body = await new Promise<string>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/ping', agent }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject).end()
  })
  agent.destroy()
  expect(body).toBe('OK')
  using plain = new RawClient(port)
  plain.send('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
  await plain.ended
  expect(plain.received).not.toContain('200')
  await vi.waitFor(
    () =>
      expect(lines).toContainEqual(expect.stringMatching(/INFO: HTTPS: TLS handshake with 127\.0\.0\.1:\d+ failed - /)),
    20_000,
  )
})

test.each([
  ['GET', '/ping'],
  ['POST', '/pub'],
  ['OPTIONS', '/nowhere'],
])('where TLS is required, %s %s is refused', async (method, path) => {
  await using server = create({ tlsRequired: () => 4152 })
  const { port } = await server.listen('127.0.0.1:0')
  const answer = await ask(port, method, path)
  expect(answer).toMatchObject({ status: 403, body: '{"message": "TLS_REQUIRED", "https_port": 4152}' })
  expect(answer.headers['x-nsq-content-type']).toBe('nsq; version=1.0')
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
})

test('close lets running requests finish and closes idle connections at once', async () => {
  let release = () => {}
  let entered = () => {}
  const running = new Promise<void>((resolve) => (entered = resolve))
  const slow: Route = {
    method: 'GET',
    path: '/slow',
    handle: () =>
      new Promise((resolve) => {
        release = () => resolve('done')
        entered()
      }),
  }
  const server = create({ routes: [ping, slow] })
  const { port } = await server.listen('127.0.0.1:0')
  using idle = new RawClient(port)
  idle.send('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
  await idle.answers(1)
  using busy = new RawClient(port)
  busy.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await running
  const closed = server.close()
  await idle.ended
  release()
  expect((await busy.answers(1))[0]).toMatchObject({ status: 200, body: 'done' })
  await busy.ended
  await closed
  expect(busy.received).toContain('Connection: close')
})

test('close tells what waits, and waits no longer than its limit for what does not listen', async () => {
  const reasons: string[] = []
  const wait: Route = {
    method: 'GET',
    path: '/wait',
    handle: ({ signal }) =>
      new Promise((resolve) => {
        reasons.push('waits')
        signal.addEventListener('abort', () => resolve('closing'))
      }),
  }
  const deaf: Route = { method: 'GET', path: '/deaf', handle: () => new Promise(() => reasons.push('deaf')) }
  const server = create({ routes: [wait, deaf], closeTimeoutMs: 50 })
  const { port } = await server.listen('127.0.0.1:0')
  using waiting = new RawClient(port)
  waiting.send('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
  using unanswered = new RawClient(port)
  unanswered.send('GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n')
  await vi.waitFor(() => expect(reasons).toHaveLength(2), 20_000)
  await server.close()
  expect((await waiting.answers(1))[0]?.body).toBe('closing')
  await unanswered.ended
})

test('a client that leaves aborts the signal of its request', async () => {
  let left = false
  let waiting = false
  const wait: Route = {
    method: 'GET',
    path: '/wait',
    handle: ({ signal }) =>
      new Promise((resolve) => {
        waiting = true
        signal.addEventListener('abort', () => {
          left = true
          resolve('nobody hears it')
        })
      }),
  }
  await using server = create({ routes: [wait] })
  const { port } = await server.listen('127.0.0.1:0')
  const client = new RawClient(port)
  client.send('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
  await vi.waitFor(() => expect(waiting).toBe(true), 20_000)
  client.socket.destroy()
  await vi.waitFor(() => expect(left).toBe(true), 20_000)
})

test('a refusal reaches a client that has its body still to send, and whose connection ends with it', async () => {
  const refuse: Route = {
    method: 'POST',
    path: '/refuse',
    handle: () => {
      throw new HttpError(413, 'BODY_TOO_BIG')
    },
  }
  await using server = create({ routes: [refuse] })
  const { port } = await server.listen('127.0.0.1:0')
  const body = 'x'.repeat(20_000_000)
  for (const connection of ['close', 'keep-alive']) {
    using client = new RawClient(port)
    client.send(
      `POST /refuse HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    client.send(body)
    client.socket.end()
    await client.ended
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /)
    expect(client.received).toContain('BODY_TOO_BIG')
  }
})

test('closing twice, or before listening, is fine', async () => {
  const server = create()
  await server.close()
  const second = create()
  await second.listen('127.0.0.1:0')
  const { port } = second.address
  await Promise.all([second.close(), second.close()])
  await expect(new Promise((_, reject) => new RawClient(port).socket.on('error', reject))).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
})
