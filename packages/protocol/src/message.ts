// The data of a message frame (NSQ spec, "Data Format"):
//
//   [ timestamp: int64, ns ][ attempts: uint16 ][ id: 16 bytes ][ body ]
import { Buffer } from 'node:buffer'
import { FrameError } from './errors.ts'
import { MESSAGE_ID_SIZE } from './message-id.ts'

export const MESSAGE_TIMESTAMP_OFFSET = 0
export const MESSAGE_ATTEMPTS_OFFSET = 8
export const MESSAGE_ID_OFFSET = 10
export const MESSAGE_BODY_OFFSET: number = MESSAGE_ID_OFFSET + MESSAGE_ID_SIZE
/** What precedes the body. */
export const MESSAGE_HEADER_SIZE: number = MESSAGE_BODY_OFFSET

/** A message as it travels. */
export interface WireMessage {
  /** 16 characters, latin1: hexadecimal digits from any real nsqd, and otherwise the bytes as they came. */
  id: string
  /** When it was published, ns since the Unix epoch. */
  timestampNs: bigint
  /** Deliveries so far, this one included: 1 at the first. 0..65535, wraps. */
  attempts: number
  body: Buffer
}

/**
 * @param data of a message frame
 * @returns its parts; `body` is a view of `data`: valid as long as that is, so copy what stays
 * @throws {FrameError} when `data` is too short to be a message
 */
export function decodeMessage(data: Buffer): WireMessage {
  if (data.length < MESSAGE_HEADER_SIZE)
    throw new FrameError(data.length, `message of ${data.length} bytes has no header`)
  return {
    id: data.toString('latin1', MESSAGE_ID_OFFSET, MESSAGE_BODY_OFFSET),
    timestampNs: data.readBigInt64BE(MESSAGE_TIMESTAMP_OFFSET),
    attempts: data.readUInt16BE(MESSAGE_ATTEMPTS_OFFSET),
    body: data.subarray(MESSAGE_BODY_OFFSET),
  }
}

/** The data of a message frame, in bytes of its own. */
export function encodeMessage(message: WireMessage): Buffer {
  if (message.id.length !== MESSAGE_ID_SIZE) throw new RangeError(`a message id has ${MESSAGE_ID_SIZE} characters`)
  const data = Buffer.allocUnsafe(MESSAGE_HEADER_SIZE + message.body.length)
  data.writeBigInt64BE(message.timestampNs, MESSAGE_TIMESTAMP_OFFSET)
  data.writeUInt16BE(message.attempts, MESSAGE_ATTEMPTS_OFFSET)
  data.write(message.id, MESSAGE_ID_OFFSET, 'latin1')
  message.body.copy(data, MESSAGE_BODY_OFFSET)
  return data
}
