// Frames, as nsqd sends them (NSQ spec, "Data Format"):
//
//   [ size: int32 ][ frame type: int32 ][ data: size - 4 bytes ]            all integers big-endian
//
// nsqlookupd answers without a frame type:   [ size: int32 ][ data: size bytes ]
import { Buffer } from 'node:buffer'
import type { ErrorCode } from './errors.ts'

/** Of the extensions are `headedMessage` (message-headers.ts) and `depth` (depth-hint.ts): only who asked gets them. */
export const FrameType = { response: 0, error: 1, message: 2, headedMessage: 3, depth: 4 } as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** Bytes of the size field of a frame, of a body and of each message in MPUB. */
export const SIZE_FIELD_SIZE = 4
export const FRAME_TYPE_SIZE = 4
/** What precedes the data of a frame. */
export const FRAME_HEADER_SIZE = SIZE_FIELD_SIZE + FRAME_TYPE_SIZE

/** One whole frame in bytes of its own. */
export function encodeFrame(type: FrameType, data: Buffer | string): Buffer {
  const dataSize = typeof data === 'string' ? Buffer.byteLength(data) : data.length
  const frame = Buffer.allocUnsafe(FRAME_HEADER_SIZE + dataSize)
  writeFrameHeader(frame, 0, type, dataSize)
  if (typeof data === 'string') frame.write(data, FRAME_HEADER_SIZE)
  else data.copy(frame, FRAME_HEADER_SIZE)
  return frame
}

/**
 * Writes the header of a frame whose data follows it.
 * @returns the offset at which the data starts
 */
export function writeFrameHeader(target: Buffer, offset: number, type: FrameType, dataSize: number): number {
  target.writeInt32BE(FRAME_TYPE_SIZE + dataSize, offset)
  target.writeInt32BE(type, offset + SIZE_FIELD_SIZE)
  return offset + FRAME_HEADER_SIZE
}

/**
 * `CODE detail` as an error frame.
 * @param detail empty for E_BAD_PROTOCOL, which nsqd sends without one
 */
export function encodeErrorFrame(code: ErrorCode, detail: string | Buffer): Buffer {
  if (detail.length === 0) return encodeFrame(FrameType.error, code)
  if (typeof detail === 'string') return encodeFrame(FrameType.error, `${code} ${detail}`)
  return encodeFrame(FrameType.error, Buffer.concat([Buffer.from(`${code} `), detail]))
}

/** An answer of nsqlookupd: size and data, no frame type. */
export function encodeLookupAnswer(data: Buffer | string): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const answer = Buffer.allocUnsafe(SIZE_FIELD_SIZE + bytes.length)
  answer.writeInt32BE(bytes.length)
  bytes.copy(answer, SIZE_FIELD_SIZE)
  return answer
}

// Shared by all connections: never write into these. (PURE lets a bundler leave out what its program does not use.)
export const OK_FRAME: Buffer = /* @__PURE__ */ encodeResponse('OK')
export const HEARTBEAT_FRAME: Buffer = /* @__PURE__ */ encodeResponse('_heartbeat_')
export const CLOSE_WAIT_FRAME: Buffer = /* @__PURE__ */ encodeResponse('CLOSE_WAIT')

function encodeResponse(text: string): Buffer {
  return encodeFrame(FrameType.response, text)
}
