import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMetadata, parseMetadata } from '../src/index.ts'

const position = fc.record({ fileNumber: fc.maxSafeNat(), offset: fc.maxSafeNat() })
const metadata = fc.record({ depth: fc.maxSafeInteger(), read: position, write: position })
const example = { depth: 2, read: { fileNumber: 0, offset: 64 }, write: { fileNumber: 1, offset: 32 } }

describe('metadata', () => {
  test('is written as the format says', () => {
    expect(formatMetadata(example)).toBe('2\n0,64\n1,32\n')
  })

  test('what is written is read back', () => {
    fc.assert(
      fc.property(metadata, (value) => {
        expect(parseMetadata(formatMetadata(value))).toEqual(value)
      }),
    )
  })

  test.each([
    ['no last line end', '2\n0,64\n1,32'],
    ['CRLF', '2\r\n0,64\r\n1,32\r\n'],
    ['bytes behind the third line', '2\n0,64\n1,32\n9\n'],
  ])('is read with %s', (_, text) => {
    expect(parseMetadata(text)).toEqual(example)
  })

  test('a depth below zero is read', () => {
    expect(parseMetadata('-3\n0,0\n0,0\n')?.depth).toBe(-3)
  })

  test.each(['', '2', '2\n', '2\n0,64\n', '2\n0,64\n1', 'two\n0,64\n1,32\n', '2\n0;64\n1,32\n', '2\n0,64\n1,32x\n'])(
    '%j is malformed',
    (text) => {
      expect(parseMetadata(text)).toBeUndefined()
    },
  )

  test('a number that would lose its last digits is malformed', () => {
    expect(parseMetadata('2\n0,64\n1,9007199254740993\n')).toBeUndefined()
  })
})
