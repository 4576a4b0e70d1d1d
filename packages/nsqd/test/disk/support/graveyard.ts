import type { Channel } from '../../../src/core/channel.ts'
import { type Content, contentOf, type MessageRef, peekChannel } from '../../../src/core/peek.ts'
import { isDeadLetterTopic, type RetryPolicy } from '../../../src/core/retry-policy.ts'
import { DeadLetterHeader } from '../../../src/core/dead-letters.ts'
import { type FoundLetter, isLetterOf, sendBack } from '../../../src/core/send-back.ts'
import type { Topic } from '../../../src/core/topic.ts'
import { type Frame, idHi, idLo } from '../../core/support/frame.ts'
import { below } from '../../core/support/seeded.ts'
import { SimSubscriber } from '../../core/support/sim-subscriber.ts'
import type { Ledger } from './ledger.ts'
import type { SimBroker } from './sim-broker.ts'
import type { SimDisk } from './sim-disk.ts'

/** The channel that all letters of a dead-letter topic come to. */
const READER = 'reader'
/** Letters that are sent back at a time. */
const BATCH = 5
const EVERYTHING = { id: '', contains: '', reason: '', beforeMs: Infinity }

interface Waiting extends FoundLetter {
  readonly topic: Topic
  readonly target: Channel
}

/** What a simulation has for its dead letters. */
export interface GraveyardHost {
  readonly disk: SimDisk
  readonly ledger: Ledger
  readonly random: () => number
  readonly broker: () => SimBroker
  readonly log: (line: string) => void
}

/** What channels of a simulation do with messages that fail, the same for all lives of it. */
export class Policies {
  readonly #byChannel = new Map<string, RetryPolicy>()

  constructor(random: () => number, channels: readonly string[]) {
    // One channel at least never gives up.
    for (const name of channels.slice(1)) {
      this.#byChannel.set(name, {
        maxAttempts: 1 + below(random, 3),
        deadLetterTopic: random() < 0.3 ? `both.${name}.dlq` : '',
        backoffMs: [[], [100, 3000]][below(random, 2)]!,
        jitter: 0,
      })
    }
  }

  readonly of = (topic: string, channel: string): RetryPolicy | null =>
    isDeadLetterTopic(topic) ? null : (this.#byChannel.get(channel) ?? null)

  readonly maxAttempts = (channel: string): number => this.#byChannel.get(channel)?.maxAttempts ?? Infinity
}

/** Reads the dead letters of a simulation, and sends some of them back. */
export class Graveyard {
  readonly #host: GraveyardHost
  readonly #subscribers = new Map<Channel, SimSubscriber>()

  constructor(host: GraveyardHost) {
    this.#host = host
  }

  /** Another broker: nobody is subscribed. */
  restarted(): void {
    this.#subscribers.clear()
  }

