import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeMessageRecord, DiskQueueReader, findQueue, nodeFiles as queueFiles } from '@nsq-ts/diskqueue'
import { dpub, rdy, sub } from '@nsq-ts/protocol'
import { encodeHeaders, hmpub, hpub } from '@nsq-ts/protocol/headers'
import { expect, test } from 'vitest'
import { runDataTool } from '../../src/data-tool/run.ts'
import { startNsqd, type TestNsqd } from '../support/start-nsqd.ts'
import { numbered, TemporaryFolder, writeNsqdDat, writeQueue } from './support/original-data-path.ts'

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(...argv: string[]): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runDataTool(argv, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    isTerminal: false,
  })
  return { code, out, err }
}

async function using<T>(dataPath: string, use: (nsqd: TestNsqd) => Promise<T>): Promise<T> {
  await using nsqd = await startNsqd(`--data-path=${dataPath}`)
  return await use(nsqd)
}

/**
 * The topic `t` with the channels `a`, paused, which has m0 to m9, and `b`, which had m0 and m1 in flight; a message
 * `later` deferred in both; and a topic `lonely`, in which one message waits.
 */
async function fill(dataPath: string): Promise<void> {
  await using(dataPath, async (nsqd) => {
    await nsqd.post('/topic/create?topic=t')
    for (const channel of ['a', 'b']) await nsqd.post(`/channel/create?topic=t&channel=${channel}`)
    await nsqd.post('/channel/pause?topic=t&channel=a')
    await nsqd.post('/mpub?topic=t', numbered(10).join('\n'))
    using consumer = nsqd.connect()
    await consumer.command(sub('t', 'b'))
    consumer.send(rdy(2))
    await consumer.bodies(2)
    using producer = nsqd.connect()
    await producer.command(dpub('t', 600_000, Buffer.from('later')))
    await nsqd.post('/pub?topic=lonely', 'alone')
  })
}

/** body and attempts of each message in a disk queue */
async function readQueue(directory: string, name: string): Promise<[string, number][]> {
  const found: [string, number][] = []
  const reader = await DiskQueueReader.open(queueFiles, directory, await findQueue(queueFiles, directory, name))
  for await (const records of reader) {
    for (const record of records) {
      const { attempts, body } = decodeMessageRecord(record)
      found.push([body.toString(), attempts])
    }
  }
  expect(reader.report.findings).toEqual([])
  return found
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file)
  bytes[offset]! ^= 0x10
  writeFileSync(file, bytes)
}

const UNREAD = numbered(10).map((body) => [body, 0])

test('what is kept to be delivered again is finished for the tools, and survives what they add', async () => {
  using folder = new TemporaryFolder()
  const keep = async <T>(use: (nsqd: TestNsqd) => Promise<T>): Promise<T> => {
    await using nsqd = await startNsqd(`--data-path=${folder.path}`, '--retain-for=1h')
    return await use(nsqd)
  }
  const rewind = async (nsqd: TestNsqd): Promise<unknown> =>
    JSON.parse((await nsqd.post('/channel/rewind?topic=t&channel=a&to=0')).body)
  await keep(async (nsqd) => {
    await nsqd.post('/topic/create?topic=t')
    for (const channel of ['a', 'b']) await nsqd.post(`/channel/create?topic=t&channel=${channel}`)
    await nsqd.post('/mpub?topic=t', numbered(10).join('\n'))
    await nsqd.post('/channel/empty?topic=t&channel=a')
    await expect.poll(async () => (await nsqd.stats()).topics[0].channels[1].depth).toBe(10)
    await nsqd.post('/channel/empty?topic=t&channel=b')
  })
  const inspected = JSON.parse((await run('inspect', `--data-path=${folder.path}`, '--json')).out) as unknown
  expect(inspected).toMatchObject({
    topics: [{ waiting: 0, finished: 10, distributed: 10, channels: [{ waiting: 0 }, {}] }],
  })
  expect((await run('inspect', `--data-path=${folder.path}`)).out).toContain('handed out to 10 of 10, 10 finished\n')
  expect((await run('verify', `--data-path=${folder.path}`)).code).toBe(0)
  await keep(async (nsqd) => expect(await rewind(nsqd)).toMatchObject({ messages: 10, complete: true, depth: 10 }))
  using original = new TemporaryFolder()
  writeNsqdDat(original.path, { t: { channels: { a: false } } })
  await writeQueue(original.path, 't', 'a', numbered(3, 'x'))
  expect((await run('import', `--from=${original.path}`, `--data-path=${folder.path}`)).code).toBe(0)
  await keep(async (nsqd) => {
    expect(await rewind(nsqd)).toMatchObject({ messages: 0, depth: 13 })
    expect((await nsqd.stats()).topics[0].retained.messages).toBe(0) // channel a has to have them first
    await nsqd.post('/channel/empty?topic=t&channel=a')
    expect(await rewind(nsqd)).toMatchObject({ messages: 10, depth: 10 })
  })
})

