/** A disk that fails at every call in turn, for the writer and for the reader. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiskQueueReader, DiskQueueWriter, findQueue, listQueues, systemCode } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import type { Fault } from './support/simulated-files.ts'
import { contentOf, DIRECTORY, layOut, readQueue, record } from './support/queues.ts'

const all = Array.from({ length: 12 }, (_, tag) => record(tag, 26 + tag * 5))
const CODES = ['EIO', 'ENOSPC', 'EMFILE'] as const

describe('a writer on a failing disk', () => {
  const callCount = countCalls(async (files) => writeAll(files, { synced: 0 }))

  test.each(CODES)('says so at whichever call %s comes, keeps what was synced, and closes its files', async (code) => {
    for (const lasting of [false, true]) {
      for (let call = 0; call < (await callCount); call++) {
        const files = new SimulatedFiles({ fault: { call, code, lasting }, transferMax: 50 })
        const progress = { synced: 0 }
        const error = await failureOf(writeAll(files, progress))
        expect(systemCode(error), `call ${call}: ${files.log.at(call)}`).toBe(code)
        expect(error).toMatchObject({ code: 'IO_FAILED' })
        expect(files.opened).toBe(0)
        await expectSurvivors(files, progress.synced)
      }
    }
  })

  test('stays failed: a retry would hide what the disk lost', async () => {
    const files = new SimulatedFiles({ fault: { call: await callOf('sync q.diskqueue.000000.dat'), code: 'EIO' } })
    const writer = await DiskQueueWriter.create(files, DIRECTORY, 'q', { maxBytesPerFile: 150 })
    const failure = await failureOf(writer.write(all))
    expect(await failureOf(writer.write(all))).toBe(failure)
    expect(await failureOf(writer.sync())).toBe(failure)
    expect(await failureOf(writer.close())).toBe(failure)
    expect(files.opened).toBe(0)
  })

  test('leaves nothing behind when it is discarded after a failure', async () => {
    for (let call = 0; call < (await callCount); call++) {
      const files = new SimulatedFiles({ fault: { call, code: 'ENOSPC' } })
      const writer = await DiskQueueWriter.create(files, DIRECTORY, 'q', { maxBytesPerFile: 150 }).catch(
        () => undefined,
      )
      await writer?.write(all).catch(() => undefined)
      const failure = await writer?.discard().catch((error: unknown) => error)
      expect(files.opened).toBe(0)
      // Where removing failed, the fault struck the removal itself.
      const struck = /^(?:unlink|sync directory)/u.test(files.log[call] ?? '')
      expect(failure === undefined || struck, `call ${call}`).toBe(true)
      expect(failure === undefined ? [...files.content().keys()] : [], `call ${call}`).toEqual([])
    }
  })

  test('that stops at any moment leaves a queue which is read without an error, as far as it was synced', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: (await callCount) - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (call, share) => {
          const files = new SimulatedFiles({ fault: { call, code: 'EIO', lasting: true }, transferMax: 50 })
          const progress = { synced: 0 }
          await failureOf(writeAll(files, progress))
          const survivor = new SimulatedFiles({}, files.contentAfterPowerCut(share))
          const { records } = await readQueue(survivor, 'q')
          expect(records).toEqual(all.slice(0, records.length))
          expect(records.length).toBeGreaterThanOrEqual(progress.synced)
        },
      ),
    )
  })

  test('never lets the metadata tell of data that a power cut took, whichever new names it took', async () => {
    for (let call = 0; call < (await callCount); call++) {
      const files = new SimulatedFiles({ fault: { call, code: 'EIO', lasting: true }, transferMax: 50 })
      await failureOf(writeAll(files, { synced: 0 }))
      for (const kept of [isMetadata, (name: string) => !isMetadata(name)]) {
        const survivor = new SimulatedFiles({}, files.contentAfterPowerCut(0, kept))
        const { report } = await readQueue(survivor, 'q')
        const codes = report.findings.map(({ code }) => code)
        expect(codes, `call ${call}`).not.toContain('FILE_MISSING')
        expect(codes, `call ${call}`).not.toContain('FILE_SHORT')
      }
    }
  })

  test('never lets a data file be without metadata, at no moment and after no power cut', async () => {
    for (let call = 0; call < (await callCount); call++) {
      const files = new SimulatedFiles({ fault: { call, code: 'EIO', lasting: true }, transferMax: 50 })
      await failureOf(writeAll(files, { synced: 0 }))
      for (const content of [files.content(), files.contentAfterPowerCut(0), files.contentAfterPowerCut(1)]) {
        for (const queue of await listQueues(new SimulatedFiles({}, content), DIRECTORY)) {
          expect(queue.dataFiles.length === 0 || queue.metadataFile !== undefined, `call ${call}`).toBe(true)
        }
      }
    }
  })
})

describe('a reader on a failing disk', () => {
  const content = contentOf({
    'q.diskqueue.meta.dat': '6\n0,1\n1,89\n', // the read position is wrong, so that the way back is tried too
    'q.diskqueue.000000.dat': layOut(record(0), record(1), record(2)),
    'q.diskqueue.000001.dat': layOut(record(3), record(4, 26), record(5, 20)),
  })

  test.each(CODES)('throws at whichever call %s comes, and goes on when it is called again', async (code) => {
    const plain = new SimulatedFiles({}, content)
    const expected = await readQueue(plain, 'q', { batchSize: 60 })
    for (let call = 1; call < plain.calls; call++) {
      const fault = { call, code }
      const files = new SimulatedFiles({ fault }, content)
      const { records, failures, report } = await readPatiently(files)
      expect(failures).toEqual([code])
      expect(records).toEqual(expected.records)
      expect(report).toEqual(expected.report)
      expect(files.opened).toBe(0)
    }
  })

  test('skips what the disk cannot read where that is asked for, and reads the rest', async () => {
    const files = new SimulatedFiles(
      { fault: { call: await readCallOf('open q.diskqueue.000000.dat'), code: 'EIO' } },
      content,
    )
    const { records, report } = await readQueue(files, 'q', { skipUnreadable: true })
    expect(records).toEqual([record(3), record(4, 26)])
    expect(report.findings).toMatchObject([
      { code: 'READ_FAILED', file: 'q.diskqueue.000000.dat', offset: 0 },
      { code: 'RECORD_SIZE_INVALID', file: 'q.diskqueue.000001.dat' },
    ])
    expect(files.opened).toBe(0)
  })

  test('gets close to a bad block before it skips', async () => {
    const good = Array.from({ length: 1000 }, (_, index) => record(index % 256, 96))
    const bytes = layOut(...good)
    const badOffset = 50_000
    const files = new BadBlock(badOffset, contentOf({ 'q.diskqueue.000000.dat': bytes }))
    const { records, report } = await readQueue(files, 'q', { skipUnreadable: true })
    expect(records).toEqual(good.slice(0, records.length))
    expect(records.length * 100).toBeGreaterThan(badOffset - 4096 - 100)
    expect(report.bytesRead + report.bytesSkipped).toBe(bytes.length)
    await expect(readQueue(files, 'q')).rejects.toMatchObject({ code: 'IO_FAILED' })
  })

  test.each(['EMFILE', 'EACCES'])('throws %s also then: it says nothing about the file', async (code) => {
    const files = new SimulatedFiles(
      { fault: { call: await readCallOf('open q.diskqueue.000001.dat'), code } },
      content,
    )
    await expect(readQueue(files, 'q', { skipUnreadable: true })).rejects.toMatchObject({ code: 'IO_FAILED' })
    expect(files.opened).toBe(0)
  })

  async function readPatiently(files: SimulatedFiles) {
    const failures: unknown[] = []
    const patiently = async <T>(attempt: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await attempt()
        } catch (error) {
          failures.push(systemCode(error))
        }
      }
    }
    const queue = await findQueue(files, DIRECTORY, 'q')
    const reader = await patiently(() => DiskQueueReader.open(files, DIRECTORY, queue, { batchSize: 60 }))
    const records: Buffer[] = []
    for (;;) {
      const batch = await patiently(() => reader.next())
      if (batch === undefined) break
      records.push(...batch)
    }
    await reader.close()
    return { records, failures, report: reader.report }
  }

  async function readCallOf(operation: string): Promise<number> {
    const files = new SimulatedFiles({}, content)
    await readQueue(files, 'q')
    return files.log.indexOf(operation)
  }
})

/** Reads over one place fail, as over a bad block. */
class BadBlock extends SimulatedFiles {
  readonly #badOffset: number

