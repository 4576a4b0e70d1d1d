import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { RdyDistribution, type RdyHolder } from '../src/consumer/rdy-distribution.ts'

/** A connection whose in flight is set by the test. */
class Holder implements RdyHolder {
  readonly rdyMax: number
  readonly onSet: () => void
  rdy = 0
  inFlight = 0

  constructor(rdyMax = 2500, onSet = (): void => {}) {
    this.rdyMax = rdyMax
    this.onSet = onSet
  }

  setRdy(count: number): void {
    this.rdy = count
    this.onSet()
  }
}

function spread(maxInFlight: number, holders: Holder[]): number[] {
  const distribution = new RdyDistribution(maxInFlight)
  for (const holder of holders) distribution.add(holder)
  distribution.setMaxInFlight(maxInFlight, maxInFlight)
  return holders.map(({ rdy }) => rdy).sort((a, b) => b - a)
}

describe('RDY', () => {
  test.each([
    [10, 1, [10]],
    [10, 3, [4, 3, 3]],
    [3, 3, [1, 1, 1]],
    [2, 3, [1, 1, 0]],
    [0, 2, [0, 0]],
  ])('%d over %d connections is %j: the remainder is used', (maxInFlight, count, expected) => {
    expect(
      spread(
        maxInFlight,
        Array.from({ length: count }, () => new Holder()),
      ),
    ).toEqual(expected)
  })

  test('what one server does not take goes to the others', () => {
    expect(spread(100, [new Holder(10), new Holder(), new Holder(20)])).toEqual([70, 20, 10])
  })

  test('a connection that goes leaves its share to the others', () => {
    const [one, two] = [new Holder(), new Holder()]
    const distribution = new RdyDistribution(10)
    distribution.add(one)
    distribution.add(two)
    distribution.setLimit(10)
    distribution.remove(two)
    expect(one.rdy).toBe(10)
  })

  test('a new connection gets its share as messages elsewhere end', () => {
    const [one, two] = [new Holder(), new Holder()]
    const distribution = new RdyDistribution(4)
    distribution.setLimit(4)
    distribution.add(one)
    one.inFlight = 4
    distribution.add(two)
    expect([one.rdy, two.rdy]).toEqual([2, 0])
    one.inFlight = 3
    distribution.onSettled()
    expect([one.rdy, two.rdy]).toEqual([2, 1])
    one.inFlight = 2
    distribution.onSettled()
    expect([one.rdy, two.rdy]).toEqual([2, 2])
  })

  test('where messages are scarce every connection has its turn', () => {
    const holders = Array.from({ length: 7 }, () => new Holder())
    const distribution = new RdyDistribution(2)
    distribution.setLimit(2)
    for (const holder of holders) distribution.add(holder)
    const turns = new Map(holders.map((holder) => [holder, 0]))
    for (let turn = 0; turn < 7; turn++) {
      for (const holder of holders) turns.set(holder, turns.get(holder)! + holder.rdy)
      distribution.rotate()
    }
    expect([...turns.values()]).toEqual([2, 2, 2, 2, 2, 2, 2])
  })

  test('neither its sum nor what is or may get in flight exceeds the limit, at any moment of any history', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'remove', 'limit', 'rotate', 'deliver', 'settle', 'shuffle'),
      which: fc.nat(),
      count: fc.nat({ max: 20 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const maxInFlight = 12
        const holders: Holder[] = []
        const check = (): void => {
          const rdy = holders.reduce((sum, holder) => sum + holder.rdy, 0)
          // Lowering in the middle of a change may leave more in flight than RDY, never more than was allowed.
          const flight = holders.reduce((sum, holder) => sum + Math.max(holder.rdy, holder.inFlight), 0)
          if (rdy > maxInFlight || flight > maxInFlight) throw new Error(`rdy ${rdy}, in flight ${flight}`)
        }
        const distribution = new RdyDistribution(maxInFlight)
        distribution.setLimit(maxInFlight)
        for (const { what, which, count } of steps) {
          const holder = holders[which % Math.max(1, holders.length)]
          if (what === 'add') {
            const added = new Holder(1 + count, check)
            holders.push(added)
            distribution.add(added)
          } else if (what === 'limit') {
            distribution.setLimit(count)
          } else if (what === 'rotate') {
            distribution.rotate()
          } else if (what === 'shuffle') {
            distribution.shuffle(() => (count % 10) / 10)
          } else if (holder !== undefined) {
            if (what === 'deliver' && holder.inFlight < holder.rdy) holder.inFlight++
            if (what === 'settle' && holder.inFlight > 0) {
              holder.inFlight--
              distribution.onSettled()
            }
            if (what === 'remove') {
              holders.splice(holders.indexOf(holder), 1)
              distribution.remove(holder)
            }
          }
          check()
        }
        // When everything has ended the whole limit is in use, as far as servers take it.
        for (const holder of holders) {
          while (holder.inFlight > 0) {
            holder.inFlight--
            distribution.onSettled()
          }
        }
        const capacity = holders.reduce((sum, holder) => sum + holder.rdyMax, 0)
        const rdy = holders.reduce((sum, holder) => sum + holder.rdy, 0)
        expect(rdy).toBe(Math.min(distribution.limit, capacity))
      }),
      { numRuns: 500 },
    )
  })
})
