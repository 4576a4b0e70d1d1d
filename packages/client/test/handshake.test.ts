import { createServer, type AddressInfo } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type ConnectionOptions, Consumer, Producer, type NsqError } from '@nsq-ts/client'
import { type Certificates, makeCertificates } from './support/certificates.ts'
import { freePort } from './support/broker.ts'
import { FakeNsqd, type FakeOptions } from './support/fake-nsqd.ts'
import { codeOf } from './support/wait.ts'

const certificates: Promise<Certificates> = makeCertificates()

/** Publishes and consumes one message each over the given upgrades. @returns what the server saw of IDENTIFY */
async function roundTrip(offered: FakeOptions, options: ConnectionOptions): Promise<Record<string, unknown>> {
  await using fake = await FakeNsqd.start(offered)
  await using producer = new Producer({ nsqd: fake.address, ...options })
  const large = Buffer.alloc(200_000, 'abcdefgh')
  await producer.publish('t', 'small')
  await producer.publish('t', large)
  const published = fake.clients[0]!.received.filter(({ words }) => words[0] === 'PUB')
  expect(published.map(({ body }) => body.length)).toEqual([5, large.length])
  expect(published[1]!.body.equals(large)).toBe(true)

  await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address, ...options })
  const bodies: string[] = []
  void consumer.run((message) => void bodies.push(message.raw.toString()))
  const subscriber = await fake.subscriber()
  await fake.until(() => subscriber.rdy === 1)
  const id = subscriber.deliver(large.toString())
  await fake.until(() => fake.commands.includes(`FIN ${id}`))
  expect(bodies).toEqual([large.toString()])
  return JSON.parse(fake.clients[0]!.received[0]!.body.toString()) as Record<string, unknown>
}

/** What connecting fails with. */
async function failure(offered: FakeOptions, options: ConnectionOptions): Promise<NsqError | undefined> {
  await using fake = await FakeNsqd.start(offered)
  return await failureAt(fake.address, options)
}

async function failureAt(address: string, options: ConnectionOptions = {}): Promise<NsqError | undefined> {
  await using producer = new Producer({ nsqd: address, ...options })
  const failed = new Promise<NsqError | undefined>((resolve) =>
    producer.on('disconnect', ({ error }) => resolve(error)),
  )
  producer.connect().catch(() => {})
  return await failed
}

describe('handshake', () => {
  test('IDENTIFY says who we are and what we ask for', async () => {
    const identify = await roundTrip(
      {},
      {
        clientId: 'me',
        hostname: 'here.example',
        userAgent: 'mine/1',
        heartbeatInterval: '10s',
        outputBufferSize: 1024,
        outputBufferTimeout: '50ms',
        topologyRegion: 'eu',
        topologyZone: 'a',
      },
    )
    expect(identify).toEqual({
      client_id: 'me',
      hostname: 'here.example',
      user_agent: 'mine/1',
      short_id: 'me',
      long_id: 'here.example',
      feature_negotiation: true,
      heartbeat_interval: 10_000,
      output_buffer_size: 1024,
      output_buffer_timeout: 50,
      tls_v1: false,
      snappy: false,
      deflate: false,
      deflate_level: 6,
      sample_rate: 0,
      msg_timeout: 0,
      topology_region: 'eu',
      topology_zone: 'a',
      message_headers: true,
      depth_hint: true,
    })
  })

  test('a server that answers IDENTIFY with OK is served without features', async () => {
    expect(await roundTrip({ features: null }, { snappy: true })).toMatchObject({ snappy: true })
  })

  test.each<[string, ConnectionOptions]>([
    ['snappy', { snappy: true }],
    ['deflate', { deflate: true }],
    ['deflate at level 1', { deflate: 1 }],
  ])('messages pass through %s', async (_name, options) => {
    const identify = await roundTrip({ snappy: true, deflate: true }, options)
    expect([identify['snappy'], identify['deflate']]).toEqual([options.snappy === true, options.deflate !== undefined])
  })

  test.each<[string, ConnectionOptions]>([
    ['TLS', {}],
    ['TLS and snappy', { snappy: true }],
    ['TLS and deflate', { deflate: 6 }],
    ['TLS and AUTH', { authSecret: 'open' }],
  ])('messages pass through %s', async (_name, options) => {
    const { ca, server } = await certificates
    const offered: FakeOptions = { tls: server, snappy: true, deflate: true }
    if (options.authSecret !== undefined) offered.secret = options.authSecret
    const identify = await roundTrip(offered, { ...options, tls: { ca: ca.cert } })
    expect(identify['tls_v1']).toBe(true)
  })

  test('a client certificate is shown to a server that wants one', async () => {
    const { ca, server, client } = await certificates
    const tls = { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true }
    await roundTrip({ tls }, { tls: { ca: ca.cert, ...client } })
    expect(await failure({ tls }, { tls: { ca: ca.cert } })).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
  })

  test('a server of another authority is refused', async () => {
    const { server } = await certificates
    const error = await failure({ tls: server }, { tls: true })
    expect(error).toMatchObject({ code: 'ERR_NSQ_CONNECTION', cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } })
    await roundTrip({ tls: server }, { tls: { rejectUnauthorized: false } })
  })

  test('a server without TLS is refused when TLS was asked for: nothing is sent in the clear', async () => {
    expect(await failure({}, { tls: true })).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
  })

  test('AUTH is sent when required only, and a missing or wrong secret is told', async () => {
    await roundTrip({ secret: 'open' }, { authSecret: 'open' })
    await using plain = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: plain.address, authSecret: 'open' })
    await producer.connect()
    expect(plain.commands).toEqual(['IDENTIFY'])
    expect(await failure({ secret: 'open' }, {})).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
    expect(await failure({ secret: 'open' }, { authSecret: 'wrong' })).toMatchObject({ code: 'E_AUTH_FAILED' })
  })

  test.each(['snappy', 'deflate'] as const)('a broken %s stream ends the connection', async (layer) => {
    await using fake = await FakeNsqd.start({ snappy: true, deflate: true })
    await using producer = new Producer({ nsqd: fake.address, [layer]: true })
    await producer.connect()
    const lost = new Promise<NsqError | undefined>((resolve) =>
      producer.on('disconnect', ({ error }) => resolve(error)),
    )
    fake.clients[0]!.toSocket(Buffer.alloc(64, 0x77))
    expect(await lost).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
    await producer.publish('t', 'after') // over a new one
  })

  test('an HTTP port is told from an nsqd', async () => {
    const server = createHttpServer()
    server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const error = await failureAt(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(error).toMatchObject({ cause: { code: 'ERR_NSQ_FRAME', size: 0x48545450 } })
    server.closeAllConnections()
    server.close()
  })

  test('a server that never answers is given up after connectTimeout', async () => {
    const server = createServer((socket) => socket.resume())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await failureAt(address, { connectTimeout: 50 })).toMatchObject({ code: 'ERR_NSQ_CONNECTION', address })
    server.close()
  })

  test('a frame above frameSizeMax ends the connection', async () => {
    await using fake = await FakeNsqd.start({ features: { filler: 'x'.repeat(5000) } })
    const error = await failureAt(fake.address, { frameSizeMax: 1024 })
    expect(error).toMatchObject({ cause: { code: 'ERR_NSQ_FRAME' } })
  })
})

