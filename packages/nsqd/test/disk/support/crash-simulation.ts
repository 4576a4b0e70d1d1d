import type { Channel } from '../../../src/core/channel.ts'
import { NO_RETENTION } from '../../../src/core/retention.ts'
import type { Topic } from '../../../src/core/topic.ts'
import { peekChannel } from '../../../src/core/peek.ts'
import { HEADER_SIZE } from '../../../src/log/message-header.ts'
import { nameBefore } from '../../../src/log/aside.ts'
import type { LogFiles } from '../../../src/log/files.ts'
import type { Segment } from '../../../src/log/segment.ts'
import { type Frame, idHi, idLo } from '../../core/support/frame.ts'
import type { SimClock } from '../../core/support/sim-clock.ts'
import { below, seeded } from '../../core/support/seeded.ts'
import { SimSubscriber } from '../../core/support/sim-subscriber.ts'
import type { Durability } from '../../../src/log/topic-store.ts'
import { isDeadLetterTopic } from '../../../src/core/retry-policy.ts'
import { Graveyard, Policies } from './graveyard.ts'
import { Ledger, LedgerChannel, LedgerTopic } from './ledger.ts'
import { bodiesFrom, positionsOfHeld } from './replayed.ts'
import { type BrokerOptions, SimBroker, type SimMetadata } from './sim-broker.ts'
import { type CallKind, type Fault, SimDisk } from './sim-disk.ts'

const TOPICS = ['orders', 'clicks']
const CHANNELS = ['archive', 'billing', 'search']
const STEPS_MAX = 90
/** Longer than what is recorded waits to be written (core/topic.ts). */
const FLUSH_MS = 25

const WEIGHTS = {
  publish: 16,
  publishBatch: 8,
  publishDeferred: 5,
  createChannel: 5,
  deleteChannel: 0.7,
  deleteTopic: 0.3,
  pauseTopic: 1,
  unpauseTopic: 1.5,
  emptyTopic: 0.4,
  emptyChannel: 0.5,
  dropOldest: 0.4,
  changeDurability: 1,
  consume: 18,
  finish: 16,
  requeue: 5,
  requeueLater: 5,
  touch: 1,
  pass: 8,
  passLong: 1,
  flush: 4,
  sync: 4,
  sweep: 6,
  completeSome: 6,
  endTurn: 8,
  fault: 1.2,
  heal: 2,
  kill: 2,
  cutPower: 2,
  restart: 1.5,
  dieSoon: 3,
} as const
/** Beside them, where schedules are simulated. */
const SCHEDULE_WEIGHTS = { publishScheduled: 9, cancel: 12, deliverNow: 8 } as const
/** And where channels are rewound. */
const REPLAY_WEIGHTS = { rewind: 6 } as const
/** And where messages become dead letters. */
const FAILURE_WEIGHTS = { fail: 30, readLetters: 8, sendBack: 20, createChannel: 9 } as const
type Kind =
  | keyof typeof WEIGHTS
  | keyof typeof SCHEDULE_WEIGHTS
  | keyof typeof FAILURE_WEIGHTS
  | keyof typeof REPLAY_WEIGHTS

const RETENTIONS = [
  { retainMs: 3_600_000, retainBytes: 0 },
  { retainMs: 20_000, retainBytes: 0 },
  { retainMs: 0, retainBytes: 10_000 },
] as const

/** What only happens by plan, where there is one. */
const TROUBLE: ReadonlySet<Kind> = new Set(['fault', 'heal', 'kill', 'cutPower', 'restart', 'dieSoon'])

/** The one thing that goes wrong, and at which call of the disk. */
export interface Plan {
  readonly at: number
  readonly what: Death | Fault['code'] | 'short'
}

export interface SimulationOptions {
  /** How often something is done, beside the others. */
  readonly weights?: Partial<Record<Kind, number>>
  /** Instead of trouble at random. */
  readonly plan?: Plan
  /** Puts something between the broker and the disk. */
  readonly wrap?: (disk: SimDisk) => LogFiles
  readonly steps?: number
  /** Of topics for which nothing else was said. @default any */
  readonly durability?: Durability
  /** Messages are scheduled for a time, and cancelled, as well. */
  readonly schedules?: boolean
  /** What is finished is kept for a while, and channels are rewound. */
  readonly replays?: boolean
  /** Some channels have retry policies; dead letters are read, and sent back. */
  readonly failures?: boolean
}

/**
 * What is simulated with a seed: of each four, one with neither schedules nor dead letters, and one with both; of those
 * without dead letters, each third with channels that are rewound.
 */
