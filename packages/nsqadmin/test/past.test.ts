import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { condense } from '../server/history/condense.ts'
import { Columns } from '../server/history/columns.ts'
import { Series } from '../server/history/series.ts'
import { fromSmall, toSmall, UNKNOWN } from '../server/history/small-float.ts'
import { flowsSince, Meter } from '../server/live/flows.ts'
import type { ChannelSample } from '../server/live/node-sample.ts'
import { StatsReader } from '../server/live/stats-reader.ts'
import { Trend } from '../server/live/trend.ts'

test('a ring remembers what a list of the same length would', () => {
  const step = fc.record({ skip: fc.nat(6), value: fc.constantFrom(0, 1, 4095) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 30 }), (slots, steps) => {
      const series = new Series(new Columns(slots))
      const twin = new Map<number, number>()
      let position = -1
      for (const { skip, value } of steps) {
        position += skip + 1
        series.write(position, { depth: value })
        twin.set(position, value)
      }
      for (let at = 0; at <= position + 2; at++) {
        const kept = at > position - slots
        expect(series.read('depth', at)).toBe(kept ? (twin.get(at) ?? null) : null)
      }
    }),
  )
})

test('what is always zero is zero, and takes no memory', () => {
  const series = new Series(new Columns(3))
  series.write(0, { depth: 1, rate_out: 0.25 })
  expect(series.read('rate_out', 0)).toBe(0.25)
  expect(series.isFlat('rate_out')).toBe(false)
  expect(series.isFlat('rate_in')).toBe(true)
  expect(series.read('rate_in', 0)).toBe(0)
})

test('columns that were given back are used again, as new ones, and no two series share one', () => {
  const columns = new Columns(2)
  const many = Array.from({ length: 600 }, () => new Series(columns))
  many.forEach((series, index) => series.write(0, { depth: index, in_flight: index + 1 }))
  many.forEach((series, index) => {
    expect([series.read('depth', 0), series.read('in_flight', 0)]).toEqual([index, index + 1])
  })
  many.forEach((series) => series.release())
  const again = new Series(columns)
  again.write(0, { depth: 1 })
  again.write(1, { in_flight: 7 })
  expect([again.read('in_flight', 0), again.read('in_flight', 1)]).toEqual([0, 7])
})

test('a list is cut into at most so many groups, and all of it is in them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 50 }), (list, count) => {
      const groups = condense(list, count)
      expect(groups.flat()).toEqual(list)
      expect(groups.length).toBeLessThanOrEqual(count)
      expect(new Set(groups.slice(1).map((group) => group.length)).size).toBeLessThanOrEqual(1)
    }),
  )
})

test('numbers are kept in 16 bits: whole ones up to 4095 exactly, others to a fortieth of a percent, in their order', () => {
  for (let value = 0; value <= 4095; value++) expect(fromSmall(toSmall(value))).toBe(value)
  const value = fc.double({ min: 0, max: 1e12, noNaN: true })
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [small, other] = [toSmall(a), toSmall(b)]
      expect(Math.abs(fromSmall(small) - Math.round(a))).toBeLessThanOrEqual(a * 0.00025)
      if (a < b) expect(small).toBeLessThanOrEqual(other)
    }),
  )
  expect(toSmall(Number.POSITIVE_INFINITY)).toBeLessThan(UNKNOWN)
  expect(toSmall(-1)).toBe(0)
})

test('statistics read as they come are the same, however they are cut', () => {
  const name = fc.stringMatching(/^[\w.-]{1,8}$/)
  const topic = fc.record({ topic_name: name, channels: fc.array(fc.record({ channel_name: name, depth: fc.nat() })) })
  const stats = fc.record({ health: fc.string(), topics: fc.array(topic), memory: fc.anything({ values: [fc.nat()] }) })
  const spaces = fc.constantFrom(undefined, 1)
  fc.assert(
    fc.property(stats, spaces, fc.boolean(), fc.integer({ min: 1, max: 100 }), (whole, indent, old, size) => {
      const text = JSON.stringify(old ? { status_code: 200, data: whole } : whole, undefined, indent)
      const { topics, ...rest } = JSON.parse(JSON.stringify(whole)) as typeof whole
      const read: unknown[] = []
      const reader = new StatsReader((one) => read.push(one))
      for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size))
      const others = reader.end()
      expect(read).toEqual(topics)
      expect({ ...others, topics: undefined }).toEqual({ ...rest, topics: undefined })
    }),
  )
})

test.each(['', '{', '[{"topic_name":"a"}', '{"topics":[{"topic_name":"a"},{"topic_name":"b"'])(
  '%j is no statistics',
  (text) => {
    const reader = new StatsReader(() => {})
    expect(() => {
      reader.push(text)
      reader.end()
    }).toThrow()
  },
)

const channel = (messages: number, depth: number): ChannelSample => ({
  depth,
  messages,
  backendDepth: 0,
  inFlight: 0,
  deferred: 0,
  requeued: 0,
  timedOut: 0,
  clients: 0,
  paused: false,
  e2e: null,
})

test.each([
  ['published and finished', channel(10, 5), channel(30, 10), { in: 20, out: 15 }],
  ['a channel that is new', undefined, channel(10, 4), { in: 10, out: 6 }],
  ['counters that begin anew', channel(1000, 5), channel(3, 5), { in: 3, out: 0 }],
  ['nothing', channel(10, 5), channel(10, 5), { in: 0, out: 0 }],
])('flows: %s', (_what, before, now, flows) => {
  expect(flowsSince(before, now)).toMatchObject(flows)
})

test('a meter reads messages a second since it was read last', () => {
  const meter = new Meter(1000)
  const flows = { in: 10, out: 5, requeued: 0, timedOut: 1 }
  expect(meter.read(flows, 3000)).toEqual({ in: 5, out: 2.5, requeued: 0, timedOut: 0.5 })
  flows.in = 30
  expect(meter.read(flows, 3000)).toEqual({ in: 5, out: 2.5, requeued: 0, timedOut: 0.5 })
  expect(meter.read(flows, 4000)).toEqual({ in: 20, out: 0, requeued: 0, timedOut: 0 })
})

test('a depth that only ever grows is rising; one that was emptied in between is not', () => {
  const trend = new Trend()
  for (const [index, depth] of [10, 20, 15, 30].entries()) trend.add(depth, 0, index * 10_000)
  expect(trend.isRising(31)).toBe(true)
  expect(trend.isRising(10)).toBe(false)
  trend.add(0, 2, 40_000)
  expect(trend.isRising(31)).toBe(false)
  expect(trend.hasTimeouts(2)).toBe(true)
  for (let at = 50_000; at <= 110_000; at += 10_000) trend.add(0, 2, at)
  expect(trend.hasTimeouts(2)).toBe(false)
})
