import { expect, test } from 'vitest'
import { Channel, Outcome } from '../../src/core/channel.ts'
import { Locality } from '../../src/core/subscriber.ts'
import { TopicExitingError } from '../../src/core/topic.ts'
import { Log, LogKind, type LogStorage } from '../../src/log/log.ts'
import { MessageHeaders } from '../../src/log/message-header.ts'
import { LogWatch } from './support/log-watch.ts'
import { finish, publish, publishDeferred, requeue, touch, World } from './support/world.ts'

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

test('what was published to a paused topic goes to a channel that is made before it is unpaused', () => {
  const world = new World()
  const topic = world.topic()
  topic.pause()
  publish(topic, 'one', 'two')
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'three')
  world.settle()
  expect([topic.depth, channel.depth]).toEqual([3, 0])
  topic.unpause()
  world.settle()
  expect([topic.depth, channel.depth, channel.inFlightCount]).toEqual([0, 0, 3])
  expect(subscriber.bodies).toEqual(['one', 'two', 'three'])
})

test('what was published before a pause, in the same turn, still belongs to the channels of that moment', () => {
  const world = new World()
  const topic = world.topic()
  const early = world.channel(topic, 'early')
  publish(topic, 'before')
  topic.pause()
  publish(topic, 'while')
  const late = world.channel(topic, 'late')
  expect([topic.depth, early.depth, late.depth]).toEqual([1, 1, 0])
  topic.unpause()
  world.settle()
  expect([topic.depth, early.depth, late.depth]).toEqual([0, 2, 1])
})

test('FIN of a message that was in flight when its channel was emptied finds nothing', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'gone')
  world.settle()
  channel.empty()
  const { id } = subscriber.frames[0]!
  expect(finish(channel, subscriber, id)).toBe(Outcome.notInFlight)
  expect(touch(channel, subscriber, id)).toBe(Outcome.notInFlight)
  expect(requeue(channel, subscriber, id)).toBe(Outcome.notInFlight)
  expect([channel.depth, channel.inFlightCount, channel.deferredCount, subscriber.lane!.count]).toEqual([0, 0, 0, 0])
  publish(topic, 'next')
  world.settle()
  expect(subscriber.bodies).toEqual(['gone', 'next'])
})

test('a channel with messages in flight, deferred and in line that is deleted holds no memory', () => {
  using watch = new LogWatch()
  const world = new World({ blockSize: 4096 })
  const topic = world.topic()
  const kept = world.channel(topic, 'kept')
  const doomed = world.channel(topic, 'doomed')
  const subscriber = world.subscriber(doomed, { readyCount: 500 })
  publish(topic, ...names('message ', 1000))
  publishDeferred(topic, 'later', 60_000)
  world.settle()
  for (const { id } of subscriber.frames.slice(0, 400)) finish(doomed, subscriber, id)
  world.settle()
  for (const { id } of subscriber.frames.slice(400, 410)) requeue(doomed, subscriber, id, 3_600_000)
  kept.empty()
  world.registry.sweep()
  world.registry.sweep()
  world.registry.deleteChannel(topic, doomed)
  expect(subscriber.closed).toBe(true)
  expect(watch.pending()).toBe(0)
  world.registry.sweep()
  expect(topic.size).toBe(0)
})

test('a topic that lost its last channel keeps what comes then for the next one', () => {
  const world = new World()
  const topic = world.topic()
  const first = world.channel(topic, 'first')
  publish(topic, 'to the first')
  world.registry.deleteChannel(topic, first)
  publish(topic, 'to the next')
  publishDeferred(topic, 'deferred to the next', 500)
  world.advance(10_000)
  expect(topic.depth).toBe(2)
  const next = world.channel(topic, 'next')
  const other = world.channel(topic, 'other')
  const subscriber = world.subscriber(next)
  world.settle()
  expect([topic.depth, other.depth, other.deferredCount]).toEqual([0, 0, 0])
  expect(subscriber.bodies).toEqual(['to the next'])
  world.advance(499) // the delay begins when the channel gets it
  expect(subscriber.bodies.length).toBe(1)
  world.advance(1)
  expect(subscriber.bodies).toEqual(['to the next', 'deferred to the next'])
})