  /** Letters are received, and most of them finished; the others come again. */
  read(settle: () => void): void {
    for (const topic of this.#topics()) {
      const channel = this.#channelOf(topic)
      const subscriber = this.#subscriberOf(topic, channel)
      subscriber.rdy = 1 + below(this.#host.random, 8)
      channel.wake(subscriber.lane!)
      settle()
      subscriber.rdy = 0
      for (const frame of subscriber.frames.splice(0, below(this.#host.random, subscriber.frames.length + 1))) {
        this.#finish(topic, channel, subscriber, frame)
      }
    }
  }

  /** All that comes is received and finished. @returns how many there were */
  drain(topic: Topic, settle: () => void): number {
    const channel = this.#channelOf(topic)
    const subscriber = this.#subscriberOf(topic, channel)
    subscriber.rdy = 100
    channel.wake(subscriber.lane!)
    settle()
    const frames = subscriber.frames.splice(0)
    for (const frame of frames) this.#finish(topic, channel, subscriber, frame)
    return frames.length
  }

  #finish(topic: Topic, channel: Channel, subscriber: SimSubscriber, frame: Frame): void {
    if (channel.finish(subscriber.lane!, idHi(frame.id), idLo(frame.id)) !== 0) return
    this.#host.ledger.letterFinished(originOf(topic.name), frame)
  }

  /** Some letters that wait go back to the channel that they came from. */
  sendSomeBack(settle: () => void): void {
    const { disk, ledger, log } = this.#host
    const topics = this.#topics()
    if (topics.length === 0) return
    const from = topics[below(this.#host.random, topics.length)]!
    const channel = this.#channelOf(from)
    settle()
    const waiting = this.#waiting(channel)
    if (waiting.length === 0 || disk.dead) return
    const { topic, target } = waiting[0]!
    const letters = waiting.filter((letter) => letter.target === target)
    const bodies = letters.map(({ content }) => content.body.toString('latin1'))
    log(`  back to ${topic.name}/${target.name}: ${bodies.map((body) => body.slice(0, body.indexOf('.'))).join()}`)
    const grave = ledger.topics.get(topic.name)!.channels.get(target.name)!
    letters.forEach(({ content }, i) => grave.dead.leaves(bodies[i]!, content.id, grave.entries.get(bodies[i]!)))
    sendBack(letters, { topic: from, channel }, target, (sentCount, error) => {
      log(`  ${sentCount} sent back ${error?.message ?? ''}`)
      if (disk.dead || target.closed) return
      const durable = topic.store?.durability === 'fsync' && from.store?.durability === 'fsync'
      for (const body of bodies) {
        if (error !== null) grave.dead.stays(body)
        else grave.dead.sentBack(body, grave.entries.get(body), !disk.failed, durable)
      }
    })
  }

  /** Letters, with the channels that they came from. */
  #waiting(channel: Channel): Waiting[] {
    const { broker, ledger } = this.#host
    return peekChannel(channel, 'ready', 0, BATCH).flatMap((ref): Waiting[] => {
      const content = this.#read(ref)
      if (content?.headers === undefined || content.headers === null) return []
      const origin = {
        topic: content.headers[DeadLetterHeader.topic]!,
        channel: content.headers[DeadLetterHeader.channel]!,
      }
      const topic = broker().registry.get(origin.topic)
      const target = topic?.channels.get(origin.channel)
      // Those of an earlier channel of that name, the ledger knows nothing of.
      const body = content.body.toString('latin1')
      const known = ledger.topics.get(origin.topic)?.channels.get(origin.channel)?.entries.has(body)
      if (topic === undefined || target === undefined || known !== true) return []
      return isLetterOf(origin, EVERYTHING, content) ? [{ ref, content, topic, target }] : []
    })
  }

  #read({ index, segment }: MessageRef): Content | undefined {
    if (segment.resident) return contentOf(segment, index)
    segment.load(() => {}) // for the next time
    return undefined
  }

  #topics(): Topic[] {
    return [...this.#host.broker().registry.topics()].filter(({ name }) => isDeadLetterTopic(name))
  }

  #channelOf(topic: Topic): Channel {
    return this.#host.broker().registry.channel(topic, READER)
  }

  #subscriberOf(topic: Topic, channel: Channel): SimSubscriber {
    let subscriber = this.#subscribers.get(channel)
    if (subscriber !== undefined) return subscriber
    subscriber = new SimSubscriber({ msgTimeoutMs: 30_000 })
    subscriber.onFrame = (frame) => {
      if (this.#host.disk.dead) return
      this.#host.log(`  letter ${frame.body.toString('latin1', 0, frame.body.indexOf('.'))} ${frame.id}`)
      this.#host.ledger.letterDelivered(originOf(topic.name), frame)
    }
    subscriber.subscribe(channel)
    this.#subscribers.set(channel, subscriber)
    return subscriber
  }
}

/** `<topic>.<channel>.dlq`: the channel. */
function originOf(deadLetterTopic: string): string {
  return deadLetterTopic.split('.')[1]!
}
