/** What a crash, a bad disk or a hand can leave. The layouts named "original:" are those of the format's recovery table. */
import { describe, expect, test } from 'vitest'
import { DiskQueueReader, describeFinding, findQueue } from '../src/index.ts'
import type { Finding, ReaderOptions } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { contentOf, DIRECTORY, layOut, readQueue, record } from './support/queues.ts'

const META = 'q.diskqueue.meta.dat'
const FILE0 = 'q.diskqueue.000000.dat'
const FILE1 = 'q.diskqueue.000001.dat'
const FILE2 = 'q.diskqueue.000002.dat'

const [r0, r1, r2, r3] = [record(0), record(1), record(2), record(3)] // 35 bytes each in a file
const stray = Buffer.from('ten bytes!')

interface Case {
  readonly name: string
  readonly files: Readonly<Record<string, Uint8Array | string>>
  readonly read: readonly number[]
  /** Code, file, offset, and size where bytes are missing or skipped. */
  readonly findings?: readonly (readonly [code: string, file: string, offset?: number, size?: number, count?: number])[]
  readonly behind?: number
  readonly options?: ReaderOptions
}

const cases: readonly Case[] = [
  {
    name: 'original: all well',
    files: { [META]: '2\n0,0\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
  },
  {
    name: 'original: killed before a sync, the metadata tells of one record of three',
    files: { [META]: '1\n0,0\n0,35\n', [FILE0]: layOut(r0, r1, r2) },
    read: [0, 1, 2],
    behind: 2,
  },
  {
    name: 'original: killed before a sync, the metadata tells of none left',
    files: { [META]: '0\n0,35\n0,35\n', [FILE0]: layOut(r0, r1, r2) },
    read: [1, 2],
    behind: 2,
  },
  {
    name: 'original: the last record is torn, the metadata tells of it',
    files: { [META]: '3\n0,0\n0,105\n', [FILE0]: Buffer.concat([layOut(r0, r1), stray]) },
    read: [0, 1],
    findings: [
      ['RECORD_SIZE_INVALID', FILE0, 70, 10],
      ['FILE_SHORT', FILE0, 80, 25],
    ],
    options: { recordSizeMax: 1000 },
  },
  {
    name: 'the last record is torn behind its size',
    files: { [META]: '3\n0,0\n0,105\n', [FILE0]: layOut(r0, r1, r2).subarray(0, 104) },
    read: [0, 1],
    findings: [
      ['RECORD_TRUNCATED', FILE0, 70, 34],
      ['FILE_SHORT', FILE0, 104, 1],
    ],
  },
  {
    name: 'the last record is torn within its size',
    files: { [META]: '2\n0,0\n0,70\n', [FILE0]: layOut(r0, r1, r2).subarray(0, 73) },
    read: [0, 1],
    findings: [['RECORD_TRUNCATED', FILE0, 70, 3]],
  },
  {
    name: 'original: the metadata tells of a record that is not there',
    files: { [META]: '3\n0,0\n0,105\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    findings: [['FILE_SHORT', FILE0, 70, 35]],
  },
  {
    name: 'original: stray bytes behind the last record',
    files: { [META]: '2\n0,0\n0,70\n', [FILE0]: Buffer.concat([layOut(r0, r1), stray]) },
    read: [0, 1],
    findings: [['RECORD_TRUNCATED', FILE0, 70, 10]],
  },
  {
    name: 'zeros behind the last record, as some file systems leave them',
    files: { [META]: '2\n0,0\n0,70\n', [FILE0]: Buffer.concat([layOut(r0, r1), Buffer.alloc(4096)]) },
    read: [0, 1],
    findings: [['RECORD_SIZE_INVALID', FILE0, 70, 4096]],
  },
  {
    name: 'original: a completed file with a size that is too large, then another file',
    files: {
      [META]: '4\n0,0\n1,35\n',
      [FILE0]: Buffer.concat([layOut(r0), Buffer.from([0x7f, 0xff, 0xff, 0xff]), layOut(r1, r2)]),
      [FILE1]: layOut(r3),
    },
    read: [0, 3],
    findings: [['RECORD_TRUNCATED', FILE0, 35, 74]],
  },
  {
    name: 'original: a size that is too small',
    files: { [META]: '3\n0,0\n1,35\n', [FILE0]: layOut(r0, record(9, 25), r1), [FILE1]: layOut(r3) },
    read: [0, 3],
    findings: [['RECORD_SIZE_INVALID', FILE0, 35, 64]],
  },
  {
    name: 'a size below zero',
    files: { [META]: '1\n0,0\n0,39\n', [FILE0]: Buffer.concat([layOut(r0), Buffer.from([0xff, 0xff, 0xff, 0xff])]) },
    read: [0],
    findings: [['RECORD_SIZE_INVALID', FILE0, 35, 4]],
  },
  {
    name: 'original: metadata without its data file',
    files: { [META]: '2\n0,0\n0,70\n' },
    read: [],
    findings: [['FILE_MISSING', FILE0]],
  },
  {
    name: 'original: a file in the middle is missing',
    files: { [META]: '3\n0,0\n2,35\n', [FILE0]: layOut(r0), [FILE2]: layOut(r2) },
    read: [0, 2],
    findings: [['FILE_MISSING', FILE1]],
  },
  {
    name: 'a wild write position is one finding, not a million',
    files: { [META]: '3\n0,0\n9000000000,35\n', [FILE0]: layOut(r0), [FILE2]: layOut(r2) },
    read: [0, 2],
    findings: [
      ['FILE_MISSING', FILE1],
      ['FILE_MISSING', 'q.diskqueue.000003.dat', 0, 0, 8_999_999_998],
    ],
  },
  {
    name: 'original: data files without metadata',
    files: { [FILE0]: layOut(r0, r1), [FILE1]: layOut(r2) },
    read: [0, 1, 2],
    behind: 3,
    findings: [['METADATA_MISSING', META]],
  },
  {
    name: 'data files without metadata that do not begin at 0, after the queue was emptied',
    files: { [FILE2]: layOut(r0) },
    read: [0],
    behind: 1,
    findings: [['METADATA_MISSING', META]],
  },
  {
    name: 'original: metadata that is garbage',
    files: { [META]: 'garbage', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    behind: 2,
    findings: [['METADATA_MALFORMED', META]],
  },
  {
    name: 'original: metadata that is cut short',
    files: { [META]: '1\n0,35\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    behind: 2,
    findings: [['METADATA_MALFORMED', META]],
  },
  {
    name: 'metadata that is empty',
    files: { [META]: '', [FILE0]: layOut(r0) },
    read: [0],
    behind: 1,
    findings: [['METADATA_MALFORMED', META]],
  },
  {
    name: 'metadata with megabytes behind it',
    files: { [META]: '1\n0,0\n0,3' + '5'.repeat(10_000), [FILE0]: layOut(r0) },
    read: [0],
    behind: 1,
    findings: [['METADATA_MALFORMED', META]],
  },
  {
    name: 'original: the depth is too large',
    files: { [META]: '7\n0,35\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [1],
  },
  {
    name: 'original: the depth is below zero',
    files: { [META]: '-7\n0,35\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [1],
  },
  {
    name: 'original: the read position is behind the write position',
    files: { [META]: '1\n0,70\n0,35\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    behind: 2,
    findings: [['METADATA_INCONSISTENT', META]],
  },
  {
    name: 'original: the read file is behind the write file',
    files: { [META]: '1\n1,0\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    behind: 2,
    findings: [['METADATA_INCONSISTENT', META]],
  },
  {
    name: 'a position below zero',
    files: { [META]: '1\n0,-1\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
    behind: 2,
    findings: [['METADATA_INCONSISTENT', META]],
  },
  {
    name: 'original: the smallest record',
    files: { [META]: '1\n0,0\n0,30\n', [FILE0]: layOut(record(4, 26)) },
    read: [4],
  },
  {
    name: 'original: a record larger than a lowered bound',
    files: { [META]: '2\n0,0\n1,35\n', [FILE0]: layOut(r0, record(4, 32), r1), [FILE1]: layOut(r2) },
    read: [0, 2],
    findings: [['RECORD_SIZE_INVALID', FILE0, 35, 71]],
    options: { recordSizeMax: 31 },
  },
  {
    name: 'a drained queue, its file still there',
    files: { [META]: '0\n0,70\n0,70\n', [FILE0]: layOut(r0, r1) },
    read: [],
  },
  {
    name: 'a queue that moved to a new file which does not exist yet',
    files: { [META]: '0\n1,0\n1,0\n' },
    read: [],
  },
  {
    name: 'a queue that was never used',
    files: { [META]: '0\n0,0\n0,0\n' },
    read: [],
  },
  {
    name: 'the last file is completed and its successor does not exist yet',
    files: { [META]: '2\n0,0\n1,0\n', [FILE0]: layOut(r0, r1) },
    read: [0, 1],
  },
  {
    name: 'an empty data file',
    files: { [META]: '1\n0,0\n1,35\n', [FILE0]: '', [FILE1]: layOut(r1) },
    read: [1],
  },
  {
    name: 'files behind the write file, rolled while no metadata could be written',
    files: { [META]: '1\n0,0\n0,35\n', [FILE0]: layOut(r0), [FILE1]: layOut(r1), [FILE2]: layOut(r2, r3) },
    read: [0, 1, 2, 3],
    behind: 3,
  },
  {
    name: 'a consumed file that was not removed',
    files: { [META]: '1\n1,0\n1,35\n', [FILE0]: layOut(r0), [FILE1]: layOut(r1) },
    read: [1],
    findings: [['FILE_CONSUMED', FILE0]],
  },
  {
    name: 'files set aside',
    files: { [META]: '1\n1,0\n1,35\n', [`${FILE0}.bad`]: layOut(r0), [FILE1]: layOut(r1) },
    read: [1],
    findings: [['FILE_SET_ASIDE', `${FILE0}.bad`]],
  },
  {
    name: 'nothing but a file set aside',
    files: { [`${FILE0}.bad`]: layOut(r0) },
    read: [],
    findings: [['FILE_SET_ASIDE', `${FILE0}.bad`]],
  },
  {
    name: 'a read position within a record',
    files: { [META]: '2\n0,36\n0,105\n', [FILE0]: layOut(r0, r1, r2) },
    read: [0, 1, 2],
    findings: [['READ_POSITION_INVALID', FILE0, 36]],
  },
  {
    name: 'a read position behind the end of its file',
    files: { [META]: '2\n0,500\n1,35\n', [FILE0]: layOut(r0, r1), [FILE1]: layOut(r2) },
    read: [0, 1, 2],
    findings: [['READ_POSITION_INVALID', FILE0, 500]],
  },
  {
    name: 'a read position that is right, with a broken record there: what is before it stays consumed',
    files: { [META]: '3\n0,70\n1,35\n', [FILE0]: layOut(r0, r1, record(9, 20), r2), [FILE1]: layOut(r3) },
    read: [3],
    findings: [['RECORD_SIZE_INVALID', FILE0, 70, 59]],
  },
]

describe('a queue is read as far as it can be', () => {
  test.each(cases)('$name', async ({ files: layout, read, findings = [], behind = 0, options }) => {
    const content = contentOf(layout)
    const files = new SimulatedFiles({}, content)
    const { records, report } = await readQueue(files, 'q', options)

    expect(records.map((found) => found[0])).toEqual(read)
    expect(report.findings).toEqual(
      findings.map(([code, file, offset = 0, size = 0, count = 1]) => ({ code, file, offset, size, count })),
    )
    expect(report.recordsRead).toBe(read.length)
    expect(report.recordsBehindMetadata).toBe(behind)
    expect(report.bytesSkipped).toBe(skippedBytes(report.findings))
    // Reading changes nothing, and leaves nothing open.
    expect(files.content()).toEqual(content)
    expect(files.opened).toBe(0)
  })

  test('every finding can be said in one line that names its file', async () => {
    for (const { files, options } of cases) {
      const { report } = await readQueue(new SimulatedFiles({}, contentOf(files)), 'q', options)
      for (const finding of report.findings) expect(describeFinding(finding)).toContain(finding.file)
    }
  })
})

describe('a reader', () => {
  test('reads a single data file whole, also one set aside', async () => {
    const files = new SimulatedFiles({}, contentOf({ [`${FILE0}.bad`]: layOut(r0, record(9, 20), r1) }))
    const reader = DiskQueueReader.openFile(files, DIRECTORY, `${FILE0}.bad`)
    const batches: Buffer[][] = []
    for await (const batch of reader) batches.push(batch)
    expect(batches).toEqual([[r0]])
    expect(reader.report.findings).toMatchObject([{ code: 'RECORD_SIZE_INVALID', offset: 35, size: 59 }])
  })

  test.each(['nsqd.dat', META, `../${FILE0}/x`])('does not open %s as a data file', (file) => {
    const open = (): unknown => DiskQueueReader.openFile(new SimulatedFiles(), DIRECTORY, file)
    expect(open).toThrow(expect.objectContaining({ code: 'QUEUE_NAME_INVALID' }))
  })

  test('says where it is, batch by batch, and keeps batches within their size', async () => {
    const files = new SimulatedFiles(
      {},
      contentOf({ [META]: '4\n0,0\n1,35\n', [FILE0]: layOut(r0, r1, r2), [FILE1]: layOut(r3) }),
    )
    const reader = await openQueue(files, { batchSize: 80 })
    expect(reader.position).toBeUndefined()
    expect(await reader.next()).toEqual([r0, r1])
    expect(reader.position).toEqual({ fileNumber: 0, offset: 70 })
    expect(await reader.next()).toEqual([r2])
    expect(await reader.next()).toEqual([r3])
    expect(await reader.next()).toBeUndefined()
    expect(await reader.next()).toBeUndefined()
    expect(reader.position).toBeUndefined()
    await reader.close()
  })

  test('reads a record far larger than a batch in a few pieces, not byte by byte', async () => {
    const large = record(7, 50_000)
    const files = new SimulatedFiles({}, contentOf({ [FILE0]: layOut(large, r1) }))
    const { records } = await readQueue(files, 'q', { batchSize: 1 })
    expect(records).toEqual([large, r1])
    expect(files.log.filter((call) => call.startsWith('read q')).length).toBeLessThan(10)
  })

  test('closes its file when the loop is left early', async () => {
    const files = new SimulatedFiles({}, contentOf({ [FILE0]: layOut(r0, r1, r2) }))
    for await (const batch of await openQueue(files, { batchSize: 40 })) {
      expect(batch).toEqual([r0])
      break
    }
    expect(files.opened).toBe(0)
  })

  test('takes one call at a time, and none once it is closed', async () => {
    const reader = await openQueue(new SimulatedFiles({}, contentOf({ [FILE0]: layOut(r0) })))
    const [first, ...others] = await Promise.allSettled([reader.next(), reader.next(), reader.close()])
    expect(first).toEqual({ status: 'fulfilled', value: [r0] })
    const busy = { status: 'rejected', reason: { code: 'BUSY' } }
    expect(others).toMatchObject([busy, busy])
    await reader.close()
    await reader.close()
    await expect(reader.next()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test.each([
    { batchSize: 0 },
    { recordSizeMin: -1 },
    { recordSizeMin: 50, recordSizeMax: 49 },
    { recordSizeMax: 2 ** 31 },
  ])('refuses the options %o', async (options) => {
    await expect(openQueue(new SimulatedFiles(), options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})

async function openQueue(files: SimulatedFiles, options?: ReaderOptions): Promise<DiskQueueReader> {
  return DiskQueueReader.open(files, DIRECTORY, await findQueue(files, DIRECTORY, 'q'), options)
}

function skippedBytes(findings: readonly Finding[]): number {
  return findings.filter(({ code }) => code.startsWith('RECORD_')).reduce((sum, { size }) => sum + size, 0)
}
