// How much waits, told to subscribers that want to know.
import { expect, test } from 'vitest'
import type { Channel } from '../../src/core/channel.ts'
import type { Topic } from '../../src/core/topic.ts'
import type { SimSubscriber } from './support/sim-subscriber.ts'
import { requeue, World } from './support/world.ts'

interface Scene {
  world: World
  topic: Topic
  channel: Channel
}

function scene(): Scene {
  const world = new World()
  const topic = world.topic()
  return { world, topic, channel: world.channel(topic) }
}

function asks({ world, channel }: Scene, readyCount = 0): SimSubscriber {
  const subscriber = world.subscriber(channel, { wantsDepth: true, readyCount })
  world.advance(1)
  return subscriber
}

function publish({ world, topic }: Scene, count: number): void {
  for (let i = 0; i < count; i++) topic.publish(Buffer.from('x'), 0, 1)
  world.settle()
}

test('who asks is told at once, and then whenever it is twice as much, half as much, or begins or ends', () => {
  const s = scene()
  const subscriber = asks(s)
  expect(subscriber.hints).toEqual([0])
  const depths = [1, 1, 2, 3, 4, 100, 101, 199, 200].map((depth) => {
    publish(s, depth - s.channel.depth)
    s.world.advance(1000)
    return depth
  })
  expect(depths.length).toBe(9)
  expect(subscriber.hints).toEqual([0, 1, 2, 4, 100, 200])
  subscriber.rdy = 2500
  s.channel.wake(subscriber.lane!)
  s.world.advance(1000)
  expect(subscriber.hints).toEqual([0, 1, 2, 4, 100, 200, 0])
})

test('hints are 50 ms apart, and the last one is true', () => {
  const s = scene()
  const subscriber = asks(s)
  for (let ms = 0; ms < 1000; ms++) {
    if (ms % 2 === 0) publish(s, 100)
    else s.channel.empty()
    s.world.advance(1)
  }
  publish(s, 7)
  s.world.advance(100)
  expect(subscriber.hints.at(-1)).toBe(7)
  expect(subscriber.hints.length).toBeLessThanOrEqual(1 + 1100 / 50 + 1)
})

test('what begins to wait after a silence is told within a moment', () => {
  const s = scene()
  const subscriber = asks(s)
  s.world.advance(10_000)
  publish(s, 5)
  s.world.advance(2)
  expect(subscriber.hints).toEqual([0, 5])
})

test('who did not ask is told nothing, and what somebody else was told makes no difference to who comes later', () => {
  const s = scene()
  const plain = s.world.subscriber(s.channel, { readyCount: 0 })
  const first = asks(s)
  publish(s, 3)
  s.world.advance(100)
  const second = asks(s)
  s.world.advance(100)
  expect([plain.hints, first.hints, second.hints]).toEqual([[], [0, 3], [3]])
})

test('a paused channel has nothing for anybody; what becomes due, is put back or taken away counts', () => {
  const s = scene()
  const subscriber = asks(s)
  const told = (act: () => void): number | undefined => {
    act()
    s.world.advance(1000)
    return subscriber.hints.at(-1)
  }
  expect(told(() => publish(s, 10))).toBe(10)
  expect(told(() => s.channel.pause())).toBe(0)
  expect(told(() => s.channel.unpause())).toBe(10)
  expect(told(() => s.channel.empty())).toBe(0)
  expect(told(() => s.topic.publishDeferred(Buffer.from('x'), 0, 1, 5000))).toBe(0)
  s.world.advance(5000)
  expect(subscriber.hints.at(-1)).toBe(1)
  subscriber.rdy = 1
  expect(told(() => s.channel.wake(subscriber.lane!))).toBe(0)
  subscriber.rdy = 0
  const [frame] = subscriber.frames
  expect(told(() => void requeue(s.channel, subscriber, frame!.id))).toBe(1)
  expect(told(() => s.topic.dropBelow(Infinity))).toBe(s.channel.depth)
})

test('who left, or whose channel is gone, is told nothing more', () => {
  const s = scene()
  const [leaves, stays] = [asks(s), asks(s)]
  s.channel.unsubscribe(leaves.lane!)
  publish(s, 4)
  s.world.advance(1000)
  s.topic.deleteChannel(s.channel)
  s.world.advance(1000)
  expect([leaves.hints, stays.hints]).toEqual([[0], [0, 4]])
})