export function featuresOf(seed: number): Pick<SimulationOptions, 'schedules' | 'failures' | 'replays'> {
  const failures = seed % 4 >= 2
  return { schedules: seed % 2 === 1, failures, replays: seed % 3 === 0 && !failures }
}

/**
 * A broker on a simulated disk that is made to do things at random, dies at random, and starts again; and a ledger beside
 * it, in which is written what it has promised. @throws when it does not keep that
 */
export class CrashSimulation {
  /** What was done, a line each: the same for the same seed. */
  readonly trace: string[] = []
  readonly disk: SimDisk
  readonly #random: () => number
  readonly #options: BrokerOptions
  readonly #files: LogFiles
  readonly #ledger: Ledger
  readonly #steps: number
  readonly #plan: Plan | null
  readonly #weights: Readonly<Partial<Record<Kind, number>>>
  #broker: SimBroker
  #metadata: SimMetadata = { topics: [] }
  /** What was said for a topic by itself: it is kept beside nsqd.dat. */
  readonly #durabilities = new Map<string, Durability>()
  #subscribers = new Map<Channel, SimSubscriber>()
  #serial = 0
  /** null: whatever fails goes back to the line. */
  readonly #policies: Policies | null
  readonly #graveyard: Graveyard
  #startedAt = 0
  /** A power cut damaged files; the same damage is met again at each start. */
  #everDamaged = false

