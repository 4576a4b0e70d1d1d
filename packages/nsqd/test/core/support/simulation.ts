import { Outcome, type Channel } from '../../../src/core/channel.ts'
import { Locality } from '../../../src/core/subscriber.ts'
import type { Topic } from '../../../src/core/topic.ts'
import { type Frame, idHi, idLo } from './frame.ts'
import { LogWatch } from './log-watch.ts'
import { ModelChannel, type ModelMessage, type ModelOptions, ModelTopic } from './model.ts'
import { below, seeded } from './seeded.ts'
import { SimSubscriber } from './sim-subscriber.ts'
import { World } from './world.ts'

const TOPICS = ['orders', 'clicks', 'passing#ephemeral']
const CHANNELS = ['archive', 'billing', 'watch#ephemeral']
const SUBSCRIBERS_MAX = 4

/** An operation, and four numbers in [0, 1) that say on what and how. Whatever they are, it can be done. */
export type Step = readonly [kind: Kind, a: number, b: number, c: number, d: number]

const WEIGHTS = {
  publish: 14,
  publishBatch: 6,
  publishDeferred: 4,
  createChannel: 4,
  deleteChannel: 1,
  deleteTopic: 0.4,
  pauseTopic: 1.5,
  unpauseTopic: 2,
  pauseChannel: 1.5,
  unpauseChannel: 2,
  emptyTopic: 0.7,
  emptyChannel: 0.7,
  subscribe: 6,
  unsubscribe: 2,
  changeRdy: 4,
  changeCongestion: 3,
  finishOne: 10,
  finishAll: 8,
  requeue: 6,
  requeueDelayed: 6,
  touch: 4,
  wrongOwner: 2,
  unknownId: 1,
  staleId: 3,
  pass: 10,
  passLong: 1,
  stall: 2,
  stepWallClock: 0.5,
  sweep: 5,
  endTurn: 5,
} as const

export type Kind = keyof typeof WEIGHTS

export function randomSteps(random: () => number, count: number): Step[] {
  const kinds = Object.keys(WEIGHTS) as Kind[]
  const total = kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0)
  return Array.from({ length: count }, () => {
    let at = random() * total
    const kind = kinds.find((candidate) => (at -= WEIGHTS[candidate]) < 0)!
    return [kind, random(), random(), random(), random()]
  })
}

/** Does the same to a core and to its model, and compares the two after each step. */
export class Simulation {
  readonly #random: () => number
  readonly #options: ModelOptions
  readonly #world: World
  readonly #watch: LogWatch
  readonly #topics = new Map<string, ModelTopic>()
  readonly #homes = new Map<SimSubscriber, [topic: ModelTopic, channel: ModelChannel]>()
  readonly #events: string[] = []
  readonly #expectedEvents: string[] = []
  #deciding: SimSubscriber | null = null
  #latencies = 0
  #finished = 0
  #serial = 0

