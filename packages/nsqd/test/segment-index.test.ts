import { expect, test } from 'vitest'
import { BlockPool } from '../src/log/block-pool.ts'
import { Log, LogKind } from '../src/log/log.ts'
import { Segment } from '../src/log/segment.ts'

// The index grows by what the sizes so far let expect; each of these breaks that expectation in its own way.
test.each([
  ['the same for all', () => 234],
  ['ever smaller', (count: number) => Math.max(35, 5000 - count)],
  ['ever larger', (count: number) => 35 + count],
  ['one large, then small', (count: number) => (count < 16 ? 20_000 : 35)],
])('a full segment finds each of its messages, sizes being %s', (_sizes, sizeOf) => {
  const capacity = 1024 * 1024
  const segment = new Segment(new Log(LogKind.topic, new BlockPool(capacity, 1)), 0, Buffer.alloc(capacity))
  const offsets: number[] = []
  for (let size = sizeOf(0); segment.end + size <= capacity; size = sizeOf(segment.count)) {
    offsets.push(segment.end)
    segment.push(size, 7, offsets.length)
  }
  expect(Array.from(offsets, (_, index) => segment.offset(index))).toEqual(offsets)
  expect(segment.idLo(segment.count - 1)).toBe(offsets.length)
  expect(segment.offset(segment.count)).toBe(segment.end)
})
