import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { CommandReader, LINE_SIZE_MAX, LineTooLongError } from '@nsq-ts/protocol'
import { byteByByte, cutAt, readPlainly, wantedAfter, type Piece } from './plain.ts'

/** Reads as readPlainly does, overwriting each chunk after its push: what is kept must have been copied. */
class Recorder {
  readonly pieces: Piece[] = []
  readonly reader: CommandReader
  /** Called after each piece. */
  afterPiece: () => void = () => {}

  constructor(lineSizeMax?: number) {
    this.reader = new CommandReader(this, lineSizeMax)
  }

  onLine(buf: Buffer, start: number, end: number): void {
    const line = buf.toString('latin1', start, end)
    this.pieces.push(`line:${line}`)
    const wanted = wantedAfter(line)
    if (wanted > 0) this.reader.need(wanted)
    this.afterPiece()
  }

  onBytes(buf: Buffer, start: number, end: number): void {
    this.pieces.push(`bytes:${buf.toString('latin1', start, end)}`)
    this.afterPiece()
  }

  pushAll(chunks: Buffer[]): Piece[] {
    for (const chunk of chunks) {
      try {
        this.reader.push(chunk)
      } catch (error) {
        if (!(error instanceof LineTooLongError)) throw error
        return [...this.pieces, 'too long']
      }
      chunk.fill(0x21)
    }
    return this.pieces
  }
}

const word = fc.stringMatching(/^[ -~]{0,12}\r{0,2}$/)
const piece = fc.oneof(
  word.map((text) => Buffer.from(`${text}\n`)),
  fc
    .uint8Array({ minLength: 1, maxLength: 600 })
    .map((body) => Buffer.concat([Buffer.from(`NEED ${body.length}\n`), body])),
)
const stream = fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.concat(pieces))
const garbage = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))

describe('command reader', () => {
  test('the pieces are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.oneof(stream, garbage),
        fc.array(fc.nat()),
        fc.integer({ min: 8, max: 40 }),
        (bytes, cuts, lineSizeMax) => {
          const expected = readPlainly(bytes, lineSizeMax)
          expect(new Recorder(lineSizeMax).pushAll(cutAt(bytes, cuts))).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('byte by byte gives the same pieces', () => {
    fc.assert(
      fc.property(fc.oneof(stream, garbage), (bytes) => {
        expect(new Recorder(64).pushAll(byteByByte(bytes))).toEqual(readPlainly(bytes, 64))
      }),
    )
  })

  test('pausing after any pieces and resuming later changes nothing', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), fc.array(fc.boolean(), { minLength: 1 }), (bytes, cuts, pauses) => {
        const recorder = new Recorder()
        recorder.afterPiece = () => {
          if (pauses[recorder.pieces.length % pauses.length]) recorder.reader.pause()
        }
        cutAt(bytes, cuts).forEach((chunk, index) => {
          recorder.reader.push(chunk)
          chunk.fill(0x21)
          if (index % 2 === 0) recorder.reader.resume()
        })
        for (let turn = 0; turn <= bytes.length; turn++) recorder.reader.resume()
        expect(recorder.pieces).toEqual(readPlainly(bytes, LINE_SIZE_MAX))
      }),
    )
  })

  test('the rest can be taken at any piece, and is exactly what was not handed out', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), fc.nat({ max: 12 }), (bytes, cuts, stopAfter) => {
        const recorder = new Recorder()
        const rest: Buffer[] = []
        recorder.afterPiece = () => {
          if (recorder.pieces.length !== stopAfter) return
          recorder.reader.pause()
          rest.push(recorder.reader.takeRest())
        }
        recorder.pushAll(cutAt(bytes, cuts))
        rest.push(recorder.reader.takeRest())
        expect(recorder.reader.buffered).toBe(0)
        const handedOut = recorder.pieces
        fc.pre(wantedAfter(handedOut.at(-1)?.slice('line:'.length) ?? '') === 0) // the rest starts at a line
        const restAlone = readPlainly(Buffer.concat(rest), LINE_SIZE_MAX)
        expect([...handedOut, ...restAlone]).toEqual(readPlainly(bytes, LINE_SIZE_MAX))
      }),
    )
  })

  test.each([
    ['exactly at the limit', LINE_SIZE_MAX, false],
    ['one byte beyond', LINE_SIZE_MAX + 1, true],
  ])('a line %s, LF included', (_name, size, tooLong) => {
    const bytes = Buffer.from(`${'x'.repeat(size - 1)}\nNOP\n`)
    for (const chunks of [[Buffer.from(bytes)], byteByByte(bytes), cutAt(bytes, [100, 16000])]) {
      const pieces = new Recorder().pushAll(chunks)
      expect(pieces.at(-1)).toBe(tooLong ? 'too long' : 'line:NOP')
    }
  })

  test('a line without an end is refused as soon as it cannot end in time', () => {
    expect(() => new Recorder(16).reader.push(Buffer.alloc(15, 97))).not.toThrow()
    expect(() => new Recorder(16).reader.push(Buffer.alloc(16, 97))).toThrow(LineTooLongError)
  })

  test('announcing a gigabyte costs no memory until it arrives', () => {
    const reader = new CommandReader({ onLine() {}, onBytes() {} })
    reader.need(2 ** 30)
    const before = process.memoryUsage().arrayBuffers
    reader.push(Buffer.alloc(1000))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000)
    expect(reader.buffered).toBe(1000)
  })

  test('dribbling a megabyte takes time in proportion', () => {
    const sizes: number[] = []
    const reader = new CommandReader({ onLine() {}, onBytes: (_buf, start, end) => void sizes.push(end - start) })
    reader.need(1_000_000)
    const byte = Buffer.from('x')
    const startedAt = performance.now()
    for (let index = 0; index < 1_000_000; index++) reader.push(byte)
    expect(sizes).toEqual([1_000_000])
    // 150 ns a byte when proportional; a copy of everything per byte would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  test('a handler that throws leaves the reader paused behind what it threw at', () => {
    const lines: string[] = []
    const reader = new CommandReader({
      onLine(buf, start, end) {
        lines.push(buf.toString('latin1', start, end))
        if (lines.length === 1) throw new Error('first')
      },
      onBytes() {},
    })
    expect(() => reader.push(Buffer.from('a\nb\nc'))).toThrow('first')
    expect(reader.buffered).toBe(3)
    reader.push(Buffer.from('\n'))
    expect(lines).toEqual(['a'])
    reader.resume()
    expect(lines).toEqual(['a', 'b', 'c'])
  })

  test('misuse is refused', () => {
    const reader: CommandReader = new CommandReader({ onLine: () => reader.push(Buffer.from('x')), onBytes() {} })
    expect(() => reader.need(0)).toThrow(RangeError)
    expect(() => reader.need(NaN)).toThrow(RangeError)
    expect(() => reader.push(Buffer.from('a\n'))).toThrow(/within a callback/)
  })
})
