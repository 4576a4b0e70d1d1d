import { expect, test } from 'vitest'
import { seeded } from '../core/support/seeded.ts'
import { type BrokerOptions, SimBroker } from './support/sim-broker.ts'
import { SimDisk } from './support/sim-disk.ts'
import { Successor } from './support/stored-broker.ts'

const options: BrokerOptions = {
  durability: () => 'fsync',
  memQueueSize: 1000,
  maxBytesPerFile: 1000,
  blockSize: 4096,
  cacheSize: 64 * 4096,
}

/** Bodies that come in one publish. */
function batch(topic: string, count: number, size: number): { bytes: Buffer; bounds: number[] } {
  const bodies = Array.from({ length: count }, (_, i) => Buffer.alloc(size, `${topic} ${i}.`))
  return { bytes: Buffer.concat(bodies), bounds: bodies.flatMap((_, i) => [i * size, (i + 1) * size]) }
}

test('files of a publish that failed are not taken for what was published after it', () => {
  // A power cut may keep what was written and forget that it was cut off again.
  for (let seed = 1; seed <= 100; seed++) failThenSucceed(seed)
})

function failThenSucceed(seed: number): void {
  const disk = new SimDisk(seeded(seed))
  disk.shortness = 0
  const broker = new SimBroker(options, disk, null)
  broker.start({ topics: [] })
  const topic = broker.registry.topic('t')
  broker.registry.channel(topic, 'c')
  const answers: (string | null)[] = []
  const waiter = { committed: (_: number, error: Error | null) => void answers.push(error?.message ?? null) }

  // Two files are made and written, the third can't be: all of it is taken back, and the files wait to be removed.
  disk.faults.push({ code: 'EMFILE', kinds: ['create'], after: 4, count: 1 })
  const failing = batch('failed', 30, 400)
  topic.publishBatch(failing.bytes, 0, failing.bounds, waiter)
  broker.settle()
  expect(answers).toEqual(['EMFILE: create'])
  const made = disk.list('/data/t.topic').filter((name) => name.startsWith('messages-'))
  expect(made.length).toBeGreaterThan(1)

  const good = batch('good', 30, 350)
  topic.publishBatch(good.bytes, 0, good.bounds, waiter)
  broker.settle()
  while (disk.complete()) broker.settle()
  expect(answers).toEqual(['EMFILE: create', null])
  const metadata = broker.metadata()
  disk.cutPower()

  const stored = { disk, metadata, options, startMs: 0, endMs: 0 }
  const came = new Successor(stored, disk, 5000).drain().get('t/c')!
  const bodies = new Set(came.map(({ body }) => body.toString('latin1', 0, body.indexOf('.'))))
  for (let i = 0; i < 30; i++) if (!bodies.has(`good ${i}`)) expect.fail(`seed ${seed}: good ${i} is lost`)
}
