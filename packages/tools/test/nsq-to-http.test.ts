import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { channelDone, numbered, publishLines, startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { startServer } from './support/http-server.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

const CHANNEL = 'nsq_to_http'

let cluster: Cluster
let topicNumber = 0
let topic: string

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(() => void (topic = `topic${++topicNumber}`))

function start(...flags: string[]): ToolProcess {
  return new ToolProcess('nsq_to_http', [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`, ...flags])
}

for (const mode of ['round-robin', 'hostpool', 'epsilon-greedy']) {
  test(`an address that hangs does not stall the other (${mode})`, async () => {
    await using hanging = await startServer(() => undefined)
    await using well = await startServer((_, response) => response.end())
    await using tool = start(
      `--mode=${mode}`,
      `--post=${hanging.url}`,
      `--post=${well.url}`,
      '--n=20',
      '--max-in-flight=40',
    )
    await publishLines(cluster.a, topic, numbered('m', 500))
    // 10 of 20 requests hang for 20 s; everything else has gone through long before.
    await eventually(() => well.seen.length >= 490, { what: 'the other one gets its messages' })
    expect(hanging.seen.length).toBeLessThanOrEqual(10)
    await tool.quit('SIGKILL')
  })
}

test('an address that fails slows nobody down while another works, and its messages come to that one', async () => {
  await using failing = await startServer((_, response) => void response.writeHead(503).end())
  await using well = await startServer((_, response) => response.end())
  await using tool = start(`--post=${failing.url}`, `--post=${well.url}`, '--consumer-opt=default_requeue_delay,50ms')
  await publishLines(cluster.a, topic, numbered('m', 300))
  await channelDone(cluster.a, topic, CHANNEL, 300)
  expect(new Set(well.seen.map(({ body }) => body)).size).toBe(300)
  expect(tool.stderr).not.toContain('backing off')
  expect(await tool.quit()).toBe(0)
})

test('a message that fails for good is kept, and tried more often than the original would', async () => {
  await using failing = await startServer((_, response) => void response.writeHead(500).end())
  await using tool = start(
    `--post=${failing.url}`,
    '--consumer-opt=default_requeue_delay,10ms',
    '--consumer-opt=max_backoff_duration,0s',
  )
  await publishLines(cluster.a, topic, ['kept'])
  await eventually(() => failing.seen.length > 8, { what: 'eight attempts' })
  expect(await tool.quit()).toBe(0)
  const { depth, deferred_count: deferred } = await cluster.a.channel(topic, CHANNEL)
  expect(depth + deferred).toBe(1)
})

test('connections are used again', async () => {
  await using server = await startServer((_, response) => response.end('thanks'))
  await using tool = start(`--post=${server.url}`, '--n=3')
  await publishLines(cluster.a, topic, numbered('m', 300))
  await channelDone(cluster.a, topic, CHANNEL, 300)
  expect(server.connectionCount).toBeLessThanOrEqual(3)
  expect(await tool.quit()).toBe(0)
})

test('a server that closes idle connections as they are used again causes no failure', async () => {
  const used = new WeakSet<object>()
  await using server = await startServer((_, response) => {
    const socket = response.socket!
    if (used.has(socket)) socket.destroy()
    else response.end()
    used.add(socket)
  })
  await using tool = start(`--post=${server.url}`, '--n=1')
  await publishLines(cluster.a, topic, numbered('m', 20))
  await channelDone(cluster.a, topic, CHANNEL, 20)
  expect((await cluster.a.channel(topic, CHANNEL)).requeue_count).toBe(0)
  expect(await tool.quit()).toBe(0)
})

test('redirects are followed: 303 as GET without a body, 307 as it was', async () => {
  await using server = await startServer(({ url }, response) => {
    const [, status = '200'] = /^\/(\d+)$/.exec(url) ?? []
    response.writeHead(Number(status), status === '200' ? {} : { location: '/there' }).end()
  })
  for (const status of [303, 307]) {
    await using tool = start(`--post=${server.url}/${status}`)
    await publishLines(cluster.a, topic, ['x'])
    await eventually(() => server.seen.some(({ url }) => url === '/there'), { what: 'it follows' })
    const { method, body, headers } = server.seen.find(({ url }) => url === '/there')!
    expect({ method, body, type: headers['content-type'] }).toEqual(
      status === 303
        ? { method: 'GET', body: '', type: undefined }
        : { method: 'POST', body: 'x', type: 'application/octet-stream' },
    )
    expect(await tool.quit()).toBe(0)
    server.seen.length = 0
  }
})

test('a redirect that leads in circles is a failure', async () => {
  await using server = await startServer((_, response) => void response.writeHead(302, { location: '/again' }).end())
  await using tool = start(`--get=${server.url}/%s`)
  await publishLines(cluster.a, topic, ['x'])
  await tool.says('stopped after 10 redirects')
  expect(await tool.quit()).toBe(0)
})

test('timings of the last so many requests are told, for each address and for all', async () => {
  await using one = await startServer((_, response) => response.end())
  await using two = await startServer((_, response) => response.end())
  await using tool = start(`--post=${one.url}`, `--post=${two.url}`, '--status-every=100')
  await publishLines(cluster.a, topic, numbered('m', 300))
  await channelDone(cluster.a, topic, CHANNEL, 300)
  const pattern = (name: string): RegExp =>
    new RegExp(`\\[${name}\\]: finished 100 - 99th: \\S+s - 95th: \\S+s - avg: \\S+s\n`)
  for (const name of ['aggregate', one.url, two.url]) expect(tool.stderr).toMatch(pattern(name))
  expect(await tool.quit()).toBe(0)
})

test('what is wrong with the flags is said', async () => {
  const needed = ['--topic=x', `--nsqd-tcp-address=${tcp(cluster.a)}`]
  for (const [args, words] of [
    [['--post=http://127.0.0.1:1', '--mode=fastest'], '--mode should be one of'],
    [['--post=http://127.0.0.1:1', '--header=x'], "--header value format should be 'Name: value'"],
    [['--post=not an address'], 'invalid POST address'],
    [['--get=http://127.0.0.1:1/%s?x=%d'], 'invalid GET address - must be a printf string'],
  ] as const) {
    const { code, lastWords } = await runToEnd('nsq_to_http', [...needed, ...args])
    expect({ code, lastWords }).toEqual({ code: 1, lastWords: expect.stringContaining(words) })
  }
})
