import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonFields } from '../src/nsq-to-nsq/json-fields.ts'
import { JsonFilter } from '../src/nsq-to-nsq/json-filter.ts'
import type { JsonFilterOptions } from '../src/nsq-to-nsq/json-filter.ts'

function judge(body: string, options: Partial<JsonFilterOptions>): string {
  const filter = new JsonFilter({ requireJsonField: '', requireJsonValue: '', whitelistJsonField: [], ...options })
  const verdict = filter.judge(Buffer.from(body))
  return verdict.kind === 'pass' ? verdict.body.toString() : verdict.kind
}

test('the fields of an object are those that JSON.parse finds, with their values as they were written', () => {
  const object = fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(object, fc.constantFrom(0, 2, '\t'), (value, indent) => {
      const fields = jsonFields(Buffer.from(JSON.stringify(value, undefined, indent)))
      const decoded = [...(fields ?? [])].map(([name, { raw }]) => [name, JSON.parse(raw.toString()) as unknown])
      expect(Object.fromEntries(decoded)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('anything else is no object, whatever its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const body = Buffer.from(bytes)
      let decoded: unknown
      try {
        decoded = JSON.parse(body.toString())
      } catch {
        decoded = undefined
      }
      const isObject = typeof decoded === 'object' && !Array.isArray(decoded)
      expect(jsonFields(body) !== undefined).toBe(isObject)
    }),
  )
  expect(jsonFields(Buffer.from('null'))?.size).toBe(0)
})

test('names may be escaped, and of two of a name the last counts', () => {
  expect(judge('{"\\u0061":1,"a":2}', { whitelistJsonField: ['a'] })).toBe('{"a":2}')
  expect(judge('{"__proto__":1}', { whitelistJsonField: ['__proto__'] })).toBe('{"__proto__":1}')
})

test('kept fields are sorted and keep their digits, spaces and nesting', () => {
  const body = '{ "z" : [1, {"a": "}"}] , "big": 98765432109876543210, "drop": 0, "f": 1.0 }'
  expect(judge(body, { whitelistJsonField: ['z', 'f', 'big'] })).toBe(
    '{"big":98765432109876543210,"f":1.0,"z":[1, {"a": "}"}]}',
  )
  expect(judge(body, { whitelistJsonField: ['none'] })).toBe('{}')
})

test('a required field, and a required value: text by its letters, numbers by their value, nothing else', () => {
  expect(judge('{"b":1}', { requireJsonField: 'a' })).toBe('drop')
  expect(judge('{"a":null}', { requireJsonField: 'a' })).toBe('{"a":null}')
  expect(judge('no json', { requireJsonField: 'a' })).toBe('undecodable')
  const wanted = (value: string, body: string): string =>
    judge(body, { requireJsonField: 'a', requireJsonValue: value })
  expect(wanted('5', '{"b":5}')).toBe('missing')
  for (const [value, body, passes] of [
    ['5', '{"a":5.0}', true],
    ['5e0', '{"a":5}', true],
    ['5', '{"a":"5"}', true],
    ['5.0', '{"a":"5"}', false],
    ['true', '{"a":true}', false],
    ['', '{"a":0}', true],
    ['null', '{"a":null}', false],
    ['x', '{"a":["x"]}', false],
  ] as const) {
    expect({ value, body, verdict: wanted(value, body) }).toEqual({ value, body, verdict: passes ? body : 'drop' })
  }
})
