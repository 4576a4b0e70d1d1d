import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deferred } from '../../src/core/deferred.ts'
import { peekChannel, peekTopic, readContent } from '../../src/core/peek.ts'
import { Ranges } from '../../src/core/ranges.ts'
import { ranked } from '../../src/core/smallest.ts'
import type { Channel } from '../../src/core/channel.ts'
import type { Segment } from '../../src/log/segment.ts'
import { LogWatch } from './support/log-watch.ts'
import { finish, publish, publishDeferred, requeue, World } from './support/world.ts'

const SEGMENT = {} as Segment

test('what is at some ranks is what sorting would put there', () => {
  const rank = fc.nat({ max: 60 })
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), rank, rank, (numbers, from, to) => {
      const sorted = numbers.toSorted((a, b) => a - b)
      expect(ranked([...numbers], from, to, (a, b) => a - b)).toEqual(sorted.slice(from, to))
    }),
  )
})

test('a heap from which any was removed is in order, and selects as it would hand out', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), fc.array(fc.nat()), fc.nat({ max: 20 }), (dues, removals, fromMs) => {
      const heap = new Deferred()
      let model = dues.map((dueMs, index) => ({ dueMs, index }))
      for (const { dueMs, index } of model) heap.push(SEGMENT, index, 1, dueMs)
      for (const removal of removals) {
        const index = removal % (dues.length + 1)
        expect(heap.remove(SEGMENT, index)).toBe(model.some((item) => item.index === index) ? 1 : -1)
        model = model.filter((item) => item.index !== index)
      }
      model.sort((a, b) => a.dueMs - b.dueMs || a.index - b.index)
      const selected: number[] = []
      heap.select(fromMs, 2, 5, (_, index) => selected.push(index))
      const expected = model.filter(({ dueMs }) => dueMs >= fromMs).slice(2, 7)
      expect(selected).toEqual(expected.map(({ index }) => index))
      const order: number[] = []
      for (; heap.count > 0; heap.shift()) order.push(heap.index)
      expect(order).toEqual(model.map(({ index }) => index))
    }),
  )
})

test('ranges without some positions are what is left of them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 })), fc.nat({ max: 8 }), (positions, shifted) => {
      const ranges = new Ranges()
      ranges.push(0, 10)
      ranges.push(15, 25)
      let model = Array.from({ length: 25 }, (_, i) => i).filter((i) => i < 10 || i >= 15)
      ranges.shift(shifted)
      model = model.slice(shifted)
      for (const position of positions) {
        expect(ranges.has(position)).toBe(model.includes(position))
        expect(ranges.remove(position)).toBe(model.includes(position))
        model = model.filter((other) => other !== position)
        expect([ranges.count, ranges.from]).toEqual([model.length, model[0] ?? Infinity])
      }
      const left: number[] = []
      ranges.forEach((from, to) => {
        for (let i = from; i < to; i++) left.push(i)
      })
      expect(left).toEqual(model)
    }),
  )
})

async function bodies(channel: Channel, state: 'ready' | 'in_flight' | 'deferred', offset = 0, limit = 100) {
  const contents = await Promise.all(peekChannel(channel, state, offset, limit).map((ref) => readContent(ref)))
  return contents.map((content) => content?.body.toString())
}

