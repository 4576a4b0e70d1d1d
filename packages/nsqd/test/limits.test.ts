import { mpub, pub, sub } from '@nsq-ts/protocol'
import { describe, expect, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

const body = Buffer.from('x')

describe('--max-connections', () => {
  test('one more is told so and closed, and place is made by whoever leaves', async () => {
    await using nsqd = await startNsqd('--max-connections=2')
    using first = UpgradedConnection.open(nsqd.tcpPort)
    using second = UpgradedConnection.open(nsqd.tcpPort)
    expect(await first.ask(pub('t', body))).toBe('OK')
    expect(await second.ask(pub('t', body))).toBe('OK')
    using third = UpgradedConnection.open(nsqd.tcpPort)
    expect(await third.untilClosed()).toEqual(['E_INVALID too many connections, 2 are the limit'])
    expect(await first.ask(pub('t', body))).toBe('OK')
    second.socket.destroy()
    await expect.poll(() => nsqd.nsqd.clients.size).toBe(1)
    using fourth = UpgradedConnection.open(nsqd.tcpPort)
    expect(await fourth.ask(pub('t', body))).toBe('OK')
  })

  test('a flood of refused connections that never leave holds few of them, and others are served', async () => {
    await using nsqd = await startNsqd('--max-connections=1')
    using served = UpgradedConnection.open(nsqd.tcpPort)
    expect(await served.ask(pub('t', body))).toBe('OK')
    const flood = Array.from({ length: 300 }, () => UpgradedConnection.open(nsqd.tcpPort))
    expect(await served.ask(pub('t', body))).toBe('OK')
    await Promise.all(flood.map((connection) => connection.untilClosed()))
    expect(nsqd.logged.filter((line) => line.includes('refusing connections')).length).toBeLessThan(5)
  })
})

describe('--max-topics and --max-channels-per-topic', () => {
  test('over TCP', async () => {
    await using nsqd = await startNsqd('--max-topics=1', '--max-channels-per-topic=1')
    const ask = async (command: Buffer) => {
      using connection = UpgradedConnection.open(nsqd.tcpPort)
      return await connection.ask(command)
    }
    expect(await ask(pub('a', body))).toBe('OK')
    expect(await ask(sub('a', 'c'))).toBe('OK')
    expect(await ask(sub('a', 'd'))).toBe('E_SUB_FAILED SUB failed topic a has 1 channels, and may not have more')
    expect(await ask(sub('b', 'c'))).toBe('E_SUB_FAILED SUB failed there are 1 topics, and may not be more')
    expect(await ask(pub('b', body))).toBe('E_PUB_FAILED PUB failed there are 1 topics, and may not be more')
    expect(await ask(mpub('b', [body]))).toBe('E_MPUB_FAILED MPUB failed there are 1 topics, and may not be more')
    expect(await ask(pub('a', body))).toBe('OK')
    expect(await ask(sub('a', 'c'))).toBe('OK')
  })

  test('over HTTP; what is deleted makes room', async () => {
    await using nsqd = await startNsqd('--max-topics=1', '--max-channels-per-topic=1')
    const post = async (path: string) => {
      const { body: text, status } = await nsqd.post(path, 'x')
      return [status, text]
    }
    expect(await post('/topic/create?topic=a')).toEqual([200, ''])
    expect(await post('/topic/create?topic=b')).toEqual([400, '{"message":"TOO_MANY_TOPICS"}'])
    expect(await post('/pub?topic=b')).toEqual([400, '{"message":"TOO_MANY_TOPICS"}'])
    expect(await post('/mpub?topic=b')).toEqual([400, '{"message":"TOO_MANY_TOPICS"}'])
    expect(await post('/channel/create?topic=a&channel=c')).toEqual([200, ''])
    expect(await post('/channel/create?topic=a&channel=c')).toEqual([200, ''])
    expect(await post('/channel/create?topic=a&channel=d')).toEqual([400, '{"message":"TOO_MANY_CHANNELS"}'])
    expect(await post('/topic/delete?topic=a')).toEqual([200, ''])
    expect(await post('/pub?topic=b')).toEqual([200, 'OK'])
  })
})

test('/ready says why not, and OK otherwise', async () => {
  await using nsqd = await startNsqd()
  expect(await nsqd.ask('GET', '/ready')).toMatchObject({ status: 200, body: 'OK' })
  let reason: string | undefined = 'no nsqlookupd was tried'
  nsqd.nsqd.addReadinessCheck(() => reason)
  expect(await nsqd.ask('GET', '/ready')).toMatchObject({ status: 503, body: 'NOK - no nsqlookupd was tried' })
  expect((await nsqd.ask('GET', '/ping')).status).toBe(200)
  reason = undefined
  expect((await nsqd.ask('GET', '/ready')).status).toBe(200)
})
