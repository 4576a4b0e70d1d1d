// Small programs written for nsqjs, run with nsqjs and with our surface of it: they tell the same story.
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import original from 'nsqjs'
import * as ours from '@nsq-ts/client/nsqjs'
import { hasBroker, hasLookupd, startNsqd, startNsqlookupd } from './support/broker.ts'
import { makeCertificates } from './support/certificates.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { until } from './support/wait.ts'

/** What the programs use of nsqjs: the types of the original are the contract. */
type Nsqjs = Pick<typeof original, 'Reader' | 'Writer'>

interface Place {
  nsq: Nsqjs
  host: string
  port: number
}

type Program = (place: Place, tell: (event: string) => void) => Promise<void>

const programs: Record<string, Program> = {
  async 'publish, receive, finish'({ nsq, host, port }, tell) {
    const writer = new nsq.Writer(host, port)
    writer.connect()
    await new Promise<void>((resolve) => writer.on(nsq.Writer.READY as 'ready', resolve))
    writer.publish('t', 'one', (error) => tell(`published ${String(error)}`))
    writer.publish('t', ['two', Buffer.from('three')])
    writer.publish('t', { four: 4 })
    const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: `${host}:${port}`, maxInFlight: 4 })
    reader.on('ready', () => tell('ready'))
    reader.on('nsqd_connected', (connectedHost, connectedPort) =>
      tell(`to ${connectedHost === host && connectedPort === port}`),
    )
    const bodies: string[] = []
    reader.connect()
    await new Promise<void>((resolve) =>
      reader.on('message', (message) => {
        bodies.push(message.body.toString())
        message.finish()
        setImmediate(() => message.hasResponded || tell('not responded'))
        if (bodies.length === 4) resolve()
      }),
    )
    tell(bodies.sort().join())
    const closed = once(writer, 'closed')
    reader.close()
    writer.close()
    await closed
  },

  async 'requeue, json, attempts, time left'({ nsq, host, port }, tell) {
    const writer = new nsq.Writer(host, port)
    writer.connect()
    writer.on('ready', () => writer.publish('t', { n: 1 }))
    const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: [`${host}:${port}`], messageTimeout: 2000 })
    reader.connect()
    await new Promise<void>((resolve) =>
      reader.on('message', (message) => {
        tell(`${message.attempts} ${JSON.stringify(message.json())} ${typeof message.timestamp} ${message.id.length}`)
        const soft = message.timeUntilTimeout() ?? 0
        const hard = message.timeUntilTimeout(true) ?? 0
        tell(`${soft > 1000 && soft <= 2000} ${hard > 800_000}`)
        if (message.attempts < 3) {
          message.touch()
          message.requeue(10, false)
        } else {
          message.finish()
          setImmediate(() => (tell(`left ${String(message.timeUntilTimeout())}`), resolve()))
        }
      }),
    )
    reader.close()
    writer.close()
  },

  async 'discard after maxAttempts'({ nsq, host, port }, tell) {
    const writer = new nsq.Writer(host, port)
    writer.connect()
    writer.on('ready', () => writer.publish('t', 'poison'))
    const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: [`${host}:${port}`], maxAttempts: 2 })
    reader.connect()
    reader.on('message', (message) => {
      tell(`message ${message.attempts}`)
      message.requeue(0, false)
    })
    await new Promise<void>((resolve) =>
      reader.on('discard', (message) => {
        tell(`discard ${message.attempts}`)
        setTimeout(resolve, 50)
      }),
    )
    reader.close()
    writer.close()
  },

  async 'deferPublish, and errors through callbacks'({ nsq, host, port }, tell) {
    const writer = new nsq.Writer(host, port)
    writer.on('error', () => {})
    writer.publish('t', 'too early', (error) => tell(`early ${error instanceof Error}`))
    writer.connect()
    await new Promise<void>((resolve) => writer.on('ready', resolve))
    writer.publish('t', '', (error) => tell(`empty ${error instanceof Error}`))
    writer.deferPublish('t', ['x'], -1, (error) => tell(`delay ${error instanceof Error}`))
    const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: [`${host}:${port}`] })
    reader.connect()
    await new Promise<void>((resolve) => reader.on('ready', resolve))
    const publishedAt = Date.now()
    await new Promise<void>((resolve) => {
      reader.on('message', (message) => {
        tell(`${message.body.toString()} late ${Date.now() - publishedAt >= 190}`)
        message.finish()
        resolve()
      })
      writer.deferPublish('t', ['later'], 200, (error) => tell(`deferred ${String(error)}`))
    })
    reader.close()
    writer.close()
  },

  async 'pause and unpause'({ nsq, host, port }, tell) {
    const writer = new nsq.Writer(host, port)
    writer.connect()
    await new Promise<void>((resolve) => writer.on('ready', resolve))
    const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: [`${host}:${port}`] })
    const bodies: string[] = []
    reader.on('message', (message) => {
      bodies.push(message.body.toString())
      message.finish()
    })
    reader.connect()
    await new Promise<void>((resolve) => reader.on('ready', resolve))
    reader.pause()
    tell(`paused ${reader.isPaused()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await new Promise<void>((resolve) => writer.publish('t', 'x', () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, 100))
    tell(`received ${bodies.length}`)
    reader.unpause()
    await until(() => bodies.length === 1)
    tell(`received ${bodies.length}`)
    reader.close()
    writer.close()
  },
}

/** Runs a program against an nsqd of its own. @returns what it told */
async function story(program: Program, nsq: Nsqjs): Promise<string[]> {
  await using nsqd = await startNsqd()
  const events: string[] = []
  await program({ nsq, host: '127.0.0.1', port: nsqd.tcpPort }, (event) => void events.push(event))
  return events.sort()
}

describe.skipIf(!hasBroker)('programs for nsqjs', () => {
  test.each(Object.entries(programs))('%s', async (_name, program) => {
    const [expected, actual] = await Promise.all([
      story(program, original),
      story(program, ours as unknown as Nsqjs), // checked by what happens, not by types written for the original
    ])
    expect(actual).toEqual(expected)
    expect(actual.length).toBeGreaterThan(1)
  })
})

test.skipIf(!hasBroker || !hasLookupd).each([
  ['nsqjs', original],
  ['ours', ours as unknown as Nsqjs],
])('a program that names an nsqlookupd finds its nsqd there: %s', async (_name, nsq) => {
  await using lookupd = await startNsqlookupd()
  await using nsqd = await startNsqd([`--lookupd-tcp-address=127.0.0.1:${lookupd.tcpPort}`])
  const writer = new nsq.Writer('127.0.0.1', nsqd.tcpPort)
  writer.connect()
  await new Promise<void>((resolve) => writer.on('ready', resolve))
  await new Promise<void>((resolve) => writer.publish('t', 'x', () => resolve()))
  await until(async () => JSON.stringify(await lookupd.http('/lookup?topic=t').catch(() => '')).includes('tcp_port'))
  const reader = new nsq.Reader('t', 'c', { lookupdHTTPAddresses: lookupd.httpAddress, lookupdPollInterval: 1 })
  const body = new Promise<string>((resolve) =>
    reader.on('message', (message) => {
      message.finish()
      resolve(message.body.toString())
    }),
  )
  reader.connect()
  expect(await body).toBe('x')
  reader.close()
  writer.close()
})

describe('the surface of nsqjs', () => {
  test('the names of its events and kinds are the same', () => {
    for (const name of ['READY', 'CLOSED', 'ERROR'] as const) expect(ours.Writer[name]).toBe(original.Writer[name])
    for (const name of [
      'ERROR',
      'MESSAGE',
      'READY',
      'NOT_READY',
      'DISCARD',
      'NSQD_CONNECTED',
      'NSQD_CLOSED',
    ] as const) {
      expect(ours.Reader[name]).toBe(original.Reader[name])
    }
    for (const name of ['BACKOFF', 'RESPOND', 'FINISH', 'REQUEUE', 'TOUCH'] as const) {
      expect(ours.Message[name]).toBe(original.Message[name])
    }
  })

  test.each<[string, object]>([
    ['no address', {}],
    ['a wrong address', { nsqdTCPAddresses: [':'] }],
    ['a heartbeat below a second', { nsqdTCPAddresses: 'x:1', heartbeatInterval: 0 }],
    ['a sample rate of 100', { nsqdTCPAddresses: 'x:1', sampleRate: 100 }],
    ['maxInFlight 0', { nsqdTCPAddresses: 'x:1', maxInFlight: 0 }],
    ['text where a boolean belongs', { nsqdTCPAddresses: 'x:1', snappy: 'yes' }],
    ['text where a Buffer belongs', { nsqdTCPAddresses: 'x:1', tls: true, ca: 'pem' }],
  ])('both refuse %s', (_name, options) => {
    expect(() => new original.Reader('t', 'c', options)).toThrow(Error)
    expect(() => new ours.Reader('t', 'c', options)).toThrow(Error)
  })

  test('options arrive in IDENTIFY in the units of NSQ', async () => {
    await using fake = await FakeNsqd.start({ deflate: true })
    const reader = new ours.Reader('t', 'c', {
      nsqdTCPAddresses: fake.address,
      clientId: 'me',
      heartbeatInterval: 5,
      messageTimeout: 2000,
      outputBufferSize: -1,
      outputBufferTimeout: 100,
      sampleRate: 10,
      deflate: true,
      deflateLevel: 3,
      maxInFlight: 9,
      idleTimeout: 60, // these two are taken, and watched over by rules of our own
      lowRdyTimeout: 50,
    })
    reader.connect()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 9)
    expect(JSON.parse(client.received[0]!.body.toString())).toMatchObject({
      client_id: 'me',
      heartbeat_interval: 5000,
      msg_timeout: 2000,
      output_buffer_size: -1,
      output_buffer_timeout: 100,
      sample_rate: 10,
      deflate: true,
      deflate_level: 3,
    })
    await reader.close()
  })

  test.each([
    [0, ['RDY 2', 'REQ']],
    [128, ['RDY 2', 'RDY 0', 'REQ']],
  ])('with maxBackoffDuration %d s a message that fails is followed by %j', async (maxBackoffDuration, expected) => {
    await using fake = await FakeNsqd.start()
    const reader = new ours.Reader('t', 'c', { nsqdTCPAddresses: fake.address, maxInFlight: 2, maxBackoffDuration })
    reader.on('message', (message: ours.Message) => message.requeue())
    reader.connect()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 2)
    client.deliver('x')
    await fake.until(() => client.has('REQ'))
    const flow = fake.commands.filter((command) => /^(RDY|REQ)/.test(command))
    expect(flow.map((command) => command.replace(/^REQ.*/, 'REQ'))).toEqual(expected)
    await reader.close()
  })

  test('over TLS it is as strict as it is told to be', async () => {
    const { ca, server, client } = await makeCertificates()
    const tls = { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true }
    await using fake = await FakeNsqd.start({ tls, snappy: true })
    const shown = { tls: true, key: Buffer.from(client.key), cert: Buffer.from(client.cert), snappy: true }
    for (const trust of [{ ca: Buffer.from(ca.cert) }, { tlsVerification: false }]) {
      const writer = new ours.Writer('127.0.0.1', fake.port, { ...shown, ...trust })
      writer.connect()
      await once(writer, 'ready')
      await new Promise<void>((resolve) => writer.publish('t', 'x', () => resolve()))
      await writer.close()
    }
    const strict = new ours.Writer('127.0.0.1', fake.port, shown)
    const refused = once(strict, 'error') as Promise<{ code: string }[]>
    strict.connect()
    expect((await refused)[0]!.code).toBe('ERR_NSQ_CONNECTION')
    await strict.close()
  })

  test('a reader reports lost connections, comes back, and takes further nodes', async () => {
    await using fake = await FakeNsqd.start()
    await using other = await FakeNsqd.start()
    await using lookupd = await FakeLookupd.start()
    const reader = new ours.Reader('t', 'c', { nsqdTCPAddresses: fake.address, lookupdHTTPAddresses: lookupd.address })
    const events: string[] = []
    for (const name of ['ready', 'not_ready', 'nsqd_closed']) reader.on(name, () => void events.push(name))
    reader.connect()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    client.reset() // nobody listens for errors, and nothing is thrown
    await fake.subscriber(1)
    await until(() => events.filter((name) => name === 'ready').length === 2)
    expect(events).toEqual(['ready', 'nsqd_closed', 'not_ready', 'ready'])
    reader.connectToNSQD('127.0.0.1', other.port)
    await other.subscriber()
    const asked = lookupd.requests.length
    reader.queryLookupd()
    await lookupd.until(() => lookupd.requests.length > asked)
    await reader.close()
  })

  test('a bad message is told by json(), and a writer without callback tells by its event', async () => {
    await using fake = await FakeNsqd.start({
      onCommand: (client, { words }) =>
        words[0] === 'PUB' && (client.error('E_PUB_FAILED PUB failed'), client.end(), true),
    })
    const writer = new ours.Writer('127.0.0.1', fake.port)
    expect(() => writer.publish('t', 'x')).toThrow(/No active Writer/)
    writer.connect()
    await once(writer, 'ready')
    expect(writer.ready).toBe(true)
    expect(() => writer.publish('t', [])).toThrow(/empty/)
    const failed = new Promise<{ code: string }>((resolve) => writer.on('error', resolve))
    writer.publish('t', 'x')
    expect((await failed).code).toBe('E_PUB_FAILED')
    const reader = new ours.Reader('t', 'c', { nsqdTCPAddresses: fake.address })
    const thrown = new Promise<unknown>((resolve) =>
      reader.on('message', (message: ours.Message) => {
        try {
          message.json()
        } catch (error) {
          resolve(error)
        }
        message.finish()
      }),
    )
    reader.connect()
    const client = await fake.subscriber()
    await fake.until(() => client.rdy === 1)
    client.deliver('{')
    expect(await thrown).toMatchObject({ message: 'Invalid JSON in Message' })
    await reader.close()
    await writer.close()
  })
})
