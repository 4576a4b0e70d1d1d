import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { compressSync, uncompressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { SnappyDecoder, SnappyEncoder, SnappyError, type SnappyCodec } from '../src/snappy-framing.ts'

const codec: SnappyCodec = {
  compress: (plain) => compressSync(plain),
  uncompress: (block) => uncompressSync(block, { asBuffer: true }) as Buffer,
  crc32c: (bytes) => crc32c(bytes),
}
const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex')
const OK_FRAME = Buffer.from('00000006000000004f4b', 'hex')

function decode(...chunks: Buffer[]): Buffer {
  const pieces: Buffer[] = []
  const decoder = new SnappyDecoder(codec, (plain) => pieces.push(Buffer.from(plain)))
  for (const chunk of chunks) decoder.push(chunk)
  return Buffer.concat(pieces)
}

function chunk(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header[0] = type
  header.writeUIntLE(body.length, 1, 3)
  return Buffer.concat([header, body])
}

/** A chunk of plain bytes, as the encoder makes it for what does not compress. */
function plainChunk(plain: Buffer): Buffer {
  const encoder = new SnappyEncoder({ ...codec, compress: (bytes) => bytes })
  return encoder.encode(plain).subarray(IDENTIFIER.length)
}

describe('encoding', () => {
  test('the first OK of a connection has the bytes that nsqd sends', () => {
    const encoded = new SnappyEncoder(codec).encode(OK_FRAME)
    expect(encoded.toString('hex')).toBe('ff060000734e61507059' + '010e000026982bcf' + '00000006000000004f4b')
  })

  test('the identifier comes once', () => {
    const encoder = new SnappyEncoder(codec)
    encoder.encode(OK_FRAME)
    expect(encoder.encode(OK_FRAME).indexOf(IDENTIFIER)).toBe(-1)
  })

  test('what shrinks by an eighth is compressed, and no chunk stands for more than 65536 bytes', () => {
    const encoded = new SnappyEncoder(codec).encode(Buffer.alloc(70_000, 'abc'))
    expect(encoded[IDENTIFIER.length]).toBe(0x00)
    expect(encoded.length).toBeLessThan(10_000)
    expect(decode(encoded)).toEqual(Buffer.alloc(70_000, 'abc'))
  })
})

describe('decoding', () => {
  test('bytes come out as they went in, however the stream is cut', () => {
    const piece = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 150_000 }).map((size) => Buffer.alloc(size, 'nsq')),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 5000 })), (pieces, cuts) => {
        const encoder = new SnappyEncoder(codec)
        const plain = Buffer.concat(pieces)
        const stream = Buffer.concat(pieces.map((bytes) => encoder.encode(Buffer.from(bytes))))
        const chunks: Buffer[] = []
        let at = 0
        for (const size of cuts) chunks.push(stream.subarray(at, (at += size)))
        expect(decode(...chunks, stream.subarray(at)).equals(plain)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('byte by byte gives the same', () => {
    const stream = new SnappyEncoder(codec).encode(Buffer.alloc(500, 'nsq'))
    expect(decode(...Array.from(stream, (_, i) => stream.subarray(i, i + 1)))).toEqual(Buffer.alloc(500, 'nsq'))
  })

  test('a repeated identifier and skippable chunks of any size say nothing', () => {
    const padding = chunk(0xfe, Buffer.alloc(1_000_000))
    const stream = Buffer.concat([IDENTIFIER, padding, IDENTIFIER, chunk(0x80, Buffer.alloc(0)), plainChunk(OK_FRAME)])
    expect(decode(stream)).toEqual(OK_FRAME)
  })

  const good = plainChunk(OK_FRAME)
  const wrongChecksum = Buffer.from(good)
  wrongChecksum[4]! ^= 1
  /** A block that says it expands to 65537 bytes, which snappy itself would allow. */
  const bomb = chunk(0x00, Buffer.concat([Buffer.alloc(4), compressSync(Buffer.alloc(65_537))]))
  const cases: readonly (readonly [string, Buffer])[] = [
    ['no identifier', good],
    ['another identifier', chunk(0xff, Buffer.from('sNaPpX'))],
    ['an identifier of another size', chunk(0xff, Buffer.from('sNaPpYY'))],
    ['a wrong checksum', Buffer.concat([IDENTIFIER, wrongChecksum])],
    ['a chunk without checksum', Buffer.concat([IDENTIFIER, chunk(0x01, Buffer.alloc(3))])],
    ['an unknown type', Buffer.concat([IDENTIFIER, chunk(0x02, Buffer.alloc(8))])],
    ['a plain chunk that is too large', Buffer.concat([IDENTIFIER, chunk(0x01, Buffer.alloc(65_541))])],
    ['a block that expands to too much', Buffer.concat([IDENTIFIER, bomb])],
    ['a block without size', Buffer.concat([IDENTIFIER, chunk(0x00, Buffer.alloc(4))])],
    ['a damaged block', Buffer.concat([IDENTIFIER, chunk(0x00, Buffer.from('0000000014ffffff', 'hex'))])],
  ]
  test.each(cases)('%s is refused', (_, stream) => {
    expect(() => decode(stream)).toThrow(SnappyError)
  })

  test('random bytes give bytes or a SnappyError, and nothing after it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), (bytes, identified) => {
        const decoder = new SnappyDecoder(codec, () => undefined)
        try {
          decoder.push(Buffer.concat(identified ? [IDENTIFIER, bytes] : [bytes]))
        } catch (error) {
          expect(error).toBeInstanceOf(SnappyError)
          expect(() => decoder.push(Buffer.from(bytes))).not.toThrow()
        }
      }),
    )
  })

  test('close from within the callback ends it', () => {
    let count = 0
    const decoder: SnappyDecoder = new SnappyDecoder(codec, () => {
      count++
      decoder.close()
    })
    decoder.push(Buffer.concat([IDENTIFIER, good, good]))
    decoder.push(good)
    expect(count).toBe(1)
  })
})