test('inspect tells what waits, was in flight and is deferred', async () => {
  using folder = new TemporaryFolder()
  await fill(folder.path)
  const { code, out } = await run('inspect', `--data-path=${folder.path}`, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    damaged_bytes: 0,
    disk_queues: [],
    topics: [
      { topic_name: 'lonely', waiting: 1, tail: 1, distributed: 0, channels: [] },
      {
        topic_name: 't',
        waiting: 0,
        tail: 10,
        distributed: 10,
        channels: [
          { channel_name: 'a', paused: true, waiting: 10, in_flight: 0, deferred: 1 },
          { channel_name: 'b', paused: false, waiting: 8, in_flight: 2, deferred: 1 },
        ],
      },
    ],
  })
})

test('inspect works beside a running nsqd, and says so; what needs the data path for itself does not', async () => {
  using folder = new TemporaryFolder()
  await using nsqd = await startNsqd(`--data-path=${folder.path}`)
  await nsqd.post('/pub?topic=t', 'x')
  const seen = await run('inspect', `--data-path=${folder.path}`)
  expect(seen).toMatchObject({ code: 0, err: expect.stringContaining('in use') })
  expect(seen.out).toContain('t: 1 waiting')
  for (const command of ['verify', 'export']) {
    const { code, err } = await run(command, `--data-path=${folder.path}`, ...(command === 'export' ? ['--to=/x'] : []))
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('failed to lock data-path') })
  }
})

test('export writes queues of the original: what waits, what was in flight, and last what was deferred', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  await fill(folder.path)
  const before = readdirSync(join(folder.path, 't.topic')).sort()
  const { code, out, err } = await run('export', `--data-path=${folder.path}`, `--to=${target.path}`)
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('23 messages') })
  expect(err).toContain('2 deferred messages are due at once')
  const later = ['later', 0]
  expect(await readQueue(target.path, 't:a')).toEqual([...UNREAD, later])
  expect(await readQueue(target.path, 't:b')).toEqual([['m0', 1], ['m1', 1], ...UNREAD.slice(2), later])
  expect(await readQueue(target.path, 'lonely')).toEqual([['alone', 0]])
  const { topics } = JSON.parse(readFileSync(join(target.path, 'nsqd.dat'), 'utf8'))
  expect(topics).toEqual([
    { name: 'lonely', paused: false, channels: null },
    {
      name: 't',
      paused: false,
      channels: [
        { name: 'a', paused: true },
        { name: 'b', paused: false },
      ],
    },
  ])
  expect(readdirSync(join(folder.path, 't.topic')).sort()).toEqual(before)
})

