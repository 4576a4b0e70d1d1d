import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { loadSnappy, SnappyLayer } from '../src/connection/snappy.ts'

const snappy = await loadSnappy()
const STREAM = 'ff060000734e61507059'

function collector(): { layer: SnappyLayer; sent: Buffer[]; read: Buffer[]; errors: Error[] } {
  const sent: Buffer[] = []
  const read: Buffer[] = []
  const errors: Error[] = []
  const layer = new SnappyLayer(
    {
      toSocket: (bytes) => void sent.push(Buffer.from(bytes)),
      toFrames: (bytes) => void read.push(Buffer.from(bytes)),
      onLayerError: (error) => void errors.push(error),
    },
    snappy,
  )
  return { layer, sent, read, errors }
}

describe('snappy framing', () => {
  test('a short write has the bytes of the spec: identifier, then a plain chunk with its checksum', () => {
    const { layer, sent } = collector()
    layer.write(Buffer.from('00000006000000004f4b', 'hex'))
    layer.write(Buffer.from('x'))
    expect(sent[0]!.toString('hex')).toBe(`${STREAM}010e000026982bcf00000006000000004f4b`)
    expect(sent[1]!.toString('hex', 0, 4)).toBe('01050000')
  })

  test('what is written is read, however it is cut', () => {
    const bodies = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat({ max: 200_000 }).map((size) => new Uint8Array(size)),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    fc.assert(
      fc.property(bodies, fc.integer({ min: 1, max: 70_000 }), (bodies, step) => {
        const writer = collector()
        for (const body of bodies) writer.layer.write(Buffer.from(body))
        const stream = Buffer.concat(writer.sent)
        const reader = collector()
        for (let from = 0; from < stream.length; from += step) reader.layer.push(stream.subarray(from, from + step))
        expect(reader.errors).toEqual([])
        expect(Buffer.concat(reader.read).equals(Buffer.concat(bodies))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['data before the identifier', '010500000000000061'],
    ['another identifier', 'ff0600007858585858585858'],
    ['an unknown type', `${STREAM}0201000000`],
    ['a wrong checksum', `${STREAM}010500000000000061`],
    ['a chunk without checksum', `${STREAM}0101000000`],
    ['a chunk that announces too much', `${STREAM}00ffffff`],
    ['compressed data that announce too much', `${STREAM}0009000000000000ffffffff0f`],
    ['compressed data that are none', `${STREAM}000600000000000005ff`],
  ])('%s is refused', (_name, hex) => {
    const { layer, read, errors } = collector()
    layer.push(Buffer.from(hex, 'hex'))
    expect(errors).toHaveLength(1)
    expect(read).toEqual([])
  })

  test('padding and other chunks that may be skipped are', () => {
    const { layer, read, errors } = collector()
    const writer = collector()
    writer.layer.write(Buffer.from('hello'))
    const hello = writer.sent[0]!.subarray(10)
    layer.push(Buffer.concat([Buffer.from(`${STREAM}fe020000aabb${STREAM}80010000cc`, 'hex'), hello]))
    expect(errors).toEqual([])
    expect(read.map(String)).toEqual(['hello'])
  })

  test('fuzzed bytes are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { layer, errors } = collector()
        layer.push(Buffer.concat([Buffer.from(STREAM, 'hex'), bytes]))
        expect(errors.length).toBeLessThanOrEqual(1)
      }),
    )
  })
})
