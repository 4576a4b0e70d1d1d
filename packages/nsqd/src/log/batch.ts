import { crc32 } from '@node-rs/crc32'

/**
 * What is written to a file of the log at a time: a batch, with a checksum over all of it.
 *
 *   [ magic "NSQB": uint32 ][ crc32: uint32 ][ size: uint32 ][ kind: uint16 ][ reserved: uint16 ][ count: uint32 ][ base: float64 ][ body: size bytes ]
 *   0                       4                8               12              14                  16               20               28
 *
 * The checksum covers everything behind it. `base` is the position of the first of `count` messages. A reader that meets
 * bytes that are no batch looks for the next magic with a checksum that is right: damage costs the batches it lies in.
 */
export const BATCH_HEADER_SIZE = 28
const MAGIC = 0x4e535142
const CRC_OFFSET = 4
const CRC_END = 8
const SIZE_OFFSET = 8
const KIND_OFFSET = 12
const COUNT_OFFSET = 16
const BASE_OFFSET = 20
const MAGIC_BYTES = Buffer.from('NSQB', 'latin1')

export const BatchKind = {
  /** Message frames, one after another. */
  messages: 0,
  /** [ delay in ms: float64 ] * count, then message frames. */
  scheduled: 1,
  /** The segments of a finished file (log-file.ts). */
  index: 2,
  /** Records of a journal (journal-records.ts). */
  journal: 3,
  /** As messages and scheduled, and headers in front: [ size of the headers: uint32 ] [ headers ], headers.ts. */
  messagesWithHeaders: 4,
  scheduledWithHeaders: 5,
} as const
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind]

/** A batch found in bytes: its body is bytes[start, end). */
export interface Batch {
  readonly kind: BatchKind
  readonly count: number
  readonly base: number
  readonly start: number
  readonly end: number
}

/** Where the parts of a batch of messages begin: none has no bytes. */
export interface MessageParts {
  readonly headersStart: number
  readonly headersEnd: number
  /** Times of scheduled messages; -1: there are none. */
  readonly delaysStart: number
  readonly framesStart: number
}

/** Bytes of the time that belongs to each message of a scheduled log. */
export const DELAY_SIZE = 8
const HEADERS_SIZE_SIZE = 4

/** The kind of a batch of messages. */
export function messagesKind(scheduled: boolean, headers: boolean): BatchKind {
  if (headers) return scheduled ? BatchKind.scheduledWithHeaders : BatchKind.messagesWithHeaders
  return scheduled ? BatchKind.scheduled : BatchKind.messages
}

/** What is where in a batch of messages; null: it is of another kind, or not what it says. */
export function messageParts(bytes: Buffer, { count, end, kind, start }: Batch): MessageParts | null {
  const scheduled = kind === BatchKind.scheduled || kind === BatchKind.scheduledWithHeaders
  const headed = kind === BatchKind.messagesWithHeaders || kind === BatchKind.scheduledWithHeaders
  if (!scheduled && !headed && kind !== BatchKind.messages) return null
  if (headed && start + HEADERS_SIZE_SIZE > end) return null
  const headersStart = headed ? start + HEADERS_SIZE_SIZE : start
  const headersEnd = headed ? headersStart + bytes.readUInt32BE(start) : start
  const framesStart = headersEnd + (scheduled ? count * DELAY_SIZE : 0)
  if (framesStart > end) return null
  return { headersStart, headersEnd, delaysStart: scheduled ? headersEnd : -1, framesStart }
}

/** Writes the header of a batch whose body lies behind it, in bytes[offset + BATCH_HEADER_SIZE, end). */
export function sealBatch(
  bytes: Buffer,
  offset: number,
  end: number,
  kind: BatchKind,
  count: number,
  base: number,
): void {
  bytes.writeUInt32BE(MAGIC, offset)
  bytes.writeUInt32BE(end - offset - BATCH_HEADER_SIZE, offset + SIZE_OFFSET)
  bytes.writeUInt32BE(kind << 16, offset + KIND_OFFSET)
  bytes.writeUInt32BE(count, offset + COUNT_OFFSET)
  bytes.writeDoubleBE(base, offset + BASE_OFFSET)
  bytes.writeUInt32BE(crc32(bytes.subarray(offset + CRC_END, end)), offset + CRC_OFFSET)
}

/** The batch that begins at `offset`, or null when there is none, or none that is whole and right. */
export function readBatch(bytes: Buffer, offset: number, end: number): Batch | null {
  const start = offset + BATCH_HEADER_SIZE
  if (start > end || bytes.readUInt32BE(offset) !== MAGIC) return null
  const bodyEnd = start + bytes.readUInt32BE(offset + SIZE_OFFSET)
  if (bodyEnd > end) return null
  if (crc32(bytes.subarray(offset + CRC_END, bodyEnd)) !== bytes.readUInt32BE(offset + CRC_OFFSET)) return null
  return {
    kind: (bytes.readUInt32BE(offset + KIND_OFFSET) >>> 16) as BatchKind,
    count: bytes.readUInt32BE(offset + COUNT_OFFSET),
    base: bytes.readDoubleBE(offset + BASE_OFFSET),
    start,
    end: bodyEnd,
  }
}

/** The size that the header at `offset` claims for its batch, header included; 0 when no header is there. */
export function claimedSize(bytes: Buffer, offset: number, end: number): number {
  if (offset + BATCH_HEADER_SIZE > end || bytes.readUInt32BE(offset) !== MAGIC) return 0
  return BATCH_HEADER_SIZE + bytes.readUInt32BE(offset + SIZE_OFFSET)
}

/**
 * All batches in bytes[offset, end), in order. `damaged` is told of each stretch between them that is no batch.
 */
export function* batches(
  bytes: Buffer,
  offset: number,
  end: number,
  damaged: (from: number, to: number) => void,
): IterableIterator<Batch> {
  let at = offset
  while (at < end) {
    const batch = readBatch(bytes, at, end)
    if (batch !== null) {
      yield batch
      at = batch.end
      continue
    }
    const next = nextBatch(bytes, at + 1, end)
    damaged(at, next)
    at = next
  }
}

function nextBatch(bytes: Buffer, from: number, end: number): number {
  for (let at = bytes.indexOf(MAGIC_BYTES, from); at >= 0 && at < end; at = bytes.indexOf(MAGIC_BYTES, at + 1)) {
    if (readBatch(bytes, at, end) !== null) return at
  }
  return end
}