  constructor(seed: number, watch: LogWatch) {
    const random = (this.#random = seeded(seed))
    this.#watch = watch
    this.#options = {
      memQueueSize: [0, 1, 3, 10, 1000][below(random, 5)]!,
      maxMsgTimeoutMs: 4000,
      topologyAware: random() < 0.3,
      requeueOnDisconnect: random() < 0.3,
    }
    this.#world = new World({
      ...this.#options,
      blockSize: [4096, 8192, 65536][below(random, 3)]!,
      random: () => this.#draw(),
      latency: () => ({ record: () => void this.#latencies++ }),
    })
    this.#world.registry.listen({
      created: (topic, channel) => this.#events.push(`created ${topic.name} ${channel?.name ?? ''}`),
      deleted: (topic, channel) => this.#events.push(`deleted ${topic.name} ${channel?.name ?? ''}`),
    })
  }

  /** @throws when core and model differ */
  run(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#do(step)
      if (step[4] < 0.7) this.#endTurn()
      this.#compare()
    }
    this.#drain()
  }

  #do([kind, a, b, c, d]: Step): void {
    const now = this.#now
    switch (kind) {
      case 'publish':
        return this.#publish(this.#topic(a), [bodySize(b, c)], 0)
      case 'publishBatch':
        return this.#publish(
          this.#topic(a),
          Array.from({ length: 1 + Math.floor(b * b * 60) }, (_, i) => bodySize((c + i / 7) % 1, d)),
          0,
        )
      case 'publishDeferred':
        return this.#publish(this.#topic(a), [bodySize(b, c)], Math.floor(d * d * 20_000))
      case 'createChannel':
        return void this.#channel(this.#topic(a), b)
      case 'deleteChannel':
        return this.#atChannel(a, b, (topic, channel) => this.#deleteChannel(topic, channel))
      case 'deleteTopic':
        return this.#atTopic(a, (topic) => this.#deleteTopic(topic))
      case 'pauseTopic':
        return this.#atTopic(a, (topic) => {
          topic.distribute(now)
          topic.paused = true
          this.#real(topic).pause()
        })
      case 'unpauseTopic':
        return this.#atTopic(a, (topic) => {
          topic.paused = false
          this.#real(topic).unpause()
        })
      case 'pauseChannel':
        return this.#atChannel(a, b, (topic, channel) => {
          channel.paused = true
          this.#realChannel(topic, channel).pause()
        })
      case 'unpauseChannel':
        return this.#atChannel(a, b, (topic, channel) => {
          channel.paused = false
          this.#realChannel(topic, channel).unpause()
        })
      case 'emptyTopic':
        return this.#atTopic(a, (topic) => {
          topic.distribute(now)
          topic.empty()
          this.#real(topic).empty()
        })
      case 'emptyChannel':
        return this.#atChannel(a, b, (topic, channel) => {
          channel.empty()
          this.#realChannel(topic, channel).empty()
        })
      case 'subscribe':
        return this.#subscribe(a, b, c, d)
      case 'unsubscribe':
        return this.#atSubscriber(a, (subscriber) => this.#unsubscribe(subscriber))
      case 'changeRdy':
        return this.#atSubscriber(a, (subscriber) => {
          subscriber.rdy = rdy(b)
          this.#wake(subscriber)
        })
      case 'changeCongestion':
        return this.#atSubscriber(a, (subscriber) => {
          subscriber.congested = b < 0.3
          if (!subscriber.congested) this.#wake(subscriber)
        })
      case 'finishOne':
        return this.#atFlight(a, b, (subscriber, id) => this.#finish(subscriber, id))
      case 'finishAll':
        return this.#atSubscriber(a, (subscriber) => this.#finishAll(subscriber))
      case 'requeue':
        return this.#atFlight(a, b, (subscriber, id) => this.#requeue(subscriber, id, 0))
      case 'requeueDelayed':
        return this.#atFlight(a, b, (subscriber, id) => this.#requeue(subscriber, id, 1 + Math.floor(c ** 4 * 60_000)))
      case 'touch':
        return this.#atFlight(a, b, (subscriber, id) => {
          const [topic, channel] = this.#home(subscriber)
          channel.touch(flightOf(channel, id), now)
          this.#expect(this.#realChannel(topic, channel).touch(subscriber.lane!, idHi(id), idLo(id)), Outcome.done)
        })
      case 'wrongOwner':
        return this.#atChannel(a, b, (topic, channel) => this.#tryWrongOwner(topic, channel, c, d))
      case 'unknownId':
        return this.#atSubscriber(a, (subscriber) => {
          const id =
            Math.floor(b * 2 ** 32)
              .toString(16)
              .padStart(8, '0') +
            Math.floor(c * 2 ** 32)
              .toString(16)
              .padStart(8, '0')
          this.#tryAll(subscriber, id, Outcome.notInFlight)
        })
      case 'staleId':
        return this.#atSubscriber(a, (subscriber) => this.#tryStale(subscriber, b))
      case 'pass':
        return this.#pass(a * a * 3000, b < 0.5)
      case 'passLong':
        return this.#pass(a * 60_000, b < 0.5)
      case 'stall':
        return this.#world.clock.stall(a * a * 3000)
      case 'stepWallClock':
        this.#world.clock.skewUs += Math.floor((a - 0.5) * 20_000_000)
        return
      case 'sweep':
        return this.#world.registry.sweep()
      case 'endTurn':
        return this.#endTurn()
    }
  }

  // ---- publishing ----

  #publish(topic: ModelTopic, sizes: readonly number[], delayMs: number): void {
    const timestampNs = BigInt(this.#world.clock.wallUs()) * 1000n
    const messages = sizes.map((size) => this.#message(size, timestampNs))
    for (const message of messages) topic.publish(message, delayMs)
    const source = Buffer.concat([
      Buffer.from('before'),
      ...messages.map((message) => message.body),
      Buffer.from('after'),
    ])
    const bounds: number[] = []
    let at = 6
    for (const size of sizes) bounds.push(at, (at += size))
    const real = this.#real(topic)
    if (delayMs > 0) real.publishDeferred(source, bounds[0]!, bounds[1]!, delayMs)
    else if (sizes.length === 1) real.publish(source, bounds[0]!, bounds[1]!)
    else real.publishBatch(source, 0, bounds)
    source.fill(0xee) // a reader's buffer is filled anew
  }

  #message(size: number, timestampNs: bigint): ModelMessage {
    const serial = this.#serial++
    const body = Buffer.alloc(size, `${serial} `)
    return { serial, body, timestampNs, id: null }
  }

  // ---- topics and channels ----

  #topic(at: number): ModelTopic {
    const name = TOPICS[Math.floor(at * TOPICS.length)]!
    this.#world.registry.topic(name)
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new ModelTopic(name, this.#options)
      this.#topics.set(name, topic)
      this.#expectedEvents.push(`created ${name} `)
    }
    return topic
  }

  #channel(topic: ModelTopic, at: number): ModelChannel {
    const name = CHANNELS[Math.floor(at * CHANNELS.length)]!
    let channel = topic.channels.get(name)
    if (channel === undefined) {
      topic.distribute(this.#now)
      channel = new ModelChannel(name, this.#options)
      topic.channels.set(name, channel)
      this.#expectedEvents.push(`created ${topic.name} ${name}`)
    }
    this.#world.registry.channel(this.#real(topic), name)
    return channel
  }

  #deleteChannel(topic: ModelTopic, channel: ModelChannel): void {
    this.#forgetChannel(topic, channel)
    this.#world.registry.deleteChannel(this.#real(topic), this.#realChannel(topic, channel))
  }

  #forgetChannel(topic: ModelTopic, channel: ModelChannel): void {
    topic.distribute(this.#now)
    topic.channels.delete(channel.name)
    channel.empty()
    this.#expectedEvents.push(`deleted ${topic.name} ${channel.name}`)
    for (const subscriber of channel.subscribed) this.#homes.delete(subscriber)
    if (topic.ephemeral && topic.channels.size === 0) this.#forgetTopic(topic)
  }

  #deleteTopic(topic: ModelTopic): void {
    this.#forgetTopic(topic)
    const real = this.#real(topic)
    this.#world.registry.deleteTopic(real)
    let refused = false
    try {
      real.publish(Buffer.from('late'), 0, 4)
    } catch {
      refused = true
    }
    this.#expect(refused, true)
  }

  #forgetTopic(topic: ModelTopic): void {
    this.#topics.delete(topic.name)
    this.#expectedEvents.push(`deleted ${topic.name} `)
    for (const channel of topic.channels.values()) {
      channel.empty()
      this.#expectedEvents.push(`deleted ${topic.name} ${channel.name}`)
      for (const subscriber of channel.subscribed) this.#homes.delete(subscriber)
    }
  }

  // ---- subscribers ----

  #subscribe(a: number, b: number, c: number, d: number): void {
    const topic = this.#topic(a)
    const channel = this.#channel(topic, b)
    if (channel.subscribed.size >= SUBSCRIBERS_MAX) return
    const subscriber = new SimSubscriber({
      readyCount: rdy(c),
      msgTimeoutMs: [50, 700.25, 3000][Math.floor(d * 30) % 3]!,
      sampleRate: d < 0.15 ? 1 + Math.floor(c * 98) : 0,
      locality: [Locality.zone, Locality.region, Locality.global][Math.floor(d * 100) % 3]!,
    })
    const real = this.#realChannel(topic, channel)
    this.#homes.set(subscriber, [topic, channel])
    channel.subscribe(subscriber)
    subscriber.onFrame = (frame) => this.#received(subscriber, frame)
    subscriber.onSampleRate = () => (this.#deciding = subscriber)
    subscriber.onSent = this.#mood(subscriber, Math.floor(d * 1000) % 10)
    subscriber.onClosed = () => {
      real.unsubscribe(subscriber.lane!)
      this.#world.registry.subscriberLeft(this.#world.registry.get(topic.name)!, real)
    }
    subscriber.subscribe(real)
  }

  /** What a subscriber does while it is given messages: an application in the same process may do anything. */
  #mood(subscriber: SimSubscriber, at: number): () => void {
    switch (at) {
      case 0:
        return () => (subscriber.congested = true)
      case 1:
        return () => this.#finishAll(subscriber)
      case 2:
        return () => this.#unsubscribe(subscriber)
      case 3:
        return () => {
          const flights = this.#home(subscriber)[1].flightsOf(subscriber)
          for (const { copy } of flights) this.#requeue(subscriber, copy.message.id!, copy.attempts < 3 ? 0 : 700)
        }
      case 4:
        return () => {
          const [topic, channel] = this.#home(subscriber)
          if (this.#random() < 0.2) return this.#deleteChannel(topic, channel)
          channel.empty()
          this.#realChannel(topic, channel).empty()
        }
      default:
        return () => {}
    }
  }

  #unsubscribe(subscriber: SimSubscriber): void {
    const [topic, channel] = this.#home(subscriber)
    const realTopic = this.#real(topic)
    const real = this.#realChannel(topic, channel)
    this.#homes.delete(subscriber)
    channel.unsubscribe(subscriber)
    real.unsubscribe(subscriber.lane!)
    if (channel.ephemeral && channel.subscribed.size === 0) this.#forgetChannel(topic, channel)
    this.#world.registry.subscriberLeft(realTopic, real)
  }

  #wake(subscriber: SimSubscriber): void {
    const [topic, channel] = this.#home(subscriber)
    this.#realChannel(topic, channel).wake(subscriber.lane!)
  }

  #received(subscriber: SimSubscriber, frame: Frame): void {
    const home = this.#homes.get(subscriber)
    if (home === undefined) throw new Error('delivered to one who left')
    const [topic, channel] = home
    const { message, attempts } = channel.deliver(subscriber, this.#now)
    if (!frame.body.equals(message.body)) {
      throw new Error(
        `the body is ${frame.body.toString('latin1', 0, 12)}, not ${message.body.toString('latin1', 0, 12)}`,
      )
    }
    this.#expect(frame.attempts, attempts)
    this.#expect(frame.timestampNs, message.timestampNs)
    message.id ??= frame.id
    this.#expect(frame.id, message.id)
    this.#expect(topic.channels.get(channel.name), channel)
  }

  /** The random number that decides on a message for a sampling subscriber. */
  #draw(): number {
    const value = this.#random()
    const subscriber = this.#deciding!
    const channel = this.#home(subscriber)[1]
    if (Math.floor(value * 100) > subscriber.sampleRate) channel.takeFirst(subscriber)
    return value
  }

  #finish(subscriber: SimSubscriber, id: string): void {
    const [topic, channel] = this.#home(subscriber)
    channel.finish(flightOf(channel, id))
    this.#finished++
    this.#expect(this.#realChannel(topic, channel).finish(subscriber.lane!, idHi(id), idLo(id)), Outcome.done)
  }

  #finishAll(subscriber: SimSubscriber): void {
    const channel = this.#home(subscriber)[1]
    for (const flight of channel.flightsOf(subscriber)) this.#finish(subscriber, flight.copy.message.id!)
  }

  #requeue(subscriber: SimSubscriber, id: string, delayMs: number): void {
    const [topic, channel] = this.#home(subscriber)
    channel.requeue(flightOf(channel, id), this.#now, delayMs)
    const outcome = this.#realChannel(topic, channel).requeue(subscriber.lane!, idHi(id), idLo(id), delayMs)
    this.#expect(outcome, Outcome.done)
  }

  #tryWrongOwner(topic: ModelTopic, channel: ModelChannel, c: number, d: number): void {
    const flight = pick(channel.flights, c)
    if (flight === undefined) return
    const others = [...channel.subscribed].filter((subscriber) => subscriber !== flight.subscriber)
    const other = pick(others, d)
    if (other !== undefined) this.#tryAll(other, flight.copy.message.id!, Outcome.notOwner)
    this.#expect(this.#realChannel(topic, channel).inFlightCount, channel.flights.length)
  }

  /** An id that was delivered once and is not in flight now: finished, timed out, requeued, of a time before. */
  #tryStale(subscriber: SimSubscriber, b: number): void {
    const [topic, channel] = this.#home(subscriber)
    const flying = new Set(channel.flights.map((flight) => flight.copy.message))
    const message = pick(topic.published, b)
    if (message === undefined || message.id === null || flying.has(message)) return
    this.#tryAll(subscriber, message.id, Outcome.notInFlight)
  }

  #tryAll(subscriber: SimSubscriber, id: string, outcome: Outcome): void {
    const [topic, channel] = this.#home(subscriber)
    const real = this.#realChannel(topic, channel)
    const lane = subscriber.lane!
    this.#expect(real.finish(lane, idHi(id), idLo(id)), outcome)
    this.#expect(real.requeue(lane, idHi(id), idLo(id), 0), outcome)
    this.#expect(real.requeue(lane, idHi(id), idLo(id), 50), outcome)
    this.#expect(real.touch(lane, idHi(id), idLo(id)), outcome)
  }

  // ---- time ----

  get #now(): number {
    return this.#world.clock.now()
  }

  #pass(ms: number, turns: boolean): void {
    this.#world.clock.advance(ms, () => {
      for (const topic of this.#topics.values()) {
        for (const channel of topic.channels.values()) channel.timePassed(this.#now)
      }
      if (turns) this.#endTurn()
      this.#compare()
    })
  }

  /** Ends turns until all is handed out that can be. */
  #endTurn(): void {
    for (const topic of this.#topics.values()) topic.distribute(this.#now)
    this.#world.settle()
    for (const topic of this.#topics.values()) {
      for (const channel of topic.channels.values()) {
        if (channel.paused || channel.line.length === 0) continue
        for (const subscriber of channel.subscribed) {
          if (channel.room(subscriber) > 0) throw new Error(`${channel.name} keeps a message that one could take`)
        }
      }
    }
  }

  /** Unpauses and finishes everything: nothing must be left then, in the model, the core, or memory. */
  #drain(): void {
    for (const topic of this.#topics.values()) {
      topic.paused = false
      this.#real(topic).unpause()
      for (const channel of topic.channels.values()) {
        channel.paused = false
        this.#realChannel(topic, channel).unpause()
      }
    }
    for (const subscriber of this.#homes.keys()) {
      subscriber.congested = false
      subscriber.onSent = () => {}
      subscriber.rdy = 100
      this.#wake(subscriber)
    }
    for (const [a] of TOPICS.entries()) {
      for (const [b] of CHANNELS.entries()) {
        const topic = this.#topics.get(TOPICS[a]!)
        const channel = topic?.channels.get(CHANNELS[b]!)
        if (channel?.subscribed.size === 0)
          this.#subscribe((a + 0.5) / TOPICS.length, (b + 0.5) / CHANNELS.length, 0.99, 0.5079)
      }
    }
    this.#endTurn()
    this.#compare()
    for (let rounds = 0; this.#unfinished > 0; rounds++) {
      if (rounds === 400) throw new Error('messages are left and nothing moves')
      for (const subscriber of this.#homes.keys()) this.#finishAll(subscriber)
      this.#compare()
      this.#pass(500, true)
    }
    this.#endTurn()
    this.#world.registry.sweep()
    for (const topic of this.#topics.values()) {
      if (topic.channels.size > 0) this.#expect(this.#real(topic).size, 0)
    }
    for (const topic of this.#topics.values()) this.#checkIds(topic)
    for (const topic of this.#topics.values()) this.#deleteTopic(topic)
    this.#compare()
    this.#expect(this.#watch.segmentCount, 0)
    this.#pass(3_600_000, true)
    this.#expect(this.#world.clock.nextAlarmMs, Infinity)
  }

  #checkIds(topic: ModelTopic): void {
    let last = ''
    for (const { id } of topic.published) {
      if (id === null) continue
      if (id <= last) throw new Error(`id ${id} follows ${last}`)
      last = id
    }
  }

  // ---- comparing ----

  get #unfinished(): number {
    let unfinished = 0
    for (const topic of this.#topics.values()) {
      for (const channel of topic.channels.values()) unfinished += channel.unfinished
    }
    return unfinished
  }

  #compare(): void {
    const { registry } = this.#world
    this.#expect([...registry.topics()].map((topic) => topic.name).join(), [...this.#topics.keys()].join())
    for (const topic of this.#topics.values()) {
      const real = this.#real(topic)
      this.#expect(real.depth, topic.depth)
      this.#expect(real.messageCount, topic.messageCount)
      this.#expect(real.messageBytes, topic.messageBytes)
      this.#expect(real.channels.size, topic.channels.size)
      for (const channel of topic.channels.values()) this.#compareChannel(this.#realChannel(topic, channel), channel)
    }
    this.#expect(this.#events.splice(0).join('; '), this.#expectedEvents.splice(0).join('; '))
    this.#expect(this.#latencies, this.#finished)
    this.#expect(this.#watch.pending(), this.#unfinished)
  }

  #compareChannel(real: Channel, channel: ModelChannel): void {
    this.#expect(real.depth, channel.line.length)
    this.#expect(real.inFlightCount, channel.flights.length)
    this.#expect(real.deferredCount, channel.deferred.length)
    this.#expect(real.messageCount, channel.messageCount)
    this.#expect(real.requeueCount, channel.requeueCount)
    this.#expect(real.timeoutCount, channel.timeoutCount)
    this.#expect(real.subscriberCount, channel.subscribed.size)
    this.#expect(real.zoneLocalCount, channel.localityCounts[Locality.zone])
    this.#expect(real.regionLocalCount, channel.localityCounts[Locality.region])
    this.#expect(real.globalCount, channel.localityCounts[Locality.global])
    for (const subscriber of channel.subscribed) {
      this.#expect(subscriber.lane!.count, channel.flightsOf(subscriber).length)
    }
  }

  #expect(actual: unknown, expected: unknown): void {
    if (actual !== expected) throw new Error(`${String(actual)} where the model has ${String(expected)}`)
  }

  // ---- choosing ----

  #atTopic(at: number, visit: (topic: ModelTopic) => void): void {
    const topic = pick([...this.#topics.values()], at)
    if (topic !== undefined) visit(topic)
  }

  #atChannel(a: number, b: number, visit: (topic: ModelTopic, channel: ModelChannel) => void): void {
    this.#atTopic(a, (topic) => {
      const channel = pick([...topic.channels.values()], b)
      if (channel !== undefined) visit(topic, channel)
    })
  }

  #atSubscriber(at: number, visit: (subscriber: SimSubscriber) => void): void {
    const subscriber = pick([...this.#homes.keys()], at)
    if (subscriber !== undefined) visit(subscriber)
  }

  #atFlight(a: number, b: number, visit: (subscriber: SimSubscriber, id: string) => void): void {
    const busy = [...this.#homes.keys()].filter((subscriber) => subscriber.lane!.count > 0)
    const subscriber = pick(busy, a)
    if (subscriber === undefined) return
    const flight = pick(this.#home(subscriber)[1].flightsOf(subscriber), b)!
    visit(subscriber, flight.copy.message.id!)
  }

  #home(subscriber: SimSubscriber): [topic: ModelTopic, channel: ModelChannel] {
    return this.#homes.get(subscriber)!
  }

  #real(topic: ModelTopic): Topic {
    return this.#world.registry.get(topic.name)!
  }

  #realChannel(topic: ModelTopic, channel: ModelChannel): Channel {
    return this.#real(topic).channels.get(channel.name)!
  }
}

function flightOf(channel: ModelChannel, id: string): ModelChannel['flights'][number] {
  return channel.flights.find((flight) => flight.copy.message.id === id)!
}

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[Math.floor(at * from.length)]
}

function rdy(at: number): number {
  return [0, 1, 1, 2, 5, 20, 100][Math.floor(at * 7)]!
}

/** Mostly small ones, some that fill a good part of a segment, a few that fit none. */
function bodySize(kind: number, at: number): number {
  if (kind < 0.8) return 1 + Math.floor(at * 60)
  if (kind < 0.97) return 100 + Math.floor(at * 1500)
  return 3000 + Math.floor(at * 9000)
}
