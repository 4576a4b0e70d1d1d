// Messages with headers, read: by nsqd, which trusts nobody, and by a consumer, which trusts nsqd. The layout is in message-headers.ts,
// HPUB and HMPUB in headed-commands.ts.
import { Buffer, isUtf8 } from 'node:buffer'
import { parseDecimal } from './command-words.ts'
import { FrameError, ProtocolError } from './errors.ts'
import { SIZE_FIELD_SIZE } from './frames.ts'
import { decodeMessage, MESSAGE_HEADER_SIZE, type WireMessage } from './message.ts'
import type { PublishTime } from './headed-commands.ts'
import {
  HEADER_COUNT_MAX,
  HEADER_NAME_SIZE_MAX,
  headersFault,
  type MessageHeaders,
  RESERVED_HEADER_PREFIX,
  writePiece,
} from './message-headers.ts'

/**
 * Reads the block bytes[start, end) that a stranger wrote. Of a name that comes twice the last counts.
 * @throws {ProtocolError} E_BAD_HEADERS
 */
export function readHeaders(bytes: Buffer, start: number, end: number): MessageHeaders {
  if (start === end) return {}
  const block = bytes.subarray(start, end)
  if (!isUtf8(block)) throw new ProtocolError('E_BAD_HEADERS', 'headers are no UTF-8')
  let parsed: unknown
  try {
    parsed = JSON.parse(block.toString())
  } catch (cause) {
    throw new ProtocolError('E_BAD_HEADERS', 'headers are no JSON', { cause })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ProtocolError('E_BAD_HEADERS', 'headers are no JSON object')
  }
  const fault = headersFault(parsed as Record<string, unknown>)
  if (fault !== undefined) throw new ProtocolError('E_BAD_HEADERS', fault)
  return parsed as MessageHeaders
}

/**
 * Checks the block bytes[start, end) that a stranger wrote, as readHeaders, at a third of the cost where it is written as most are:
 * without spaces and escapes.
 * @returns false for a block without headers
 * @throws {ProtocolError} E_BAD_HEADERS
 */
export function checkHeaders(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return false
  if (isOrdinary(bytes, start, end) && isUtf8(bytes.subarray(start, end))) return true
  for (const _ in readHeaders(bytes, start, end)) return true
  return false
}

/** It is `{"name":"value",...}` and nothing about it is wrong; false: that has to be looked at more closely. */
function isOrdinary(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== BRACE || bytes[end - 1] !== BRACE_END) return false
  let count = 0
  let at = start
  do {
    const nameEnd = quotedEnd(bytes, at + 1, end, true)
    if (nameEnd < 0 || bytes[nameEnd] !== COLON) return false
    const nameSize = nameEnd - at - 3
    if (nameSize < 1 || nameSize > HEADER_NAME_SIZE_MAX || !mayBegin(bytes, at + 2)) return false
    at = quotedEnd(bytes, nameEnd + 1, end, false)
    if (at < 0 || ++count > HEADER_COUNT_MAX) return false
  } while (bytes[at] === COMMA)
  return at === end - 1
}

/** @returns the offset behind the text in quotes that begins at `at`; -1 for none, or one that has to be looked at more closely */
function quotedEnd(bytes: Buffer, at: number, end: number, isName: boolean): number {
  if (bytes[at] !== QUOTE) return -1
  const kinds = isName ? NAME_BYTES : VALUE_BYTES
  let i = at + 1
  while (i < end && kinds[bytes[i]!] === 1) i++
  return i < end && bytes[i] === QUOTE ? i + 1 : -1
}

/** A letter or digit, and not the prefix that is nsqd's. */
function mayBegin(bytes: Buffer, at: number): boolean {
  const first = bytes[at]!
  if (first === DOT || first === DASH || first === UNDERSCORE) return false
  for (let i = 0; i < RESERVED_HEADER_PREFIX.length; i++) {
    if (bytes[at + i] !== RESERVED_HEADER_PREFIX.charCodeAt(i)) return true
  }
  return false
}

