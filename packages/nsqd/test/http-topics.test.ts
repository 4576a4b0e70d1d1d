import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fin, rdy, sub } from '@nsq-ts/protocol'
import { describe, expect, test } from 'vitest'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

/** Status, and the code of an error. */
async function outcome(d: TestNsqd, path: string): Promise<string> {
  const { status, body } = await d.post(path)
  return body === '' ? String(status) : `${status} ${(JSON.parse(body) as { message: string }).message}`
}

function metadata(d: TestNsqd): unknown {
  return JSON.parse(readFileSync(join(d.dataPath, 'nsqd.dat'), 'utf8'))
}

describe('which check comes first', () => {
  test.each<[action: string, topic: string | undefined, expected: string]>([
    ['create', '%zz', '400 INVALID_REQUEST'],
    ['create', undefined, '400 MISSING_ARG_TOPIC'],
    ['create', '', '400 INVALID_TOPIC'],
    ['create', 'a$', '400 INVALID_TOPIC'],
    ['create', 'new', '200'],
    ['create', 'new%23ephemeral', '200'],
    ...['delete', 'pause', 'unpause'].flatMap((action): [string, string | undefined, string][] => [
      [action, undefined, '400 MISSING_ARG_TOPIC'],
      [action, '', '404 TOPIC_NOT_FOUND'],
      [action, 'a$', '404 TOPIC_NOT_FOUND'],
      [action, 'nowhere', '404 TOPIC_NOT_FOUND'],
      [action, 't', '200'],
    ]),
    ['empty', undefined, '400 MISSING_ARG_TOPIC'],
    ['empty', 'a$', '400 INVALID_TOPIC'],
    ['empty', 'nowhere', '404 TOPIC_NOT_FOUND'],
    ['empty', 't', '200'],
  ])('/topic/%s of topic=%s answers %s', async (action, topic, expected) => {
    await using d = await startNsqd()
    await d.post('/topic/create?topic=t')
    expect(await outcome(d, `/topic/${action}${topic === undefined ? '' : `?topic=${topic}`}`)).toBe(expected)
  })

  test.each(['create', 'delete', 'empty', 'pause', 'unpause'])('/channel/%s checks in order', async (action) => {
    await using d = await startNsqd()
    await d.post('/topic/create?topic=t')
    const ask = (query: string) => outcome(d, `/channel/${action}?${query}`)
    expect(await ask('topic=%zz')).toBe('400 INVALID_REQUEST')
    expect(await ask('channel=c')).toBe('400 MISSING_ARG_TOPIC')
    expect(await ask('topic=')).toBe('400 INVALID_ARG_TOPIC')
    expect(await ask('topic=nowhere')).toBe('400 MISSING_ARG_CHANNEL')
    expect(await ask('topic=nowhere&channel=c+d')).toBe('400 INVALID_ARG_CHANNEL')
    expect(await ask('topic=nowhere&channel=c')).toBe('404 TOPIC_NOT_FOUND')
    expect(await ask('topic=t&channel=c')).toBe(action === 'create' ? '200' : '404 CHANNEL_NOT_FOUND')
    await d.post('/channel/create?topic=t&channel=c')
    expect(await ask('topic=t&channel=c')).toBe('200')
  })
})

test('a pause is on disk when it is answered', async () => {
  await using d = await startNsqd()
  await d.post('/topic/create?topic=t')
  await d.post('/channel/create?topic=t&channel=c')
  const entry = (paused: boolean, channelPaused: boolean) => ({
    topics: [{ name: 't', paused, channels: [{ name: 'c', paused: channelPaused }] }],
  })
  await d.post('/topic/pause?topic=t')
  expect(metadata(d)).toMatchObject(entry(true, false))
  await d.post('/channel/pause?topic=t&channel=c')
  expect(metadata(d)).toMatchObject(entry(true, true))
  await d.post('/topic/unpause?topic=t')
  expect(metadata(d)).toMatchObject(entry(false, true))
  await d.post('/channel/unpause?topic=t&channel=c')
  expect(metadata(d)).toMatchObject(entry(false, false))
})

