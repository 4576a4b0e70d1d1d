import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstJsonValue, jsonError, JsonSyntaxError } from '../server/http/go-json.ts'

test('the first value is taken, whatever follows', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n', '\t\r'), fc.string(), (value, space, rest) => {
      const text = `${space}${JSON.stringify(value)} ${rest}`
      expect(firstJsonValue(text)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('any text is a value or a syntax error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => json.slice(0, -1)),
      ),
      (text) => {
        try {
          firstJsonValue(text)
        } catch (error) {
          expect(error).toBeInstanceOf(JsonSyntaxError)
        }
      },
    ),
  )
})

test.each([
  ['', 'EOF'],
  ['{', 'unexpected EOF'],
  ['{"a":"b', 'unexpected EOF'],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ["{'a':1}", String.raw`invalid character '\'' looking for beginning of object key string`],
  ['{"a" "b"}', `invalid character '"' after object key`],
  ['{"a":1 2}', "invalid character '2' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\n"', String.raw`invalid character '\n' in string literal`],
  ['['.repeat(100_000), 'exceeded max depth'],
])('%j is told as Go tells it', (text, message) => {
  expect(() => firstJsonValue(text)).toThrow(message)
})

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{} x', "invalid character 'x' after top-level value"],
])('as a whole, %j is wrong too', (text, message) => {
  expect(jsonError(text)).toBe(message)
})
