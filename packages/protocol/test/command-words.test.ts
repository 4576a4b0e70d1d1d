import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Command, indexOfSpace, parseDecimal, readCommand } from '@nsq-ts/protocol'

function commandOf(line: string): Command {
  const padded = Buffer.from(`xx${line}FINISH`) // neighbours that must not be read
  return readCommand(padded, 2, 2 + Buffer.byteLength(line))
}

test.each(Object.entries(Command).filter(([name]) => name !== 'unknown'))(
  'the word of %s is recognised',
  (name, code) => {
    const word = name.toUpperCase()
    expect(commandOf(word)).toBe(code)
    expect(commandOf(`${word} a b`)).toBe(code)
    expect(commandOf(`${word} `)).toBe(code)
    for (const other of [word.slice(0, -1), `${word}X`, word.toLowerCase(), ` ${word}`, `${word}\t`]) {
      expect(commandOf(other)).toBe(Command.unknown)
    }
  },
)

test('no other word is a command', () => {
  const words = new Set(Object.keys(Command).map((name) => name.toUpperCase()))
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (line) => {
      fc.pre(!words.has(line.split(' ')[0]!))
      expect(commandOf(line)).toBe(Command.unknown)
    }),
  )
})

test('parameters are split at each single space', () => {
  const line = Buffer.from('SUB  t c ')
  const ends: number[] = []
  for (let start = 0; start <= line.length; start = ends.at(-1)! + 1) ends.push(indexOfSpace(line, start, line.length))
  expect(ends).toEqual([3, 4, 6, 8, 9])
})

function decimalOf(text: string): number | bigint {
  return parseDecimal(Buffer.from(`9${text}9`), 1, 1 + text.length)
}

test.each<[string, number | bigint]>([
  ['', 0],
  ['0', 0],
  ['007', 7],
  ['2500', 2500],
  ['999999999999999', 999999999999999],
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['9223372036854775808', 9223372036854775808n],
  ['18446744073709551615', 18446744073709551615n],
  ['18446744073709551616', 0],
  ['18446744073709551621', 5],
  ['-1', NaN],
  ['+1', NaN],
  ['1.5', NaN],
  ['abc', NaN],
  [' 1', NaN],
  ['12345678901234567x', NaN],
])('%j reads as %s', (text, value) => {
  expect(decimalOf(text)).toBe(value)
})

test('any digits read as the 64-bit number they wrap to', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\d{1,60}$/), (text) => {
      expect(BigInt(decimalOf(text))).toBe(BigInt.asUintN(64, BigInt(text)))
    }),
  )
})
