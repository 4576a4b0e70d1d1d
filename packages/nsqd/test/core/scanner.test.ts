import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DueSource, Scanner } from '../../src/core/scanner.ts'
import { seeded } from './support/seeded.ts'
import { SimClock } from './support/sim-clock.ts'

/** Has things due at some times, and keeps when it was told that they are. */
class Source implements DueSource {
  wakeAt = Infinity
  heapIndex = -1
  due: number[] = []
  readonly handled: [due: number, at: number][] = []

  processDue(now: number): number {
    for (const due of this.due) if (due <= now) this.handled.push([due, now])
    this.due = this.due.filter((due) => due > now)
    return Math.min(Infinity, ...this.due)
  }
}

const step = fc.record({
  kind: fc.constantFrom('expect', 'expect', 'expect', 'expect', 'cancel', 'forget', 'pass'),
  source: fc.nat(29),
  ms: fc.double({ min: 0, max: 1000, noNaN: true }),
})

test('everything due is handled at its time, whatever else is expected, cancelled or forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = new SimClock()
      const scanner = new Scanner(clock, clock.alarm)
      const sources = Array.from({ length: 30 }, () => new Source())
      for (const { kind, source: at, ms } of steps) {
        const source = sources[at]!
        if (kind === 'expect') {
          source.due.push(clock.now() + ms)
          scanner.expect(source, clock.now() + ms)
        } else if (kind === 'cancel') {
          source.due.pop()
        } else if (kind === 'forget') {
          source.due = []
          scanner.forget(source)
        } else {
          clock.advance(ms)
          for (const { due } of sources) expect(due.every((time) => time > clock.now())).toBe(true)
        }
      }
      clock.advance(1001)
      for (const { due, handled, heapIndex, wakeAt } of sources) {
        expect(due).toEqual([])
        for (const [time, handledAt] of handled) expect(handledAt).toBe(time)
        expect([heapIndex, wakeAt]).toEqual([-1, Infinity])
      }
      expect(clock.nextAlarmMs).toBe(Infinity)
    }),
    { numRuns: 500 },
  )
})

test('who is forgotten leaves the others in order, wherever they stood', () => {
  const random = seeded(7)
  for (let round = 0; round < 300; round++) {
    const clock = new SimClock()
    const scanner = new Scanner(clock, clock.alarm)
    const sources = Array.from({ length: 31 }, () => {
      const source = new Source()
      source.due.push(clock.now() + random() * 100)
      scanner.expect(source, source.due[0]!)
      return source
    })
    const kept = sources.filter((source) => {
      if (random() < 0.6) return true
      scanner.forget(source)
      return false
    })
    const dues = kept.map(({ due }) => due[0]!)
    clock.advance(100)
    expect(kept.map(({ handled }) => handled)).toEqual(dues.map((due) => [[due, due]]))
  }
})

test('what is due in a month is handled then, although no timer runs that long', () => {
  const clock = new SimClock()
  const scanner = new Scanner(clock, clock.alarm)
  const source = new Source()
  const due = clock.now() + 30 * 24 * 3_600_000
  source.due.push(due)
  scanner.expect(source, due)
  let longest = 0
  while (source.handled.length === 0) {
    const sleep = clock.nextAlarmMs - clock.now()
    longest = Math.max(longest, sleep)
    clock.advance(sleep)
  }
  expect(longest).toBeLessThan(2 ** 31)
  expect(source.handled).toEqual([[due, due]])
})

test('an alarm that rings too early is set again', () => {
  const clock = new SimClock()
  let ring = (): void => {}
  const set: number[] = []
  const scanner = new Scanner(clock, (given) => {
    ring = given
    return { set: (atMs) => set.push(atMs), clear: () => {} }
  })
  const source = new Source()
  source.due.push(2000)
  scanner.expect(source, 2000)
  clock.stall(999)
  ring()
  expect(set).toEqual([2000, 2000])
  expect(source.handled).toEqual([])
})

test('a closed scanner leaves no alarm', () => {
  const clock = new SimClock()
  const scanner = new Scanner(clock, clock.alarm)
  const source = new Source()
  scanner.expect(source, 2000)
  scanner.close()
  scanner.expect(source, 1500)
  expect(clock.nextAlarmMs).toBe(Infinity)
})
