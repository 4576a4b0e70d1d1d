// The extensions of the protocol (docs/protocol-extensions.md): their bytes, both ways.
import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { CommandReader, encodeDepthHint, encodeFrame, encodeMessage, FrameDecoder, FrameType } from '@nsq-ts/protocol'
import { readDepthHint } from '@nsq-ts/protocol'
import {
  bodyOffset,
  checkHeaders,
  decodeHeadedMessage,
  encodeHeadedMessage,
  parseBlock,
  parsePublishTime,
  readHeaders,
  splitPiece,
} from '@nsq-ts/protocol/headed'
import { encodeHeaders, headersFault, hmpub, hpub, writePiece } from '@nsq-ts/protocol/headers'
import { byteByByte, cutAt } from './plain.ts'

const BLOCK = Buffer.from('{"a":"1"}')
const BODY = Buffer.from('hi')
// The message of the NSQ spec, "1", with a header.
const WIRE = '0000002c 00000003 18e9eba396b4c6e9 0001 31386132386234646336653639303030 00000009 7b2261223a2231227d 31'
const HEX = WIRE.replaceAll(' ', '')
const PLAIN = { id: '18a28b4dc6e69000', timestampNs: 0x18e9eba396b4c6e9n, attempts: 1, body: Buffer.from('1') }

const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/).filter((each) => !each.startsWith('nsq-'))
const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((each) => headersFault({ a: each }) === undefined)
const headers = fc.dictionary(name, value, { maxKeys: 10, noNullPrototype: true })
const body = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes))
const messages = fc.array(fc.record({ headers, body }), { minLength: 1, maxLength: 10 })

describe('HPUB and HMPUB', () => {
  test.each<[string, Buffer, string]>([
    ['headers', hpub('t', { block: BLOCK, body: BODY }), 'HPUB t\n\0\0\0\x0f\0\0\0\x09{"a":"1"}hi'],
    ['no headers', hpub('t', { block: Buffer.alloc(0), body: BODY }), 'HPUB t\n\0\0\0\x06\0\0\0\0hi'],
    ['a delay', hpub('t', { block: BLOCK, body: BODY }, { delayMs: 90 }), 'HPUB t 90\n\0\0\0\x0f\0\0\0\x09{"a":"1"}hi'],
    [
      'several at a time',
      hmpub(
        't',
        [
          { block: BLOCK, body: BODY },
          { block: Buffer.alloc(0), body: BODY },
        ],
        { dueWallMs: 1_800_000_000_000 },
      ),
      'HMPUB t @1800000000000\n\0\0\0\x21\0\0\0\x02\0\0\0\x0f\0\0\0\x09{"a":"1"}hi\0\0\0\x06\0\0\0\0hi',
    ],
  ])('with %s', (_name, bytes, text) => {
    expect(bytes.toString('latin1')).toBe(text)
  })

  test('what is written is read again, however it is cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (all, cuts) => {
        const pieces = all.map(({ headers, body }) => ({ block: encodeHeaders(headers), body }))
        const commands = Buffer.concat([...pieces.map((each) => hpub('t', each)), hmpub('t', pieces)])
        for (const chunks of [cutAt(commands, cuts), byteByByte(commands)]) {
          expect(readCommands(chunks)).toEqual([...all, ...all])
        }
      }),
    )
  })

  test.each<[string, unknown]>([
    ['0', { delayMs: 0 }],
    ['86400000', { delayMs: 86_400_000 }],
    ['@0', { dueWallMs: 0 }],
    ['@1800000000000', { dueWallMs: 1_800_000_000_000 }],
    ['', undefined],
    ['@', undefined],
    ['-1', undefined],
    ['@-1', undefined],
    ['1.5', undefined],
    ['5s', undefined],
    ['@@5', undefined],
    ['99999999999999999999', undefined],
  ])('the time %j is %j', (text, time) => {
    const line = Buffer.from(`HPUB t ${text}`)
    expect(parsePublishTime(line, 7, line.length)).toEqual(time)
  })
})

