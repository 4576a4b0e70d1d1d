import type { Channel } from '../../../src/core/channel.ts'
import type { Topic } from '../../../src/core/topic.ts'
import { below, seeded } from '../../core/support/seeded.ts'
import { type Frame, idHi, idLo } from '../../core/support/frame.ts'
import { SimClock } from '../../core/support/sim-clock.ts'
import { SimSubscriber } from '../../core/support/sim-subscriber.ts'
import { type BrokerOptions, SimBroker, type SimMetadata } from './sim-broker.ts'
import { SimDisk } from './sim-disk.ts'

/** What a broker that is no more has left behind. */
export interface Stored {
  readonly disk: SimDisk
  readonly metadata: SimMetadata
  readonly options: BrokerOptions
  /** When its life began and ended. */
  readonly startMs: number
  readonly endMs: number
}

const CHANNELS = ['archive', 'billing']
const ROUNDS = 8
/** More than the delays below. */
const LATER_MS = 40_000

/**
 * A broker that lived for a while and died, or was stopped: some of its messages were finished, some are in flight, put
 * back or deferred, some were moved to the channels' own logs, and some nobody has seen yet.
 */
export function storedBroker(seed: number): Stored {
  const random = seeded(seed)
  const options: BrokerOptions = {
    durability: () => 'os',
    memQueueSize: [0, 5, 1000][below(random, 3)]!,
    maxBytesPerFile: [1500, 4000, 30_000][below(random, 3)]!,
    blockSize: 4096,
    cacheSize: 64 * 4096,
  }
  const disk = new SimDisk(random)
  const broker = new SimBroker(options, disk, null)
  const startMs = broker.clock.nowMs
  broker.start({ topics: [] })
  let serial = 0
  for (const name of ['orders', 'clicks']) {
    const topic = broker.registry.topic(name)
    for (const channel of CHANNELS) broker.registry.channel(topic, channel)
    const subscribers = [...topic.channels.values()].map((channel) => new SimSubscriber().subscribe(channel))
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < 15; i++) {
        const body = Buffer.alloc(10 + below(random, 100), `${name} ${serial++}.`)
        topic.publishDeferred(body, 0, body.length, random() < 0.1 ? 1 + below(random, 20_000) : 0)
        if (random() < 0.5) broker.settle()
      }
      settleAll(broker, disk)
      for (const [i, channel] of [...topic.channels.values()].entries()) {
        use(channel, subscribers[i]!, round < ROUNDS - 2 ? 0.97 : 0.5, random)
      }
      for (let i = 0; i < 4; i++) {
        settleAll(broker, disk)
        broker.registry.sweep()
        settleAll(broker, disk)
        broker.advance(50)
      }
    }
  }
  const metadata = broker.metadata()
  const endMs = broker.clock.nowMs
  if (random() < 0.5) broker.registry.shutDown()
  disk.kill()
  return { disk, metadata, options, startMs, endMs }
}

function use(channel: Channel, subscriber: SimSubscriber, finished: number, random: () => number): void {
  subscriber.rdy = 30 * finished
  channel.wake(subscriber.lane!)
  for (const frame of subscriber.frames.splice(0)) {
    const fate = random()
    if (fate < finished) channel.finish(subscriber.lane!, idHi(frame.id), idLo(frame.id))
    else if (random() < 0.7) channel.requeue(subscriber.lane!, idHi(frame.id), idLo(frame.id), below(random, 2) * 5000)
    // else it stays in flight
  }
}

function settleAll(broker: SimBroker, disk: SimDisk): void {
  broker.settle()
  while (disk.complete()) broker.settle()
}

/** What came to a channel, in order. */
export type Drained = Map<string, Frame[]>

/** A broker on a disk that another one left behind, begun at a moment of the wall clock. */
export class Successor {
  readonly broker: SimBroker
  readonly #disk: SimDisk

  /** @throws when it does not start */
  constructor({ metadata, options }: Stored, disk: SimDisk, startMs: number) {
    const clock = new SimClock()
    clock.nowMs = startMs
    this.#disk = disk
    this.broker = new SimBroker(options, disk, clock)
    this.broker.start(metadata)
  }

  /** Publishes a message to each topic, so that its id can be seen. */
  publish(body: string): void {
    const bytes = Buffer.from(body)
    for (const topic of this.broker.registry.topics()) topic.publish(bytes, 0, bytes.length)
    settleAll(this.broker, this.#disk)
  }

  /** Everything that all channels have, finished as it comes. @param laterMs how long after the last of it is the end */
  drain(laterMs = LATER_MS): Drained {
    const { broker } = this
    const drained: Drained = new Map()
    const consumers: { topic: Topic; channel: Channel; subscriber: SimSubscriber }[] = []
    for (const topic of broker.registry.topics()) {
      for (const channel of topic.channels.values()) {
        drained.set(`${topic.name}/${channel.name}`, [])
        consumers.push({ topic, channel, subscriber: new SimSubscriber({ readyCount: 100 }).subscribe(channel) })
      }
    }
    for (let waitedMs = 0; waitedMs < laterMs;) {
      let count = 0
      for (const { topic, channel, subscriber } of consumers) {
        channel.wake(subscriber.lane!)
        settleAll(broker, this.#disk)
        const frames = subscriber.frames.splice(0)
        for (const frame of frames) channel.finish(subscriber.lane!, idHi(frame.id), idLo(frame.id))
        drained.get(`${topic.name}/${channel.name}`)!.push(...frames)
        count += frames.length
      }
      if (count > 0) continue
      broker.advance(5000)
      settleAll(broker, this.#disk)
      waitedMs += 5000
    }
    return drained
  }
}
