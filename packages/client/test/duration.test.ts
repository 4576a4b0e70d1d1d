import { expect, test } from 'vitest'
import { toMs } from '../src/duration.ts'

test.each<[number | string, number]>([
  [0, 0],
  [1500, 1500],
  [Infinity, Infinity],
  ['250ms', 250],
  ['5s', 5000],
  ['1.5m', 90_000],
  ['1h30m', 5_400_000],
])('%j is %d ms', (duration, ms) => {
  expect(toMs(duration, 'x')).toBe(ms)
})

test.each([-1, NaN, '', '5', '5 s', 's', '-5s', '5d', '1h,30m'])('%j is no duration', (duration) => {
  expect(() => toMs(duration, 'myOption')).toThrow(/^myOption: /)
})
