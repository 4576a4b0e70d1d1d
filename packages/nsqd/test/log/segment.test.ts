import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockPool } from '../../src/log/block-pool.ts'
import { Log, LogKind } from '../../src/log/log.ts'
import { Segment } from '../../src/log/segment.ts'

const log = new Log(LogKind.topic, new BlockPool(4096, 1))

function segmentOf(sizes: readonly number[]): Segment {
  const segment = new Segment(log, 1000, Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0)))
  for (const [i, size] of sizes.entries()) segment.push(size, i, i * 7)
  return segment
}

test('as many messages fit as a plain count of their sizes says, and at least one', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 80 }), fc.nat(200), (list, at, countMax, sizeMax) => {
      const index = at % list.length
      let count = 0
      let size = 0
      while (count < countMax && index + count < list.length && size + list[index + count]! <= sizeMax) {
        size += list[index + count++]!
      }
      expect(segmentOf(list).fit(index, countMax, sizeMax)).toBe(Math.max(1, count))
    }),
    { numRuns: 2000 },
  )
})

test('each message is found where it was put, under its id', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 200 }), (list) => {
      const segment = segmentOf(list)
      let offset = 0
      for (const [i, size] of list.entries()) {
        expect([segment.offset(i), segment.idHi(i), segment.idLo(i)]).toEqual([offset, i, i * 7])
        offset += size
      }
      expect([segment.offset(list.length), segment.end, segment.tail]).toEqual([offset, offset, 1000 + list.length])
    }),
  )
})