describe('peeking', () => {
  test('the line is shown in the order in which it is then handed out', async () => {
    const world = new World({ blockSize: 4096 })
    const topic = world.topic()
    const channel = world.channel(topic)
    const subscriber = world.subscriber(channel, { readyCount: 5 })
    publish(topic, ...Array.from({ length: 200 }, (_, i) => `${i}${'x'.repeat(i)}`))
    world.settle()
    for (const { id } of subscriber.frames.slice(0, 3)) requeue(channel, subscriber, id)
    subscriber.rdy = 0
    publish(topic, 'a', 'b')
    world.settle()
    const shown = await bodies(channel, 'ready', 0, 1000)
    expect(await bodies(channel, 'ready', 190, 8)).toEqual(shown.slice(190, 198))
    expect(await bodies(channel, 'in_flight')).toHaveLength(channel.inFlightCount)
    const before = subscriber.frames.length
    subscriber.rdy = 2500
    channel.wake(subscriber.lane!)
    world.settle()
    expect(subscriber.bodies.slice(before)).toEqual(shown)
  })

  test('nothing of a channel changes by it', async () => {
    using watch = new LogWatch()
    const world = new World()
    const topic = world.topic()
    const channel = world.channel(topic)
    const subscriber = world.subscriber(channel, { readyCount: 2 })
    publish(topic, 'a', 'b', 'c')
    publishDeferred(topic, 'd', 1000)
    world.settle()
    const figures = () => [channel.depth, channel.inFlightCount, channel.deferredCount, watch.pending()]
    const before = figures()
    expect(await bodies(channel, 'ready')).toEqual(['c'])
    expect(await bodies(channel, 'in_flight')).toEqual(['a', 'b'])
    expect(await bodies(channel, 'deferred')).toEqual(['d'])
    expect(figures()).toEqual(before)
    expect(subscriber.bodies).toEqual(['a', 'b'])
  })

  test('a topic without a channel shows what waits in it', async () => {
    const world = new World()
    const topic = world.topic()
    publish(topic, 'a', 'b')
    publishDeferred(topic, 'c', 1000)
    world.settle()
    const contents = await Promise.all(peekTopic(topic, 'ready', 1, 5).map((ref) => readContent(ref)))
    expect(contents.map((content) => content!.body.toString())).toEqual(['b'])
    expect(peekTopic(topic, 'deferred', 0, 5)).toHaveLength(1)
    expect(peekTopic(topic, 'in_flight', 0, 5)).toEqual([])
  })
})

test('a message that is finished or requeued by hand is gone from wherever it was, and holds nothing', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('ready', 'in_flight', 'deferred'), fc.nat({ max: 10 }), fc.constantFrom(-1, 0, 50)),
      ),
      (steps) => {
        using watch = new LogWatch()
        const world = new World({ blockSize: 4096 })
        const topic = world.topic()
        const channel = world.channel(topic)
        const subscriber = world.subscriber(channel, { readyCount: 4 })
        publish(topic, ...Array.from({ length: 8 }, (_, i) => `m${i}`))
        publishDeferred(topic, 'd0', 20)
        publishDeferred(topic, 'd1', 200)
        world.settle()
        requeue(channel, subscriber, subscriber.frames[0]!.id)
        world.settle()
        let finished = 0
        for (const [state, at, delayMs] of steps) {
          const [ref] = peekChannel(channel, state, at, 1)
          if (ref === undefined) continue
          if (delayMs < 0) {
            expect(channel.finishOne(ref.segment, ref.index)).toBe(true)
            expect(channel.finishOne(ref.segment, ref.index)).toBe(false)
            finished++
          } else {
            expect(channel.requeueOne(ref.segment, ref.index, delayMs)).toBe(true)
          }
          world.advance(10)
          const left = channel.depth + channel.inFlightCount + channel.deferredCount
          expect([left, watch.pending()]).toEqual([10 - finished, 10 - finished])
        }
        // What is left is handed out, once each, and finished.
        subscriber.rdy = 2500
        const done = new Set<string>()
        for (let i = 0; i < 5; i++) {
          channel.wake(subscriber.lane!)
          world.advance(60_001)
          for (const { id } of subscriber.frames) if (finish(channel, subscriber, id) === 0) done.add(id)
        }
        expect([done.size, watch.pending()]).toEqual([10 - finished, 0])
      },
    ),
  )
})

test('what is scheduled for a time is due then, however long the topic keeps it', () => {
  const world = new World()
  const topic = world.topic()
  topic.pause()
  const channel = world.channel(topic)
  const subscriber = world.subscriber(channel)
  const wallMs = world.clock.wallUs() / 1000
  const bytes = Buffer.from('onetwothree')
  topic.publishScheduled(bytes, 0, [0, 3], wallMs + 500)
  topic.publishScheduled(bytes, 0, [3, 6, 6, 11], wallMs + 2000)
  world.advance(1000)
  expect(topic.depth).toBe(3)
  topic.unpause()
  world.advance(1)
  expect(subscriber.bodies).toEqual(['one'])
  world.advance(998)
  expect(subscriber.bodies).toEqual(['one'])
  world.advance(1)
  expect(subscriber.bodies).toEqual(['one', 'two', 'three'])
})