test('export leaves headers out, and says of how many messages; salvage keeps them', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  using saved = new TemporaryFolder()
  await using(folder.path, async (nsqd) => {
    using producer = nsqd.connect()
    await producer.identify({ feature_negotiation: true, message_headers: true })
    const headed = { block: encodeHeaders({ n: '1' }), body: Buffer.from('headed') }
    await producer.command(hmpub('t', [headed, { block: Buffer.alloc(0), body: Buffer.from('plain') }]))
    await producer.command(hpub('t', headed, { delayMs: 600_000 }))
  })
  await run('salvage', `--from=${folder.path}`, `--to=${saved.path}`)
  const kept = await using(saved.path, (nsqd) => nsqd.ask('GET', '/topic/peek?topic=t'))
  expect(kept.body).toContain('"headers":{"n":"1"}')
  const { code, err } = await run('export', `--data-path=${folder.path}`, `--to=${target.path}`)
  expect(code).toBe(0)
  expect(err).toContain('2 messages go without their headers')
  const bodies = (await readQueue(target.path, 't')).map(([body]) => body)
  expect(bodies).toEqual(['headed', 'plain', 'headed'])
})

test('what was exported is taken over again, whole', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  await fill(folder.path)
  await run('export', `--data-path=${folder.path}`, `--to=${target.path}`)
  const bodies = await using(target.path, async (nsqd) => {
    using consumer = nsqd.connect()
    await consumer.command(sub('t', 'b'))
    consumer.send(rdy(11))
    return await consumer.bodies(11)
  })
  expect(bodies.sort()).toEqual(['later', ...numbered(10)])
})

test('export writes over nothing, and refuses a message that its reader would take for damage', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  await fill(folder.path)
  const small = await run('export', `--data-path=${folder.path}`, `--to=${target.path}`, '--max-msg-size=4')
  expect(small).toMatchObject({ code: 1, err: expect.stringContaining('--max-msg-size=4') })
  await run('export', `--data-path=${folder.path}`, `--to=${target.path}`)
  const again = await run('export', `--data-path=${folder.path}`, `--to=${target.path}`)
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('not empty') })
})

test('import adds the queues of another folder to a data path, and leaves that folder as it is', async () => {
  using folder = new TemporaryFolder()
  using source = new TemporaryFolder()
  await fill(folder.path)
  writeNsqdDat(source.path, { t: { channels: { b: false, c: true } }, more: { paused: true } })
  await writeQueue(source.path, 't', 'c', numbered(5))
  await writeQueue(source.path, 'more', undefined, numbered(2))
  const before = readdirSync(source.path).sort()
  const { code, out } = await run('import', `--from=${source.path}`, `--data-path=${folder.path}`)
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('7 messages') })
  expect(readdirSync(source.path).sort()).toEqual(before)
  const { topics } = await using(folder.path, (nsqd) => nsqd.stats())
  expect(topics).toMatchObject([
    { topic_name: 'lonely', depth: 1 },
    { topic_name: 'more', depth: 2, paused: true },
    {
      topic_name: 't',
      channels: [
        { channel_name: 'a', depth: 10, paused: true },
        { channel_name: 'b', depth: 10, paused: false },
        { channel_name: 'c', depth: 5, paused: true },
      ],
    },
  ])
})

test('verify reads every batch: it names a flipped bit anywhere', async () => {
  using folder = new TemporaryFolder()
  await fill(folder.path)
  expect(await run('verify', `--data-path=${folder.path}`)).toMatchObject({ code: 0, err: '' })
  const directory = join(folder.path, 't.topic')
  for (const name of readdirSync(directory)) {
    const file = join(directory, name)
    const bytes = readFileSync(file)
    for (let offset = 0; offset < bytes.length; offset += 13) {
      flip(file, offset)
      const { code, err } = await run('verify', `--data-path=${folder.path}`)
      // The last 16 bytes of a finished file only point to its index.
      if (offset < bytes.length - 16) expect([name, offset, code]).toEqual([name, offset, 3])
      if (code === 3) expect(err).toContain(file)
      flip(file, offset)
    }
  }
})

