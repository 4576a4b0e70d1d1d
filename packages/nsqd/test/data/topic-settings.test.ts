import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EarlyExit, resolveOptions } from '@nsq-ts/daemon'
import { pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { nsqdTable } from '../../src/options.ts'
import { valueFor } from '../../src/options-topics.ts'
import { startNsqd, type TestNsqd } from '../support/start-nsqd.ts'
import { numbered, TemporaryFolder, writeNsqdDat, writeQueue } from './support/original-data-path.ts'

async function consume(nsqd: TestNsqd, topic: string, channel: string, count: number): Promise<string[]> {
  using connection = nsqd.connect()
  await connection.command(sub(topic, channel))
  connection.send(rdy(count))
  return await connection.bodies(count)
}

async function settings(nsqd: TestNsqd, topic: string): Promise<Record<string, unknown>> {
  return JSON.parse((await nsqd.ask('GET', `/topic/settings?topic=${topic}`)).body)
}

/** What another nsqd finds that starts from the files as they are now, as if the one that works on them had been killed. */
async function depthAfterKill(dataPath: string, topic: string): Promise<number | undefined> {
  using copy = new TemporaryFolder()
  cpSync(dataPath, copy.path, { recursive: true })
  await using next = await startNsqd(`--data-path=${copy.path}`)
  const { topics } = await next.stats(`topic=${topic}`)
  return topics?.[0]?.depth
}

test.each([
  ['metrics.cpu', 'memory'],
  ['metrics.', 'memory'],
  ['metrics', 'os'],
  ['metrics.orders', 'fsync'],
  ['a-b', 'os'],
  ['a_b', 'memory'],
])('of all patterns that fit %s the one that says most counts', (topic, value) => {
  const patterns = [
    ['metrics.orders', 'fsync'],
    ['metrics.*', 'memory'],
    ['*', 'fsync'],
    ['*', 'os'],
    ['a??', 'os'],
    ['a_?', 'memory'],
  ] as const
  expect(valueFor(patterns, topic)).toBe(value)
})

test('patterns come from flags and from a table of the config file, under either spelling', () => {
  using folder = new TemporaryFolder()
  const file = join(folder.path, 'nsqd.toml')
  writeFileSync(
    file,
    'durability-for = { "metrics.*" = "memory" }\nmax_topic_age_for = { "metrics.*" = "1h" }\nmax-topic-bytes = 1000\n',
  )
  const resolve = (...flags: string[]) => resolveOptions(nsqdTable, flags, { program: 'nsqd' }).options
  expect(resolve(`--config=${file}`)).toMatchObject({
    durabilityFor: [['metrics.*', 'memory']],
    maxTopicAgeFor: [['metrics.*', 3_600_000]],
    maxTopicBytes: 1000,
  })
  expect(resolve('--durability-for=a=os', '--durability-for=b.*=fsync').durabilityFor).toEqual([
    ['a', 'os'],
    ['b.*', 'fsync'],
  ])
})

test.each(['--durability-for=a', '--durability-for=a=never', '--durability-for=a b=os', '--max-topic-bytes-for=a=-1'])(
  '%s is refused',
  (flag) => {
    expect(() => resolveOptions(nsqdTable, [flag], { program: 'nsqd' })).toThrow(EarlyExit)
  },
)

test('a topic has the durability of its pattern', async () => {
  using folder = new TemporaryFolder()
  await using nsqd = await startNsqd(`--data-path=${folder.path}`, '--durability-for=metrics.*=memory')
  await nsqd.post('/pub?topic=metrics.cpu', 'x')
  await nsqd.post('/pub?topic=orders', 'x')
  expect(await settings(nsqd, 'metrics.cpu')).toMatchObject({ durability: 'memory' })
  expect(await depthAfterKill(folder.path, 'metrics.cpu')).toBe(0)
  expect(await depthAfterKill(folder.path, 'orders')).toBe(1)
})

test.each(['os', 'fsync'])(
  'a topic that is changed from memory to %s loses nothing of what it had',
  async (durability) => {
    using folder = new TemporaryFolder()
    await using nsqd = await startNsqd(`--data-path=${folder.path}`, '--durability=memory')
    await nsqd.post('/mpub?topic=t', numbered(20).join('\n'))
    expect(await depthAfterKill(folder.path, 't')).toBe(0)
    const { status, body } = await nsqd.post(`/topic/settings?topic=t&durability=${durability}`)
    expect({ status, body: JSON.parse(body) }).toEqual({
      status: 200,
      body: {
        topic: 't',
        durability,
        max_bytes: 0,
        max_age: '0s',
        limit_policy: 'refuse',
        retain_for: '0s',
        retain_bytes: 0,
      },
    })
    await nsqd.post('/pub?topic=t', 'm20')
    expect(await depthAfterKill(folder.path, 't')).toBe(21)
    expect(await consume(nsqd, 't', 'c', 21)).toEqual(numbered(21))
  },
)

test('a topic may change its durability to and fro while a channel works on it', async () => {
  using folder = new TemporaryFolder()
  await using nsqd = await startNsqd(`--data-path=${folder.path}`)
  await nsqd.post('/topic/create?topic=t')
  await nsqd.post('/channel/create?topic=t&channel=c')
  let sent = 0
  for (const durability of ['memory', 'os', 'memory', 'fsync', 'memory', 'os']) {
    await nsqd.post(`/topic/settings?topic=t&durability=${durability}`)
    for (let i = 0; i < 5; i++) expect((await nsqd.post('/pub?topic=t', `m${sent++}`)).body).toBe('OK')
  }
  expect(await consume(nsqd, 't', 'c', sent)).toEqual(numbered(sent))
  await nsqd.nsqd.close()
  await using next = await startNsqd(`--data-path=${folder.path}`)
  expect((await consume(next, 't', 'c', sent)).sort()).toEqual(numbered(sent).sort())
})

test('what was said over HTTP outlives a restart, is given back by an empty value, and goes with the topic', async () => {
  using folder = new TemporaryFolder()
  const first = await startNsqd(`--data-path=${folder.path}`)
  await first.post('/topic/create?topic=t')
  await first.post(
    '/topic/settings?topic=t&durability=fsync&max_bytes=5000&max_age=2h&limit_policy=drop-oldest&retain_for=3h&retain_bytes=7',
  )
  await first[Symbol.asyncDispose]()
  const text = readFileSync(join(folder.path, 'nsqd.dat'), 'utf8')
  expect(JSON.parse(text).topics[0]).toEqual({
    name: 't',
    paused: false,
    channels: null,
    settings: {
      durability: 'fsync',
      max_bytes: 5000,
      max_age: '2h0m0s',
      limit_policy: 'drop-oldest',
      retain_for: '3h0m0s',
      retain_bytes: 7,
    },
  })
  await using second = await startNsqd(`--data-path=${folder.path}`)
  expect(await settings(second, 't')).toMatchObject({ durability: 'fsync', max_bytes: 5000, max_age: '2h0m0s' })
  await second.post('/topic/settings?topic=t&durability=&max_age=')
  expect(await settings(second, 't')).toMatchObject({ durability: 'os', max_bytes: 5000, max_age: '0s' })
  await second.post('/topic/delete?topic=t')
  await second.post('/topic/create?topic=t')
  expect(await settings(second, 't')).toMatchObject({ durability: 'os', max_bytes: 0, limit_policy: 'refuse' })
})

test.each([
  ['topic=none', 404, 'TOPIC_NOT_FOUND'],
  ['', 400, 'MISSING_ARG_TOPIC'],
  ['topic=t&durability=never', 400, 'INVALID_DURABILITY'],
  ['topic=t&max_bytes=-1', 400, 'INVALID_MAX_BYTES'],
  ['topic=t&max_age=soon', 400, 'INVALID_MAX_AGE'],
  ['topic=t&limit_policy=explode', 400, 'INVALID_LIMIT_POLICY'],
  ['topic=t&retain_for=-1h', 400, 'INVALID_RETAIN_FOR'],
  ['topic=t&retain_bytes=many', 400, 'INVALID_RETAIN_BYTES'],
])('POST /topic/settings?%s answers %i %s', async (query, status, message) => {
  await using nsqd = await startNsqd()
  await nsqd.post('/topic/create?topic=t')
  const answer = await nsqd.post(`/topic/settings?${query}`)
  expect({ status: answer.status, body: JSON.parse(answer.body) }).toEqual({ status, body: { message } })
})

const KILOBYTE = 'x'.repeat(1000)

test.each(['memory', 'os'])(
  'a full topic (%s) takes no publish until a channel has finished enough',
  async (durability) => {
    await using nsqd = await startNsqd('--max-topic-bytes=3000', `--durability=${durability}`)
    await nsqd.post('/topic/create?topic=t')
    await nsqd.post('/channel/create?topic=t&channel=c')
    const answers: string[] = []
    for (let i = 0; i < 5; i++) answers.push((await nsqd.post('/pub?topic=t', KILOBYTE)).body)
    expect(answers.slice(0, 3)).toEqual(['OK', 'OK', 'OK'])
    expect(answers[4]).toBe('{"message":"TOPIC_FULL"}')
    using connection = nsqd.connect()
    expect(await connection.command(pub('t', Buffer.from('x')))).toMatch(/^E_PUB_FAILED /)
    expect((await nsqd.post('/pub?topic=other', KILOBYTE)).body).toBe('OK')
    await nsqd.post('/channel/empty?topic=t&channel=c')
    await expect.poll(async () => (await nsqd.post('/pub?topic=t', KILOBYTE)).status).toBe(200)
    expect((await nsqd.stats('topic=t')).topics[0]).not.toHaveProperty('dropped_count')
  },
)

test('a full topic that drops its oldest keeps the newest, counts what it dropped, and knows it after a crash', async () => {
  using folder = new TemporaryFolder()
  const flags = ['--max-topic-bytes=20000', '--topic-limit-policy=drop-oldest']
  await using nsqd = await startNsqd(`--data-path=${folder.path}`, ...flags)
  await nsqd.post('/topic/create?topic=t')
  for (const channel of ['a', 'b']) await nsqd.post(`/channel/create?topic=t&channel=${channel}`)
  const bodies = numbered(200).map((body) => body.padEnd(1000))
  const publish = async (body: string): Promise<void> => {
    expect((await nsqd.post('/pub?topic=t', body)).body).toBe('OK')
    nsqd.nsqd.registry.get('t')!.limits.change({ maxBytes: 20_000, maxAgeMs: 0, limitPolicy: 'drop-oldest' }) // measures anew
  }
  for (const body of bodies) await publish(body)
  const [topic] = (await nsqd.stats('topic=t')).topics
  const [a] = topic.channels
  expect(a.dropped_count).toBeGreaterThan(150)
  expect(a.depth + a.dropped_count).toBe(200)
  expect(await consume(nsqd, 't', 'b', a.depth)).toEqual(bodies.slice(-a.depth))
  await expect.poll(() => depthsAfterKill(folder.path)).toMatchObject({ a: a.depth })
})

async function depthsAfterKill(dataPath: string): Promise<Record<string, number>> {
  using copy = new TemporaryFolder()
  cpSync(dataPath, copy.path, { recursive: true })
  await using next = await startNsqd(`--data-path=${copy.path}`)
  const { channels } = (await next.stats('topic=t')).topics[0]
  return Object.fromEntries(
    channels.map((channel: { channel_name: string; depth: number }) => [channel.channel_name, channel.depth]),
  )
}

test('messages older than --max-topic-age are dropped where they wait, and younger ones are not', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, { t: { channels: { c: false } }, waiting: {} })
  await writeQueue(folder.path, 't', 'c', numbered(5, 'old'))
  await writeQueue(folder.path, 'waiting', undefined, numbered(5, 'old'))
  await using nsqd = await startNsqd(
    `--data-path=${folder.path}`,
    '--max-topic-age=1h',
    '--topic-limit-policy-for=*=drop-oldest',
  )
  await nsqd.post('/pub?topic=t', 'new')
  await nsqd.post('/pub?topic=waiting', 'new')
  nsqd.nsqd.registry.sweep()
  await expect
    .poll(async () => (await nsqd.stats()).topics)
    .toMatchObject([
      { topic_name: 't', channels: [{ depth: 1, dropped_count: 5 }] },
      { topic_name: 'waiting', depth: 1, dropped_count: 5 },
    ])
  expect(await consume(nsqd, 't', 'c', 1)).toEqual(['new'])
  expect(await consume(nsqd, 'waiting', 'late', 1)).toEqual(['new'])
})

test('a topic with something too old takes no publish, if that is the policy', async () => {
  using folder = new TemporaryFolder()
  await writeQueue(folder.path, 't', 'c', numbered(5, 'old'))
  await using nsqd = await startNsqd(`--data-path=${folder.path}`, '--max-topic-age-for=t=1h')
  nsqd.nsqd.registry.sweep()
  await expect.poll(async () => (await nsqd.post('/pub?topic=t', 'new')).status).toBe(507)
  await nsqd.post('/channel/empty?topic=t&channel=c')
  nsqd.nsqd.registry.sweep()
  await expect.poll(async () => (await nsqd.post('/pub?topic=t', 'new')).status).toBe(200)
})
