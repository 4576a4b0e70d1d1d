// Message headers: what belongs to a message beside its body (docs/protocol-extensions.md). An extension: nothing of this is on
// the wire unless both sides have agreed on it in IDENTIFY.
//
//   block   a JSON object of strings in UTF-8; no bytes where there are no headers
//   piece   [ size of the block: int32 ][ block ][ body ]               a message of HPUB and HMPUB
//   frame   [ timestamp: int64 ][ attempts: uint16 ][ id: 16 bytes ][ piece ]     the data of a frame of type 3
import { Buffer, isUtf8 } from 'node:buffer'
import { FrameError, ProtocolError } from './errors.ts'
import { SIZE_FIELD_SIZE } from './frames.ts'
import { decodeMessage, MESSAGE_HEADER_SIZE, type WireMessage } from './message.ts'

/** Names and values. Names are in lower case: who writes them from elsewhere lowers them. */
export type MessageHeaders = Readonly<Record<string, string>>

/** Most headers of a message. */
export const HEADER_COUNT_MAX = 64
/** Longest name, in characters. */
export const HEADER_NAME_SIZE_MAX = 64
/** Names that begin so are nsqd's own; nobody else may set them. */
export const RESERVED_HEADER_PREFIX = 'nsq-'

const NAME = /^[a-z0-9][a-z0-9._-]*$/
/** Control characters but the tab, and halves of surrogate pairs. */
// eslint-disable-next-line no-control-regex -- they are what a value may not have
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f\p{Cs}]/u

/**
 * What is wrong with headers, as a text; undefined: nothing.
 * A name has 1 to 64 of `a-z 0-9 . _ -`, begins with a letter or digit and not with `nsq-`; a value is text without control
 * characters other than the tab.
 */
export function headersFault(headers: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(headers)
  if (names.length > HEADER_COUNT_MAX) return `${names.length} headers, ${HEADER_COUNT_MAX} are the most`
  for (const name of names) {
    if (name.length > HEADER_NAME_SIZE_MAX || !NAME.test(name)) return `${quote(name)} is no name of a header`
    if (name.startsWith(RESERVED_HEADER_PREFIX)) return `${quote(name)}: names that begin with nsq- are reserved`
    const value = headers[name]
    if (typeof value !== 'string') return `the value of ${quote(name)} is no text`
    if (FORBIDDEN.test(value)) return `the value of ${quote(name)} has characters that it may not have`
  }
  return undefined
}

/** The block of headers that {@link headersFault} finds nothing wrong with; no bytes for none. */
export function encodeHeaders(headers: MessageHeaders): Buffer {
  for (const _ in headers) return Buffer.from(JSON.stringify(headers))
  return NO_BYTES
}

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

/** Writes a piece at `offset`. @returns the offset behind it */
export function writePiece(target: Buffer, offset: number, block: Uint8Array, body: Uint8Array): number {
  offset = target.writeInt32BE(block.length, offset)
  target.set(block, offset)
  target.set(body, offset + block.length)
  return offset + block.length + body.length
}

/** For the peer's eyes, and no longer than it takes to know which one is meant. */
function quote(name: string): string {
  return JSON.stringify(name.slice(0, HEADER_NAME_SIZE_MAX))
}

const NO_BYTES = Buffer.alloc(0)