test('salvage takes along all batches but the damaged one, out of files that nsqd refuses', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  await fill(folder.path)
  await using(folder.path, (nsqd) => nsqd.post('/pub?topic=t', 'm10'))
  const files = readdirSync(join(folder.path, 't.topic')).filter((name) => name.startsWith('messages-'))
  expect(files).toHaveLength(2)
  flip(join(folder.path, 't.topic', files[0]!), 2) // its header: not a file of ours any more
  flip(join(folder.path, 't.topic', files[1]!), 60) // the one batch in it
  const { code } = await run('salvage', `--from=${folder.path}`, `--to=${target.path}`)
  expect(code).toBe(3)
  expect(await run('verify', `--data-path=${target.path}`)).toMatchObject({ code: 0, err: '' })
  const { topics } = await using(target.path, (nsqd) => nsqd.stats('topic=t'))
  expect(topics).toMatchObject([
    {
      channels: [
        { channel_name: 'a', depth: 10, deferred_count: 1, paused: true },
        { channel_name: 'b', depth: 10, deferred_count: 1 },
      ],
    },
  ])
})

test('a file whose only batch is damaged is kept aside by nsqd, and what is whole in such a file is salvaged if that is wanted', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  using all = new TemporaryFolder()
  await fill(folder.path)
  const topic = join(folder.path, 't.topic')
  const [file] = readdirSync(topic).filter((name) => name.startsWith('messages-'))
  const whole = readFileSync(join(topic, file!))
  flip(join(topic, file!), 60) // in the one batch
  flip(join(topic, file!), whole.length - 40) // the index is not read either: nobody knows what was there
  const damaged = readFileSync(join(topic, file!))
  const { channels } = (await using(folder.path, (nsqd) => nsqd.stats('topic=t'))).topics[0]
  expect(channels).toMatchObject([{ depth: 0 }, { depth: 0 }])
  expect(readdirSync(topic).filter((name) => name.startsWith('messages-'))).toEqual([`${file}.damaged`])
  expect(readFileSync(join(topic, `${file}.damaged`))).toEqual(damaged)
  writeFileSync(join(topic, `${file}.damaged`), whole) // somebody has mended it
  const without = await run('salvage', `--from=${folder.path}`, `--to=${target.path}`)
  expect(without).toMatchObject({ code: 0, err: expect.stringContaining('--kept takes the 10 messages in it') })
  expect((await run('salvage', `--from=${folder.path}`, `--to=${all.path}`, '--kept')).code).toBe(0)
  const salvaged = (await using(all.path, (nsqd) => nsqd.stats('topic=t'))).topics[0].channels
  expect(salvaged).toMatchObject([{ depth: 10 }, { depth: 10 }])
})

test('without its journal and nsqd.dat, all messages of a topic are salvaged', async () => {
  using folder = new TemporaryFolder()
  using target = new TemporaryFolder()
  await fill(folder.path)
  const journal = readdirSync(join(folder.path, 't.topic')).find((name) => name.startsWith('journal-'))!
  flip(join(folder.path, 't.topic', journal), 20)
  writeFileSync(join(folder.path, 'nsqd.dat'), '{"topics":')
  const { code, err } = await run('salvage', `--from=${folder.path}`, `--to=${target.path}`)
  expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('its journal is lost') })
  const { topics } = await using(target.path, (nsqd) => nsqd.stats('topic=t'))
  expect(topics).toMatchObject([{ topic_name: 't', depth: 11 }])
})

test.each([
  [['frobnicate'], 'unknown command frobnicate'],
  [[], 'Usage'],
  [['inspect', '--no-such-flag'], 'flag provided but not defined'],
  [['inspect', 'stray'], 'unexpected argument stray'],
  [['export', '--data-path=.'], '--to is missing'],
  [['inspect', '--data-path=/no/such/folder'], 'does not exist'],
  [['export', '--to=x', '--max-bytes-per-file=0'], '--max-bytes-per-file must be at least 1'],
])('a wrong command line %j ends with 2 and a reason', async (argv, reason) => {
  expect(await run(...argv)).toEqual({ code: 2, out: '', err: expect.stringContaining(reason) })
})

test.each(['inspect', 'verify', 'export', 'import', 'salvage'])('%s --help has an example', async (name) => {
  const { code, out } = await run(name, '--help')
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`\n  nsq_data ${name} --`) })
})
