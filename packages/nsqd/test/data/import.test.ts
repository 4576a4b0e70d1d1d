import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fin, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { importDiskQueues } from '../../src/storage/import.ts'
import { parseMetadata } from '../../src/storage/metadata.ts'
import { nodeFiles } from '../../src/storage/node-files.ts'
import { startNsqd, type TestNsqd } from '../support/start-nsqd.ts'
import { nextId, numbered, TemporaryFolder, TIMESTAMP, writeNsqdDat, writeQueue } from './support/original-data-path.ts'

function start(folder: TemporaryFolder, ...flags: string[]): Promise<TestNsqd> {
  return startNsqd(`--data-path=${folder.path}`, ...flags)
}

/** What a consumer of the channel is given, `count` messages of it. */
async function consume(nsqd: TestNsqd, topic: string, channel: string, count: number): Promise<string[]> {
  using connection = nsqd.connect()
  await connection.command(sub(topic, channel))
  connection.send(rdy(count))
  return await connection.bodies(count)
}

/** depth of each topic and its channels: { t: [3, { c: 2 }] } */
async function depths(nsqd: TestNsqd): Promise<Record<string, [number, Record<string, number>]>> {
  const { topics } = await nsqd.stats()
  return Object.fromEntries(
    topics.map((topic: { topic_name: string; depth: number; channels: { channel_name: string; depth: number }[] }) => [
      topic.topic_name,
      [topic.depth, Object.fromEntries(topic.channels.map((channel) => [channel.channel_name, channel.depth]))],
    ]),
  )
}

interface Pausable {
  topic_name?: string
  channel_name?: string
  paused: boolean
  channels?: Pausable[]
}

async function pausedNames(nsqd: TestNsqd): Promise<(string | undefined)[]> {
  const { topics }: { topics: Pausable[] } = await nsqd.stats()
  const all = topics.flatMap((topic) => [topic, ...topic.channels!])
  return all.filter(({ paused }) => paused).map((entry) => entry.channel_name ?? entry.topic_name)
}

test('topics, channels, backlogs and pause state of the original are taken over at the first start', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, {
    news: { channels: { a: false, b: true, idle: false } },
    lonely: {},
    halted: { paused: true, channels: { c: false } },
  })
  await writeQueue(folder.path, 'news', undefined, [])
  await writeQueue(folder.path, 'news', 'a', numbered(50, 'a'))
  await writeQueue(folder.path, 'news', 'b', numbered(3, 'b'))
  await writeQueue(folder.path, 'lonely', undefined, numbered(4))
  await writeQueue(folder.path, 'halted', undefined, numbered(2))
  await using nsqd = await start(folder)
  expect(await depths(nsqd)).toEqual({
    news: [0, { a: 50, b: 3, idle: 0 }],
    lonely: [4, {}],
    halted: [2, { c: 0 }],
  })
  expect(await pausedNames(nsqd)).toEqual(['halted', 'b'])
  expect(await consume(nsqd, 'news', 'a', 50)).toEqual(numbered(50, 'a'))
  expect(await consume(nsqd, 'lonely', 'late', 4)).toEqual(numbered(4))
})

test('a message keeps its id, its timestamp and its attempts', async () => {
  using folder = new TemporaryFolder()
  const id = nextId()
  await writeQueue(folder.path, 't', 'c', [{ body: 'x', attempts: 3, id }])
  await using nsqd = await start(folder)
  using connection = nsqd.connect()
  await connection.command(sub('t', 'c'))
  connection.send(rdy(1))
  const message = await connection.message()
  expect(message).toMatchObject({ id, attempts: 4, timestampNs: TIMESTAMP })
})

test('what waits in a topic goes to all its channels, behind what they had', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, { t: { channels: { a: false, b: false } } })
  await writeQueue(folder.path, 't', undefined, ['last'])
  await writeQueue(folder.path, 't', 'a', ['first'])
  await using nsqd = await start(folder)
  expect(await consume(nsqd, 't', 'a', 2)).toEqual(['first', 'last'])
  expect(await consume(nsqd, 't', 'b', 1)).toEqual(['last'])
})

