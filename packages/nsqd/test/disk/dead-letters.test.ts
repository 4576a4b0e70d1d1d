import { expect, test } from 'vitest'
import { DeadLetterHeader } from '../../src/core/dead-letters.ts'
import { decodeHeaders } from '../../src/log/headers.ts'
import type { Durability } from '../../src/log/topic-store.ts'
import { isDeadLetterTopic } from '../../src/core/retry-policy.ts'
import { type Frame, idHi, idLo } from '../core/support/frame.ts'
import { seeded } from '../core/support/seeded.ts'
import { SimSubscriber } from '../core/support/sim-subscriber.ts'
import { type BrokerOptions, SimBroker } from './support/sim-broker.ts'
import { SimDisk } from './support/sim-disk.ts'

const POISON = ['one', 'two', 'three', 'four']
const METADATA = { topics: [{ name: 't', paused: false, channels: [{ name: 'c', paused: false }] }] }
const policy = (topic: string) =>
  isDeadLetterTopic(topic) ? null : { maxAttempts: 2, deadLetterTopic: '', backoffMs: [], jitter: 0 }

function optionsOf(durability: Durability, memQueueSize: number): BrokerOptions {
  // Dead letters are kept as safely as what they were, whatever is said of their topic.
  const durabilityOf = (topic: string): Durability => (isDeadLetterTopic(topic) ? 'memory' : durability)
  return {
    durability: durabilityOf,
    memQueueSize,
    maxBytesPerFile: 600,
    blockSize: 4096,
    cacheSize: 64 * 4096,
    retryPolicy: policy,
  }
}

/** Publishes, and has every message fail until nothing comes any more; dies wherever the disk says. @returns what was answered */
function play(broker: SimBroker, disk: SimDisk, reader?: (frame: Frame) => void): Set<string> {
  const safe = new Set<string>()
  try {
    broker.start(METADATA)
    const topic = broker.registry.topic('t')
    broker.registry.channel(topic, 'c')
    for (const body of POISON) {
      const bytes = Buffer.from(body)
      const committed = (_: number, error: Error | null): void => {
        if (error === null && !disk.dead) safe.add(body)
      }
      topic.publish(bytes, 0, bytes.length, { committed })
    }
    failAll(broker, disk, reader)
  } catch (error) {
    if (!disk.dead) throw error
  }
  return safe
}

function failAll(broker: SimBroker, disk: SimDisk, reader?: (frame: Frame) => void): void {
  const dead = broker.registry.topic('t.c.dlq')
  const deadChannel = reader && broker.registry.channel(dead, 'reader')
  const readerSubscriber = new SimSubscriber({ readyCount: 10 })
  if (deadChannel !== undefined) readerSubscriber.subscribe(deadChannel)
  const channel = broker.registry.get('t')!.channels.get('c')!
  const subscriber = new SimSubscriber({ readyCount: 2 }).subscribe(channel)
  for (let idle = 0; idle < 4 && !disk.dead;) {
    broker.settle()
    disk.complete()
    broker.settle()
    idle = subscriber.frames.length === 0 ? idle + 1 : 0
    for (const { id } of subscriber.frames.splice(0)) channel.requeue(subscriber.lane!, idHi(id), idLo(id), 0)
    for (const frame of readerSubscriber.frames.splice(0)) {
      if (!disk.dead) reader?.(frame)
      deadChannel?.finish(readerSubscriber.lane!, idHi(frame.id), idLo(frame.id))
    }
    broker.advance(1100) // what could not be done is tried again
  }
}

/** Bodies of the dead letters there are, whether or not somebody reads them; each with the id of its origin. */
function lettersIn(broker: SimBroker): { body: string; origin: string }[] {
  const found: { body: string; origin: string }[] = []
  const log = broker.registry.get('t.c.dlq')?.log
  for (const segment of log?.segments ?? []) {
    log!.loadNow(segment)
    for (let index = 0; index < segment.count; index++) {
      const body = segment.bytes.toString('latin1', segment.offset(index) + 34, segment.offset(index + 1))
      const headers = decodeHeaders(segment.headers!.get(index)!)
      found.push({ body, origin: headers[DeadLetterHeader.id]! })
    }
  }
  return found
}

