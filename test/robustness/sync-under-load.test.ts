import { pub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { within } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'

const SECONDS = 3

// A sync that ends between a publish and its commit once went round for ever. With a sync every millisecond many do.
for (const durability of ['os', 'fsync']) {
  test(`publishes that come while a sync is under way are all answered, with durability ${durability}`, async () => {
    await using nsqd = await NsqdProcess.start([`--durability=${durability}`, '--sync-timeout=1ms'])
    const end = performance.now() + SECONDS * 1000
    const publish = async (): Promise<number> => {
      using producer = await nsqd.connect()
      let count = 0
      for (; performance.now() < end; count++) {
        producer.send(pub('synced', Buffer.from('message')))
        await producer.ok()
      }
      return count
    }
    const counts = await within(
      30_000,
      'all publishes are answered',
      Promise.all([publish(), publish(), publish(), publish()]),
    )
    expect(Math.min(...counts)).toBeGreaterThan(0)
    const [topic] = await nsqd.topics()
    expect(topic?.depth).toBe(counts.reduce((sum, count) => sum + count, 0))
    expect(nsqd.crash).toBeUndefined()
  })
}
