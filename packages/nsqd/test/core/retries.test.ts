import { describe, expect, test } from 'vitest'
import type { Channel } from '../../src/core/channel.ts'
import { DeadLetterHeader } from '../../src/core/dead-letters.ts'
import { peekTopic, readContent } from '../../src/core/peek.ts'
import { backoffMs, deadLetterTopicName, isDeadLetterTopic, type RetryPolicy } from '../../src/core/retry-policy.ts'
import { LogWatch } from './support/log-watch.ts'
import { SimSubscriber } from './support/sim-subscriber.ts'
import { finish, publish, requeue, World, type WorldOptions } from './support/world.ts'

const POLICY: RetryPolicy = { maxAttempts: 3, deadLetterTopic: '', backoffMs: [], jitter: 0 }

function worldWith(policy: Partial<RetryPolicy>, options: WorldOptions = {}): World {
  const retryPolicy = (topic: string): RetryPolicy | null =>
    isDeadLetterTopic(topic) ? null : { ...POLICY, ...policy }
  return new World({ retryPolicy, ...options })
}

/** The dead letters that wait in a topic: bodies and headers. */
async function letters(world: World, name = 'topic.channel.dlq') {
  const topic = world.registry.get(name)
  if (topic === undefined) return []
  const contents = await Promise.all(peekTopic(topic, 'ready', 0, 100).map((ref) => readContent(ref)))
  return contents.map((content) => ({ body: content!.body.toString(), headers: content!.headers! }))
}

/** Puts back whatever comes, until nothing comes any more. */
function requeueAll(world: World, channel: Channel, subscriber: SimSubscriber): number {
  let count = 0
  for (; subscriber.frames.length > 0; world.advance(0)) {
    for (const { id } of subscriber.frames.splice(0)) {
      requeue(channel, subscriber, id)
      count++
    }
  }
  return count
}

test('a message that was put back as often as it may be becomes a dead letter, once, with its story', async () => {
  using watch = new LogWatch()
  const world = worldWith({})
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'poison', 'good')
  world.settle()
  const [poison, good] = subscriber.frames.splice(0)
  finish(channel, subscriber, good!.id)
  const wallMs = world.clock.wallUs() / 1000
  requeue(channel, subscriber, poison!.id)
  world.advance(500)
  expect(requeueAll(world, channel, subscriber)).toBe(2)
  expect(await letters(world)).toEqual([
    {
      body: 'poison',
      headers: {
        [DeadLetterHeader.topic]: 'topic',
        [DeadLetterHeader.channel]: 'channel',
        [DeadLetterHeader.id]: poison!.id,
        [DeadLetterHeader.timestamp]: poison!.timestampNs.toString(),
        [DeadLetterHeader.attempts]: '3',
        [DeadLetterHeader.firstFailed]: String(Math.round(wallMs)),
        [DeadLetterHeader.lastFailed]: String(Math.round(wallMs + 500)),
        [DeadLetterHeader.reason]: 'requeued',
      },
    },
  ])
  expect([channel.depth, channel.inFlightCount, channel.deferredCount, channel.retries!.deadCount]).toEqual([
    0, 0, 0, 1,
  ])
  expect(watch.pending()).toBe(0)
})

