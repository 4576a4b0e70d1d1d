import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskQueueReader, DiskQueueWriter, listQueues, nodeFiles, queueName } from '../src/index.ts'
import { record } from './support/queues.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'diskqueue-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('a queue on a real disk is written, listed and read; its files are for their owner alone', async () => {
  const name = queueName('events', 'audit')
  const all = Array.from({ length: 3000 }, (_, index) => record(index % 256, 26 + (index % 700)))
  const writer = await DiskQueueWriter.create(nodeFiles, directory, name, { maxBytesPerFile: 500_000 })
  await writer.write(all)
  await writer.close()

  const files = (await readdir(directory)).sort()
  expect(files).toEqual([
    `${name}.diskqueue.000000.dat`,
    `${name}.diskqueue.000001.dat`,
    `${name}.diskqueue.000002.dat`,
    `${name}.diskqueue.meta.dat`,
  ])
  for (const file of files) {
    const { mode } = await stat(join(directory, file))
    expect(mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
  }
  expect(await readFile(join(directory, `${name}.diskqueue.meta.dat`), 'latin1')).toMatch(/^3000\n0,0\n2,\d+\n$/u)

  const [queue] = await listQueues(nodeFiles, directory)
  if (queue === undefined) throw new Error('the queue is not listed')
  const read: Buffer[] = []
  for await (const batch of await DiskQueueReader.open(nodeFiles, directory, queue, { batchSize: 100_000 })) {
    read.push(...batch)
  }
  expect(Buffer.concat(read).equals(Buffer.concat(all))).toBe(true)
  expect(read.map(({ length }) => length)).toEqual(all.map(({ length }) => length))
})

test('a discarded queue leaves the directory empty', async () => {
  const writer = await DiskQueueWriter.create(nodeFiles, directory, 't', { maxBytesPerFile: 50 })
  await writer.write([record(1), record(2), record(3)])
  await writer.discard()
  expect(await readdir(directory)).toEqual([])
})

test('a file that exists is not created over', async () => {
  const path = join(directory, 'x')
  const file = await nodeFiles.open(path, 'create')
  await file.close()
  await expect(nodeFiles.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
})

test('a directory that does not exist is an error with its cause', async () => {
  await expect(listQueues(nodeFiles, join(directory, 'nowhere'))).rejects.toMatchObject({
    code: 'IO_FAILED',
    cause: { code: 'ENOENT' },
  })
})
