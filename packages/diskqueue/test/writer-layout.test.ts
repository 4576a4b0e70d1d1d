import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiskQueueWriter, encodeMessageRecord } from '../src/index.ts'
import type { WriterOptions } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { contentOf, DIRECTORY, layOut, record, records } from './support/queues.ts'

describe('the files of a written queue', () => {
  test('are those of the original: a clean exit with two messages in a channel', async () => {
    // Recorded from nsqd 1.3.0.
    const data =
      '0000001f18e9eb0bd3953c1200003138613238386565626136363930303068656c6c6f' +
      '0000002118e9eb0bd39f87ab0000313861323838656562613636393030310001776f726c64'
    const messages = [
      { timestampNs: 0x18e9eb0bd3953c12n, id: '18a288eeba669000', body: Buffer.from('hello') },
      { timestampNs: 0x18e9eb0bd39f87abn, id: '18a288eeba669001', body: Buffer.from('\x00\x01world') },
    ]
    const files = await write(
      'events:audit',
      messages.map((message) => encodeMessageRecord({ attempts: 0, ...message })),
    )
    expect(files).toEqual(
      contentOf({
        'events:audit.diskqueue.meta.dat': '2\n0,0\n0,72\n',
        'events:audit.diskqueue.000000.dat': Buffer.from(data, 'hex'),
      }),
    )
  })

  test('are a metadata file alone where there is no message', async () => {
    expect(await write('events', [])).toEqual(contentOf({ 'events.diskqueue.meta.dat': '0\n0,0\n0,0\n' }))
  })

  test.each([
    ['a record that fits exactly stays', 105, [31, 31, 31], [[0, 1, 2]]],
    ['a record that goes one byte past the limit rolls', 104, [31, 31, 31], [[0, 1], [2]]],
    ['a record larger than the limit has a file of its own', 60, [26, 100, 26], [[0], [1], [2]]],
    ['a first record larger than the limit leaves no empty file before it', 60, [100, 26], [[0], [1]]],
    ['the smallest limit makes a file for each record', 1, [26, 26], [[0], [1]]],
  ])('%s', async (_, maxBytesPerFile, sizes, expected) => {
    const all = sizes.map((size, index) => record(index, size))
    const files = await write('t', all, { maxBytesPerFile })
    const dataFiles = expected.map((tags) => layOut(...all.filter((_, index) => tags.includes(index))))
    expect(files).toEqual(expectedFiles(dataFiles, all.length))
  })

  test('are the same as a plain model rolls them, whatever the records and the limit', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 400 }), async (all, maxBytesPerFile) => {
        const dataFiles: Buffer[] = []
        for (const record of all) {
          const last = dataFiles.at(-1)
          const bytes = layOut(record)
          if (last === undefined || last.length + bytes.length > maxBytesPerFile) dataFiles.push(bytes)
          else dataFiles[dataFiles.length - 1] = Buffer.concat([last, bytes])
        }
        expect(await write('t', all, { maxBytesPerFile })).toEqual(expectedFiles(dataFiles, all.length))
      }),
    )
  })

  test('the metadata that a roll leaves tells of the new file and of what was written before it', async () => {
    // The original, after four messages with a limit of 100 bytes: `3\n0,0\n1,0\n`.
    const files = new SimulatedFiles()
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 'q', { maxBytesPerFile: 100 })
    await writer.write([record(0, 28), record(1, 28), record(2, 28), record(3, 28)])
    expect(files.content().get('q.diskqueue.meta.dat')?.toString()).toBe('3\n0,0\n1,0\n')
    expect(writer.depth).toBe(4)
    expect(writer.position).toEqual({ fileNumber: 1, offset: 32 })
    await writer.close()
    expect(files.content().get('q.diskqueue.meta.dat')?.toString()).toBe('4\n0,0\n1,32\n')
  })

  test('records larger than the write block, and around its end, are whole', async () => {
    const block = 1024 * 1024
    const all = [block - 8, block - 4, block, 2 * block, 100, block - 150, 60, 26].map((size, tag) => record(tag, size))
    const files = await write('t', all, { recordSizeMax: 4 * block })
    expect(files.get('t.diskqueue.000000.dat')?.equals(layOut(...all))).toBe(true)
  })
})

