import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import {
  encodeErrorFrame,
  encodeFrame,
  encodeLookupAnswer,
  FrameDecoder,
  FrameType,
  HEARTBEAT_FRAME,
  LookupAnswerDecoder,
  OK_FRAME,
} from '@nsq-ts/protocol'
import { byteByByte, cutAt } from './plain.ts'

interface Frame {
  type: number
  data: string
}

function decode(chunks: Buffer[], sizeMax?: number): Frame[] {
  const frames: Frame[] = []
  const decoder = new FrameDecoder(sizeMax)
  const handler = { onFrame: (type: number, data: Buffer) => void frames.push({ type, data: data.toString('latin1') }) }
  for (const chunk of chunks) {
    decoder.push(chunk, handler)
    chunk.fill(0x21) // what is kept must have been copied
  }
  return frames
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const frame = fc.record({
  type: fc.constantFrom(FrameType.response, FrameType.error, FrameType.message),
  data: fc.uint8Array({ maxLength: 900 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
})

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map(({ type, data }) => encodeFrame(type as FrameType, Buffer.from(data, 'latin1'))))
}

describe('frames', () => {
  test.each([
    ['OK', OK_FRAME, '00000006000000004f4b'],
    ['a heartbeat', HEARTBEAT_FRAME, '0000000f000000005f6865617274626561745f'],
    ['an error', encodeErrorFrame('E_INVALID', 'x'), '0000000f00000001455f494e56414c49442078'],
    [
      'an error without detail',
      encodeErrorFrame('E_BAD_PROTOCOL', ''),
      `0000001200000001${Buffer.from('E_BAD_PROTOCOL').toString('hex')}`,
    ],
    [
      'an error that repeats bytes',
      encodeErrorFrame('E_INVALID', Buffer.from([0xff])),
      '0000000f00000001455f494e56414c494420ff',
    ],
    ['an empty response', encodeFrame(FrameType.response, ''), '0000000400000000'],
  ])('%s has the bytes of the spec', (_name, bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex)
  })

  test('they are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat()), (frames, cuts) => {
        expect(decode(cutAt(encode(frames), cuts))).toEqual(frames)
      }),
    )
  })

  test('byte by byte too', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), (frames) => {
        expect(decode(byteByByte(encode(frames)))).toEqual(frames)
      }),
    )
  })

  test('fuzzed bytes give frames or a frame error, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, cuts) => {
        expect(codeOf(() => decode(cutAt(Buffer.from(bytes), cuts), 1000))).toMatch(/^(none|ERR_NSQ_FRAME)$/)
      }),
    )
  })

  test.each([
    ['negative', -1],
    ['too small for a frame type', 3],
    ['above the bound', 101],
    ['that spells HTTP', 0x48545450],
  ])('a size %s is refused', (_name, size) => {
    const header = Buffer.alloc(8)
    header.writeInt32BE(size)
    expect(() => decode([Buffer.from(header)], 100)).toThrow(expect.objectContaining({ code: 'ERR_NSQ_FRAME', size }))
    expect(() => decode(byteByByte(header), 100)).toThrow(expect.objectContaining({ code: 'ERR_NSQ_FRAME', size }))
  })

  test('a size at the bound is taken', () => {
    expect(decode([encodeFrame(FrameType.response, 'x'.repeat(96))], 100)).toHaveLength(1)
  })

  test('from within a callback: what is pushed follows, what is taken is not handed out', () => {
    const decoder = new FrameDecoder()
    const seen: string[] = []
    const handler = {
      onFrame(_type: number, data: Buffer) {
        seen.push(data.toString())
        if (seen.length === 1) decoder.push(encodeFrame(FrameType.response, 'c'), handler)
        if (seen.length === 3) seen.push(`rest ${decoder.takeRest().length}`)
      },
    }
    const two = Buffer.concat(['a', 'b'].map((data) => encodeFrame(FrameType.response, data)))
    decoder.push(two, handler)
    expect(seen).toEqual(['a', 'b', 'c', 'rest 0'])
    decoder.push(two.subarray(0, 5), handler)
    expect(decoder.takeRest()).toEqual(two.subarray(0, 5))
  })

  test('a handler that takes the rest gets what the chunk held behind the frame', () => {
    const decoder = new FrameDecoder()
    let rest = ''
    const handler = { onFrame: () => void (rest = decoder.takeRest().toString()) }
    decoder.push(Buffer.concat([OK_FRAME, Buffer.from('other encoding')]), handler)
    expect(rest).toBe('other encoding')
  })
})

describe('answers of nsqlookupd', () => {
  test('they are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 8 }), fc.array(fc.nat()), (texts, cuts) => {
        const answers: string[] = []
        const decoder = new LookupAnswerDecoder()
        const bytes = Buffer.concat(texts.map(encodeLookupAnswer))
        for (const chunk of cutAt(bytes, cuts))
          decoder.push(chunk, { onAnswer: (data) => void answers.push(data.toString()) })
        expect(answers).toEqual(texts.map((text) => Buffer.from(text).toString()))
      }),
    )
  })

  test('a negative size is refused', () => {
    expect(() => new LookupAnswerDecoder().push(Buffer.from([255, 255, 255, 255]), { onAnswer() {} })).toThrow(
      expect.objectContaining({ code: 'ERR_NSQ_FRAME', size: -1 }),
    )
  })
})