describe('heartbeats', () => {
  test('are answered at once, also while a handler is busy', async () => {
    await using fake = await FakeNsqd.start()
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address })
    let release = (): void => {}
    const busy = new Promise<void>((resolve) => (release = resolve))
    void consumer.run(() => busy)
    const subscriber = await fake.subscriber()
    await fake.until(() => subscriber.rdy === 1)
    subscriber.deliver('x')
    subscriber.heartbeat()
    await fake.until(() => fake.commands.includes('NOP'))
    expect(consumer.stats.inFlight).toBe(1)
    release()
  })

  test('a connection silent for two intervals is given up and made anew', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, heartbeatInterval: '1s' })
    await producer.connect()
    const lost = new Promise((resolve) => producer.on('disconnect', resolve))
    const startedAt = performance.now()
    await lost
    expect(performance.now() - startedAt).toBeGreaterThan(1500)
    await fake.until(() => fake.clients.length === 2)
  })

  test('may be switched off; readTimeout then ends a connection on which nothing comes', async () => {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address, heartbeatInterval: -1, readTimeout: 100 })
    await producer.connect()
    expect(JSON.parse(fake.clients[0]!.received[0]!.body.toString())).toMatchObject({ heartbeat_interval: -1 })
    const lost = new Promise((resolve) => producer.on('disconnect', ({ error }) => resolve(error)))
    expect(await lost).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
  })
})

describe('options', () => {
  test('localAddress and localPort say where connections come from', async () => {
    await using fake = await FakeNsqd.start()
    const localPort = await freePort()
    await using producer = new Producer({ nsqd: fake.address, localAddress: '127.0.0.1', localPort })
    await producer.connect()
    expect(fake.clients[0]!.peer).toEqual({ address: '127.0.0.1', port: localPort })
  })

  test.each<[string, ConnectionOptions]>([
    ['heartbeatInterval below a second', { heartbeatInterval: 999 }],
    ['readTimeout below the heartbeats', { heartbeatInterval: '10s', readTimeout: '5s' }],
    ['heartbeatInterval that is no duration', { heartbeatInterval: 'soon' }],
    ['deflate above 9', { deflate: 10 }],
    ['both compressions', { snappy: true, deflate: true }],
    ['frameSizeMax below a message', { frameSizeMax: 1 }],
  ])('%s is refused at once', (_name, options) => {
    expect(() => new Producer({ nsqd: 'x', ...options })).toThrow(RangeError)
  })

  test.each(['', 'a b', 'host:0', 'host:99999', '::1:4150', 'http://x'])('%j is no address', (nsqd) => {
    expect(() => new Producer({ nsqd })).toThrow(RangeError)
  })

  test('a producer and a consumer need an address', () => {
    expect(() => new Producer({})).toThrow(RangeError)
    expect(() => new Consumer({ topic: 't', channel: 'c' })).toThrow(RangeError)
    expect(() => new Consumer({ topic: 't$', channel: 'c', nsqd: 'x' })).toThrow(RangeError)
    expect(() => new Consumer({ topic: 't', channel: '', nsqd: 'x' })).toThrow(RangeError)
  })

  test('closing what was never used is harmless', async () => {
    expect(await codeOf(new Producer({ nsqd: 'x' }).close())).toBe('none')
    expect(await codeOf(new Consumer({ topic: 't', channel: 'c', nsqd: 'x' }).close())).toBe('none')
  })
})