test('the files of the original are kept aside, with nsqd.dat, and nothing is taken over twice', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, { t: { channels: { c: false } } })
  await writeQueue(folder.path, 't', 'c', numbered(40))
  const before = readdirSync(folder.path).sort()
  const bytes = readFileSync(join(folder.path, 't:c.diskqueue.000000.dat'))
  const first = await start(folder)
  await first[Symbol.asyncDispose]()
  const aside = readdirSync(folder.path).filter((name) => /^imported-\d{8}T\d{6}Z$/.test(name))
  expect(aside).toHaveLength(1)
  expect(readdirSync(join(folder.path, aside[0]!)).sort()).toEqual(before)
  expect(readFileSync(join(folder.path, aside[0]!, 't:c.diskqueue.000000.dat'))).toEqual(bytes)
  expect(readdirSync(folder.path).filter((name) => name.includes('diskqueue'))).toEqual([])
  await using second = await start(folder)
  expect(await depths(second)).toEqual({ t: [0, { c: 40 }] })
})

test('what the original wrote after we had a topic is added to it', async () => {
  using folder = new TemporaryFolder()
  const first = await start(folder)
  await first.post('/topic/create?topic=t')
  await first.post('/channel/create?topic=t&channel=c')
  await first.post('/topic/create?topic=waiting')
  await first.post('/pub?topic=t', 'ours')
  await first.post('/pub?topic=waiting', 'ours')
  await first[Symbol.asyncDispose]()
  await writeQueue(folder.path, 't', 'c', ['theirs'])
  await writeQueue(folder.path, 'waiting', undefined, ['theirs'])
  await writeQueue(folder.path, 'waiting', 'd', ['only d'])
  await using second = await start(folder)
  expect((await consume(second, 't', 'c', 2)).sort()).toEqual(['ours', 'theirs'])
  expect((await consume(second, 'waiting', 'd', 3)).sort()).toEqual(['only d', 'ours', 'theirs'])
})

test('an interrupted import is done again, whole', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, { a: { channels: { c: false } }, b: { channels: { c: false } } })
  await writeQueue(folder.path, 'a', 'c', numbered(10))
  await writeQueue(folder.path, 'b', 'c', numbered(10))
  let renames = 0
  const failing = {
    ...nodeFiles,
    // Dies as it moves the second topic's folder to its place: its messages are all written, and do not count yet.
    rename(from: string, to: string) {
      if (to.endsWith('b.topic')) throw new Error('died')
      renames++
      nodeFiles.rename(from, to)
    },
    remove() {},
    removeDirectory() {},
  }
  const metadata = parseMetadata(readFileSync(join(folder.path, 'nsqd.dat'), 'utf8'), () => {})
  const silent = { info() {}, warn() {} }
  const settings = { from: folder.path, to: folder.path, metadata, maxBytesPerFile: 1000, setAside: true, log: silent }
  await expect(importDiskQueues({ ...settings, files: failing })).rejects.toThrow('died')
  expect(renames).toBeGreaterThan(0)
  expect(readdirSync(folder.path)).toEqual(expect.arrayContaining(['a.topic', 'b.topic.importing']))
  await using nsqd = await start(folder)
  expect(await depths(nsqd)).toEqual({ a: [0, { c: 10 }], b: [0, { c: 10 }] })
  expect(await consume(nsqd, 'b', 'c', 10)).toEqual(numbered(10))
})

test('of damaged queues, what is healthy is taken over, and what is not is logged and kept', async () => {
  using folder = new TemporaryFolder()
  writeNsqdDat(folder.path, { t: { channels: { torn: false, unknown: false } } })
  await writeQueue(folder.path, 't', 'torn', numbered(3), 100_000)
  const torn = join(folder.path, 't:torn.diskqueue.000000.dat')
  truncateSync(torn, 2 * 32 + 5)
  await writeQueue(folder.path, 't', 'unknown', numbered(3), 100_000)
  writeFileSync(join(folder.path, 't:unknown.diskqueue.meta.dat'), 'no positions')
  appendFileSync(join(folder.path, 't:unknown.diskqueue.000000.dat'), Buffer.from('ffffffff', 'hex'))
  await using nsqd = await start(folder)
  expect(await depths(nsqd)).toEqual({ t: [0, { torn: 2, unknown: 3 }] })
  const warnings = nsqd.logged.filter((line) => line.startsWith('WARNING: IMPORT'))
  expect(warnings.some((line) => line.includes('t:torn.diskqueue.000000.dat'))).toBe(true)
  expect(warnings.some((line) => line.includes('t:unknown.diskqueue.meta.dat'))).toBe(true)
})