describe('a writer', () => {
  test.each(['t.diskqueue.meta.dat', 't.diskqueue.000004.dat', 't.diskqueue.000000.dat.bad'])(
    'refuses a queue that has a %s, and leaves it as it is',
    async (name) => {
      const content = contentOf({ [name]: 'somebody' })
      const files = new SimulatedFiles({}, content)
      await expect(DiskQueueWriter.create(files, DIRECTORY, 't')).rejects.toMatchObject({ code: 'QUEUE_EXISTS' })
      expect(files.content()).toEqual(content)
    },
  )

  test('goes past temporary files that a crash left', async () => {
    const content = contentOf({ 't.diskqueue.meta.dat.0.tmp': 'x', 't.diskqueue.meta.dat.2.tmp': 'y' })
    const files = new SimulatedFiles({}, content)
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 't')
    await writer.write([record(1)])
    await writer.sync()
    await writer.close()
    expect(files.content()).toEqual(
      new Map([
        ...content,
        ...contentOf({ 't.diskqueue.meta.dat': '1\n0,0\n0,35\n', 't.diskqueue.000000.dat': layOut(record(1)) }),
      ]),
    )
  })

  test.each([25, 1_048_603])('refuses a call with a record of %i bytes, and takes none of it', async (size) => {
    const files = new SimulatedFiles()
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 't')
    await expect(writer.write([record(1), record(2, size)])).rejects.toMatchObject({ code: 'RECORD_SIZE_INVALID' })
    expect(writer.depth).toBe(0)
    await writer.write([record(3)])
    await writer.close()
    expect(files.content().get('t.diskqueue.000000.dat')).toEqual(layOut(record(3)))
  })

  test.each(['', '../t', 'a/b', 'a\\b', 'a\0'])('refuses the name %j', async (name) => {
    const files = new SimulatedFiles()
    await expect(DiskQueueWriter.create(files, DIRECTORY, name)).rejects.toMatchObject({ code: 'QUEUE_NAME_INVALID' })
    expect(files.calls).toBe(0)
  })

  test.each([{ maxBytesPerFile: 0 }, { maxBytesPerFile: NaN }, { recordSizeMin: -1 }, { recordSizeMax: 2 ** 31 }])(
    'refuses the options %o',
    async (options) => {
      const files = new SimulatedFiles()
      await expect(DiskQueueWriter.create(files, DIRECTORY, 't', options)).rejects.toMatchObject({
        code: 'OPTION_INVALID',
      })
      expect(files.content()).toEqual(new Map())
    },
  )

  test('takes one call at a time, and none once it is closed', async () => {
    const files = new SimulatedFiles()
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 't')
    const [first, ...others] = await Promise.allSettled([
      writer.sync(),
      writer.write([record(1)]),
      writer.discard(),
      writer.close(),
    ])
    expect(first.status).toBe('fulfilled')
    const busy = { status: 'rejected', reason: { code: 'BUSY' } }
    expect(others).toMatchObject([busy, busy, busy])
    await writer.close()
    await writer.close()
    await expect(writer.write([record(1)])).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(writer.discard()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(files.opened).toBe(0)
  })

  test('discards all that it made and nothing else', async () => {
    const others = contentOf({ 'other.diskqueue.meta.dat': '0\n0,0\n0,0\n' })
    const files = new SimulatedFiles({}, others)
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 't', { maxBytesPerFile: 40 })
    await writer.write([record(1), record(2), record(3)])
    await writer.discard()
    expect(files.contentAfterPowerCut(1)).toEqual(others)
    expect(files.opened).toBe(0)
  })
})

async function write(name: string, all: readonly Buffer[], options?: WriterOptions): Promise<Map<string, Buffer>> {
  const files = new SimulatedFiles()
  const writer = await DiskQueueWriter.create(files, DIRECTORY, name, options)
  await writer.write(all)
  await writer.close()
  expect(files.opened).toBe(0)
  const synced = files.contentAfterPowerCut(0)
  for (const [file, data] of files.content()) expect(synced.get(file)?.equals(data)).toBe(true)
  return files.content()
}

function expectedFiles(dataFiles: readonly Buffer[], depth: number): Map<string, Buffer> {
  const last = Math.max(0, dataFiles.length - 1)
  const entries = dataFiles.map((data, number) => [`t.diskqueue.${String(number).padStart(6, '0')}.dat`, data] as const)
  const metadata = `${depth}\n0,0\n${last},${dataFiles.at(-1)?.length ?? 0}\n`
  return new Map([...entries, ['t.diskqueue.meta.dat', Buffer.from(metadata)]])
}
