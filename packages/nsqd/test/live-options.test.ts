import { expect, test } from 'vitest'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

const put = async (d: TestNsqd, key: string, value: string) => {
  const { status, body } = await d.ask('PUT', `/config/${key}`, value)
  return [status, body]
}
const INVALID_VALUE = [400, '{"message":"INVALID_VALUE"}']

test.each([
  ['max_connections', '7', '7'],
  ['max_http_connections', '8', '8'],
  ['max_topics', '0x10', '16'],
  ['max_channels_per_topic', '3', '3'],
  ['max_topic_bytes', '5000000', '5000000'],
  ['max_topic_age', '1h30m', '5400000000000'],
  ['topic_limit_policy', 'drop-oldest', 'drop-oldest'],
  ['max_defer', '24h', '86400000000000'],
  ['drain_timeout', '30s', '30000000000'],
  ['disk_reserve', '0', '0'],
  ['requeue_on_disconnect', 'true', 'true'],
])('%s takes what its flag takes: %s', async (key, value, shown) => {
  await using d = await startNsqd()
  const before = (await d.ask('GET', `/config/${key}`)).body
  expect(before).not.toBe(shown)
  expect(await put(d, key, value)).toEqual([200, shown])
  expect((await d.ask('GET', `/config/${key}`)).body).toBe(shown)
})

test.each([
  ['max_topics', 'many'],
  ['max_topics', '-1'],
  ['max_topic_age', '5'],
  ['topic_limit_policy', 'drop'],
  ['requeue_on_disconnect', 'yes'],
])('%s refuses %j, and stays as it is', async (key, value) => {
  await using d = await startNsqd()
  const before = (await d.ask('GET', `/config/${key}`)).body
  expect(await put(d, key, value)).toEqual(INVALID_VALUE)
  expect((await d.ask('GET', `/config/${key}`)).body).toBe(before)
})

test('what the original does not let change, and what matters at the start only, stays', async () => {
  await using d = await startNsqd()
  for (const key of ['msg_timeout', 'max_channel_consumers', 'durability', 'http_auth_file', '__proto__', 'toString']) {
    expect(await put(d, key, '1')).toEqual([400, '{"message":"INVALID_OPTION"}'])
  }
})

test('limits on topics, channels and connections hold from then on', async () => {
  await using d = await startNsqd()
  expect((await d.post('/topic/create?topic=a')).status).toBe(200)
  await put(d, 'max_topics', '1')
  expect((await d.post('/topic/create?topic=b')).body).toBe('{"message":"TOO_MANY_TOPICS"}')
  await put(d, 'max_topics', '0')
  expect((await d.post('/topic/create?topic=b')).status).toBe(200)

  await put(d, 'max_channels_per_topic', '1')
  expect((await d.post('/channel/create?topic=a&channel=c')).status).toBe(200)
  expect((await d.post('/channel/create?topic=a&channel=d')).body).toBe('{"message":"TOO_MANY_CHANNELS"}')

  using first = d.connect()
  expect(await first.command('PUB a\n\0\0\0\x01x')).toBe('OK')
  await put(d, 'max_connections', '1')
  using second = d.connect()
  await expect(second.command('NOP\n')).resolves.toMatch('too many connections, 1 are the limit')
  expect(await first.command('PUB a\n\0\0\0\x01x')).toBe('OK')
})

test('a limit in bytes holds for the topics that there are, those with one of their own and ephemeral ones left out', async () => {
  await using d = await startNsqd()
  for (const topic of ['a', 'own', 'e%23ephemeral']) await d.post(`/topic/create?topic=${topic}`)
  await d.post('/topic/settings?topic=own&max_bytes=1000000')
  await put(d, 'max_topic_bytes', '100')
  const status = async (topic: string) => (await d.post(`/pub?topic=${topic}`, 'x'.repeat(200))).status
  for (const topic of ['a', 'own', 'e%23ephemeral']) expect(await status(topic)).toBe(200)
  expect(await status('a')).toBe(507)
  expect(await status('own')).toBe(200)
  expect(await status('e%23ephemeral')).toBe(200)
  await put(d, 'max_topic_bytes', '0')
  expect(await status('a')).toBe(200)
})

test('a reserve larger than the disk stops publishing at once, and 0 lets it go on', async () => {
  await using d = await startNsqd()
  await put(d, 'disk_reserve', String(Number.MAX_SAFE_INTEGER))
  expect((await d.post('/pub?topic=a', 'x')).status).toBe(507)
  expect((await d.ask('GET', '/ping')).status).toBe(500)
  await put(d, 'disk_reserve', '0')
  expect((await d.post('/pub?topic=a', 'x')).status).toBe(200)
  expect((await d.ask('GET', '/ping')).status).toBe(200)
})

test('what a consumer leaves behind comes back at once after requeue_on_disconnect was set', async () => {
  await using d = await startNsqd()
  await put(d, 'requeue_on_disconnect', 'true')
  await d.post('/pub?topic=t', 'x')
  for (const attempts of [1, 2]) {
    using consumer = d.connect()
    await consumer.identify({})
    expect(await consumer.command('SUB t c\n')).toBe('OK')
    consumer.send('RDY 1\n')
    expect(await consumer.message()).toMatchObject({ attempts })
  }
})