test('a message requeued for longer than its segment lives comes back whole', () => {
  using watch = new LogWatch()
  const world = new World({ blockSize: 4096 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'patient')
  world.settle()
  const first = subscriber.frames[0]!
  requeue(channel, subscriber, first.id, 3_600_000)
  const before = topic.size
  for (let round = 0; round < 50; round++) {
    publish(topic, ...names('passing ', 100))
    world.settle()
    for (const { id } of subscriber.frames.splice(0)) finish(channel, subscriber, id)
    world.registry.sweep()
    expect(topic.size).toBeLessThanOrEqual(before + 3 * 4096)
  }
  expect(watch.pending()).toBe(1)
  world.advance(3_600_000)
  expect(subscriber.frames).toEqual([{ ...first, attempts: 2 }])
  expect(finish(channel, subscriber, first.id)).toBe(Outcome.done)
  world.registry.sweep()
  expect(topic.size).toBe(0)
})

test('few stragglers of many messages pin few segments, wherever they wait', () => {
  const world = new World({ blockSize: 8192 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel, { readyCount: 1_000_000, msgTimeoutMs: 3_600_000 })
  const spared: string[] = []
  for (let round = 0; round < 100; round++) {
    publish(topic, ...names('message ', 100))
    world.settle()
    for (const [i, { id }] of subscriber.frames.splice(0).entries()) {
      if (i % 50 !== 7) finish(channel, subscriber, id)
      else if (i === 7) requeue(channel, subscriber, id, 1_000_000)
      else spared.push(id)
    }
  }
  subscriber.rdy = 0
  for (const id of spared.splice(0, 50)) requeue(channel, subscriber, id)
  expect(topic.size).toBeGreaterThan(50 * 8192)
  world.registry.sweep()
  world.registry.sweep()
  // 200 messages of 45 bytes fill two segments; the tails of two logs come on top
  expect(topic.size).toBeLessThanOrEqual(6 * 8192)
  expect([channel.depth, channel.inFlightCount, channel.deferredCount]).toEqual([50, 50, 100])
  for (const id of spared) expect(finish(channel, subscriber, id)).toBe(Outcome.done)
  subscriber.rdy = 1000
  channel.wake(subscriber.lane!)
  world.advance(1_000_000)
  expect(subscriber.bodies.sort()).toEqual([
    ...Array.from({ length: 50 }, () => 'message 57'),
    ...Array.from({ length: 100 }, () => 'message 7'),
  ])
  for (const { id } of subscriber.frames) expect(finish(channel, subscriber, id)).toBe(Outcome.done)
  world.registry.sweep()
  expect(topic.size).toBe(0)
})

test('a subscriber that leaves while it is given messages gets no more, and loses none', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const leaving = world.subscriber(channel, { readyCount: 10, msgTimeoutMs: 5000 })
  leaving.onSent = () => channel.unsubscribe(leaving.lane!)
  publish(topic, ...names('', 100))
  world.settle()
  expect(leaving.frames.length).toBeLessThanOrEqual(10)
  const left = leaving.frames.length
  expect([channel.inFlightCount, channel.depth, channel.subscriberCount]).toEqual([left, 100 - left, 0])
  const staying = world.subscriber(channel)
  world.advance(4999)
  expect(staying.frames.length).toBe(100 - left)
  world.advance(1)
  expect(staying.bodies).toEqual([...names('', 100).slice(left), ...leaving.bodies])
  expect(channel.timeoutCount).toBe(left)
})

test('a subscriber that has left gets nothing although it was in line for it', () => {
  for (const topologyAware of [false, true]) {
    const world = new World({ topologyAware })
    const topic = world.topic()
    const channel = world.channel(topic)
    const left = world.subscriber(channel, { locality: Locality.zone })
    const stays = world.subscriber(channel)
    channel.unsubscribe(left.lane!)
    publish(topic, 'one')
    world.settle()
    expect([left.bodies, stays.bodies]).toEqual([[], ['one']])
  }
})

test('what a subscriber had in flight comes back at once when it leaves, where that is wanted', () => {
  const world = new World({ requeueOnDisconnect: true })
  const topic = world.topic()
  const channel = world.channel(topic)
  const first = world.subscriber(channel)
  publish(topic, 'one', 'two')
  world.settle()
  world.unsubscribe(topic, channel, first)
  const second = world.subscriber(channel)
  world.settle()
  expect(second.frames.map(({ body, attempts }) => [body.toString(), attempts])).toEqual([
    ['one', 2],
    ['two', 2],
  ])
  expect([channel.requeueCount, channel.timeoutCount]).toEqual([0, 0])
})

test('a batch larger than a segment, and messages larger than any, come as they were published', () => {
  const world = new World({ blockSize: 4096 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  const bodies = [...names('x'.repeat(100), 200), 'y'.repeat(200_000), 'z', 'w'.repeat(4096), 'v']
  const source = Buffer.from(bodies.join(''))
  const bounds: number[] = []
  let at = 0
  for (const body of bodies) bounds.push(at, (at += body.length))
  topic.publishBatch(source, 0, bounds)
  world.settle()
  expect(subscriber.bodies).toEqual(bodies)
  for (const { id } of subscriber.frames) finish(channel, subscriber, id)
  world.registry.sweep()
  expect(topic.size).toBe(0)
})

test('an ephemeral channel keeps what fits and what its subscribers take, and counts the rest', () => {
  using watch = new LogWatch()
  const world = new World({ memQueueSize: 3, blockSize: 4096 })
  const topic = world.topic()
  const channel = world.channel(topic, 'live#ephemeral')
  const subscriber = world.subscriber(channel, { readyCount: 2 })
  publish(topic, ...names('x'.repeat(500), 100)) // several segments, most of which nobody wants
  world.settle()
  expect([channel.messageCount, channel.depth, channel.inFlightCount]).toEqual([100, 3, 2])
  expect(watch.pending()).toBe(5)
  publish(topic, 'later')
  world.settle()
  expect([channel.messageCount, channel.depth]).toEqual([101, 3])
  for (const { id } of subscriber.frames.splice(0)) finish(channel, subscriber, id)
  world.settle()
  publish(topic, 'fits')
  world.settle()
  for (const { id } of subscriber.frames.splice(0)) finish(channel, subscriber, id)
  world.settle()
  expect(subscriber.bodies.at(-1)).toBe('fits')
})

test('an ephemeral topic that has no channel keeps what fits and drops the rest', () => {
  const world = new World({ memQueueSize: 2 })
  const topic = world.topic('live#ephemeral')
  publish(topic, ...names('', 5))
  publishDeferred(topic, 'late', 10)
  expect([topic.depth, topic.messageCount]).toEqual([2, 6])
})

test('an ephemeral channel goes with its last subscriber, and an ephemeral topic with its last channel', () => {
  const world = new World()
  const topic = world.topic('t#ephemeral')
  const channel = world.channel(topic, 'c#ephemeral')
  const one = world.subscriber(channel)
  const two = world.subscriber(channel)
  world.unsubscribe(topic, channel, one)
  expect(world.registry.get('t#ephemeral')).toBe(topic)
  world.unsubscribe(topic, channel, two)
  expect(world.registry.get('t#ephemeral')).toBeUndefined()
  expect([topic.closed, channel.closed]).toEqual([true, true])
})

test('a publish to a deleted topic fails, and to its name makes another', () => {
  const world = new World()
  const topic = world.topic()
  world.registry.deleteTopic(topic)
  expect(() => publish(topic, 'late')).toThrow(TopicExitingError)
  expect(() => topic.publishBatch(Buffer.from('ab'), 0, [0, 1, 1, 2])).toThrow(TopicExitingError)
  expect(() => publishDeferred(topic, 'late', 10)).toThrow(TopicExitingError)
  expect([topic.messageCount, world.topic() === topic]).toEqual([0, false])
})

test('attempts wrap after 65535 deliveries', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'again and again')
  for (let attempt = 1; attempt <= 65540; attempt++) {
    world.settle()
    const { attempts, id } = subscriber.frames.pop()!
    if (attempts !== attempt % 65536) expect(attempts).toBe(attempt % 65536)
    requeue(channel, subscriber, id)
  }
})

test('ids grow over 4096 messages of one moment and a clock that steps back', () => {
  const world = new World()
  const topic = world.topic()
  const subscriber = world.subscriber(world.channel(topic), { readyCount: 100_000 })
  for (let round = 0; round < 4; round++) {
    publish(topic, ...names('', 5000))
    publishDeferred(topic, 'deferred', 1)
    world.clock.skewUs -= 1_000_000
  }
  world.advance(1)
  expect(subscriber.frames.length).toBe(20_004)
  const ids = subscriber.frames.filter(({ body }) => body.toString() !== 'deferred').map(({ id }) => id)
  expect(ids).toEqual([...ids].sort())
  expect(new Set(subscriber.frames.map(({ id }) => id)).size).toBe(20_004)
})

test('what is requeued joins the end of the line', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel, { readyCount: 1 })
  publish(topic, 'a', 'b', 'c')
  world.settle()
  requeue(channel, subscriber, subscriber.frames[0]!.id)
  publish(topic, 'd')
  for (let i = 0; i < 4; i++) {
    world.settle()
    finish(channel, subscriber, subscriber.frames.at(-1)!.id)
  }
  world.settle()
  expect(subscriber.bodies).toEqual(['a', 'b', 'c', 'a', 'd'])
})

