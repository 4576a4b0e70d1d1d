import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RateLimit } from '../src/to-nsq/rate-limit.ts'
import { RecordSplitter } from '../src/to-nsq/record-splitter.ts'

test('records are the same however the input is cut, and the last needs no delimiter', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', '\n', '\r', 'ü')), fc.array(fc.nat(40)), (letters, cuts) => {
      const input = Buffer.from(letters.join(''))
      const splitter = new RecordSplitter(0x0a)
      const ends = [...cuts, input.length].map((cut) => Math.min(cut, input.length)).sort((a, b) => a - b)
      const records: string[] = []
      let start = 0
      for (const end of ends) {
        records.push(...splitter.push(input.subarray(start, end)).map(String))
        start = end
      }
      records.push(...splitter.end().map(String))
      expect(records).toEqual(
        letters
          .join('')
          .split('\n')
          .filter((record) => record !== ''),
      )
    }),
  )
})

test("a rate of 10 lets one go at once, then one in 100 ms, and after a pause a second's worth", () => {
  let now = 0
  const limit = new RateLimit(10, () => now)
  expect(limit.take(5)).toBe(1)
  expect(limit.take(5)).toBe(0)
  expect(limit.waitMs).toBe(100)
  now = 100
  expect(limit.take(5)).toBe(1)
  now = 60_000
  expect(limit.take(50)).toBe(10)
})

test('a rate of 0 or less is none', () => {
  for (const rate of [0, -1]) expect(new RateLimit(rate).take(1000)).toBe(1000)
})
