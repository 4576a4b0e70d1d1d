import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Fifo } from '../src/fifo.ts'

test('a queue behaves like a list, whatever is done to it', () => {
  const action = fc.oneof(
    fc.record({ name: fc.constant('push' as const), items: fc.array(fc.nat(), { minLength: 1, maxLength: 1 }) }),
    fc.record({ name: fc.constant('unshift' as const), items: fc.array(fc.nat(), { maxLength: 40 }) }),
    fc.record({ name: fc.constantFrom('shift' as const, 'drain' as const), items: fc.constant([] as number[]) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const fifo = new Fifo<number>()
      let list: number[] = []
      const results: [unknown, unknown][] = []
      for (const { name, items } of actions) {
        if (name === 'push') {
          fifo.push(items[0]!)
          list.push(items[0]!)
        } else if (name === 'unshift') {
          fifo.unshift(items)
          list.unshift(...items)
        } else if (name === 'shift') {
          results.push([fifo.shift(), list.shift()])
        } else {
          results.push([fifo.drain(), list])
          list = []
        }
        for (const [actual, expected] of results) expect(actual).toEqual(expected)
        expect([fifo.size, fifo.peek(), [...fifo]]).toEqual([list.length, list[0], list])
      }
    }),
  )
})
