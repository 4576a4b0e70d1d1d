import { expect, test } from 'vitest'
import type { Topic } from '../src/core/topic.ts'
import { startNsqd } from './support/start-nsqd.ts'

/** Resolves when the message is as safe as it is to be. */
function published(topic: Topic): Promise<void> {
  return new Promise((resolve, reject) => {
    const committed = (_ticket: number, error: Error | null): void => (error === null ? resolve() : reject(error))
    if (topic.publish(Buffer.from('x'), 0, 1, { committed })) resolve()
  })
}

test.each(['os', 'fsync'])(
  'a sync that ends between a publish and its write leaves it to the next (%s)',
  async (durability) => {
    await using nsqd = await startNsqd(`--durability=${durability}`)
    const topic = nsqd.nsqd.registry.topic('t')
    await published(topic)
    // From a timer on: what the sync ends with comes next, and only then the end of the turn, which writes.
    await new Promise((resolve) => setTimeout(resolve, 1))
    const first = published(topic)
    await new Promise((resolve) => setImmediate(resolve))
    const second = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        topic.sync()
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100) // the disk is done meanwhile
        published(topic).then(resolve, reject)
      }, 1)
    })
    await Promise.all([first, second])
    expect(topic.depth).toBe(3)
  },
)
