import type { Channel } from '../../../src/core/channel.ts'
import type { CoreContext, CoreOptions, LatencyRecorder } from '../../../src/core/context.ts'
import { deadLetterTopics } from '../../../src/core/dead-letters.ts'
import { Scanner } from '../../../src/core/scanner.ts'
import type { Topic } from '../../../src/core/topic.ts'
import { TopicRegistry } from '../../../src/core/topic-registry.ts'
import { TurnQueue } from '../../../src/core/turn-queue.ts'
import { BlockPool } from '../../../src/log/block-pool.ts'
import { idHi, idLo } from './frame.ts'
import { SimClock } from './sim-clock.ts'
import { SimSubscriber, type SimSubscriberOptions } from './sim-subscriber.ts'

export interface WorldOptions extends Partial<CoreOptions> {
  /** The size of a full segment. */
  readonly blockSize?: number
  readonly random?: () => number
  readonly latency?: () => LatencyRecorder
  readonly retryPolicy?: CoreContext['retryPolicy']
}

/** A core in a world of its own: time passes and turns end when told to. */
export class World {
  readonly clock = new SimClock()
  readonly context: CoreContext
  readonly registry: TopicRegistry
  /** Whether the turn queue has asked for a run. */
  turnRequested = false
  readonly #turn = new TurnQueue(() => {
    this.turnRequested = true
  })

  constructor(options: WorldOptions = {}) {
    this.context = {
      clock: this.clock,
      random: options.random ?? (() => 0.5),
      turn: this.#turn,
      scanner: new Scanner(this.clock, this.clock.alarm),
      pool: new BlockPool(options.blockSize ?? 65536, 16),
      latency: options.latency,
      retryPolicy: options.retryPolicy,
      deadLetters: deadLetterTopics(() => this.registry),
      options: {
        nodeId: options.nodeId ?? 5,
        memQueueSize: options.memQueueSize ?? 10_000,
        maxMsgTimeoutMs: options.maxMsgTimeoutMs ?? 900_000,
        topologyAware: options.topologyAware ?? false,
        requeueOnDisconnect: options.requeueOnDisconnect ?? false,
      },
    }
    this.registry = new TopicRegistry(this.context)
  }

  /** Ends turns until nothing is left to do. */
  settle(): void {
    for (let turns = 0; this.turnRequested; turns++) {
      if (turns === 1000) throw new Error('turns do not come to an end')
      this.endTurn()
    }
  }

  endTurn(): void {
    this.turnRequested = false
    this.#turn.run()
  }

  /** Lets time pass, turns included. */
  advance(ms: number): void {
    this.settle()
    this.clock.advance(ms, () => this.settle())
  }

  topic(name = 'topic'): Topic {
    return this.registry.topic(name)
  }

  channel(topic: Topic, name = 'channel'): Channel {
    return this.registry.channel(topic, name)
  }

  subscriber(channel: Channel, options: SimSubscriberOptions = {}): SimSubscriber {
    return new SimSubscriber({ readyCount: 2500, ...options }).subscribe(channel)
  }

  unsubscribe(topic: Topic, channel: Channel, subscriber: SimSubscriber): void {
    channel.unsubscribe(subscriber.lane!)
    this.registry.subscriberLeft(topic, channel)
  }
}

export function publish(topic: Topic, ...bodies: readonly string[]): void {
  for (const body of bodies) {
    const bytes = Buffer.from(body)
    topic.publish(bytes, 0, bytes.length)
  }
}

export function publishDeferred(topic: Topic, body: string, delayMs: number): void {
  const bytes = Buffer.from(body)
  topic.publishDeferred(bytes, 0, bytes.length, delayMs)
}

export function finish(channel: Channel, subscriber: SimSubscriber, id: string): number {
  return channel.finish(subscriber.lane!, idHi(id), idLo(id))
}

export function requeue(channel: Channel, subscriber: SimSubscriber, id: string, delayMs = 0): number {
  return channel.requeue(subscriber.lane!, idHi(id), idLo(id), delayMs)
}

export function touch(channel: Channel, subscriber: SimSubscriber, id: string): number {
  return channel.touch(subscriber.lane!, idHi(id), idLo(id))
}
