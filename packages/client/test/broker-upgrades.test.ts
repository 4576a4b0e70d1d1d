// TLS, compression and AUTH, each alone and together, with a real nsqd: messages of all sizes there and back.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectionOptions, Consumer, type NsqError, Producer } from '@nsq-ts/client'
import { type Daemon, hasBroker, startNsqd } from './support/broker.ts'
import { type CertificateFiles, makeCertificates, writeCertificates } from './support/certificates.ts'
import { until } from './support/wait.ts'

const SECRET = 'open sesame'
/** One that compresses well, one that does not, one that fills many chunks and frames. */
const BODIES = [
  Buffer.from('small'),
  Buffer.alloc(300_000, 'abcdefgh'),
  Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 251)),
]

let files: CertificateFiles

beforeAll(async () => {
  files = await writeCertificates()
})

afterAll(() => files[Symbol.asyncDispose]())

/** An auth server that knows one secret, which may do everything. */
async function startAuth(): Promise<AsyncDisposable & { address: string }> {
  const server = createServer((request, response) => {
    const isKnown = new URL(request.url!, 'http://x').searchParams.get('secret') === SECRET
    response.statusCode = isKnown ? 200 : 403
    const authorizations = [{ topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }]
    response.end(isKnown ? JSON.stringify({ ttl: 60, identity: 'me', identity_url: '', authorizations }) : '')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

let topics = 0

/** Publishes and consumes, over a topic of its own. @returns what nsqd says of the consumer's connection */
async function roundTrip(nsqd: Daemon, options: ConnectionOptions): Promise<Record<string, unknown>> {
  const topic = `t${topics++}`
  await using producer = new Producer({ nsqd: nsqd.address, ...options })
  await Promise.all(BODIES.map((body) => producer.publish(topic, body)))
  await producer.publish(topic, BODIES)
  await using consumer = new Consumer({ topic, channel: 'c', nsqd: nsqd.address, ...options })
  const got: Buffer[] = []
  void consumer.run((message) => void got.push(message.body), { concurrency: 3 })
  await until(() => got.length === 2 * BODIES.length)
  const sorted = (bodies: readonly Buffer[]): string[] => bodies.map((body) => body.toString('base64')).toSorted()
  expect(sorted(got)).toEqual(sorted([...BODIES, ...BODIES]))
  await until(() => consumer.stats.finished === got.length)
  const stats = (await nsqd.http(`/stats?format=json&topic=${topic}`)) as {
    topics: { channels: { clients: Record<string, unknown>[] }[] }[]
  }
  return stats.topics[0]!.channels[0]!.clients[0]!
}

/** What connecting fails with. */
async function failure(nsqd: Daemon, options: ConnectionOptions): Promise<NsqError | undefined> {
  await using producer = new Producer({ nsqd: nsqd.address, ...options })
  const failed = new Promise<NsqError | undefined>((resolve) =>
    producer.once('disconnect', ({ error }) => resolve(error)),
  )
  void producer.publish('t', 'x', { timeout: '5s' }).catch(() => {})
  try {
    return await failed
  } finally {
    await producer.close({ timeout: 0 })
  }
}

describe.skipIf(!hasBroker)('with a real nsqd', () => {
  let auth: Awaited<ReturnType<typeof startAuth>>
  let open: Daemon
  let guarded: Daemon

  beforeAll(async () => {
    auth = await startAuth()
    const flags = [...files.tlsFlags, '--max-deflate-level=9']
    ;[open, guarded] = await Promise.all([
      startNsqd(flags),
      startNsqd([...flags, `--auth-http-address=${auth.address}`]),
    ])
  })

  afterAll(async () => {
    for (const each of [open, guarded, auth]) await each[Symbol.asyncDispose]()
  })

  test.each<[string, ConnectionOptions]>([
    ['nothing', {}],
    ['snappy', { snappy: true }],
    ['deflate', { deflate: true }],
    ['deflate at its lowest level', { deflate: 1 }],
    ['AUTH', { authSecret: SECRET }],
    ['snappy and AUTH', { snappy: true, authSecret: SECRET }],
    ['deflate and AUTH', { deflate: 9, authSecret: SECRET }],
    ['TLS', { tls: true }],
    ['TLS and snappy', { tls: true, snappy: true }],
    ['TLS and deflate', { tls: true, deflate: true }],
    ['TLS, snappy and AUTH', { tls: true, snappy: true, authSecret: SECRET }],
    ['TLS, deflate and AUTH', { tls: true, deflate: true, authSecret: SECRET }],
  ])('messages go there and back over %s', async (_name, options) => {
    const nsqd = options.authSecret === undefined ? open : guarded
    const client = await roundTrip(nsqd, {
      ...options,
      ...(options.tls && { tls: { ca: files.certificates.ca.cert } }),
    })
    expect(client).toMatchObject({
      tls: options.tls === true,
      snappy: options.snappy === true,
      deflate: options.deflate !== undefined,
    })
    if (options.authSecret !== undefined) expect(client).toMatchObject({ authed: true, auth_identity: 'me' })
  })

  test('a client certificate is shown where one is wanted, and missed where there is none', async () => {
    const { ca, client } = files.certificates
    await using nsqd = await startNsqd([
      ...files.tlsFlags,
      '--tls-client-auth-policy=require-verify',
      '--tls-required=tcp-https',
    ])
    const described = await roundTrip(nsqd, { tls: { ca: ca.cert, ...client }, snappy: true })
    expect(described).toMatchObject({ tls: true, snappy: true })
    expect(await failure(nsqd, { tls: { ca: ca.cert } })).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
    // An authority of its own signed this one.
    const strangers = await makeCertificates()
    expect(await failure(nsqd, { tls: { ca: ca.cert, ...strangers.client } })).toMatchObject({
      code: 'ERR_NSQ_CONNECTION',
    })
  })

  test('a server of another authority, one without TLS, and one that requires it, are told apart', async () => {
    await using nsqd = await startNsqd([...files.tlsFlags, '--tls-required=tcp-https'])
    expect(await failure(nsqd, { tls: true })).toMatchObject({
      code: 'ERR_NSQ_CONNECTION',
      // Some servers send their authority's certificate along.
      cause: { code: expect.stringMatching(/^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/) },
    })
    expect(await failure(nsqd, {})).toMatchObject({ code: 'E_INVALID' })
    await roundTrip(nsqd, { tls: { rejectUnauthorized: false } })
    await using plain = await startNsqd()
    expect(await failure(plain, { tls: true })).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
  })

  test('a secret that is missing or wrong is told', async () => {
    expect(await failure(guarded, {})).toMatchObject({ code: 'ERR_NSQ_CONNECTION' })
    expect(await failure(guarded, { authSecret: 'guess' })).toMatchObject({ code: 'E_AUTH_FAILED' })
  })
})