/** How often the disk is called from the beginning to the end. */
function callsOf(options: BrokerOptions): number {
  const disk = new SimDisk(seeded(1))
  disk.shortness = 0
  const broker = new SimBroker(options, disk, null)
  play(broker, disk)
  return disk.calls
}

test.each([
  ['os', 'kill', 1000],
  ['os', 'kill', 0],
  ['fsync', 'kill', 1000],
  ['fsync', 'cutPower', 1000],
  ['fsync', 'cutPower', 0],
] as const)(
  'with --durability=%s and %s at any call to the disk, what was safe becomes a dead letter exactly once (%i in memory)',
  (durability, death, memQueueSize) => {
    const options = optionsOf(durability, memQueueSize)
    const calls = callsOf(options)
    expect(calls).toBeGreaterThan(20)
    for (let dieAt = 1; dieAt <= calls; dieAt++) {
      const disk = new SimDisk(seeded(dieAt))
      disk.shortness = 0
      disk.dieAt = dieAt
      const first = new SimBroker(options, disk, null)
      const safe = play(first, disk)
      disk[death]()
      const second = new SimBroker(options, disk, first.clock)
      second.start(METADATA)
      failAll(second, disk)
      const letters = lettersIn(second)
      const bodies = letters.map(({ body }) => body)
      expect([dieAt, bodies.length]).toEqual([dieAt, new Set(bodies).size])
      expect([dieAt, [...safe].filter((body) => !bodies.includes(body))]).toEqual([dieAt, []])
      expect(new Set(letters.map(({ origin }) => origin)).size).toBe(letters.length)
      const channel = second.registry.get('t')!.channels.get('c')!
      expect(channel.depth + channel.inFlightCount + channel.deferredCount).toBe(0)
    }
  },
)

test.each(['os', 'fsync'] as const)(
  'with --durability=%s, who reads dead letters while the process is killed never meets two of one message',
  (durability) => {
    const options = optionsOf(durability, 1000)
    const calls = callsOf(options) * 2
    for (let dieAt = 1; dieAt <= calls; dieAt++) {
      const disk = new SimDisk(seeded(dieAt))
      disk.shortness = 0
      disk.dieAt = dieAt
      const met = new Map<string, Set<string>>()
      const reader = ({ body, id }: Frame): void => {
        const text = body.toString()
        met.set(text, (met.get(text) ?? new Set()).add(id))
      }
      const first = new SimBroker(options, disk, null)
      const safe = play(first, disk, reader)
      disk.kill()
      const second = new SimBroker(options, disk, first.clock)
      second.start(METADATA)
      failAll(second, disk, reader)
      for (const [body, ids] of met) expect([dieAt, body, ids.size]).toEqual([dieAt, body, 1])
      expect([dieAt, [...safe].filter((body) => !met.has(body))]).toEqual([dieAt, []])
    }
  },
)

test('while the disk takes nothing a dying message is kept, and becomes a dead letter when it does again', () => {
  const disk = new SimDisk(seeded(7))
  disk.shortness = 0
  const broker = new SimBroker(optionsOf('os', 1000), disk, null)
  broker.start(METADATA)
  const topic = broker.registry.topic('t')
  const channel = broker.registry.channel(topic, 'c')
  const bytes = Buffer.from('x')
  topic.publish(bytes, 0, 1, { committed() {} })
  broker.settle()
  disk.faults.push({ code: 'ENOSPC', kinds: ['write', 'create'], after: 0, count: Infinity })
  failAll(broker, disk)
  expect([channel.depth, channel.deferredCount, lettersIn(broker)]).toEqual([0, 1, []])
  disk.faults = []
  broker.advance(5000)
  expect([channel.deferredCount, lettersIn(broker).map(({ body }) => body)]).toEqual([0, ['x']])
})