  constructor(badOffset: number, content: ReadonlyMap<string, Buffer>) {
    super({}, content)
    this.#badOffset = badOffset
  }

  override open(path: string, purpose: 'read' | 'create') {
    const file = super.open(path, purpose)
    const read: typeof file.read = (target, offset) => {
      if (offset <= this.#badOffset && this.#badOffset < offset + target.length) {
        throw Object.assign(new Error('bad block'), { code: 'EIO' })
      }
      return file.read(target, offset)
    }
    return { ...file, read }
  }
}

function isMetadata(name: string): boolean {
  return name.endsWith('.meta.dat')
}

async function writeAll(files: SimulatedFiles, progress: { synced: number }): Promise<void> {
  const writer = await DiskQueueWriter.create(files, DIRECTORY, 'q', { maxBytesPerFile: 150 })
  try {
    await writer.write(all.slice(0, 4))
    await writer.write(all.slice(4, 7))
    await writer.sync()
    progress.synced = 7
    await writer.write(all.slice(7))
    await writer.close()
    progress.synced = all.length
  } catch (error) {
    await writer.close().catch(() => undefined)
    throw error
  }
}

/** After `kill -9`, and after a power cut that took all that was not synced: at least that, in order, and no exception. */
async function expectSurvivors(files: SimulatedFiles, synced: number): Promise<void> {
  for (const content of [files.content(), files.contentAfterPowerCut(0)]) {
    const { records } = await readQueue(new SimulatedFiles({}, content), 'q')
    expect(records).toEqual(all.slice(0, records.length))
    expect(records.length).toBeGreaterThanOrEqual(synced)
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'rejected') return result.reason
  throw new Error('it should have failed')
}

async function countCalls(work: (files: SimulatedFiles) => Promise<void>): Promise<number> {
  const files = new SimulatedFiles({ transferMax: 50 })
  await work(files)
  return files.calls
}

async function callOf(operation: string): Promise<Fault['call']> {
  const files = new SimulatedFiles()
  await writeAll(files, { synced: 0 })
  return files.log.indexOf(operation)
}
