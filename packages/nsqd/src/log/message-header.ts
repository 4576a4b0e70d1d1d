import { FrameType } from '@nsq-ts/protocol'
import { writePiece } from '@nsq-ts/protocol/headers'
import type { Clock } from '../core/clock.ts'

/**
 * A message as it lies in a segment is the frame that goes out on the wire:
 *
 *   [ size: uint32 ][ frame type 2: uint32 ][ timestamp ns: int64 ][ attempts: uint16 ][ id: 16 hex digits ][ body ]
 *   0               4                       8                     16                  18                   34
 *
 * with attempts = 1, so that a first delivery is a mere copy of bytes. `size` counts what comes after it.
 */
export const HEADER_SIZE = 34
export const SIZE_FIELD_SIZE = 4
export const TIMESTAMP_OFFSET = 8
export const ATTEMPTS_OFFSET = 16
export const ID_OFFSET = 18
export const ID_SIZE = 16
const FRAME_TYPE_OFFSET = 4
const FRAME_TYPE_MESSAGE = 2

const HEX = Buffer.from('0123456789abcdef', 'latin1')

// Message id (tcp-protocol.md section 11): 63..22 time unit of 2^20 ns since an epoch, 21..12 node id, 11..0 sequence.
const UNIT_EPOCH = 1288834974288
/** 125 units are this many microseconds; one is no whole number of them. */
const UNITS_125_US = 2 ** 17
const SEQUENCE_MAX = 0xfff
const TWO_32 = 2 ** 32

/**
 * The headers of a topic's messages, one after another: timestamp and ids. `header` is a template that the log copies
 * in front of each body; `idHi` and `idLo` are the two halves of the id that is in it.
 *
 * Ids grow strictly. When a unit's 4096 sequence numbers are used up, or the wall clock steps back, the time in the id
 * runs ahead of the clock instead of making the publisher wait (the original waits in steps of 1 ms); at the 3.9 million
 * messages a second that this takes it stays ahead only for as long as the burst lasts.
 */
export class MessageHeaders {
  readonly header = Buffer.alloc(HEADER_SIZE)
  idHi = 0
  idLo = 0

  readonly #clock: Clock
  readonly #nodeId: number
  #wallUs = 0
  #unit = 0
  #sequence = -1

  constructor(clock: Clock, nodeId: number) {
    this.#clock = clock
    this.#nodeId = nodeId
    this.header.writeUInt32BE(FRAME_TYPE_MESSAGE, FRAME_TYPE_OFFSET)
    this.header.writeUInt16BE(1, ATTEMPTS_OFFSET)
    this.#startUnit(0) // where ids begin when the wall clock was never set, and is before the epoch
  }

  /** Reads the clock; the messages that follow bear this time. Once per publish, not per message of it. */
  stamp(): void {
    const wallUs = this.#clock.wallUs()
    if (wallUs === this.#wallUs) return
    this.#wallUs = wallUs
    this.#writeTimestamp(wallUs)
    const unit = unitsOf(wallUs) - UNIT_EPOCH
    if (unit > this.#unit) this.#startUnit(unit)
  }

  /** Moves on to the next id. */
  next(): void {
    if (this.#sequence === SEQUENCE_MAX) this.#startUnit(this.#unit + 1)
    const sequence = ++this.#sequence
    this.idLo = ((this.idLo & ~SEQUENCE_MAX) | sequence) >>> 0
    const header = this.header
    header[ID_OFFSET + 13] = HEX[sequence >>> 8]!
    header[ID_OFFSET + 14] = HEX[(sequence >>> 4) & 15]!
    header[ID_OFFSET + 15] = HEX[sequence & 15]!
  }

  /** Makes sure that ids go on above this one, which was found in a log. */
  continueAfter(idHi: number, idLo: number): void {
    const unit = idHi * 1024 + (idLo >>> 22)
    if (unit >= this.#unit) this.#startUnit(unit + 1)
  }

  #startUnit(unit: number): void {
    this.#unit = unit
    this.#sequence = -1
    this.idHi = Math.floor(unit / 1024)
    this.idLo = (((unit % 1024) << 22) | (this.#nodeId << 12)) >>> 0
    writeHex32(this.header, ID_OFFSET, this.idHi)
    writeHex32(this.header, ID_OFFSET + 8, this.idLo)
  }

  /** Nanoseconds exceed 2^53: multiplied in two halves of 32 bits. */
  #writeTimestamp(wallUs: number): void {
    const usHi = Math.floor(wallUs / TWO_32)
    const lo = (wallUs - usHi * TWO_32) * 1000
    const carry = Math.floor(lo / TWO_32)
    this.header.writeUInt32BE(usHi * 1000 + carry, TIMESTAMP_OFFSET)
    this.header.writeUInt32BE(lo - carry * TWO_32, TIMESTAMP_OFFSET + 4)
  }
}

/** A message that comes from elsewhere, as it lies in a segment. @param id 16 hexadecimal digits */
export function frameOf(id: string, timestampNs: bigint, body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_SIZE + body.length)
  frame.writeUInt32BE(frame.length - SIZE_FIELD_SIZE, 0)
  frame.writeUInt32BE(FRAME_TYPE_MESSAGE, FRAME_TYPE_OFFSET)
  frame.writeBigInt64BE(timestampNs, TIMESTAMP_OFFSET)
  frame.writeUInt16BE(1, ATTEMPTS_OFFSET)
  frame.write(id, ID_OFFSET, 'latin1')
  body.copy(frame, HEADER_SIZE)
  return frame
}

/**
 * The frame bytes[start, end) as who asked for headers gets it (docs/protocol-extensions.md): of another type, with the headers,
 * behind their size, in front of the body. In bytes of its own.
 */
export function headedFrame(bytes: Buffer, start: number, end: number, attempts: number, headers: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(end - start + SIZE_FIELD_SIZE + headers.length)
  frame.writeUInt32BE(frame.length - SIZE_FIELD_SIZE, 0)
  frame.writeUInt32BE(FrameType.headedMessage, FRAME_TYPE_OFFSET)
  bytes.copy(frame, TIMESTAMP_OFFSET, start + TIMESTAMP_OFFSET, start + HEADER_SIZE)
  frame.writeUInt16BE(attempts, ATTEMPTS_OFFSET)
  writePiece(frame, HEADER_SIZE, headers, bytes.subarray(start + HEADER_SIZE, end))
  return frame
}

/** Divided in two steps: so large a quotient may be rounded up to the next unit. */
function unitsOf(wallUs: number): number {
  const periods = Math.floor(wallUs / UNITS_125_US)
  return periods * 125 + Math.floor(((wallUs - periods * UNITS_125_US) * 125) / UNITS_125_US)
}

function writeHex32(bytes: Buffer, offset: number, value: number): void {
  for (let i = 7; i >= 0; i--) {
    bytes[offset + i] = HEX[value & 15]!
    value >>>= 4
  }
}
