import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../src/options/duration.ts'

test.each([
  ['0', 0],
  ['-0', 0],
  ['+5s', 5000],
  ['-1.5h', -5_400_000],
  ['1m30s500ms', 90_500],
  ['100us', 0.1],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['3ns', 0.000003],
  ['.5s', 500],
  ['1.s', 1000],
  ['1.00000000000000001s', 1000],
  ['2562047h', 2562047 * 3_600_000],
])('parseDuration(%j) is %d ms', (text, milliseconds) => {
  expect(parseDuration(text) + 0).toBe(milliseconds)
})

test.each([
  '',
  '5',
  '-',
  '+',
  '1.5',
  's',
  '1x',
  '1s ',
  ' 1s',
  '1s1',
  '1 s',
  '1h-5m',
  '.s',
  '1e3s',
  '0x1s',
  '2562048h',
  '1S',
])('parseDuration refuses %j', (text) => {
  expect(() => parseDuration(text)).toThrow('time: invalid duration')
})

test.each([
  [0, '0s'],
  [0.000001, '1ns'],
  [0.0015, '1.5µs'],
  [0.25, '250µs'],
  [2.5, '2.5ms'],
  [1000, '1s'],
  [1519.7397, '1.5197397s'],
  [60_000, '1m0s'],
  [3_600_000, '1h0m0s'],
  [7_384_500, '2h3m4.5s'],
  [-1500, '-1.5s'],
  [0.0000001, '0s'],
])('formatDuration(%d ms) is %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

// Beyond 13 days a double of milliseconds no longer holds every nanosecond.
test('what formatDuration writes, parseDuration reads', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (nanoseconds) => {
      const milliseconds = nanoseconds / 1e6
      expect(Math.round(parseDuration(formatDuration(milliseconds)) * 1e6) + 0).toBe(nanoseconds + 0)
    }),
  )
})
