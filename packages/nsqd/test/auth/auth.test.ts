import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auth, dpub, identify, mpub, pub, rdy, sub } from '@nsq-ts/protocol'
import { encodeHeaders, hmpub, hpub } from '@nsq-ts/protocol/headers'
import nsqjs from 'nsqjs'
import { describe, expect, test } from 'vitest'
import { createAuthServer } from '../../../../docs/examples/auth-server.ts'
import { certificateFlags, makeCertificate } from '../support/certificates.ts'
import { startNsqd } from '../support/start-nsqd.ts'
import { UpgradedConnection } from '../support/upgraded-connection.ts'

/** A server on a free port of 127.0.0.1, until it is disposed of. */
class Listening {
  readonly server: Server
  constructor(server: Server) {
    this.server = server
  }
  static async on(server: Server): Promise<Listening> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Listening(server)
  }
  get port(): number {
    return (this.server.address() as { port: number }).port
  }
  get address(): string {
    return `127.0.0.1:${this.port}`
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const answering = (answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Listening> =>
  Listening.on(
    createServer((request, response) => {
      const body = answer(request, response)
      if (body !== undefined) response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }),
  )
const everything = {
  ttl: 60,
  authorizations: [{ topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }],
}
const secret = Buffer.from('s3cret')

describe('the auth server of docs/auth.md', () => {
  test('its text is that of the example', () => {
    const example = readFileSync(new URL('../../../../docs/examples/auth-server.ts', import.meta.url), 'utf8')
    const page = readFileSync(new URL('../../../../docs/auth.md', import.meta.url), 'utf8')
    expect(page).toContain(`\`\`\`ts\n${example}`)
  })

  test('lets each do what it grants', async () => {
    const accounts = [
      {
        secret: 's3cret',
        identity: 'billing',
        authorizations: [
          { topic: '^orders$', channels: ['^billing$'], permissions: ['subscribe' as const] },
          { topic: '^invoices$', channels: ['.*'], permissions: ['publish' as const] },
        ],
      },
    ]
    await using server = await Listening.on(createAuthServer(accounts))
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    using billing = UpgradedConnection.open(nsqd.tcpPort)
    expect(JSON.parse(await billing.ask(auth(secret)))).toEqual({
      identity: 'billing',
      identity_url: '',
      permission_count: 2,
    })
    expect(await billing.ask(pub('invoices', Buffer.from('1')))).toBe('OK')
    expect(await billing.ask(sub('orders', 'billing'))).toBe('OK')
    expect(await billing.ask(pub('orders', Buffer.from('1')))).toBe('E_UNAUTHORIZED AUTH failed for PUB on "orders" ""')
    using stranger = UpgradedConnection.open(nsqd.tcpPort)
    expect(await stranger.ask(auth(Buffer.from('guess')))).toBe('E_AUTH_FAILED AUTH failed')
  })

  test('nsqjs works over TLS, deflate and AUTH', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsqd-auth-'))
    const flags = [...certificateFlags(folder, await makeCertificate()), '--https-address=', '--tls-required=tcp-https']
    await using server = await Listening.on(
      createAuthServer([
        {
          secret: 's3cret',
          identity: 'all',
          authorizations: [{ topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }],
        },
      ]),
    )
    await using nsqd = await startNsqd(...flags, `--auth-http-address=${server.address}`)
    const settings = { tls: true, tlsVerification: false, deflate: true, authSecret: 's3cret' }
    const writer = new nsqjs.Writer('127.0.0.1', nsqd.tcpPort, settings)
    const reader = new nsqjs.Reader('t', 'c', { nsqdTCPAddresses: [`127.0.0.1:${nsqd.tcpPort}`], ...settings })
    const body = await new Promise<string>((resolve, reject) => {
      writer.on('error', reject)
      reader.on('error', reject)
      reader.on('message', (message) => {
        message.finish()
        resolve(message.body.toString())
      })
      writer.on('ready', () => writer.publish('t', 'authorised'))
      writer.connect()
      reader.connect()
    })
    expect(body).toBe('authorised')
    for (const client of [writer, reader]) client.on('error', () => undefined) // at a close, of its deflate stream
    const ended = [
      new Promise<void>((resolve) => writer.on('closed', () => resolve())),
      new Promise<void>((resolve) => reader.on('nsqd_closed', () => resolve())),
    ]
    writer.close()
    reader.close()
    await Promise.all(ended)
    rmSync(folder, { recursive: true })
  })
})

describe('asking', () => {
  test('a secret of any bytes arrives as it is', async () => {
    let url = ''
    await using server = await answering((request) => {
      url = request.url!
      return everything
    })
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    using client = UpgradedConnection.open(nsqd.tcpPort)
    await client.ask(auth(Buffer.from([0x61, 0x20, 0xff, 0x26, 0x2a, 0x7e])))
    expect(url).toBe('/auth?common_name=&remote_ip=127.0.0.1&secret=a+%FF%26%2A~&tls=false')
  })

  test('publishes with headers need what publishes need, and are renewed like them', async () => {
    let permissions = ['publish']
    let asked = 0
    await using server = await answering(() => {
      asked++
      return { ttl: 1, authorizations: [{ topic: '^orders$', channels: ['.*'], permissions }] }
    })
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    const headed = { block: encodeHeaders({ n: '1' }), body: Buffer.from('x') }
    const open = async (): Promise<UpgradedConnection> => {
      const client = UpgradedConnection.open(nsqd.tcpPort)
      await client.ask(identify({ feature_negotiation: true, message_headers: true }))
      return client
    }
    for (const [command, name] of [
      [hpub('invoices', headed), 'HPUB'],
      [hmpub('invoices', [headed]), 'HMPUB'],
    ] as const) {
      using first = await open()
      expect(await first.ask(command)).toBe(`E_AUTH_FIRST AUTH required before ${name}`)
      using second = await open()
      await second.ask(auth(secret))
      expect(await second.ask(command)).toBe(`E_UNAUTHORIZED AUTH failed for ${name} on "invoices" ""`)
    }
    using client = await open()
    await client.ask(auth(secret))
    expect(await client.ask(hpub('orders', headed))).toBe('OK')
    const before = asked
    permissions = ['subscribe']
    await expect.poll(() => client.ask(hmpub('orders', [headed])), { timeout: 5000 }).toMatch(/^E_UNAUTHORIZED/)
    expect(asked).toBeGreaterThan(before)
  })

  test('a server that fails is passed over for one that does not', async () => {
    await using broken = await answering((_, response) => {
      response.statusCode = 500
      return 'oops'
    })
    await using good = await answering(() => everything)
    const flags = [broken, good].map(({ address }) => `--auth-http-address=${address}`)
    await using nsqd = await startNsqd(...flags)
    for (let i = 0; i < 8; i++) {
      using client = UpgradedConnection.open(nsqd.tcpPort)
      expect(await client.ask(auth(secret))).toContain('"permission_count":1')
    }
  })

  test('a server that wants https is asked there, and the common name of the client is passed on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsqd-auth-'))
    try {
      const ca = await makeCertificate({ commonName: 'ca', isCa: true })
      const own = await makeCertificate({ ca })
      writeFileSync(join(folder, 'ca.pem'), ca.cert)
      let asked = ''
      await using secure = await Listening.on(
        createTlsServer({ cert: own.cert, key: own.key }, (request, response) => {
          asked = request.url!
          response.end(JSON.stringify(everything))
        }),
      )
      await using plain = await answering((_, response) => {
        response.statusCode = 403
        return { message: 'TLS_REQUIRED', https_port: secure.port }
      })
      const flags = [...certificateFlags(folder, own), '--tls-client-auth-policy=require', '--https-address=']
      await using nsqd = await startNsqd(
        ...flags,
        `--tls-root-ca-file=${join(folder, 'ca.pem')}`,
        `--auth-http-address=${plain.address}`,
      )
      const own2 = await makeCertificate({ commonName: 'client-7', ca })
      using client = await UpgradedConnection.upgrade(nsqd.tcpPort, { tls_v1: true }, { ...own2, ca: ca.cert })
      expect(await client.ask(auth(secret))).toContain('"permission_count":1')
      expect(asked).toBe('/auth?common_name=client-7&remote_ip=127.0.0.1&secret=s3cret&tls=true')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a server that never answers, or never stops answering, is a failure in bounded time and memory', async () => {
    await using mute = await answering(() => undefined)
    await using endless = await answering((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      more()
    })
    for (const server of [mute, endless]) {
      await using nsqd = await startNsqd(`--auth-http-address=${server.address}`, '--http-client-request-timeout=300ms')
      using client = UpgradedConnection.open(nsqd.tcpPort)
      expect(await client.ask(auth(secret))).toBe('E_AUTH_FAILED AUTH failed')
    }
  })

  test('what follows AUTH in the same packet waits for the answer', async () => {
    await using server = await answering(() => everything)
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    using client = UpgradedConnection.open(nsqd.tcpPort)
    const answer = await client.ask(
      Buffer.concat([auth(secret), pub('t', Buffer.from('a')), mpub('t', [Buffer.from('b')])]),
    )
    expect(answer).toContain('permission_count')
    await client.expectOk()
    await client.expectOk()
  })

  test('a client that leaves while it is asked about leaves nothing behind', async () => {
    let release = () => {}
    const asked = new Promise<void>((resolve) => (release = resolve))
    await using server = await answering(() => release())
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`, '--http-client-request-timeout=200ms')
    using client = UpgradedConnection.open(nsqd.tcpPort)
    client.send(auth(secret))
    await asked
    client.socket.destroy()
    await expect.poll(() => nsqd.nsqd.clients.size).toBe(0)
  })
})

describe('when its time is over', () => {
  test.each([
    ['PUB', pub('t', Buffer.from('x')), 'OK'],
    ['DPUB', dpub('t', 1, Buffer.from('x')), 'OK'],
    ['MPUB', mpub('t', [Buffer.from('x'), Buffer.from('y')]), 'OK'],
    ['SUB', sub('t', 'c'), 'OK'],
  ])('%s asks again, once, and goes on with what follows', async (_, command, answer) => {
    let count = 0
    await using server = await answering(() => {
      count++
      return { ...everything, ttl: 1 }
    })
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    using client = UpgradedConnection.open(nsqd.tcpPort)
    await client.ask(auth(secret))
    await new Promise((resolve) => setTimeout(resolve, 1050))
    client.send(Buffer.concat([command, pub('t', Buffer.from('behind'))]))
    for (const expected of [answer, 'OK']) expect(await client.ask('')).toBe(expected)
    expect(count).toBe(2)
  })

  test('a permission taken away, or a server gone, ends it; a subscriber that is quiet keeps receiving', async () => {
    let grant: object = { ...everything, ttl: 1 }
    await using server = await answering(() => grant)
    await using nsqd = await startNsqd(`--auth-http-address=${server.address}`)
    using publisher = UpgradedConnection.open(nsqd.tcpPort)
    using late = UpgradedConnection.open(nsqd.tcpPort)
    using subscriber = UpgradedConnection.open(nsqd.tcpPort)
    for (const client of [publisher, late, subscriber]) await client.ask(auth(secret))
    await subscriber.ask(sub('t', 'c'))
    subscriber.send(rdy(1))
    await new Promise((resolve) => setTimeout(resolve, 1050))
    grant = { ttl: 60, authorizations: [] }
    expect(await publisher.ask(pub('t', Buffer.from('x')))).toBe('E_UNAUTHORIZED AUTH failed for PUB on "t" ""')
    grant = { ttl: -1 }
    expect(await late.ask(pub('t', Buffer.from('x')))).toBe('E_AUTH_FAILED AUTH failed')
    nsqd.nsqd.registry.get('t')!.publish(Buffer.from('kept'), 0, 4, { committed: () => undefined }, 0)
    expect((await subscriber.message()).body.toString()).toBe('kept')
  })
})