test('leftovers of ephemeral topics, and names that are none, go aside unread', async () => {
  using folder = new TemporaryFolder()
  await writeQueue(folder.path, 't#ephemeral', 'c', ['x'])
  await writeQueue(folder.path, 'bad name', undefined, ['x'])
  await writeQueue(folder.path, 't', 'bad channel', ['x'])
  await using nsqd = await start(folder)
  expect(await depths(nsqd)).toEqual({})
  expect(nsqd.logged.filter((line) => line.startsWith('WARNING: IMPORT'))).toHaveLength(3)
  const aside = readdirSync(folder.path).find((name) => name.startsWith('imported-'))!
  expect(existsSync(join(folder.path, aside, 'bad name.diskqueue.000000.dat'))).toBe(true)
})

test('an id that no consumer could name is replaced', async () => {
  using folder = new TemporaryFolder()
  await writeQueue(folder.path, 't', 'c', [
    { body: 'x', id: 'NOT HEXADECIMAL!' },
    { body: 'y', id: 'NOT HEXADECIMAL!' },
  ])
  await using nsqd = await start(folder)
  using connection = nsqd.connect()
  await connection.command(sub('t', 'c'))
  connection.send(rdy(2))
  const ids = [(await connection.message()).id, (await connection.message()).id]
  for (const id of ids) connection.send(fin(id))
  expect(await connection.command('CLS\n')).toBe('CLOSE_WAIT') // no error before it
  expect(new Set(ids).size).toBe(2)
})

test('a paused topic keeps what waits in it over a restart', async () => {
  using folder = new TemporaryFolder()
  const first = await start(folder)
  await first.post('/topic/create?topic=t')
  await first.post('/channel/create?topic=t&channel=c')
  await first.post('/topic/pause?topic=t')
  await first.post('/pub?topic=t', 'x')
  await first[Symbol.asyncDispose]()
  await using second = await start(folder)
  expect(await depths(second)).toEqual({ t: [1, { c: 0 }] })
  await second.post('/topic/unpause?topic=t')
  expect(await consume(second, 't', 'c', 1)).toEqual(['x'])
})

test('an import into a topic that we had, interrupted before it counts, gives no channel what is not its own', async () => {
  using folder = new TemporaryFolder()
  const first = await start(folder)
  await first.post('/topic/create?topic=t')
  for (const channel of ['a', 'b']) await first.post(`/channel/create?topic=t&channel=${channel}`)
  await first.post('/pub?topic=t', 'ours')
  await first[Symbol.asyncDispose]()
  await writeQueue(folder.path, 't', 'a', numbered(10))
  const dying = {
    ...nodeFiles,
    open(path: string, mode: 'create' | 'edit' | 'read') {
      if (mode === 'create' && path.includes('journal-')) throw new Error('died')
      return nodeFiles.open(path, mode)
    },
  }
  const metadata = parseMetadata(readFileSync(join(folder.path, 'nsqd.dat'), 'utf8'), () => {})
  const silent = { info() {}, warn() {} }
  const settings = { from: folder.path, to: folder.path, metadata, maxBytesPerFile: 1e6, setAside: true, log: silent }
  await expect(importDiskQueues({ ...settings, files: dying })).rejects.toThrow('died')
  await using second = await start(folder)
  expect(await depths(second)).toEqual({ t: [0, { a: 11, b: 1 }] })
  expect((await consume(second, 't', 'a', 11)).sort()).toEqual([...numbered(10), 'ours'])
})