describe('headers', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(headers, (each) => {
        const block = encodeHeaders(each)
        expect(readHeaders(block, 0, block.length)).toEqual(each)
        expect(parseBlock(block)).toEqual(each)
      }),
    )
  })

  test.each([
    ['upper case', { A: '' }],
    ['an empty name', { '': '' }],
    ['a space', { 'a b': '' }],
    ['a name that begins with a dot', { '.a': '' }],
    ['a name of 65 characters', { ['a'.repeat(65)]: '' }],
    ['the prefix that is kept for nsqd', { 'nsq-reason': '' }],
    ['a number', { a: 1 }],
    ['null', { a: null }],
    ['an object', { a: {} }],
    ['a line feed', { a: 'x\ny' }],
    ['a NUL', { a: '\0' }],
    ['half a surrogate pair', { a: '\ud800' }],
    ['65 of them', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`h${i}`, '']))],
  ])('%s is refused', (_what, each) => {
    expect(headersFault(each)).toEqual(expect.any(String))
    const block = Buffer.from(JSON.stringify(each))
    expect(() => readHeaders(block, 0, block.length)).toThrow(expect.objectContaining({ code: 'E_BAD_HEADERS' }))
  })

  test.each([
    ['64 of them', Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`h${i}`, '']))],
    ['a name of 64 characters', { ['a'.repeat(64)]: '' }],
    ['a tab, quotes, and other alphabets', { 'x-b3.trace_id-1': 'a\t"b" \u00fc \u{1f600}' }],
    ['names of Object itself', { constructor: 'x', valueof: 'y' }],
  ])('%s is taken', (_what, each) => {
    const block = encodeHeaders(each)
    expect(readHeaders(block, 0, block.length)).toEqual(each)
  })

  test.each(['[]', '"a"', 'null', '1', '{', '{"a":"1"', '\xff\xfe', '{"a":"\xc3"}'])(
    'a block of %j is refused',
    (text) => {
      const block = Buffer.from(text, 'latin1')
      expect(() => readHeaders(block, 0, block.length)).toThrow(expect.objectContaining({ code: 'E_BAD_HEADERS' }))
    },
  )

  test('checking them finds what reading them finds, however they are written', () => {
    const ordinary = fc
      .dictionary(name, value, { maxKeys: 70, noNullPrototype: true })
      .map((each) => JSON.stringify(each))
    const spaced = headers.map((each) => JSON.stringify(each, null, 1))
    const wrong = fc
      .dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.string({ maxLength: 3 }), fc.integer()), { maxKeys: 3 })
      .map((each) => JSON.stringify(each))
    const twice = fc.tuple(name, value).map(([n, v]) => `{"${n}":"","${n}":${JSON.stringify(v)}}`)
    const cut = fc.tuple(ordinary, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)))
    const pieces = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '"',
          ',',
          ':',
          'a',
          '"a"',
          '"b":""',
          'nsq-',
          '-',
          '\\',
          '\t',
          '\u007f',
          '\u00fc',
          'A',
        ),
      )
      .map((parts) => parts.join(''))
    const raw = fc.uint8Array({ maxLength: 6 }).map((bytes) => `{"a":"${Buffer.from(bytes).toString('latin1')}"}`)
    const bytes = fc.oneof(
      fc.oneof(ordinary, spaced, wrong, twice, cut, pieces).map((text) => Buffer.from(text)),
      raw.map((text) => Buffer.from(text, 'latin1')),
    )
    fc.assert(
      fc.property(bytes, (block) => {
        const found = outcome(() => Object.keys(readHeaders(block, 0, block.length)).length > 0)
        const padded = Buffer.concat([Buffer.from('{"'), block, Buffer.from('"}')])
        expect(outcome(() => checkHeaders(padded, 2, 2 + block.length))).toEqual(found)
      }),
      { numRuns: 3000 },
    )
  })

  test('of fuzzed bytes a piece is headers and a body, or E_BAD_HEADERS', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.integer({ min: -2, max: 30 }), fc.string({ maxLength: 30 })).map(([size, text]) => {
        return Buffer.concat([int32(size), Buffer.from(text)])
      }),
    )
    fc.assert(
      fc.property(junk, (bytes) => {
        const piece = Buffer.from(bytes)
        try {
          const at = bodyOffset(piece, 0, piece.length, 20)
          expect(at).toBeGreaterThanOrEqual(4)
          expect(at).toBeLessThanOrEqual(Math.min(24, piece.length))
          readHeaders(piece, 4, at)
        } catch (error) {
          expect(error).toMatchObject({ name: 'ProtocolError', code: 'E_BAD_HEADERS' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('the largest block is taken, a byte more is not', () => {
    const piece = Buffer.alloc(4 + BLOCK.length + BODY.length)
    writePiece(piece, 0, BLOCK, BODY)
    expect(bodyOffset(piece, 0, piece.length, BLOCK.length)).toBe(13)
    expect(() => bodyOffset(piece, 0, piece.length, BLOCK.length - 1)).toThrow('headers too big 9 > 8')
  })
})

describe('a message with headers', () => {
  test('has these bytes, both ways', () => {
    const data = encodeHeadedMessage(encodeMessage(PLAIN), BLOCK, PLAIN.body)
    expect(encodeFrame(FrameType.headedMessage, data).toString('hex')).toBe(HEX)
    expect(decodeHeadedMessage(Buffer.from(HEX, 'hex').subarray(8))).toEqual({ ...PLAIN, headers: { a: '1' } })
  })

  test('is the same however the bytes are cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (all, cuts) => {
        const header = encodeMessage({ ...PLAIN, body: Buffer.alloc(0) })
        const frames = all.map(({ headers, body }) => {
          return encodeFrame(FrameType.headedMessage, encodeHeadedMessage(header, encodeHeaders(headers), body))
        })
        const decoder = new FrameDecoder()
        const seen: unknown[] = []
        const onFrame = (type: number, data: Buffer): void => {
          const { body, headers } = decodeHeadedMessage(Buffer.from(data))
          seen.push({ type, headers, body })
        }
        for (const chunk of cutAt(Buffer.concat(frames), cuts)) decoder.push(chunk, { onFrame })
        expect(seen).toEqual(all.map((each) => ({ type: 3, ...each })))
      }),
    )
  })

  test('of fuzzed data it is a message or a FrameError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeHeadedMessage(Buffer.from(bytes))
          splitPiece(Buffer.from(bytes), 26)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_NSQ_FRAME' })
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a depth hint', () => {
  test('has these bytes, both ways', () => {
    expect(encodeDepthHint(1_000_000).toString('hex')).toBe('0000000c0000000400000000000f4240')
    expect(readDepthHint(encodeDepthHint(Number.MAX_SAFE_INTEGER).subarray(8))).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('what may come behind it is passed over; what is too short, or negative, is none', () => {
    expect(readDepthHint(Buffer.concat([encodeDepthHint(3).subarray(8), Buffer.from('later')]))).toBe(3)
    for (const data of [Buffer.alloc(0), Buffer.alloc(7), Buffer.alloc(8, 0xff)]) {
      expect(() => readDepthHint(data)).toThrow(expect.objectContaining({ code: 'ERR_NSQ_FRAME' }))
    }
  })
})

/** What a server makes of commands that come in chunks: all messages of all of them. */
function readCommands(chunks: readonly Buffer[]): { headers: unknown; body: Buffer }[] {
  const found: { headers: unknown; body: Buffer }[] = []
  let isMany = false
  const take = (bytes: Buffer): void => {
    const at = bodyOffset(bytes, 0, bytes.length, 1_000_000)
    found.push({ headers: readHeaders(bytes, 4, at), body: Buffer.from(bytes.subarray(at)) })
  }
  let wantsSize = false
  const reader = new CommandReader({
    onLine(buf, start, end) {
      isMany = buf.toString('latin1', start, end).startsWith('HMPUB')
      wantsSize = true
      reader.need(4)
    },
    onBytes(buf, start, end) {
      const bytes = Buffer.from(buf.subarray(start, end))
      if (wantsSize) {
        wantsSize = false
        return reader.need(bytes.readInt32BE())
      }
      if (!isMany) return take(bytes)
      for (let at = 4; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
        take(bytes.subarray(at + 4, at + 4 + bytes.readInt32BE(at)))
      }
    },
  })
  for (const chunk of chunks) reader.push(chunk)
  return found
}

function outcome(act: () => boolean): unknown {
  try {
    return act()
  } catch (error) {
    return { code: (error as { code?: string }).code }
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
