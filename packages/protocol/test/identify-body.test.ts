import { ProtocolError, readIdentifyBody } from '@nsq-ts/protocol'
import type { IdentifyFieldType } from '@nsq-ts/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

const TYPES = new Map<string, IdentifyFieldType>([
  ['name', 'string'],
  ['on', 'boolean'],
  ['long', 'int'],
  ['short', 'int32'],
])
const read = (body: string) => Object.fromEntries(readIdentifyBody(body, TYPES))

test.each([
  ['{"name":"a","on":true,"long":-5,"short":7}', { name: 'a', on: true, long: -5, short: 7 }],
  [' \n{ "NAME" : "a" , "Long":1 }\t', { name: 'a', long: 1 }],
  ['{"name":"a","NAME":"b","name":null}', { name: 'b' }],
  ['{"name":"a","NAME":"b","name":"c"}', { name: 'c' }],
  ['{"other":{"name":"no","list":[1,{"]":"}"}]},"name":"yes \\"\\\\"}', { name: 'yes "\\' }],
  ['{"__proto__":{"name":"no"}}', {}],
  ['{"name":"\\ud800"}', { name: '\ufffd' }],
  ['{"n\\u0061me":"escaped key"}', { name: 'escaped key' }],
  ['{"long":9223372036854775807,"short":-2147483648}', { long: 2 ** 63, short: -(2 ** 31) }],
  ['{"name":null}', {}],
  ['null', {}],
])('%s', (body, fields) => {
  expect(read(body)).toEqual(fields)
})

test.each([
  '',
  '{',
  '{}x',
  '[]',
  '5',
  '"name"',
  '{"name":5}',
  '{"name":["a"]}',
  '{"on":1}',
  '{"on":"true"}',
  '{"long":1.0}',
  '{"long":1e3}',
  '{"long":"1"}',
  '{"long":9223372036854775808}',
  '{"short":2147483648}',
])('%s is malformed', (body) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code: 'E_BAD_BODY' }) as Error)
})

test('whatever the body, there is an answer: what JSON says of a field of the right type, or E_BAD_BODY', () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.constantFrom('name', 'long', 'x'), fc.jsonValue()).map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(body, (text) => {
      try {
        const { name } = read(text)
        const said = (JSON.parse(text) as { name?: unknown } | null)?.name ?? undefined
        expect(name).toBe(typeof said === 'string' ? Buffer.from(said).toString() : said)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }),
  )
})
