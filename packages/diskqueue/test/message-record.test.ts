import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessageRecord, encodeMessageRecord } from '../src/index.ts'

const message = fc.record({
  timestampNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  attempts: fc.integer({ min: 0, max: 0xffff }),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
})

describe('message record', () => {
  test('is laid out as the original does', () => {
    const record = encodeMessageRecord({
      timestampNs: 0x18e9eb0bd3953c12n,
      attempts: 1,
      id: '18a288eeba669000',
      body: Buffer.from('hello'),
    })
    expect(record.toString('hex')).toBe('18e9eb0bd3953c1200013138613238386565626136363930303068656c6c6f')
  })

  test('any message is read back as it was written', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeMessageRecord(encodeMessageRecord(value))).toEqual(value)
      }),
    )
  })

  test('a message may have an empty body', () => {
    expect(decodeMessageRecord(Buffer.alloc(26)).body).toHaveLength(0)
  })

  test('less than a header is refused', () => {
    expect(() => decodeMessageRecord(Buffer.alloc(25))).toThrow(
      expect.objectContaining({ code: 'RECORD_SIZE_INVALID' }),
    )
  })

  test.each([
    { timestampNs: 2n ** 63n },
    { attempts: 65536 },
    { attempts: -1 },
    { attempts: 0.5 },
    { id: '18a288eeba66900' },
    { id: '18a288eeba669000 ' },
    { id: '18a288eeba66900\u0100' },
  ])('a field without room for its value is refused: %o', (wrong) => {
    const valid = { timestampNs: 0n, attempts: 0, id: '18a288eeba669000', body: Buffer.alloc(0) }
    expect(() => encodeMessageRecord({ ...valid, ...wrong })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})
