import { expect, test } from 'vitest'
import { decodeMessageRecord } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { contentOf, readQueue } from './support/queues.ts'

// Recorded from nsqd 1.3.0 (--mem-queue-size=0 --max-bytes-per-file=100), stopped with two messages in flight and one
// deferred; the first record of file 1 had been consumed.
const RECORDED = contentOf({
  'q:c.diskqueue.meta.dat': '3\n1,32\n2,32\n',
  'q:c.diskqueue.000001.dat': Buffer.from(
    '0000001c18e9eb113c27d83f0000313861323839303435636136393030306d33' +
      '0000001c18e9eb113c27d83f0001313861323839303435636136393030306d33' +
      '0000001c18e9eb113c0876890001313861323839303435633236393030306d31',
    'hex',
  ),
  'q:c.diskqueue.000002.dat': Buffer.from('0000001c18e9eb113c1920480001313861323839303435633636393030306d32', 'hex'),
})

test('a queue that the original left, read half way over two files, gives its messages in order', async () => {
  const { records, report } = await readQueue(new SimulatedFiles({}, RECORDED), 'q:c')
  const messages = records.map((record) => decodeMessageRecord(record))
  expect(messages.map(({ id, attempts, body }) => [id, attempts, body.toString()])).toEqual([
    ['18a289045ca69000', 1, 'm3'],
    ['18a289045c269000', 1, 'm1'],
    ['18a289045c669000', 1, 'm2'],
  ])
  expect(messages[0]?.timestampNs).toBe(0x18e9eb113c27d83fn)
  expect(report).toMatchObject({ depthByMetadata: 3, recordsRead: 3, bytesSkipped: 0, findings: [] })
})
