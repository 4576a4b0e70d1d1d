import { expect, test } from 'vitest'
import { rewind } from '../../src/core/rewind.ts'
import { idHi, idLo } from '../core/support/frame.ts'
import { seeded } from '../core/support/seeded.ts'
import { SimSubscriber } from '../core/support/sim-subscriber.ts'
import { type BrokerOptions, SimBroker } from './support/sim-broker.ts'
import { SimDisk } from './support/sim-disk.ts'

const OPTIONS: BrokerOptions = {
  durability: () => 'os',
  memQueueSize: 1000,
  maxBytesPerFile: 10_000,
  blockSize: 4096,
  cacheSize: 3 * 4096,
}
const METADATA = { topics: [{ name: 't', paused: false, channels: [{ name: 'c', paused: false }] }] }
const MINUTE = 60_000
const COUNT = 600

/** A broker that published a message a minute, each of which was finished; some hundred segments. */
function lived(retention: BrokerOptions['retention']): { broker: SimBroker; disk: SimDisk } {
  const disk = new SimDisk(seeded(1))
  const broker = new SimBroker({ ...OPTIONS, ...(retention && { retention }) }, disk, null)
  broker.start(METADATA)
  const topic = broker.registry.get('t')!
  const subscriber = new SimSubscriber({ readyCount: 10 }).subscribe(topic.channels.get('c')!)
  subscriber.onFrame = ({ id }) => topic.channels.get('c')!.finish(subscriber.lane!, idHi(id), idLo(id))
  for (let i = 0; i < COUNT; i++) {
    const body = Buffer.alloc(700, `${i} `)
    topic.publish(body, 0, body.length)
    broker.advance(MINUTE)
  }
  return { broker, disk }
}

/** Ends what was begun, reads from disk and what waits for them included. */
async function settle(broker: SimBroker, disk: SimDisk): Promise<void> {
  for (let idle = 0; idle < 3; idle++) {
    await new Promise((resolve) => setImmediate(resolve))
    broker.settle()
    if (disk.complete()) idle = 0
  }
}

test.each([
  ['as it grows old', 0],
  ['after a long rest, with few looks at the disk', 200 * MINUTE],
])('what is too old goes, and nothing younger: %s', async (_, restMs) => {
  const { broker: first, disk } = lived({ retainMs: 300 * MINUTE, retainBytes: 0 })
  expect(first.registry.shutDown()).toEqual([])
  while (disk.complete()) first.settle()
  disk.kill()
  const broker = new SimBroker({ ...OPTIONS, retention: { retainMs: 300 * MINUTE, retainBytes: 0 } }, disk, first.clock)
  broker.clock.nowMs += restMs
  broker.start(METADATA)
  const topic = broker.registry.get('t')!
  const segmentCount = topic.log.segments.length
  const before = disk.calls
  broker.registry.sweep()
  await settle(broker, disk)
  // Opening and reading, for each segment that is looked at.
  expect(disk.calls - before).toBeLessThan(8 * Math.log2(segmentCount))
  const youngerThan = COUNT - 300 + restMs / MINUTE
  const { messages } = topic.retention.retained
  expect(COUNT - messages).toBeLessThanOrEqual(youngerThan)
  expect(COUNT - messages).toBeGreaterThan(youngerThan - 10) // a segment has five
  const answer = rewind(topic, topic.channels.get('c')!, 0)
  await settle(broker, disk)
  expect(await answer).toMatchObject({ messages, complete: false })
  broker.registry.shutDown()
})

test('by size, as much is left as is wanted, and at most a segment more', async () => {
  const { broker, disk } = lived({ retainMs: 0, retainBytes: 50_000 })
  broker.registry.sweep()
  await settle(broker, disk)
  const { bytes } = broker.registry.get('t')!.retention.retained
  expect(bytes).toBeGreaterThanOrEqual(50_000)
  expect(bytes).toBeLessThan(50_000 + 2 * OPTIONS.blockSize)
  broker.registry.shutDown()
})

test('both: what breaks either goes', async () => {
  const { broker, disk } = lived({ retainMs: 10 * MINUTE, retainBytes: 50_000 })
  broker.registry.sweep()
  await settle(broker, disk)
  expect(broker.registry.get('t')!.retention.retained.messages).toBeLessThanOrEqual(16)
  broker.registry.shutDown()
})

test('files of what went are removed', async () => {
  const { broker, disk } = lived({ retainMs: 30 * MINUTE, retainBytes: 0 })
  const before = disk.list('/data/t.topic').length
  broker.registry.sweep()
  await settle(broker, disk)
  broker.registry.sweep()
  broker.advance(100)
  expect(disk.list('/data/t.topic').length).toBeLessThan(before / 4)
  broker.registry.shutDown()
})

test('a disk on which nothing can be written: what is kept goes, a file at a time, and then a publish is taken', () => {
  const { broker, disk } = lived({ retainMs: 3_600 * MINUTE, retainBytes: 0 })
  const topic = broker.registry.get('t')!
  const before = disk.list('/data/t.topic').length
  expect(topic.giveUpRetained()).toBe(true)
  expect(disk.list('/data/t.topic').length).toBe(before - 1)
  let given = 1
  while (topic.giveUpRetained()) given++
  expect(given).toBeGreaterThan(10)
  expect(topic.retention.retained.messages).toBe(0)
  expect(disk.list('/data/t.topic').filter((name) => !name.startsWith('journal-'))).toEqual([])
  broker.registry.shutDown()
})