/**
 * Where the body of the piece bytes[start, end) begins; its block lies between the size field and that.
 * @param headersSizeMax largest block accepted, in bytes
 * @throws {ProtocolError} E_BAD_HEADERS when the block is not in it, or larger
 */
export function bodyOffset(bytes: Buffer, start: number, end: number, headersSizeMax: number): number {
  const blockStart = start + SIZE_FIELD_SIZE
  const size = blockStart > end ? -1 : bytes.readInt32BE(start)
  if (size < 0 || blockStart + size > end) throw new ProtocolError('E_BAD_HEADERS', `invalid headers size ${size}`)
  if (size > headersSizeMax) throw new ProtocolError('E_BAD_HEADERS', `headers too big ${size} > ${headersSizeMax}`)
  return blockStart + size
}

/** A message as it travels to who asked for headers. */
export interface HeadedMessage extends WireMessage {
  readonly headers: MessageHeaders
}

/**
 * @param data of a frame of type 3
 * @returns its parts; `body` is a view of `data`. Headers are read as they are: nsqd has checked them, and adds names of its own
 * @throws {FrameError} when `data` is no such message
 */
export function decodeHeadedMessage(data: Buffer): HeadedMessage {
  const message = decodeMessage(data)
  const { block, body } = splitPiece(data, MESSAGE_HEADER_SIZE)
  return { ...message, body, headers: parseBlock(block) }
}

/**
 * Cuts the piece data[at, end of data).
 * @returns views of `data`
 * @throws {FrameError} when it is none
 */
export function splitPiece(data: Buffer, at: number): { block: Buffer; body: Buffer } {
  const blockStart = at + SIZE_FIELD_SIZE
  const size = blockStart > data.length ? -1 : data.readInt32BE(at)
  if (size < 0 || blockStart + size > data.length)
    throw new FrameError(data.length, `headers of ${size} bytes do not fit`)
  return { block: data.subarray(blockStart, blockStart + size), body: data.subarray(blockStart + size) }
}

/** The headers of a block that nsqd sent. @throws {FrameError} when it is none */
export function parseBlock(block: Buffer): MessageHeaders {
  if (block.length === 0) return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(block.toString())
  } catch {
    parsed = undefined // answered below, as whatever else is no object
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new FrameError(block.length, 'headers are no JSON object')
  }
  return parsed as MessageHeaders
}

/** The data of a frame of type 3, in bytes of its own. @param header of the message: timestamp, attempts and id */
export function encodeHeadedMessage(header: Buffer, block: Buffer, body: Buffer): Buffer {
  const data = Buffer.allocUnsafe(MESSAGE_HEADER_SIZE + SIZE_FIELD_SIZE + block.length + body.length)
  header.copy(data, 0, 0, MESSAGE_HEADER_SIZE)
  writePiece(data, MESSAGE_HEADER_SIZE, block, body)
  return data
}

/** Reads `when` in buf[start, end). @returns undefined when it is none: not whole, negative, or beyond 2^53 - 1 */
export function parsePublishTime(buf: Buffer, start: number, end: number): PublishTime | undefined {
  const isTime = buf[start] === AT && start < end
  const from = isTime ? start + 1 : start
  const value = from < end ? parseDecimal(buf, from, end) : NaN
  if (typeof value === 'bigint' || Number.isNaN(value)) return undefined
  return isTime ? { dueWallMs: value } : { delayMs: value }
}

const AT = 0x40
const BRACE = 0x7b
const BRACE_END = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const DOT = 0x2e
const DASH = 0x2d
const UNDERSCORE = 0x5f

/** 1 for each byte that a name may have. */
const NAME_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[a-z0-9._-]/.test(String.fromCharCode(byte)) && byte < 0x80),
)
/** 1 for each byte that a value may have as it is; a tab may not: JSON wants it escaped. */
const VALUE_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte !== 0x7f && byte !== QUOTE && byte !== BACKSLASH),
)
