import { setMaxListeners } from 'node:events'
import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Watchers, WAITING_MAX } from '../src/discovery/watchers.ts'
import type { Nsqlookupd } from '../src/index.ts'
import { RegistrationDb } from '../src/registrations/registration-db.ts'
import { LookupClient } from './fixtures/lookup-client.ts'
import { ask, post, startNsqlookupd } from './fixtures/running.ts'
import type { HttpAnswer } from './fixtures/running.ts'

let nsqlookupd: Nsqlookupd
beforeAll(async () => {
  nsqlookupd = await startNsqlookupd({ tombstoneLifetimeMs: 300, inactiveProducerTimeoutMs: 1000 })
})
afterAll(() => nsqlookupd.close())

const tokenOf = ({ headers }: HttpAnswer) => String(headers['x-nsq-since'])
const withParameters = (path: string, parameters: string) => `${path}${path.includes('?') ? '&' : '?'}${parameters}`

/** A request that waits for news since the answer there is now. */
async function waitFor(path: string, wait = '30s') {
  const current = await ask(nsqlookupd, withParameters(path, `wait=${wait}`))
  let answered = false
  const next = ask(nsqlookupd, withParameters(path, `wait=${wait}&since=${tokenOf(current)}`)).then((answer) => {
    answered = true
    return answer
  })
  await waiting(1)
  return { current, next, isAnswered: () => answered }
}

/** Resolves once so many requests wait. */
async function waiting(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const { body } = await ask(nsqlookupd, '/metrics')
    expect(body).toContain(`nsqlookupd_waiting_requests ${count}\n`)
  }, 20_000)
}

async function peerAt(broadcastAddress: string): Promise<LookupClient> {
  const client = new LookupClient(nsqlookupd.tcpAddress.port)
  await client.identify({ broadcast_address: broadcastAddress })
  return client
}

const addresses = ({ body }: HttpAnswer) => {
  return (JSON.parse(body) as { producers: { broadcast_address: string }[] }).producers.map(
    (one) => one.broadcast_address,
  )
}

describe('plain calls', () => {
  test.each(['/topics', '/nodes', '/channels?topic=plain', '/lookup?topic=plain'])('%s are as ever', async (path) => {
    const { headers } = await ask(nsqlookupd, path)
    expect(headers['x-nsq-since']).toBeUndefined()
    expect(headers['x-nsq-content-type']).toBe('nsq; version=1.0')
  })

  test.each(['wait=5', 'wait=soon', 'wait=-1s', 'wait='])('%s is refused', async (parameter) => {
    const answer = await ask(nsqlookupd, `/topics?${parameter}`)
    expect(answer).toMatchObject({ status: 400, body: '{"message":"INVALID_ARG_WAIT"}' })
  })

  test('an unknown token is answered at once', async () => {
    const answer = await ask(nsqlookupd, '/topics?wait=30s&since=nonsense')
    expect(answer.status).toBe(200)
    expect(tokenOf(answer)).not.toBe('nonsense')
  })
})

