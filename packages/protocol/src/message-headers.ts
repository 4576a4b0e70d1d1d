// Message headers: what belongs to a message beside its body (docs/protocol-extensions.md). An extension: nothing of this is on
// the wire unless both sides have agreed on it in IDENTIFY.
//
//   block   a JSON object of strings in UTF-8; no bytes where there are no headers
//   piece   [ size of the block: int32 ][ block ][ body ]               a message of HPUB and HMPUB
//   frame   [ timestamp: int64 ][ attempts: uint16 ][ id: 16 bytes ][ piece ]     the data of a frame of type 3
//
// What reads them is in headed-message.ts. This file and headed-commands.ts (`@nsq-ts/protocol/headers`) need nothing of the others:
// what a client loads only when it needs it must share no file with what it always loads, or a bundler cuts that in two.
import { Buffer } from 'node:buffer'

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
