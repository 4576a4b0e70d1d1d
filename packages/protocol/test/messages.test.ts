import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import {
  decodeMessage,
  describeMessageId,
  encodeFrame,
  encodeMessage,
  formatMessageId,
  FrameType,
  parseIdHi,
  parseIdLo,
  writeMessageId,
} from '@nsq-ts/protocol'

// The message of the spec, "1", as a real nsqd sent it.
const WIRE = '0000001f0000000218e9eba396b4c6e900013138613238623464633665363930303031'
const MESSAGE = { id: '18a28b4dc6e69000', timestampNs: 0x18e9eba396b4c6e9n, attempts: 1, body: Buffer.from('1') }

describe('message', () => {
  test('has the bytes of the spec, both ways', () => {
    expect(encodeFrame(FrameType.message, encodeMessage(MESSAGE)).toString('hex')).toBe(WIRE)
    expect(decodeMessage(Buffer.from(WIRE, 'hex').subarray(8))).toEqual(MESSAGE)
  })

  test('comes back as it was', () => {
    const message = fc.record({
      id: fc.stringMatching(/^[0-9a-f]{16}$/),
      timestampNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      attempts: fc.nat({ max: 65535 }),
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    })
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeMessage(encodeMessage(value))).toEqual(value)
      }),
    )
  })

  test('shorter than its header is refused', () => {
    for (let size = 0; size < 26; size++) {
      expect(() => decodeMessage(Buffer.alloc(size))).toThrow(expect.objectContaining({ code: 'ERR_NSQ_FRAME' }))
    }
    expect(decodeMessage(Buffer.alloc(26)).body).toHaveLength(0)
  })

  test('an id of another length is refused when encoding', () => {
    expect(() => encodeMessage({ ...MESSAGE, id: 'x' })).toThrow(RangeError)
  })
})

describe('message id', () => {
  test('is written and read in place', () => {
    const half = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(half, half, fc.nat({ max: 5 }), (hi, lo, offset) => {
        const buf = Buffer.alloc(24, 0x2e)
        writeMessageId(buf, offset, hi, lo)
        expect(buf.toString('latin1', offset, offset + 16)).toBe(formatMessageId(hi, lo))
        expect(buf.toString('latin1').replace(formatMessageId(hi, lo), '')).toBe('.'.repeat(8))
        expect([parseIdHi(buf, offset), parseIdLo(buf, offset)]).toEqual([hi, lo])
      }),
    )
  })

  test('any byte that is no lower-case hexadecimal digit makes its half unreadable', () => {
    fc.assert(
      fc.property(fc.nat({ max: 15 }), fc.nat({ max: 255 }), (place, byte) => {
        fc.pre(!/[0-9a-f]/.test(String.fromCharCode(byte)))
        const buf = Buffer.from('ffffffffffffffff')
        buf[place] = byte
        expect([parseIdHi(buf, 0), parseIdLo(buf, 0)]).toEqual(place < 8 ? [-1, 0xffffffff] : [0xffffffff, -1])
      }),
    )
  })

  test('is not read past the end of the buffer', () => {
    expect([parseIdHi(Buffer.from('0123456'), 0), parseIdLo(Buffer.from('0123456789abcde'), 0)]).toEqual([-1, -1])
  })

  test('tells when, where and which', () => {
    expect(describeMessageId('18a28acd33c05000')).toMatchObject({ nodeId: 5, sequence: 0 })
    const made = describeMessageId(MESSAGE.id)!.timestampNs
    expect(MESSAGE.timestampNs - made).toBeGreaterThanOrEqual(0n)
    expect(MESSAGE.timestampNs - made).toBeLessThan(2n ** 21n)
    expect(describeMessageId('18A28ACD33C05000')).toBeUndefined()
  })
})
