// What becomes of a subscriber's place in its channel when it leaves.
import { expect, test } from 'vitest'
import { Channel, Outcome } from '../src/core/channel.ts'
import type { CoreContext } from '../src/core/context.ts'
import { Scanner } from '../src/core/scanner.ts'
import { Locality, type Subscriber } from '../src/core/subscriber.ts'
import { Topic } from '../src/core/topic.ts'
import { TurnQueue } from '../src/core/turn-queue.ts'
import { BlockPool } from '../src/log/block-pool.ts'

const MSG_TIMEOUT_MS = 1000

/** A topic with one channel, and a clock that stands still until it is told to go on. */
class Bench {
  nowMs = 0
  readonly turn = new TurnQueue(() => {})
  readonly topic: Topic
  readonly channel: Channel
  readonly #scanner: Scanner
  #ring: () => void = () => {}

  constructor() {
    const clock = { now: () => this.nowMs, wallUs: () => 1_700_000_000_000_000 + this.nowMs * 1000 }
    this.#scanner = new Scanner(clock, (ring) => {
      this.#ring = ring
      return { set: () => {}, clear: () => {} }
    })
    const context: CoreContext = {
      clock,
      random: () => 0,
      turn: this.turn,
      scanner: this.#scanner,
      pool: new BlockPool(65536, 1),
      options: {
        nodeId: 1,
        memQueueSize: 100,
        maxMsgTimeoutMs: 60_000,
        topologyAware: false,
        requeueOnDisconnect: false,
      },
    }
    this.topic = new Topic(context, 'topic')
    this.topic.start()
    this.channel = this.topic.channel('channel')
  }

  publish(text: string): void {
    const body = Buffer.from(text)
    this.topic.publish(body, 0, body.length)
    this.turn.run()
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.#ring()
    this.turn.run()
  }
}

/** Always has room for ten, as a connection that was closed while it was ready. */
function subscriber(): Subscriber & { count: number } {
  return {
    count: 0,
    readyCount: 10,
    msgTimeoutMs: MSG_TIMEOUT_MS,
    sampleRate: 0,
    locality: Locality.global,
    wantsHeaders: false,
    wantsDepth: false,
    send(_bytes, _start, _end, count) {
      this.count += count
    },
    sendAgain() {
      this.count++
    },
    sendHeaded() {},
    hintDepth() {},
    channelClosed() {},
  }
}

test('a subscriber that left while it was ready gets nothing, and what it had goes to the next one', () => {
  const bench = new Bench()
  const left = subscriber()
  const lane = bench.channel.subscribe(left)
  bench.publish('message')
  expect(left.count).toBe(1)

  bench.channel.wake(lane)
  bench.channel.unsubscribe(lane)
  bench.pass(MSG_TIMEOUT_MS)
  expect(left.count).toBe(1)
  expect([bench.channel.depth, bench.channel.inFlightCount]).toEqual([1, 0])

  const next = subscriber()
  bench.channel.subscribe(next)
  bench.turn.run()
  expect(next.count).toBe(1)
})

test('a message published after a ready subscriber left waits for the next one', () => {
  const bench = new Bench()
  const left = subscriber()
  bench.channel.unsubscribe(bench.channel.subscribe(left))
  bench.publish('message')
  expect(left.count).toBe(0)
  expect([bench.channel.depth, bench.channel.inFlightCount]).toEqual([1, 0])
})

test('of subscribers that are ready, those around one that leaves keep their places', () => {
  const bench = new Bench()
  const [first, second, third] = [subscriber(), subscriber(), subscriber()]
  bench.channel.subscribe(first)
  const lane = bench.channel.subscribe(second)
  bench.channel.subscribe(third)
  bench.channel.unsubscribe(lane)
  bench.publish('a')
  bench.publish('b')
  expect([first.count, second.count, third.count]).toEqual([1, 0, 1])
  expect(bench.channel.finish(lane, 0, 0)).toBe(Outcome.notInFlight)
})