test('a pause that cannot be written down is not confirmed', async () => {
  await using d = await startNsqd()
  await d.post('/topic/create?topic=t')
  rmSync(d.dataPath, { recursive: true })
  try {
    expect(await outcome(d, '/topic/pause?topic=t')).toBe('500 INTERNAL_ERROR')
  } finally {
    mkdirSync(d.dataPath)
  }
})

test('deleting a channel sends its consumers away and leaves the others', async () => {
  await using d = await startNsqd()
  using gone = d.connect()
  using stays = d.connect()
  await gone.command(sub('t', 'gone'))
  await stays.command(sub('t', 'stays'))
  const ended = new Promise((resolve) => gone.socket.once('close', resolve))
  expect(await outcome(d, '/channel/delete?topic=t&channel=gone')).toBe('200')
  await ended
  stays.send(rdy(1))
  await d.post('/pub?topic=t', 'x')
  expect(await stays.bodies(1)).toEqual(['x'])
})

test('deleting a topic sends the consumers of all its channels away', async () => {
  await using d = await startNsqd()
  const connections = [d.connect(), d.connect()]
  const ended = connections.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)))
  for (const [index, connection] of connections.entries()) await connection.command(sub('t', `c${index}`))
  expect(await outcome(d, '/topic/delete?topic=t')).toBe('200')
  await Promise.all(ended)
  expect((await d.stats()).topics).toEqual([])
})

test('emptying a channel forgets what waits, is in flight and is deferred', async () => {
  await using d = await startNsqd()
  using consumer = d.connect()
  await consumer.command(sub('t', 'c'))
  consumer.send(rdy(1))
  await d.post('/mpub?topic=t', 'a\nb\nc')
  await d.post('/pub?topic=t&defer=60000', 'later')
  const { id } = await consumer.message()
  const channel = async () => (await d.stats('topic=t')).topics[0].channels[0]
  expect(await channel()).toMatchObject({ depth: 2, in_flight_count: 1, deferred_count: 1 })
  expect(await outcome(d, '/channel/empty?topic=t&channel=c')).toBe('200')
  expect(await channel()).toMatchObject({ depth: 0, in_flight_count: 0, deferred_count: 0, message_count: 4 })
  expect(await consumer.command(fin(id))).toMatch(/^E_FIN_FAILED /)
})

test('a paused channel collects and hands out again', async () => {
  await using d = await startNsqd()
  using consumer = d.connect()
  await consumer.command(sub('t', 'c'))
  consumer.send(rdy(5))
  await d.post('/channel/pause?topic=t&channel=c')
  await d.post('/mpub?topic=t', 'a\nb')
  expect((await d.stats()).topics[0].channels[0]).toMatchObject({ depth: 2, in_flight_count: 0, paused: true })
  await d.post('/channel/unpause?topic=t&channel=c')
  expect(await consumer.bodies(2)).toEqual(['a', 'b'])
})

test('every route that changes something wants POST', async () => {
  await using d = await startNsqd()
  for (const path of ['/pub', '/mpub', '/topic/create', '/topic/empty', '/channel/delete', '/channel/unpause']) {
    const { status, headers } = await d.ask('GET', `${path}?topic=t&channel=c`)
    expect([status, headers['allow']]).toEqual([405, 'OPTIONS, POST'])
  }
  expect(d.nsqd.registry.size).toBe(0)
})

test('nsqd.dat has what was made before that is answered, and is written once for it', async () => {
  await using d = await startNsqd()
  const { nsqd } = d
  const writes = (): number => d.logged.filter((line) => line.includes('persisting topic/channel metadata')).length
  const before = writes()
  nsqd.registry.channel(nsqd.registry.topic('made'), 'channel')
  nsqd.persistNewMetadata()
  expect(metadata(d)).toMatchObject({ topics: [{ name: 'made', channels: [{ name: 'channel' }] }] })
  nsqd.persistNewMetadata()
  await new Promise((resolve) => setImmediate(resolve))
  expect(writes()).toBe(before + 1)
})
