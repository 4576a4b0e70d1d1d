// Headers stay with their messages through everything that moves these: pages, moves to a channel's own log, requeues, schedules,
// SIGKILL and clean restarts, and publishes that fail and are taken back. At random, by seed.
import { expect, test } from 'vitest'
import type { Channel } from '../../src/core/channel.ts'
import { encodeHeaders } from '../../src/log/headers.ts'
import { type Frame, idHi, idLo } from '../core/support/frame.ts'
import { below, seeded } from '../core/support/seeded.ts'
import { SimSubscriber } from '../core/support/sim-subscriber.ts'
import { type BrokerOptions, SimBroker } from './support/sim-broker.ts'
import { SimDisk } from './support/sim-disk.ts'

const LIVES = 4
const STEPS = 60
const SEEDS = 60

/** The headers of a message, which follow from its number: every third has none, some have many. */
function headersOf(serial: number): Record<string, string> | null {
  if (serial % 3 === 0) return null
  return { n: String(serial), ...(serial % 50 === 1 && { pad: 'x'.repeat(3000) }) }
}

class Lives {
  readonly #random: () => number
  readonly #disk: SimDisk
  readonly #options: BrokerOptions
  #broker: SimBroker
  #serial = 0
  #subscriber!: SimSubscriber
  /** Of messages of which the publisher was told that they are safe. */
  readonly safe = new Set<number>()
  readonly seen = new Set<number>()
  headedCount = 0

  constructor(seed: number) {
    this.#random = seeded(seed)
    this.#disk = new SimDisk(this.#random)
    this.#options = {
      durability: () => 'os',
      memQueueSize: [0, 5, 1000][seed % 3]!,
      maxBytesPerFile: 5000,
      blockSize: 4096,
      cacheSize: 3 * 4096,
    }
    this.#broker = this.#start({ topics: [] }, null)
  }

  run(): void {
    for (let life = 1; life <= LIVES; life++) {
      for (let step = 0; step < STEPS; step++) this.#step()
      const metadata = this.#broker.metadata()
      const { clock } = this.#broker
      if (this.#random() < 0.5) this.#disk.kill()
      else for (const topic of this.#broker.registry.topics()) topic.shutDown()
      this.#broker = this.#start(metadata, clock)
    }
    this.#subscriber.rdy = 100_000
    channelOf(this.#broker).wake(this.#subscriber.lane!)
    for (let i = 0; i < 200; i++) {
      this.#settle()
      this.#finish(Infinity)
      this.#broker.advance(1000)
    }
  }

  #start(metadata: Parameters<SimBroker['start']>[0], since: SimBroker['clock'] | null): SimBroker {
    const broker = new SimBroker(this.#options, this.#disk, since)
    broker.start(metadata)
    this.#subscriber = new SimSubscriber({ wantsHeaders: true, msgTimeoutMs: 5000 })
    this.#subscriber.onFrame = (frame) => this.#take(frame)
    this.#subscriber.subscribe(channelOf(broker))
    return broker
  }

  #step(): void {
    const draw = this.#random()
    const channel = channelOf(this.#broker)
    if (draw < 0.35) this.#publish(1 + below(this.#random, 12))
    else if (draw < 0.45) this.#publish(1 + below(this.#random, 3), 1 + below(this.#random, 8000))
    else if (draw < 0.65) {
      this.#subscriber.rdy = this.#subscriber.lane!.count + 1 + below(this.#random, 15)
      channel.wake(this.#subscriber.lane!)
    } else if (draw < 0.8) this.#finish(below(this.#random, 10))
    else if (draw < 0.87) this.#requeue(channel)
    else if (draw < 0.9) this.#disk.faults.push({ code: 'ENOSPC', kinds: ['write'], after: 0, count: 1 })
    else if (draw < 0.95) this.#broker.registry.topic('t').sweep()
    else this.#broker.advance(below(this.#random, 6000))
    this.#settle()
  }

  #publish(count: number, delayMs = 0): void {
    const serials = Array.from({ length: count }, () => this.#serial++)
    const bodies = serials.map((serial) => Buffer.alloc(20 + (serial % 200), `${serial}.`))
    const bounds: number[] = []
    for (const body of bodies) bounds.push(bounds.at(-1) ?? 0, (bounds.at(-1) ?? 0) + body.length)
    const headers = serials.map((serial) => {
      const each = headersOf(serial)
      return each === null ? null : encodeHeaders(each)
    })
    const committed = (_: number, error: Error | null): void => {
      if (error === null) for (const serial of serials) this.safe.add(serial)
    }
    const dueMs = delayMs === 0 ? null : this.#broker.clock.wallUs() / 1000 + delayMs
    const topic = this.#broker.registry.topic('t')
    if (topic.publishHeaded(Buffer.concat(bodies), 0, bounds, headers, dueMs, { committed })) committed(0, null)
  }

  #take({ body, id }: Frame): void {
    const serial = Number.parseInt(body.toString())
    this.seen.add(serial)
    const headers = this.#subscriber.headers.get(id) ?? null
    if (headers !== null) this.headedCount++
    expect({ serial, headers }).toEqual({ serial, headers: headersOf(serial) })
  }

  #finish(count: number): void {
    for (const { id } of this.#subscriber.frames.splice(0, count)) {
      channelOf(this.#broker).finish(this.#subscriber.lane!, idHi(id), idLo(id))
    }
  }

  #requeue(channel: Channel): void {
    for (const { id } of this.#subscriber.frames.splice(0, 1 + below(this.#random, 5))) {
      channel.requeue(this.#subscriber.lane!, idHi(id), idLo(id), this.#random() < 0.5 ? 0 : 3000)
    }
  }

  #settle(): void {
    do this.#broker.settle()
    while (this.#disk.complete())
    this.#broker.settle()
  }
}

function channelOf({ registry }: SimBroker): Channel {
  return registry.channel(registry.topic('t'), 'c')
}

test('a message has its headers, and no others, whatever becomes of it', () => {
  let headedCount = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const lives = new Lives(seed)
    lives.run()
    const lost = [...lives.safe].filter((serial) => !lives.seen.has(serial))
    expect({ seed, lost }).toEqual({ seed, lost: [] })
    headedCount += lives.headedCount
  }
  expect(headedCount).toBeGreaterThan(SEEDS * 100)
})
