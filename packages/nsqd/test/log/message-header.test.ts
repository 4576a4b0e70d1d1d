import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageHeaders } from '../../src/log/message-header.ts'

const EPOCH = 1288834974288n

/** Says the time it was set to. */
class WallClock {
  us = 0

  now(): number {
    return 0
  }

  wallUs(): number {
    return this.us
  }
}

function headersAt(us: number, nodeId = 617): { clock: WallClock; headers: MessageHeaders } {
  const clock = new WallClock()
  clock.us = us
  return { clock, headers: new MessageHeaders(clock, nodeId) }
}

function id(headers: MessageHeaders): bigint {
  const text = headers.header.toString('latin1', 18, 34)
  expect(text).toMatch(/^[0-9a-f]{16}$/)
  const value = BigInt(`0x${text}`)
  expect(value).toBe((BigInt(headers.idHi) << 32n) | BigInt(headers.idLo))
  return value
}

const wallUs = fc.oneof(
  fc.constantFrom(1_886_489_237_141_848, 2_983_611_192_064_344), // a plain division rounds these up to the next unit
  fc.integer({ min: 1_400_000_000_000_000, max: 4_000_000_000_000_000 }),
  // where a unit of 2^20 ns begins on a whole microsecond
  fc.integer({ min: 12_000_000_000, max: 30_000_000_000 }).map((units) => units * 131072),
  fc.integer({ min: 12_000_000_000, max: 30_000_000_000 }).map((units) => units * 131072 - 1),
)

test('timestamp and id are those of exact arithmetic', () => {
  fc.assert(
    fc.property(wallUs, fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 1, max: 50 }), (us, nodeId, count) => {
      const { headers } = headersAt(us, nodeId)
      headers.stamp()
      for (let i = 0; i < count; i++) headers.next()
      const ns = BigInt(us) * 1000n
      expect(headers.header.readBigInt64BE(8)).toBe(ns)
      expect(id(headers)).toBe((((ns >> 20n) - EPOCH) << 22n) | (BigInt(nodeId) << 12n) | BigInt(count - 1))
    }),
    { numRuns: 2000 },
  )
})

test('ids grow strictly whatever the wall clock does', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -3000, max: 3000 }), fc.integer({ min: 0, max: 6000 })), {
    maxLength: 20,
  })
  fc.assert(
    fc.property(wallUs, steps, (us, list) => {
      const { clock, headers } = headersAt(us)
      let last = -1n
      for (const [step, count] of list) {
        clock.us += step
        headers.stamp()
        for (let i = 0; i < count; i++) {
          headers.next()
          const value = (BigInt(headers.idHi) << 32n) | BigInt(headers.idLo)
          if (value <= last) throw new Error(`${value} follows ${last}`)
          last = value
        }
        if (count > 0) expect(id(headers)).toBe(last)
        expect(headers.header.readBigInt64BE(8)).toBe(BigInt(clock.us) * 1000n)
      }
    }),
    { numRuns: 50 },
  )
})

test('after 4096 ids of one unit of time the next unit is used', () => {
  const { headers } = headersAt(1_700_000_000_000_000)
  headers.stamp()
  headers.next()
  const first = id(headers)
  for (let i = 0; i < 4095; i++) headers.next()
  expect(id(headers)).toBe(first + 4095n)
  headers.next()
  expect(id(headers)).toBe(first + (1n << 22n))
})

test('ids are whole and grow on a machine whose clock was never set', () => {
  const { clock, headers } = headersAt(0, 1023)
  headers.stamp()
  headers.next()
  expect(id(headers)).toBe(1023n << 12n)
  clock.us = 86_400_000_000
  headers.stamp()
  headers.next()
  expect(id(headers)).toBe((1023n << 12n) | 1n)
  clock.us = 1_700_000_000_000_000
  headers.stamp()
  headers.next()
  expect(id(headers) >> 22n).toBe(((BigInt(clock.us) * 1000n) >> 20n) - EPOCH)
})

test('ids go on above one that was found in a log', () => {
  fc.assert(
    fc.property(wallUs, fc.integer({ min: -10_000, max: 10_000 }), fc.boolean(), (us, ahead, used) => {
      const found = headersAt(us + ahead)
      found.headers.stamp()
      found.headers.next()
      const { headers } = headersAt(us)
      if (used) headers.stamp()
      headers.continueAfter(found.headers.idHi, found.headers.idLo)
      headers.stamp()
      headers.next()
      expect(id(headers) > id(found.headers)).toBe(true)
    }),
  )
})
