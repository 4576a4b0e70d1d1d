import { expect, test } from 'vitest'
import { isEphemeral, isValidChannelName, isValidTopicName, quoteName } from '@nsq-ts/protocol'

const longest = 'x'.repeat(64)

test.each([
  ['a', true],
  ['.-_azAZ09', true],
  [longest, true],
  [`${longest}x`, false],
  ['', false],
  ['x#ephemeral', true],
  [`${'x'.repeat(54)}#ephemeral`, true],
  [`${'x'.repeat(55)}#ephemeral`, false],
  ['#ephemeral', false],
  ['x#ephemeralx', false],
  ['x#ephemeral#ephemeral', false],
  ['x#Ephemeral', false],
  ['a b', false],
  ['a\n', false],
  ['ä', false],
  ['a$', false],
])('%j as a name: %s', (name, valid) => {
  expect(isValidTopicName(name)).toBe(valid)
  expect(isValidChannelName(name)).toBe(valid)
})

test('ephemeral is told by the suffix', () => {
  expect([isEphemeral('x#ephemeral'), isEphemeral('x')]).toEqual([true, false])
})

test.each([
  [Buffer.from([0x74, 0x01, 0xff, 0x22, 0x5c, 0xe2, 0x82, 0xac, 0x7f]), '"t\\x01\\xff\\"\\\\€\\x7f"'],
  [Buffer.from([7, 8, 12, 10, 13, 9, 11]), '"\\a\\b\\f\\n\\r\\t\\v"'],
  [Buffer.from([0xc3]), '"\\xc3"'],
  [Buffer.from([0xe2, 0x82]), '"\\xe2\\x82"'],
  [Buffer.from([0xc0, 0x80]), '"\\xc0\\x80"'],
  [Buffer.from([0xed, 0xa0, 0x80]), '"\\xed\\xa0\\x80"'],
  ['\u00a0\u0085\u{1F600}\u{E0001}\uFFFD ', '"\\u00a0\\u0085\u{1F600}\\U000e0001\uFFFD "'],
  ['', '""'],
])('%j is quoted as nsqd quotes it', (raw, quoted) => {
  expect(quoteName(raw)).toBe(quoted)
})