test('a message times out at its moment, not before, and goes to another', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const mute = world.subscriber(channel, { readyCount: 1, msgTimeoutMs: 1000.5 })
  publish(topic, 'one')
  world.settle()
  const other = world.subscriber(channel, { readyCount: 1 })
  mute.rdy = 0
  world.advance(1000.4)
  expect([other.frames.length, channel.timeoutCount, channel.inFlightCount]).toEqual([0, 0, 1])
  world.advance(0.1)
  expect([other.frames.length, channel.timeoutCount]).toEqual([1, 1])
  expect(finish(channel, mute, other.frames[0]!.id)).toBe(Outcome.notOwner)
})

test('TOUCH gives the full time again, and not beyond the limit after the delivery', () => {
  const world = new World({ maxMsgTimeoutMs: 4000 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel, { readyCount: 1, msgTimeoutMs: 1000 })
  publish(topic, 'one')
  world.settle()
  const { id } = subscriber.frames[0]!
  for (let i = 0; i < 7; i++) {
    world.advance(500)
    expect(touch(channel, subscriber, id)).toBe(Outcome.done)
  }
  world.advance(499)
  expect(touch(channel, subscriber, id)).toBe(Outcome.done)
  expect(channel.timeoutCount).toBe(0)
  world.advance(1)
  expect(channel.timeoutCount).toBe(1)
  expect(subscriber.frames.map(({ attempts }) => attempts)).toEqual([1, 2])
})

test('subscribers with equal room get fair shares', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscribers = Array.from({ length: 4 }, () => world.subscriber(channel, { readyCount: 1000 }))
  publish(topic, ...names('', 400))
  world.settle()
  expect(subscribers.map(({ frames }) => frames.length)).toEqual([100, 100, 100, 100])
})

