/**
 * What nsqd keeps in a record: a message, laid out as on the wire (spec: section 3), all numbers big endian.
 *
 *   [ timestamp: int64, ns ][ attempts: uint16 ][ id: 16 bytes, ASCII hexadecimal ][ body ]
 */
import { DiskQueueError } from './errors.ts'

const TIMESTAMP_OFFSET = 0
const ATTEMPTS_OFFSET = 8
const ID_OFFSET = 10
const ID_SIZE = 16
/** Bytes before the body: also the size of the smallest record, a message with an empty body. */
export const MESSAGE_HEADER_SIZE = ID_OFFSET + ID_SIZE

export interface MessageRecord {
  /** When it was published, in nanoseconds since 1970. */
  readonly timestampNs: bigint
  /** How often it was handed out, 0..65535. */
  readonly attempts: number
  /** 16 characters. nsqd writes hexadecimal ones; any other byte is kept as its Latin-1 character. */
  readonly id: string
  readonly body: Buffer
}

/** @throws {DiskQueueError} OPTION_INVALID for an id that is not 16 bytes, or a number that has no room in its field. */
export function encodeMessageRecord({ timestampNs, attempts, id, body }: MessageRecord): Buffer {
  requireFields(timestampNs, attempts, id)
  const record = Buffer.allocUnsafe(MESSAGE_HEADER_SIZE + body.length)
  record.writeBigInt64BE(timestampNs, TIMESTAMP_OFFSET)
  record.writeUInt16BE(attempts, ATTEMPTS_OFFSET)
  record.write(id, ID_OFFSET, ID_SIZE, 'latin1')
  record.set(body, MESSAGE_HEADER_SIZE)
  return record
}

/**
 * `body` is a slice of `record`.
 * @throws {DiskQueueError} RECORD_SIZE_INVALID for less than 26 bytes.
 */
export function decodeMessageRecord(record: Buffer): MessageRecord {
  if (record.length < MESSAGE_HEADER_SIZE) {
    throw new DiskQueueError('RECORD_SIZE_INVALID', `${record.length} bytes are no message, which takes 26 or more`)
  }
  return {
    timestampNs: record.readBigInt64BE(TIMESTAMP_OFFSET),
    attempts: record.readUInt16BE(ATTEMPTS_OFFSET),
    id: record.toString('latin1', ID_OFFSET, ID_OFFSET + ID_SIZE),
    body: record.subarray(MESSAGE_HEADER_SIZE),
  }
}

function requireFields(timestampNs: bigint, attempts: number, id: string): void {
  if (BigInt.asIntN(64, timestampNs) !== timestampNs) throw invalid(`timestamp ${timestampNs}`)
  if (!Number.isInteger(attempts) || attempts < 0 || attempts > 0xffff) throw invalid(`attempts ${attempts}`)
  // eslint-disable-next-line no-control-regex
  if (id.length !== ID_SIZE || !/^[\0-\xff]*$/u.test(id)) throw invalid(`id ${JSON.stringify(id)}`)
}

function invalid(what: string): DiskQueueError {
  return new DiskQueueError('OPTION_INVALID', `a message's ${what} has no room in its record`)
}
