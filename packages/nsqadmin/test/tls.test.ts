import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { startAdmin } from './fixtures/admin.ts'
import { certificate } from './fixtures/certificate.ts'
import { startNsqd } from './fixtures/cluster.ts'
import { openEvents } from './fixtures/event-source.ts'

test('an nsqd that requires TLS, and a certificate of ours, is asked over HTTPS, and tailed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-tls-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = await certificate()
  writeFileSync(cert, made.cert)
  writeFileSync(key, made.key)
  const tls = {
    tlsCert: cert,
    tlsKey: key,
    tlsRootCaFile: cert,
    tlsRequired: 'on',
    tlsClientAuthPolicy: 'require',
  } as const
  const nsqd = await startNsqd(mkdtempSync(join(folder, 'data-')), tls)
  const nsqdHttpAddresses = [nsqd.node]
  try {
    await using trusted = await startAdmin({
      nsqdHttpAddresses,
      httpClientTlsRootCaFile: cert,
      httpClientTlsCert: cert,
      httpClientTlsKey: key,
    })
    expect(await trusted.get('/api/nodes')).toMatchObject({ status: 200, json: { message: '' } })
    await using strict = await startAdmin({ nsqdHttpAddresses })
    expect((await strict.get('/api/nodes')).json.message).toMatch(
      /^UPSTREAM_ERROR: .*Get "https:\/\/127\.0\.0\.1:\d+\/info"/,
    )

    await trusted.call('DELETE', '/api/nodes/127.0.0.1:1', { body: { topic: 't' } })
    const { json } = await trusted.get('/api/nodes')
    expect(json.nodes).toMatchObject([{ http_port: nsqd.port }])
    const topic = nsqd.nsqd.registry.topic('t')
    topic.channel('c')
    await using tail = await openEvents(trusted.port, '/api/tail/t')
    await tail.until(({ event }) => event === 'open')
    await eventually(() => topic.channels.size === 2, { what: 'the tail has subscribed' })
    await trusted.post('/api/publish/t', { body: 'secret' })
    expect((await tail.until(({ event }) => event === 'message')).data.body).toBe('secret')
  } finally {
    await nsqd.nsqd.close()
    rmSync(folder, { recursive: true })
  }
})
