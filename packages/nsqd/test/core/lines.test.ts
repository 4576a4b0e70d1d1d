import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Deferred } from '../../src/core/deferred.ts'
import { Ranges } from '../../src/core/ranges.ts'
import { Redeliveries } from '../../src/core/redeliveries.ts'
import { BlockPool } from '../../src/log/block-pool.ts'
import { Log, LogKind } from '../../src/log/log.ts'
import { type Place, Segment } from '../../src/log/segment.ts'

const segments = Array.from(
  { length: 4 },
  () => new Segment(new Log(LogKind.topic, new BlockPool(4096, 1)), 0, Buffer.alloc(0)),
)

/** Takes the messages of a segment over, as the log of a channel does. */
function mover(leaves: Segment): {
  target: Segment
  moved: string[]
  move: (segment: Segment, index: number) => Place | undefined
} {
  const target = new Segment(new Log(LogKind.topic, new BlockPool(4096, 1)), 0, Buffer.alloc(0))
  const moved: string[] = []
  const move = (segment: Segment, index: number): Place | undefined => {
    if (segment !== leaves) return undefined
    moved.push(`${segments.indexOf(segment)}/${index}`)
    target.push(0, 0, 0)
    return { segment: target, index: target.count - 1 }
  }
  return { target, moved, move }
}

const put = fc.record({ kind: fc.constant('put' as const), due: fc.nat(50), from: fc.nat(3), index: fc.nat(1000) })
const take = fc.constant({ kind: 'take' as const })
const move = fc.record({ kind: fc.constant('move' as const), from: fc.nat(3) })
const steps = fc.array(fc.oneof({ arbitrary: put, weight: 4 }, { arbitrary: take, weight: 2 }, move), {
  maxLength: 300,
})

test('deferred messages come out as from a sorted list, equal ones in the order they went in', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const deferred = new Deferred()
      const expected: { due: number; segment: Segment; index: number; attempts: number }[] = []
      const compare = (): void => {
        expect(deferred.count).toBe(expected.length)
        expect(deferred.nextDueMs).toBe(expected[0]?.due ?? Infinity)
        if (expected.length === 0) return
        const { segment, index, attempts } = expected[0]!
        expect(deferred.segment).toBe(segment)
        expect([deferred.index, deferred.attempts]).toEqual([index, attempts])
      }
      for (const [i, step] of list.entries()) {
        if (step.kind === 'put') {
          deferred.push(segments[step.from]!, step.index, i, step.due)
          const after = expected.findIndex((entry) => entry.due > step.due)
          const entry = { due: step.due, segment: segments[step.from]!, index: step.index, attempts: i }
          expected.splice(after < 0 ? expected.length : after, 0, entry)
        } else if (step.kind === 'take') {
          if (expected.length === 0) continue
          deferred.shift()
          expected.shift()
        } else {
          const leaves = segments[step.from]!
          const { target, moved, move: moveTo } = mover(leaves)
          deferred.relocate(moveTo)
          const places = new Map(moved.map((place, position) => [place, position]))
          expect(moved.length).toBe(expected.filter((entry) => entry.segment === leaves).length)
          // Two entries of one message do not occur in a channel; here they may, so only the unmistakable are compared.
          for (const entry of expected) {
            if (entry.segment !== leaves) continue
            const place = `${step.from}/${entry.index}`
            const same = moved.filter((other) => other === place).length
            entry.segment = target
            entry.index = same === 1 ? places.get(place)! : -1
          }
          if (expected.some((entry) => entry.index === -1)) return
        }
        compare()
      }
    }),
    { numRuns: 300 },
  )
})

test('redeliveries come out in the order they went in', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const redeliveries = new Redeliveries()
      let expected: [segment: Segment, index: number, attempts: number, gate: number][] = []
      for (const [i, step] of list.entries()) {
        if (step.kind === 'put') {
          redeliveries.push(segments[step.from]!, step.index, i, i + 2 ** 40)
          expected.push([segments[step.from]!, step.index, i, i + 2 ** 40])
        } else if (step.kind === 'take') {
          if (expected.length === 0) continue
          redeliveries.shift()
          expected.shift()
        } else {
          const leaves = segments[step.from]!
          const { target, move: moveTo } = mover(leaves)
          redeliveries.relocate(moveTo)
          let position = 0
          expected = expected.map((entry) => (entry[0] === leaves ? [target, position++, entry[2], entry[3]] : entry))
        }
        const visited: [Segment, number][] = []
        redeliveries.forEach((segment, index) => visited.push([segment, index]))
        expect(visited.length).toBe(expected.length)
        expect(
          visited.every(([segment, index], at) => segment === expected[at]![0] && index === expected[at]![1]),
        ).toBe(true)
        expect(redeliveries.count).toBe(expected.length)
        if (expected.length === 0) continue
        expect(redeliveries.segment).toBe(expected[0]![0])
        expect([redeliveries.index, redeliveries.attempts, redeliveries.gate]).toEqual(expected[0]!.slice(1))
      }
      redeliveries.clear()
      expect(redeliveries.count).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('ranges hold the positions that were pushed and not shifted, in order', () => {
  const rangeSteps = fc.array(
    fc.oneof(
      { arbitrary: fc.record({ gap: fc.constantFrom(0, 0, 1, 5), size: fc.nat(4), shift: fc.constant(0) }), weight: 3 },
      { arbitrary: fc.record({ gap: fc.constant(0), size: fc.constant(0), shift: fc.nat(5) }), weight: 1 },
    ),
    { maxLength: 400 },
  )
  fc.assert(
    fc.property(rangeSteps, (list) => {
      const ranges = new Ranges()
      const expected: number[] = []
      let tail = 0
      for (const { gap, size, shift } of list) {
        tail += gap
        ranges.push(tail, tail + size)
        for (let i = 0; i < size; i++) expected.push(tail++)
        for (let left = shift; left > 0 && expected.length > 0;) {
          const count = Math.min(left, ranges.to - ranges.from)
          ranges.shift(count)
          expected.splice(0, count)
          left -= count
        }
        const held: number[] = []
        let last = -1
        ranges.forEach((from, to) => {
          expect(from > last && to > from).toBe(true) // disjoint; those that meet may stay apart
          last = from
          for (let position = from; position < to; position++) held.push(position)
        })
        expect(held).toEqual(expected)
        expect(ranges.count).toBe(expected.length)
        expect(ranges.from).toBe(expected[0] ?? Infinity)
      }
    }),
    { numRuns: 300 },
  )
})