  constructor(
    seed: number,
    { durability: always, failures, plan, replays, schedules, steps, weights, wrap }: SimulationOptions = {},
  ) {
    this.#weights = {
      ...WEIGHTS,
      ...(schedules && SCHEDULE_WEIGHTS),
      ...(replays && REPLAY_WEIGHTS),
      ...(failures && FAILURE_WEIGHTS),
      ...weights,
    }
    const random = (this.#random = seeded(seed))
    this.disk = new SimDisk(random)
    this.#files = wrap?.(this.disk) ?? this.disk
    const any = pick(random, ['os', 'os', 'fsync', 'fsync', 'memory'] as const)
    const durability = always ?? any
    const blockSize = pick(random, [4096, 8192])
    this.#policies = failures ? new Policies(random, CHANNELS) : null
    // Dead letters are kept as safely as what they were, whatever is said of their topic.
    const ofLetters = failures && random() < 0.3 ? 'memory' : durability
    this.#options = {
      ...(this.#policies !== null && { retryPolicy: this.#policies.of }),
      durability: (topic) => this.#durabilities.get(topic) ?? (isDeadLetterTopic(topic) ? ofLetters : durability),
      memQueueSize: pick(random, [0, 1, 5, 30, 1000]),
      maxBytesPerFile: pick(random, [1500, 6000, 30_000]),
      blockSize,
      cacheSize: pick(random, [3 * blockSize, 64 * blockSize]),
      ...(replays && { retention: pick(random, RETENTIONS) }),
    }
    this.#plan = plan ?? null
    this.#steps = steps ?? 1 + below(random, STEPS_MAX)
    this.#ledger = new Ledger(this.#options.durability, this.#policies?.maxAttempts)
    this.#broker = new SimBroker(this.#options, this.#files, null)
    this.#graveyard = new Graveyard({
      disk: this.disk,
      ledger: this.#ledger,
      random,
      broker: () => this.#broker,
      log: (line) => this.#log(line),
    })
    this.#log(JSON.stringify({ ...this.#options, durability }))
  }

  run(): void {
    this.#follow()
    this.#broker.start(this.#metadata)
    const all = Object.entries(this.#weights) as [Kind, number][]
    const weights = all.filter(([kind]) => this.#plan === null || !TROUBLE.has(kind))
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
    for (let i = 0; i < this.#steps; i++) {
      let at = this.#random() * total
      const [kind] = weights.find(([, weight]) => (at -= weight) < 0)!
      this.#log(kind)
      this.#do(kind)
      if (this.disk.dead) this.#crash(this.#death())
    }
    this.#drain()
  }

  #follow(): void {
    if (this.#plan === null) return
    const { at, what } = this.#plan
    this.disk.shortness = 0
    if (what === 'kill' || what === 'cutPower') this.disk.dieAt = at
    else this.disk.planned = { at, what }
  }

  #death(): Death {
    if (this.#plan?.what === 'kill' || this.#plan?.what === 'cutPower') return this.#plan.what
    return this.#random() < 0.5 ? 'kill' : 'cutPower'
  }

  #log(line: string): void {
    this.trace.push(`${line} @${this.disk.calls}`)
  }

  #do(kind: Kind): void {
    const { registry } = this.#broker
    switch (kind) {
      case 'publish':
        return this.#publish(1, 0)
      case 'publishBatch':
        return this.#publish(1 + below(this.#random, 25), 0)
      case 'publishDeferred':
        return this.#publish(1, 1 + below(this.#random, 8000))
      case 'publishScheduled':
        return this.#publish(1 + below(this.#random, 3), 1 + below(this.#random, 8000), true)
      case 'cancel':
        return this.#withChannel((topic, channel) => this.#cancel(topic, channel))
      case 'rewind':
        return this.#withChannel((topic, channel) => this.#rewind(topic, channel))
      case 'deliverNow':
        return this.#withChannel((topic, channel) => this.#deliverNow(topic, channel))
      case 'fail':
        return this.#withChannel((topic, channel) => this.#fail(topic, channel))
      case 'readLetters':
        return this.#graveyard.read(() => this.#settleTurn())
      case 'sendBack':
        return this.#sendBack()
      case 'createChannel':
        return this.#createChannel()
      case 'deleteChannel':
        return this.#withChannel((topic, channel) => {
          this.#settleFirst(topic)
          this.#subscribers.delete(channel)
          registry.deleteChannel(topic, channel)
          this.#ledger.channelDeleted(topic.name, channel.name, this.disk.failed)
          this.#persist()
        })
      case 'deleteTopic':
        return this.#withTopic((topic) => this.#deleteTopic(topic))
      case 'pauseTopic':
        return this.#withTopic((topic) => {
          this.#settleFirst(topic)
          topic.pause()
          this.#persist()
        })
      case 'unpauseTopic':
        return this.#withTopic((topic) => {
          topic.unpause()
          this.#persist()
        })
      case 'emptyTopic':
        return this.#withTopic((topic) => {
          this.#settleFirst(topic)
          topic.empty()
          this.#ledger.topicEmptied(topic.name, this.disk.failed)
        })
      case 'emptyChannel':
        return this.#withChannel((topic, channel) => {
          this.#settleTurn()
          channel.empty()
          this.#forget(channel)
          this.#ledger.channelEmptied(topic.name, channel.name, this.disk.failed)
        })
      case 'dropOldest':
        return this.#withTopic((topic) => {
          this.#settleFirst(topic)
          const { committed, head } = topic.log
          topic.dropBelow(head + below(this.#random, committed - head + 1))
          this.#ledger.oldestDropped(topic.name)
        })
      case 'changeDurability':
        return this.#withTopic((topic) => this.#changeDurability(topic))
      case 'consume':
        return this.#withChannel((_, channel) => this.#consume(channel))
      case 'finish':
        return this.#withFrame((topic, channel, subscriber, frame) => {
          this.#log(`  ${nameOf(frame)}`)
          channel.finish(subscriber.lane!, idHi(frame.id), idLo(frame.id))
          this.#ledger.finished(topic.name, channel.name, frame)
        })
      case 'requeue':
        return this.#withFrame((_, channel, subscriber, frame) => {
          this.#log(`  ${nameOf(frame)}`)
          channel.requeue(subscriber.lane!, idHi(frame.id), idLo(frame.id), 0)
        })
      case 'requeueLater':
        return this.#withFrame((topic, channel, subscriber, frame) => {
          const delayMs = 1 + below(this.#random, 20_000)
          this.#log(`  ${nameOf(frame)} in ${delayMs} ms`)
          if (channel.requeue(subscriber.lane!, idHi(frame.id), idLo(frame.id), delayMs) === 0) {
            this.#ledger.deferred(topic.name, channel.name, frame, this.#wallMs() + delayMs)
          }
        })
      case 'touch':
        return this.#withChannel((_, channel) => {
          const subscriber = this.#subscribers.get(channel)
          const frame = subscriber?.frames[0]
          if (frame !== undefined) channel.touch(subscriber!.lane!, idHi(frame.id), idLo(frame.id))
        })
      case 'pass':
        return this.#advance(below(this.#random, 2000))
      case 'passLong':
        return this.#advance(below(this.#random, 90_000))
      case 'flush':
        return this.#advance(FLUSH_MS)
      case 'sync':
        return this.#sync()
      case 'sweep':
        return this.#sweep()
      case 'completeSome':
        this.disk.complete(1 + below(this.#random, 3))
        return
      case 'endTurn':
        return this.#settleTurn()
      case 'fault':
        return this.#fault()
      case 'heal':
        return this.#heal()
      case 'kill':
        return this.#crash('kill')
      case 'cutPower':
        return this.#crash('cutPower')
      case 'restart':
        return this.#restart()
      case 'dieSoon': // in the middle of something
        this.disk.dieAt = this.disk.calls + 1 + below(this.#random, 20)
        return
    }
  }

  // ---- publishing ----

  #publish(count: number, delayMs: number, scheduled = false): void {
    const topic = this.#topicNamed(pick(this.#random, TOPICS))
    const bodies = Array.from({ length: count }, () => this.#body())
    const dueMs = delayMs > 0 ? this.#wallMs() + delayMs : 0
    const messages = bodies.map((body) => this.#ledger.published(topic.name, body, dueMs, scheduled))
    const waiter = {
      committed: (_: number, error: Error | null): void => {
        this.#log(`  ${error === null ? 'OK' : error.message}`)
        if (!this.disk.dead) this.#ledger.answered(messages, error, this.disk.failed)
      },
    }
    this.#log(`  ${topic.name} gets ${count} up to ${this.#serial - 1}${delayMs > 0 ? ` in ${delayMs} ms` : ''}`)
    const bytes = Buffer.concat(bodies)
    let safe: boolean
    try {
      if (scheduled) safe = topic.publishScheduled(bytes, 0, boundsOf(bodies), dueMs, waiter)
      else if (delayMs > 0) safe = topic.publishDeferred(bytes, 0, bytes.length, delayMs, waiter)
      else if (count === 1) safe = topic.publish(bytes, 0, bytes.length, waiter)
      else safe = topic.publishBatch(bytes, 0, boundsOf(bodies), waiter)
    } catch (error) {
      if (!this.disk.dead) this.#ledger.answered(messages, error as Error, this.disk.failed)
      return
    }
    this.#log(`  ${safe ? 'safe' : 'waits'}`)
    if (safe && !this.disk.dead) this.#ledger.answered(messages, null, this.disk.failed)
    if (this.#random() < 0.7) this.#settleTurn()
    if (this.#random() < 0.5) this.disk.complete()
  }

  /** As over HTTP: what is answered is written down. */
  #cancel(topic: Topic, channel: Channel): void {
    const found = this.#anyDeferred(channel)
    if (found === null) return
    if (!channel.finishOne(found.segment, found.index)) throw new Error('a deferred message could not be cancelled')
    const confirmed = this.#confirm(topic, found.body.slice(0, found.body.indexOf('.')))
    this.#ledger.cancelled(topic.name, channel.name, found.body, confirmed)
  }

  #deliverNow(topic: Topic, channel: Channel): void {
    const found = this.#anyDeferred(channel)
    if (found === null) return
    if (!channel.requeueOne(found.segment, found.index, 0)) throw new Error('a deferred message could not be hurried')
    const confirmed = this.#confirm(topic, found.body.slice(0, found.body.indexOf('.')))
    this.#ledger.hurried(topic.name, channel.name, found.body, confirmed)
  }

  #anyDeferred(channel: Channel): { segment: Segment; index: number; body: string } | null {
    const refs = peekChannel(channel, 'deferred', 0, 20).filter(({ segment }) => segment.resident)
    if (refs.length === 0) return null
    const { index, segment } = pick(this.#random, refs)
    if (segment.isMissing(index)) return null
    const body = segment.bytes.toString('latin1', segment.offset(index) + HEADER_SIZE, segment.offset(index + 1))
    return { segment, index, body }
  }

  /** @returns whether it was answered that what was done will last */
  #confirm(topic: Topic, what: string): boolean {
    let confirmed = true
    try {
      topic.confirm()
    } catch {
      confirmed = false
    }
    this.#log(`  ${what} ${confirmed}`)
    return confirmed && !this.disk.dead
  }

  /** Whatever a channel hands out is put back, again and again. */
  #fail(topic: Topic, channel: Channel): void {
    const maxAttempts = this.#policies!.maxAttempts(channel.name)
    if (maxAttempts === Infinity) return
    const subscriber = this.#subscriberOf(channel)
    for (let i = 0; i < maxAttempts && !this.disk.dead; i++) {
      this.#consume(channel)
      const frames = subscriber.frames.splice(0, 1 + below(this.#random, 20))
      for (const frame of frames) {
        if (!isInFlight(channel, subscriber, frame)) continue
        this.#log(`  ${nameOf(frame)} fails in ${topic.name}/${channel.name}`)
        channel.requeue(subscriber.lane!, idHi(frame.id), idLo(frame.id), 0)
      }
      if (this.#random() < 0.7) this.#advance(below(this.#random, 3500))
    }
    if (this.#random() < 0.5) this.disk.complete(1 + below(this.#random, 3))
  }

  #sendBack(): void {
    this.#graveyard.sendSomeBack(() => this.#settleTurn())
    if (this.#random() < 0.5) this.#settleTurn()
    if (this.#random() < 0.5) this.disk.complete()
  }

  /** As over HTTP, to a position in place of a time: what is answered is written down. */
  #rewind(topic: Topic, channel: Channel): void {
    this.#settleTurn()
    const { log } = topic
    const { head, retainFrom } = log
    if ([log, channel.ownLog].some((each) => each?.segments.some(({ loading }) => loading))) return
    const from = Math.max(head, retainFrom) + below(this.#random, Math.max(1, channel.readTo - head))
    let bodies: Map<number, string>
    let held: number[]
    try {
      bodies = bodiesFrom(log, from, channel.readTo)
      held = positionsOfHeld(channel, bodies)
    } catch (error) {
      if (!this.disk.failed && !this.disk.dead) throw error
      return
    }
    channel.rewind(from, held)
    const confirmed = this.#confirm(topic, `${channel.name} to ${from} of ${head}..${channel.readTo}`)
    this.#ledger.rewound(topic.name, channel.name, [...bodies.values()], confirmed)
  }

  /** Its own length and number are in it; sometimes it is larger than a segment. */
  #body(): Buffer {
    const size = this.#random() < 0.02 ? 9000 : 24 + below(this.#random, 300)
    const body = Buffer.alloc(size, `${this.#serial++}.`)
    return body
  }

  // ---- topics and channels ----

  #topicNamed(name: string): Topic {
    const known = this.#broker.registry.get(name)
    if (known !== undefined) return known
    this.#ledger.topicCreated(name)
    const topic = this.#broker.registry.topic(name)
    this.#persistSoon()
    return topic
  }

  #createChannel(): void {
    const topic = this.#topicNamed(pick(this.#random, TOPICS))
    const name = pick(this.#random, CHANNELS)
    if (topic.channels.has(name)) return
    this.#log(`  ${topic.name}/${name}`)
    this.#settleFirst(topic)
    this.#broker.registry.channel(topic, name)
    this.#ledger.channelCreated(topic.name, name)
    this.#persistSoon()
  }

  #changeDurability(topic: Topic): void {
    const durability = pick(this.#random, ['memory', 'os', 'fsync'] as const)
    this.#log(`  ${durability}`)
    // Of its letters the ledger would have to know when each of them died.
    if (this.#policies !== null) return
    // What another process's failed sync lost looks whole: nobody can make that safe.
    if (durability === 'fsync' && this.disk.lostWrites) return
    this.#settleFirst(topic)
    try {
      topic.changeDurability(durability)
    } catch (error) {
      if (!this.disk.failed) throw error
      return
    }
    if (!this.disk.dead) this.#durabilities.set(topic.name, durability)
  }

  #deleteTopic(topic: Topic): void {
    const channels = [...topic.channels.values()]
    try {
      this.#broker.registry.deleteTopic(topic)
      this.#ledger.topicDeleted(topic.name, false)
      this.#durabilities.delete(topic.name)
      this.#persist()
    } catch (error) {
      if (!this.disk.failed) throw error
      this.#ledger.topicDeleted(topic.name, true)
    }
    for (const channel of channels) this.#subscribers.delete(channel)
  }

  /** What was published before goes to the channels there are; what comes next must not get ahead of it. */
  #settleFirst(topic: Topic): void {
    if (this.#random() < 0.5) this.#settleTurn()
    else if (!topic.paused && topic.channels.size > 0) this.#ledger.distributed(topic.name)
  }

  /** nsqd.dat is written at the end of the turn, so that a crash may come first. */
  #persistSoon(): void {
    if (this.#random() < 0.8 || this.disk.failed) this.#persist()
  }

  #persist(): void {
    this.#metadata = this.#broker.metadata()
  }

  // ---- consuming ----

  #consume(channel: Channel): void {
    this.#subscriberOf(channel).rdy = 1 + below(this.#random, this.#random() < 0.3 ? 60 : 12)
    channel.wake(this.#subscriberOf(channel).lane!)
    this.#settleTurn()
    if (this.#random() < 0.6) {
      this.disk.complete()
      this.#settleTurn()
    }
    this.#subscriberOf(channel).rdy = 0
  }

  #subscriberOf(channel: Channel): SimSubscriber {
    let subscriber = this.#subscribers.get(channel)
    if (subscriber !== undefined) return subscriber
    subscriber = new SimSubscriber({ msgTimeoutMs: 30_000 })
    const { name: topicName } = [...this.#broker.registry.topics()].find(
      (topic) => topic.channels.get(channel.name) === channel,
    )!
    subscriber.onFrame = (frame) => {
      if (this.disk.dead) return
      this.#log(`  ${topicName}/${channel.name} has ${nameOf(frame)}, attempt ${frame.attempts}`)
      this.#ledger.delivered(topicName, channel.name, frame, this.#wallMs())
    }
    subscriber.subscribe(channel)
    this.#subscribers.set(channel, subscriber)
    return subscriber
  }

  #withFrame(act: (topic: Topic, channel: Channel, subscriber: SimSubscriber, frame: Frame) => void): void {
    this.#withChannel((topic, channel) => {
      const subscriber = this.#subscribers.get(channel)
      if (subscriber === undefined) return
      // Often enough all but one or two: stragglers are what is moved.
      const count = this.#random() < 0.4 ? subscriber.frames.length - 1 : 1 + below(this.#random, 10)
      for (let i = 0; i < count && subscriber.frames.length > 0; i++) {
        const [frame] = subscriber.frames.splice(below(this.#random, subscriber.frames.length), 1)
        if (isInFlight(channel, subscriber, frame!)) act(topic, channel, subscriber, frame!)
      }
    })
  }

  #forget(channel: Channel): void {
    const subscriber = this.#subscribers.get(channel)
    if (subscriber !== undefined) subscriber.frames = []
  }

  // ---- time and disk ----

  #wallMs(): number {
    return this.#broker.clock.wallUs() / 1000
  }

  #settleTurn(): void {
    this.#broker.settle()
    for (const topic of this.#broker.registry.topics()) {
      if (!topic.paused && topic.channels.size > 0) this.#ledger.distributed(topic.name)
    }
  }

  #advance(ms: number): void {
    this.#settleTurn()
    this.#broker.advance(ms)
    this.#settleTurn()
    if (ms >= FLUSH_MS && !this.disk.failed) this.#ledger.flushed()
  }

  #sync(): void {
    this.#settleTurn()
    this.#advance(FLUSH_MS)
    this.#broker.registry.sync()
    this.disk.complete()
    this.#settleTurn()
    this.disk.complete()
    if (!this.disk.failed) this.#ledger.synced()
  }

  /** What is to be moved is moved by the third sweep that sees it; what that begins, the disk finishes. */
  #sweep(): void {
    const count = this.#random() < 0.4 ? 4 : 1
    for (let i = 0; i < count; i++) {
      this.#settleTurn()
      this.#broker.registry.sweep()
      if (this.#random() < 0.7) this.disk.complete()
      if (this.#random() < 0.3) this.#advance(FLUSH_MS)
    }
  }

  #fault(): void {
    const sets: [Fault['code'], CallKind[]][] = [
      ['ENOSPC', ['write', 'create']],
      ['EIO', ['write']],
      ['EIO', ['sync', 'syncDirectory']],
      ['EIO', ['read']],
      ['EMFILE', ['open', 'create']],
      ['EIO', ['write', 'truncate', 'sync', 'remove', 'rename', 'syncDirectory']],
    ]
    const [code, kinds] = pick(this.#random, sets)
    const count = pick(this.#random, [1, 2, 10, Infinity])
    this.#log(`  ${code} ${kinds.join()} ${count}`)
    this.disk.faults.push({ code, kinds, after: below(this.#random, 6), count })
    this.disk.shortness = pick(this.#random, [0, 0.05, 0.5])
  }

  /** The disk works again: so does everything, without a restart. */
  #heal(): void {
    this.disk.faults = []
    this.disk.dieAt = Infinity
    if (!this.disk.failed) return
    this.disk.complete()
    this.#settleTurn()
    this.#broker.advance(600) // the journal is tried again after half a second
    this.#settleTurn()
    this.disk.complete()
    this.#settleTurn()
    const before = this.#ledger.safeCount
    this.#publishAfterHealing()
    if (this.#ledger.safeCount === before) throw new Error('publishing does not go on although the disk works again')
  }

  /** A sync that failed is told to one more publish, at most. */
  #publishAfterHealing(): void {
    const before = this.#ledger.safeCount
    for (let i = 0; i < 3 && this.#ledger.safeCount === before; i++) {
      this.#publish(1, 0)
      this.disk.complete()
      this.#settleTurn()
      this.disk.complete()
    }
  }

  // ---- dying and starting ----

  #crash(kind: Death): void {
    const failed = this.disk.faulted
    this.#everDamaged ||= this.disk.dead // a write may have been cut short
    this.disk[kind]()
    this.#start(kind, failed)
  }

  #restart(): void {
    this.disk.dieAt = Infinity
    this.disk.complete()
    this.#settleTurn()
    // What is becoming a dead letter would be counted twice.
    while (this.#policies !== null && this.disk.complete()) this.#settleTurn()
    const counts = this.#counts()
    const failed = this.disk.failed
    this.disk.faults = []
    if (this.#random() < 0.25) this.disk.dieAt = this.disk.calls + 1 + below(this.#random, 30) // it does not come to its end
    const failures = this.#broker.registry.shutDown()
    if (this.disk.dead) return this.#crash(this.#death())
    this.disk.dieAt = Infinity
    if (failures.length > 0 && !failed) throw failures[0]!.error
    while (this.disk.busy) this.disk.complete()
    this.#persistMetadataOf(counts)
    if (this.disk.openCount !== 0 && !failed) throw new Error(`${this.disk.openCount} files were left open`)
    this.disk.kill()
    const kind = this.#start(failures.length > 0 ? 'kill' : 'restart', failed)
    if (kind === 'restart' && !failed) this.#compareCounts(counts)
  }

  #persistMetadataOf({ metadata }: Counts): void {
    this.#metadata = metadata
  }

  /** @returns what it turned out to be a start after */
  #start(kind: Death | 'restart', failed: boolean): Death | 'restart' {
    this.disk.faults = []
    this.disk.faulted = false
    this.#subscribers.clear()
    this.#graveyard.restarted()
    const { clock } = this.#broker
    if (this.#plan === null && this.#random() < 0.1) {
      // Half of the time to where the last life began, so that every moment of it comes again.
      const backMs = this.#random() < 0.5 ? 30_000 : clock.nowMs - this.#startedAt
      this.#ledger.clockSetBack(backMs, this.#wallMs())
      clock.skewUs -= backMs * 1000
      this.#log(`the clock goes back by ${backMs} ms`)
    }
    if (this.#random() < 0.7) clock.nowMs += below(this.#random, 3000)
    this.#startedAt = clock.nowMs
    if (this.#plan === null && this.#random() < 0.15 && this.#dieStarting(clock) === 'cutPower') kind = 'cutPower'
    this.#broker = new SimBroker(this.#options, this.#files, clock)
    this.#broker.start(this.#metadata)
    const damaged = this.#broker.stores.damagedCount > 0
    this.#everDamaged ||= kind === 'cutPower' || failed
    if (damaged && !this.#everDamaged && !failed) throw new Error(`damage after ${kind}: ${this.#broker.logged[0]}`)
    this.#ledger.restarted(kind, failed, damaged)
    this.#log(`${kind} ${damaged ? 'damaged' : ''}`)
    this.#reconcile()
    this.#persist()
    this.#settleTurn()
    return kind
  }

  /** A start that does not come to its end. */
  #dieStarting(clock: SimClock): Death {
    this.disk.dieAt = this.disk.calls + 1 + below(this.#random, 40)
    try {
      new SimBroker(this.#options, this.#files, clock).start(this.#metadata)
    } catch (error) {
      if (!this.disk.dead) throw error
    }
    const death = this.#random() < 0.5 ? 'kill' : 'cutPower'
    this.disk[death]()
    this.disk.faulted = false
    return death
  }

  /** What there is now that there should not be, and the other way round. */
  #reconcile(): void {
    const { registry } = this.#broker
    for (const topic of Array.from(registry.topics())) {
      if (isDeadLetterTopic(topic.name)) continue
      const known = this.#ledger.topics.get(topic.name)
      if (known === undefined) {
        this.#ledger.unexpected(`topic ${topic.name} is back`)
        registry.deleteTopic(topic)
        continue
      }
      for (const channel of Array.from(topic.channels.values())) {
        if (known.channels.has(channel.name)) continue
        this.#ledger.unexpected(`channel ${channel.name} is back`)
        registry.deleteChannel(topic, channel)
      }
    }
    this.#ledger.forEachChannel((topic, channel) => {
      if (registry.get(topic.name)?.channels.has(channel.name) !== true) this.#ledger.channelGone(topic, channel)
    })
    for (const topic of Array.from(this.#ledger.topics.values())) {
      if (registry.get(topic.name) === undefined) this.#ledger.topicGone(topic)
    }
  }

  #counts(): Counts {
    const lines: string[] = []
    for (const topic of this.#broker.registry.topics()) {
      lines.push(`${topic.name} ${topic.depth}`)
      for (const channel of topic.channels.values()) {
        lines.push(`${topic.name}/${channel.name} ${countOf(channel)}`)
      }
    }
    return { lines: lines.sort(), metadata: this.#broker.metadata() }
  }

  #compareCounts(before: Counts): void {
    const now = this.#counts().lines.join('\n')
    if (now !== before.lines.join('\n')) {
      throw new Error(`a clean restart changed counts: ${before.lines.join(', ')} to ${now.replaceAll('\n', ', ')}`)
    }
  }

  // ---- the end ----

  /** Everything works, everybody consumes: nothing may be missing then, and nothing be left. */
  #drain(): void {
    this.#log('drain')
    this.#heal()
    const { registry } = this.#broker
    for (const topic of registry.topics()) if (topic.paused) topic.unpause()
    for (let round = 0; round < 400; round++) {
      let count = 0
      for (const topic of registry.topics()) {
        if (isDeadLetterTopic(topic.name)) count += this.#graveyard.drain(topic, () => this.#settleAll())
        else for (const channel of topic.channels.values()) count += this.#drainChannel(topic, channel)
      }
      this.#advance(round < 20 ? 100 : 3000)
      while (this.disk.complete()) this.#settleTurn()
      if (count === 0 && round > 20 && !this.#isAnythingLeft()) break
    }
    this.#ledger.forEachChannel((topic, channel) => this.#ledger.nothingOwed(topic, channel))
    for (const topic of registry.topics()) {
      if (topic.channels.size > 0) this.#nothingLeft(topic)
    }
  }

  #isAnythingLeft(): boolean {
    for (const { channels } of this.#broker.registry.topics()) {
      for (const channel of channels.values()) if (countOf(channel) > 0) return true
    }
    return false
  }

  #drainChannel(topic: Topic, channel: Channel): number {
    const subscriber = this.#subscriberOf(channel)
    subscriber.rdy = 100
    channel.wake(subscriber.lane!)
    this.#settleAll()
    const { frames } = subscriber
    subscriber.frames = []
    for (const frame of frames) {
      if (!isInFlight(channel, subscriber, frame)) continue
      channel.finish(subscriber.lane!, idHi(frame.id), idLo(frame.id))
      this.#ledger.finished(topic.name, channel.name, frame)
    }
    return frames.length
  }

  #settleAll(): void {
    this.#settleTurn()
    while (this.disk.complete()) this.#settleTurn()
  }

  #nothingLeft(topic: Topic): void {
    for (const channel of topic.channels.values()) {
      if (countOf(channel) === 0) continue
      const { deferredCount, depth, inFlightCount, name } = channel
      const counts = `${depth} queued, ${inFlightCount} in flight, ${deferredCount} deferred`
      throw new Error(`${topic.name}/${name} still has messages: ${counts}`)
    }
    topic.retention.change(NO_RETENTION)
    for (let i = 0; i < 4; i++) {
      this.#broker.registry.sweep()
      this.#advance(FLUSH_MS)
      this.disk.complete()
    }
    const folder = `/data/${topic.name}.topic`
    // What is damaged is kept, for people to look at.
    const left = this.disk.list(folder).filter((name) => nameBefore(name) === null)
    if (left.length > 1 || (left[0]?.startsWith('journal-') ?? true) === false) {
      throw new Error(`nothing is queued, and files are left: ${left.join(', ')}`)
    }
    if (topic.size > 0) throw new Error(`nothing is queued, and ${topic.size} bytes of segments are in memory`)
  }

  #withTopic(act: (topic: Topic) => void): void {
    const topics = [...this.#broker.registry.topics()].filter(({ name }) => !isDeadLetterTopic(name))
    if (topics.length === 0) return
    const topic = pick(this.#random, topics)
    this.#log(`  ${topic.name}`)
    act(topic)
  }

  #withChannel(act: (topic: Topic, channel: Channel) => void): void {
    this.#withTopic((topic) => {
      const channels = [...topic.channels.values()]
      if (channels.length > 0) act(topic, pick(this.#random, channels))
    })
  }
}

type Death = 'kill' | 'cutPower'

interface Counts {
  readonly lines: readonly string[]
  readonly metadata: SimMetadata
}

function countOf({ deferredCount, depth, inFlightCount }: Channel): number {
  return depth + inFlightCount + deferredCount
}

/** A touch tells, and changes nothing that matters here. */
function isInFlight(channel: Channel, subscriber: SimSubscriber, frame: Frame): boolean {
  return channel.touch(subscriber.lane!, idHi(frame.id), idLo(frame.id)) === 0
}

/** The number that its body begins with. */
export function nameOf({ body }: Frame): string {
  return body.toString('latin1', 0, body.indexOf('.'))
}

function boundsOf(bodies: readonly Buffer[]): number[] {
  let at = 0
  return bodies.flatMap(({ length }) => [at, (at += length)])
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[below(random, from.length)]!
}

export type { LedgerChannel, LedgerTopic }
