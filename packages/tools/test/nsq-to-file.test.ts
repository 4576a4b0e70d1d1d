import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, constants } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { channelDone, numbered, publishLines, startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

// What must never happen: a message that is finished and in no file.

const CHANNEL = 'nsq_to_file'

let cluster: Cluster
let folder: string
let topicNumber = 0
let topic: string

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsq-to-file-'))
  topic = `topic${++topicNumber}`
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function start(...flags: string[]): ToolProcess {
  return new ToolProcess('nsq_to_file', [
    `--nsqd-tcp-address=${tcp(cluster.a)}`,
    `--topic=${topic}`,
    `--output-dir=${join(folder, 'out')}`,
    '--filename-format=<TOPIC><REV>.log',
    ...flags,
  ])
}

/** Names and texts of all files; of a gzip file what can be read. */
async function files(name = 'out'): Promise<Record<string, string>> {
  const names = await readdir(join(folder, name), { recursive: true }).catch(() => [])
  const found: Record<string, string> = {}
  for (const file of names) {
    const path = join(folder, name, file)
    if (!(await stat(path)).isFile()) continue
    const bytes = await readFile(path)
    const text = file.endsWith('.gz') && bytes.length > 0 ? readableGzip(bytes) : bytes.toString()
    found[file.replace(topic, 't')] = text
  }
  return found
}

function readableGzip(bytes: Buffer): string {
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
}

async function lines(name?: string): Promise<Set<string>> {
  return new Set(Object.values(await files(name)).flatMap((text) => text.split('\n')))
}

for (const [what, flags] of [
  ['plain', []],
  ['gzip', ['--gzip']],
  ['gzip in a work folder, in many files', ['--gzip', '--rotate-size=20000', '--work-dir=WORK']],
] as const) {
  test(`kill -9 in mid-write, twice: what was finished is in the files (${what})`, async () => {
    const published = numbered(what, 30_000)
    const withFolder = flags.map((flag) => flag.replace('WORK', join(folder, 'work')))
    await publishLines(cluster.a, topic, published)
    for (let round = 0; round < 2; round++) {
      await using tool = start(...withFolder, '--max-in-flight=500')
      const before = await finished()
      await eventually(async () => (await finished()) > before + 2000, { what: 'it is at work' })
      await tool.quit('SIGKILL')
    }
    // What nsqd counts as finished by now has to be readable.
    const doneBefore = await finished()
    const readable = new Set([...(await lines('out')), ...(await lines('work'))])
    expect(published.filter((line) => readable.has(line)).length).toBeGreaterThanOrEqual(doneBefore)

    await using tool = start(...withFolder, '--sync-interval=200ms')
    await channelDone(cluster.a, topic, CHANNEL, published.length)
    expect(await tool.quit()).toBe(0)
    const all = new Set([...(await lines('out')), ...(await lines('work'))])
    expect(published.filter((line) => !all.has(line))).toEqual([])
  })
}

/** Messages of the channel that are finished. */
async function finished(): Promise<number> {
  const stats = await cluster.a.channel(topic, CHANNEL).catch(() => undefined)
  if (stats === undefined) return 0
  return stats.message_count - stats.depth - stats.in_flight_count - stats.deferred_count
}

test('a disk that is full ends it with 1, leaves whole lines, and loses nothing', async () => {
  const published = numbered('full', 5000)
  await publishLines(cluster.a, topic, published)
  const args = [
    `--nsqd-tcp-address=${tcp(cluster.a)}`,
    `--topic=${topic}`,
    `--output-dir=${join(folder, 'out')}`,
    '--filename-format=log',
  ]
  // A limit on the size of files fails as a full disk does.
  const failed = await runToEnd('nsq_to_file', args, { shell: "trap '' XFSZ; ulimit -f 16" })
  expect(failed.code).toBe(1)
  expect(failed.lastWords).toMatch(/^FATAL: .*EFBIG/)
  const { log: text = '' } = await files()
  expect(text.endsWith('\n')).toBe(true)
  expect(text.split('\n').slice(0, -1)).toEqual(expect.arrayContaining(['full-0']))
  expect(text.split('\n').filter((line) => line !== '' && !published.includes(line))).toEqual([])

  await using tool = new ToolProcess('nsq_to_file', [...args, '--sync-interval=200ms'])
  await channelDone(cluster.a, topic, CHANNEL, published.length)
  expect(await tool.quit()).toBe(0)
  const all = await lines()
  expect(published.filter((line) => !all.has(line))).toEqual([])
})

test('half a line that a killed process left is ended before a file is gone on with', async () => {
  await using tool = start('--output-dir', folder, '--filename-format=log')
  await writeFile(join(folder, 'log'), 'whole\nhal')
  await publishLines(cluster.a, topic, ['next'])
  await channelDone(cluster.a, topic, CHANNEL, 1)
  expect(await tool.quit()).toBe(0)
  expect(await readFile(join(folder, 'log'), 'utf8')).toBe('whole\nhal\nnext\n')
})

test('SIGHUP with a work folder moves the file and goes on in the next one', async () => {
  await using tool = start(`--work-dir=${join(folder, 'work')}`, '--sync-interval=1h')
  await publishLines(cluster.a, topic, ['one', 'two'])
  await eventually(async () => (await lines('work')).has('two'), { what: 'both are written' })
  tool.signal('SIGHUP')
  await channelDone(cluster.a, topic, CHANNEL, 2)
  await eventually(async () => (await lines()).has('two'), { what: 'the file is moved' })
  await publishLines(cluster.a, topic, ['three'])
  await eventually(async () => (await lines('work')).has('three'), { what: 'it goes on' })
  tool.signal('SIGHUP')
  await channelDone(cluster.a, topic, CHANNEL, 3)
  expect(await tool.quit()).toBe(0)
  expect(await files()).toEqual({ 't-000000.log': 'one\ntwo\n', 't-000001.log': 'three\n' })
  expect(await files('work')).toEqual({})
})

test('SIGTERM with a large backlog writes what it has, finishes that, and gives the rest back', async () => {
  const published = numbered('term', 20_000)
  await publishLines(cluster.a, topic, published)
  await using tool = start('--sync-interval=1h')
  await eventually(async () => (await finished()) > 1000, { what: 'it is at work' })
  expect(await tool.quit()).toBe(0)
  const stats = await cluster.a.channel(topic, CHANNEL)
  expect(stats.in_flight_count).toBe(0)
  expect((await lines()).size - 1).toBe(published.length - stats.depth)
})

test('an idle gzip file with a rotation interval and no empty files: closed by time, opened by the next message', async () => {
  await using tool = start('--gzip', '--skip-empty-files', '--rotate-interval=200ms', '--sync-interval=100ms')
  await publishLines(cluster.a, topic, ['one'])
  await channelDone(cluster.a, topic, CHANNEL, 1)
  await new Promise((resolve) => setTimeout(resolve, 600))
  await publishLines(cluster.a, topic, ['two'])
  await channelDone(cluster.a, topic, CHANNEL, 2)
  expect(await tool.quit()).toBe(0)
  expect(await files()).toEqual({ 't-000000.log.gz': 'one\n', 't-000001.log.gz': 'two\n' })
})

test('a file that others have moved away is not written to after SIGHUP', async () => {
  await using tool = start('--filename-format=log', '--sync-interval=100ms')
  await publishLines(cluster.a, topic, ['old'])
  await channelDone(cluster.a, topic, CHANNEL, 1)
  await rename(join(folder, 'out', 'log'), join(folder, 'out', 'log.1'))
  tool.signal('SIGHUP')
  await publishLines(cluster.a, topic, ['new'])
  await channelDone(cluster.a, topic, CHANNEL, 2)
  expect(await tool.quit()).toBe(0)
  const found = await files()
  expect(Object.keys(found)).toEqual(expect.arrayContaining(['log.1']))
  expect(`${found['log.1']}${found['log'] ?? ''}`).toBe('old\nnew\n')
})

test('topics of both nsqds that match are found through nsqlookupd, new ones too', async () => {
  await publishLines(cluster.a, `${topic}_log_a`, ['a'])
  await publishLines(cluster.b, `${topic}_log_a`, ['b'])
  await publishLines(cluster.b, `${topic}_other`, ['no'])
  await using tool = new ToolProcess('nsq_to_file', [
    `--lookupd-http-address=${cluster.lookupd}`,
    '--lookupd-http-address=127.0.0.1:1', // nobody: the others' topics are written all the same
    `--topic-pattern=^${topic}_log_`,
    '--topic-refresh=100ms',
    '--consumer-opt=lookupd_poll_interval,100ms',
    `--output-dir=${join(folder, 'out')}`,
    '--filename-format=<TOPIC>.log',
    '--sync-interval=100ms',
  ])
  await eventually(async () => ['a', 'b'].every(Set.prototype.has, await lines()), { what: 'both are written' })
  await publishLines(cluster.b, `${topic}_log_b`, ['later'])
  await eventually(async () => (await lines()).has('later'), { what: 'the new topic is written' })
  expect(await tool.quit()).toBe(0)
  expect(Object.keys(await files())).toEqual(['t_log_a.log', 't_log_b.log'])
})

test('it does not start where it could only fail', async () => {
  const source = `--nsqd-tcp-address=${tcp(cluster.a)}`
  for (const [args, words] of [
    [[source, '--topic=x', '--gzip', '--filename-format=x'], 'no topic is written'],
    [[source, '--topic=bad topic'], 'no topic is written'],
    [[source, '--topic=x', '--topic-pattern=['], '--topic-pattern is invalid'],
    [[source, '--topic=x', '--sync-interval=0s'], '--sync-interval should be positive'],
    [['--nsqd-tcp-address=127.0.0.1:1', '--topic=x'], 'FATAL: [x/nsq_to_file] 127.0.0.1:1: connect ECONNREFUSED'],
    [[source, '--topic=x', `--output-dir=/dev/null/x`], 'FATAL'],
  ] as const) {
    if (args.length === 3 && args[2].includes('/dev/null')) await publishLines(cluster.a, 'x', ['one'])
    const { code, lastWords } = await runToEnd('nsq_to_file', args)
    expect({ args, code, lastWords }).toEqual({ args, code: 1, lastWords: expect.stringContaining(words) })
  }
  expect((await runToEnd('nsq_to_file', [source, '--topic=x', '--consumer-opt=no_such'])).code).toBe(2)
})

test('topics that share a file, whose name has no place for them, lose nothing either', async () => {
  const [left, right] = [numbered('left', 3000), numbered('right', 3000)]
  await publishLines(cluster.a, topic, left)
  await publishLines(cluster.a, `${topic}b`, right)
  await using tool = start(`--topic=${topic}b`, '--filename-format=log', '--sync-interval=100ms')
  await channelDone(cluster.a, topic, CHANNEL, 3000)
  await channelDone(cluster.a, `${topic}b`, CHANNEL, 3000)
  expect(await tool.quit()).toBe(0)
  const all = (await files())['log']?.split('\n').slice(0, -1) ?? []
  expect(all.sort()).toEqual([...left, ...right].sort())
})
