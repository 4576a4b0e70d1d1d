import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DiskQueueWriter } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { DIRECTORY, readQueue, records } from './support/queues.ts'

test('what was written is read, whatever the records, the files, the batches and the pieces the disk moves', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(records, { maxLength: 4 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 50 }),
      async (calls, maxBytesPerFile, batchSize, transferMax) => {
        const all = calls.flat()
        const files = new SimulatedFiles({ transferMax })
        const writer = await DiskQueueWriter.create(files, DIRECTORY, 't', { maxBytesPerFile })
        for (const call of calls) {
          await writer.write(call)
          if (call.length % 2 === 0) await writer.sync()
        }
        await writer.close()
        const before = files.content()

        const { records: read, report } = await readQueue(files, 't', { batchSize })
        expect(read).toEqual(all)
        expect(report).toMatchObject({
          depthByMetadata: all.length,
          recordsRead: all.length,
          recordsBehindMetadata: 0,
          bytesSkipped: 0,
          findings: [],
        })
        expect(files.content()).toEqual(before)
        expect(files.opened).toBe(0)
      },
    ),
  )
})