test('time-outs count as well', async () => {
  const world = worldWith({ maxAttempts: 2 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'x')
  world.advance(60_000)
  expect(subscriber.frames.map(({ attempts }) => attempts)).toEqual([1, 2])
  world.advance(60_000)
  const [letter] = await letters(world)
  expect([letter!.body, letter!.headers[DeadLetterHeader.reason]]).toEqual(['x', 'timed-out'])
  expect([subscriber.frames.length, channel.depth + channel.inFlightCount + channel.deferredCount]).toEqual([2, 0])
})

test.each([true, false])('consumers that are lost count as well, at once or at the time-out (%s)', async (atOnce) => {
  const world = worldWith({ maxAttempts: 2 }, { requeueOnDisconnect: atOnce })
  const topic = world.topic()
  const channel = world.channel(topic)
  publish(topic, 'x')
  for (let i = 1; i <= 2; i++) {
    const subscriber = world.subscriber(channel)
    world.settle()
    expect(subscriber.frames.map(({ attempts }) => attempts)).toEqual([i])
    world.unsubscribe(topic, channel, subscriber)
    if (!atOnce) world.advance(60_000)
  }
  world.settle()
  const [letter] = await letters(world)
  expect([letter!.body, letter!.headers[DeadLetterHeader.reason]]).toEqual(['x', 'consumer-lost'])
  expect(channel.depth + channel.inFlightCount + channel.deferredCount).toBe(0)
})

describe('back-off', () => {
  test('each failure waits for its turn in the list, a delay that the consumer asks for goes before', () => {
    const world = worldWith({ maxAttempts: 0, backoffMs: [1000, 5000] })
    const topic = world.topic()
    const channel = world.channel(topic)
    const subscriber = world.subscriber(channel)
    publish(topic, 'x')
    world.settle()
    const waits = [0, 0, 0, 200].map((askedMs) => {
      const { id } = subscriber.frames.pop()!
      const before = world.clock.nowMs
      requeue(channel, subscriber, id, askedMs)
      for (; subscriber.frames.length === 0; world.advance(1));
      return world.clock.nowMs - before
    })
    expect(waits).toEqual([1000, 5000, 5000, 200])
  })

  test('jitter moves a wait both ways, by its share at most', () => {
    const policy = { ...POLICY, backoffMs: [1000], jitter: 0.25 }
    expect([0, 0.5, 0.999].map((value) => Math.round(backoffMs(policy, 1, () => value)))).toEqual([750, 1000, 1250])
    expect(backoffMs({ ...policy, backoffMs: [] }, 1, () => 1)).toBe(0)
  })
})

test('a policy that comes later holds for what is there: what has had its attempts dies when its turn comes', async () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel, { readyCount: 1 })
  publish(topic, 'x')
  for (let i = 0; i < 4; i++) {
    world.settle()
    subscriber.rdy = i < 3 ? 1 : 0
    requeue(channel, subscriber, subscriber.frames.pop()!.id)
  }
  channel.changeRetryPolicy(POLICY)
  subscriber.rdy = 1
  channel.wake(subscriber.lane!)
  world.settle()
  expect(subscriber.frames).toEqual([])
  expect((await letters(world)).map(({ body, headers }) => [body, headers[DeadLetterHeader.attempts]])).toEqual([
    ['x', '4'],
  ])
})

test('without a policy a message is handed out for ever', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'x')
  for (let i = 1; i <= 100; i++) {
    world.settle()
    const frame = subscriber.frames.pop()!
    expect(frame.attempts).toBe(i)
    requeue(channel, subscriber, frame.id)
  }
  expect(channel.retries).toBeNull()
})

test('a channel that is emptied while its messages die leaves nothing behind', async () => {
  using watch = new LogWatch()
  const world = worldWith({ maxAttempts: 1 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'x')
  world.settle()
  requeue(channel, subscriber, subscriber.frames.pop()!.id)
  expect(channel.deferredCount).toBe(1)
  channel.empty()
  world.settle()
  expect([channel.deferredCount, watch.pending(), await letters(world)]).toEqual([0, 0, []])
})

test('a named topic takes the dead letters of several channels', async () => {
  const world = worldWith({ maxAttempts: 1, deadLetterTopic: 'graveyard' })
  const topic = world.topic()
  for (const name of ['a', 'b']) {
    const channel = world.channel(topic, name)
    const subscriber = world.subscriber(channel)
    if (name === 'b') publish(topic, 'x')
    world.settle()
    void requeueAll(world, channel, subscriber)
  }
  requeueAll(world, topic.channels.get('a')!, [...topic.channels.get('a')!.subscribers()][0] as SimSubscriber)
  world.settle()
  const origins = (await letters(world, 'graveyard')).map(({ headers }) => headers[DeadLetterHeader.channel])
  expect(new Set(origins)).toEqual(new Set(['a', 'b']))
  expect(origins).toHaveLength(2)
})

describe('the name of a dead-letter topic', () => {
  test.each([
    ['orders', 'billing', 'orders.billing.dlq'],
    ['orders#ephemeral', 'billing', 'orders.billing.dlq'],
    ['orders', 'billing#ephemeral', 'orders.billing.dlq'],
    ['t'.repeat(30), 'c'.repeat(29), `${'t'.repeat(30)}.${'c'.repeat(29)}.dlq`],
  ])('of %s %s is %s', (topic, channel, name) => expect(deadLetterTopicName(topic, channel)).toBe(name))

  test('has 64 characters at most, and is another for another channel', () => {
    const long = deadLetterTopicName('t'.repeat(64), 'c'.repeat(64))
    const other = deadLetterTopicName('t'.repeat(64), `${'c'.repeat(63)}d`)
    expect(long).toMatch(/^t{51}\.[0-9a-f]{8}\.dlq$/)
    expect([long.length, long === other]).toEqual([64, false])
    expect(deadLetterTopicName('t'.repeat(30), 'c'.repeat(30))).toHaveLength(64)
  })
})