test('a sampling subscriber goes through a long line in several turns', () => {
  const world = new World({ random: () => 0.99 })
  const topic = world.topic()
  const channel = world.channel(topic)
  publish(topic, ...names('', 100_000))
  world.settle()
  const subscriber = world.subscriber(channel, { readyCount: 1, sampleRate: 1 })
  world.endTurn()
  expect(channel.depth).toBeGreaterThan(0)
  world.settle()
  expect([channel.depth, subscriber.frames.length]).toEqual([0, 0])
})

test('a sampling rate of r keeps r + 1 percent', () => {
  let draws = 0
  const world = new World({ random: () => (draws++ % 100) / 100 })
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel, { readyCount: 10_000, sampleRate: 24 })
  publish(topic, ...names('', 1000))
  world.settle()
  expect(subscriber.frames.length).toBe(250)
  expect([channel.inFlightCount, channel.depth]).toEqual([250, 0])
})

test('nearer subscribers come first, and others when those are full', () => {
  const world = new World({ topologyAware: true })
  const topic = world.topic()
  const channel = world.channel(topic)
  const global = world.subscriber(channel, { readyCount: 100, locality: Locality.global })
  const region = world.subscriber(channel, { readyCount: 10, locality: Locality.region })
  const zone = world.subscriber(channel, { readyCount: 5, locality: Locality.zone })
  publish(topic, ...names('', 20))
  world.settle()
  expect([zone, region, global].map(({ frames }) => frames.length)).toEqual([5, 10, 5])
  expect([channel.zoneLocalCount, channel.regionLocalCount, channel.globalCount]).toEqual([5, 10, 5])
})

test('a registry that was shut down has sent its subscribers away and does nothing any more', () => {
  const world = new World()
  const topic = world.topic()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  publish(topic, 'one')
  publishDeferred(topic, 'two', 1000)
  world.settle()
  expect(world.registry.shutDown()).toEqual([])
  expect(subscriber.closed).toBe(true)
  expect(world.registry.size).toBe(0)
  world.advance(100_000)
  expect(world.clock.nextAlarmMs).toBe(Infinity)
})

test('emptying a channel lets go also of what could not be moved to its own log', () => {
  const world = new World()
  const { context } = world
  const full = {
    store: {
      rollback: () => {},
      append: () => {
        throw new Error('ENOSPC')
      },
      release: () => {},
    },
    cache: { put: () => {}, take: () => {} },
    residentMax: 1000,
    writesAll: true,
  } as unknown as LogStorage
  const log = new Log(LogKind.topic, context.pool)
  const headers = new MessageHeaders(context.clock, 1)
  for (let i = 0; i < 20; i++) log.append(headers, Buffer.from('body'), 0, 4)
  log.commit()
  const channel = new Channel(context, 'c', false, {
    topicName: 'topic',
    log,
    distributed: 0,
    journal: null,
    ownStorage: () => full,
  })
  channel.extend(0, 20)
  log.hold(0, 20, 1)
  log.raiseFloorHeld(20)
  world.subscriber(channel)
  world.settle()
  channel.evict(() => true)
  expect(log.segments[0]!.pending).toBe(20)
  channel.empty()
  expect(log.segments[0]!.pending).toBe(0)
  expect([channel.depth, channel.inFlightCount]).toEqual([0, 0])
})