describe('an answer comes when', () => {
  test('a topic gets its first producer', async () => {
    const { current, next } = await waitFor('/lookup?topic=first')
    expect(current).toMatchObject({ status: 404, body: '{"message":"TOPIC_NOT_FOUND"}' })
    using client = await peerAt('first.example')
    await client.line('REGISTER first')
    const answer = await next
    expect(addresses(answer)).toEqual(['first.example'])
    expect(answer.headers['x-nsq-content-type']).toBe('nsq; version=1.0')
  })

  test('a producer leaves', async () => {
    using client = await peerAt('leaving.example')
    await client.line('REGISTER leaving')
    const { next } = await waitFor('/lookup?topic=leaving')
    client.socket.destroy()
    expect(addresses(await next)).toEqual([])
  })

  test('a tombstone hides a producer, and again when it wears off', async () => {
    using client = await peerAt('stone.example')
    await client.line('REGISTER stone')
    const { next } = await waitFor('/lookup?topic=stone')
    await post(nsqlookupd, '/topic/tombstone?topic=stone&node=stone.example:5151')
    const hidden = await next
    expect(addresses(hidden)).toEqual([])
    const shown = await ask(nsqlookupd, `/lookup?topic=stone&wait=30s&since=${tokenOf(hidden)}`)
    expect(addresses(shown)).toEqual(['stone.example'])
  })

  test('a producer stops to ping, and again when it pings', async () => {
    using client = await peerAt('sleepy.example')
    await client.line('REGISTER sleepy')
    const { next } = await waitFor('/lookup?topic=sleepy')
    const asleep = await next
    expect(addresses(asleep)).toEqual([])
    const awake = ask(nsqlookupd, `/lookup?topic=sleepy&wait=30s&since=${tokenOf(asleep)}`)
    await waiting(1)
    await client.line('PING')
    expect(addresses(await awake)).toEqual(['sleepy.example'])
  })

  test('a topic is made', async () => {
    const { next } = await waitFor('/topics')
    await post(nsqlookupd, '/topic/create?topic=made')
    expect((JSON.parse((await next).body) as { topics: string[] }).topics).toContain('made')
  })

  test('a channel is made, and goes', async () => {
    const { next } = await waitFor('/channels?topic=chan')
    await post(nsqlookupd, '/channel/create?topic=chan&channel=ch')
    const made = await next
    expect(made.body).toBe('{"channels":["ch"]}')
    const gone = ask(nsqlookupd, `/channels?topic=chan&wait=30s&since=${tokenOf(made)}`)
    await waiting(1)
    await post(nsqlookupd, '/channel/delete?topic=chan&channel=ch')
    expect((await gone).body).toBe('{"channels":[]}')
  })

  test('a node comes', async () => {
    const { next } = await waitFor('/nodes')
    using _client = await peerAt('node.example')
    expect(addresses(await next)).toContain('node.example')
  })

  test('the wait is over: the same once more', async () => {
    const { current, next } = await waitFor('/channels?topic=quiet', '200ms')
    expect(await next).toMatchObject({ status: 200, body: current.body })
    expect(tokenOf(await next)).toBe(tokenOf(current))
  })

  test('the nsqlookupd closes, and it is no news that its producers lose their connection', async () => {
    const own = await startNsqlookupd()
    using client = new LookupClient(own.tcpAddress.port)
    await client.identify({ broadcast_address: 'stays.example' })
    await client.line('REGISTER closing')
    const current = await ask(own, '/lookup?topic=closing&wait=30s')
    const next = ask(own, `/lookup?topic=closing&wait=30s&since=${tokenOf(current)}`)
    await vi.waitFor(async () => expect((await ask(own, '/metrics')).body).toContain('waiting_requests 1'), 20_000)
    await own.close()
    expect((await next).body).toBe(current.body)
    expect(tokenOf(await next)).toBe(tokenOf(current))
    await client.ended
  })
})

test('beyond the limit a request is answered like an ordinary poll', async () => {
  const db = new RegistrationDb({ now: () => 0, inactiveProducerTimeoutMs: 1, tombstoneLifetimeMs: 1 })
  const watchers = new Watchers(db, () => 0)
  const { signal, abort } = endlessWait()
  const { token } = await watchers.wait('topics', undefined, 0, signal)
  const waits = Array.from({ length: WAITING_MAX }, () => watchers.wait('topics', token, 60_000, signal))
  expect(watchers.waiting).toBe(WAITING_MAX)
  expect((await watchers.wait('topics', token, 60_000, signal)).token).toBe(token)
  abort()
  await Promise.all(waits)
  expect(watchers.waiting).toBe(0)
})

function endlessWait(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return { signal: controller.signal, abort: () => controller.abort() }
}

test('news of other topics wakes nobody', async () => {
  const { next, isAnswered } = await waitFor('/lookup?topic=mine')
  using client = await peerAt('others.example')
  await client.line('REGISTER others ch')
  await post(nsqlookupd, '/channel/create?topic=more&channel=ch')
  await ask(nsqlookupd, '/channels?topic=mine&wait=120ms&since=nonsense')
  await waiting(1)
  expect(isAnswered()).toBe(false)
  await post(nsqlookupd, '/topic/create?topic=mine')
  expect((await next).status).toBe(200)
})

test('a client that leaves waits no longer', async () => {
  const current = await ask(nsqlookupd, '/topics?wait=1s')
  const abort = new AbortController()
  const left = ask(nsqlookupd, `/topics?wait=30s&since=${tokenOf(current)}`, { signal: abort.signal })
  await waiting(1)
  abort.abort()
  await expect(left).rejects.toMatchObject({ code: 'ABORT_ERR' })
  await waiting(0)
})

test('one change wakes everybody who waits for it', async () => {
  const agent = new Agent({ maxSockets: 200 })
  const token = tokenOf(await ask(nsqlookupd, '/lookup?topic=crowd&wait=1s'))
  const crowd = Array.from({ length: 200 }, () =>
    ask(nsqlookupd, `/lookup?topic=crowd&wait=30s&since=${token}`, { agent }),
  )
  await waiting(200)
  using client = await peerAt('crowd.example')
  await client.line('REGISTER crowd')
  const answers = await Promise.all(crowd)
  expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
  expect(answers.every((answer) => addresses(answer)[0] === 'crowd.example')).toBe(true)
  agent.destroy()
})
