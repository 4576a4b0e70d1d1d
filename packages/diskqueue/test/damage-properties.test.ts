/** Damage of any kind at any place: what it costs is bounded, accounted for, and never an exception. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dataFileName, formatMetadata, metadataFileName } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { layOut, readQueue } from './support/queues.ts'

/** Sizes of records, file by file; each record is told from the others by its content. */
const layouts = fc
  .array(fc.array(fc.integer({ min: 26, max: 60 }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
  .map((files) => {
    let tag = 1
    return files.map((sizes) => sizes.map((size) => Buffer.alloc(size, tag++)))
  })

const batchSize = fc.integer({ min: 1, max: 200 })

test('metadata with any positions loses no record that is at or behind its read position', async () => {
  const position = fc.record({ fileNumber: fc.integer({ min: -1, max: 4 }), offset: fc.integer({ min: -1, max: 250 }) })
  await fc.assert(
    fc.asyncProperty(layouts, position, position, batchSize, async (layout, read, write, batchSize) => {
      const content = contentOf(layout)
      content.set(metadataFileName('q'), Buffer.from(formatMetadata({ depth: 0, read, write })))
      const { records } = await readQueue(new SimulatedFiles({}, content), 'q', { batchSize })

      const all = layout.flat()
      expect(records).toEqual(all.slice(all.length - records.length)) // the last so many, in order
      expect(records.length).toBeGreaterThanOrEqual(countFrom(layout, read.fileNumber, read.offset))
    }),
    { numRuns: 300 },
  )
})

test('any text for metadata loses no record at all, unless it parses', async () => {
  await fc.assert(
    fc.asyncProperty(layouts, fc.string(), async (layout, text) => {
      const content = contentOf(layout).set(metadataFileName('q'), Buffer.from(text))
      const { records, report } = await readQueue(new SimulatedFiles({}, content), 'q')
      fc.pre(report.metadata === undefined)
      expect(records).toEqual(layout.flat())
    }),
  )
})

test('a changed byte costs at most the record it is in and those behind it in that file', async () => {
  await fc.assert(
    fc.asyncProperty(
      layouts,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      batchSize,
      async (layout, f, o, x, b) => {
        const content = contentOf(layout)
        const number = f % layout.length
        const damaged = Buffer.from(layOut(...(layout[number] ?? [])))
        const offset = o % damaged.length
        damaged[offset] = (damaged[offset] ?? 0) ^ x
        content.set(dataFileName('q', number), damaged)
        const { records, report } = await readQueue(new SimulatedFiles({}, content), 'q', { batchSize: b })

        for (const kept of recordsUntouched(layout, number, offset)) expect(records).toContainEqual(kept)
        expect(report.bytesRead + report.bytesSkipped).toBe(totalSize(content))
      },
    ),
    { numRuns: 300 },
  )
})

test('a file cut anywhere costs only the record that is cut and those behind it', async () => {
  await fc.assert(
    fc.asyncProperty(layouts, fc.nat(), fc.nat(), batchSize, async (layout, f, o, batchSize) => {
      const content = contentOf(layout)
      const number = f % layout.length
      const whole = layOut(...(layout[number] ?? []))
      const size = o % (whole.length + 1)
      content.set(dataFileName('q', number), whole.subarray(0, size))
      const { records, report } = await readQueue(new SimulatedFiles({}, content), 'q', { batchSize })

      expect(records).toEqual(recordsUntouched(layout, number, size))
      expect(report.bytesRead + report.bytesSkipped).toBe(totalSize(content))
    }),
  )
})

test('files of any bytes are read or skipped, all of them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1 }),
      batchSize,
      async (files, batchSize) => {
        const content = new Map(files.map((bytes, number) => [dataFileName('q', number), Buffer.from(bytes)]))
        const { report } = await readQueue(new SimulatedFiles({}, content), 'q', { batchSize, recordSizeMin: 0 })
        expect(report.bytesRead + report.bytesSkipped).toBe(totalSize(content))
      },
    ),
  )
})

function contentOf(layout: readonly (readonly Buffer[])[]): Map<string, Buffer> {
  return new Map(layout.map((records, number) => [dataFileName('q', number), layOut(...records)]))
}

function totalSize(content: ReadonlyMap<string, Buffer>): number {
  return [...content.values()].reduce((sum, { length }) => sum + length, 0)
}

/** How many records begin at or behind a place. */
function countFrom(layout: readonly (readonly Buffer[])[], fileNumber: number, offset: number): number {
  return starts(layout).filter(
    (start) => start.number > fileNumber || (start.number === fileNumber && start.offset >= offset),
  ).length
}

/** All but those of one file that end behind `offset`. */
function recordsUntouched(layout: readonly (readonly Buffer[])[], number: number, offset: number): Buffer[] {
  return starts(layout)
    .filter((start) => start.number !== number || start.offset + 4 + start.record.length <= offset)
    .map(({ record }) => record)
}

function starts(layout: readonly (readonly Buffer[])[]): { number: number; offset: number; record: Buffer }[] {
  return layout.flatMap((records, number) => {
    let offset = 0
    return records.map((record) => {
      const start = { number, offset, record }
      offset += 4 + record.length
      return start
    })
  })
}
