// The two forms of an /mpub body. Both are looked through in place: what comes out says where in the body the messages lie.
import { HttpError } from '@nsq-ts/daemon'
import { SIZE_FIELD_SIZE } from '@nsq-ts/protocol'

const LF = 0x0a
/** The least that a message takes: its size and one byte. */
const MESSAGE_SIZE_MIN = SIZE_FIELD_SIZE + 1

/**
 * Text: a message per line. Empty lines are none, a CR belongs to the message, the last line needs no LF.
 * @returns [start, end) after [start, end)
 * @throws {HttpError} 413 MSG_TOO_BIG
 */
export function boundsOfLines(body: Buffer, maxMsgSize: number): number[] {
  const bounds: number[] = []
  for (let start = 0; start < body.length;) {
    const found = body.indexOf(LF, start)
    const end = found === -1 ? body.length : found
    if (end - start > maxMsgSize) throw new HttpError(413, 'MSG_TOO_BIG')
    if (end > start) bounds.push(start, end)
    start = end + 1
  }
  return bounds
}

/**
 * Binary: what follows the size field of an MPUB command. Bytes after the last message are of no account.
 *
 *   [ count: int32 ] ( [ size: int32 ][ message: size bytes ] ) * count
 *
 * @returns [start, end) after [start, end)
 * @throws {HttpError} 413 BAD_BODY, BAD_MESSAGE
 */
export function boundsOfFrames(body: Buffer, maxMsgSize: number, maxBodySize: number): number[] {
  if (body.length < SIZE_FIELD_SIZE) throw new HttpError(413, 'BAD_BODY')
  const count = body.readInt32BE(0)
  const countMax = Math.floor((maxBodySize - SIZE_FIELD_SIZE) / MESSAGE_SIZE_MIN)
  if (count < 1 || count > countMax) throw new HttpError(413, 'BAD_BODY')
  const bounds: number[] = []
  let at = SIZE_FIELD_SIZE
  for (let i = 0; i < count; i++) {
    const start = at + SIZE_FIELD_SIZE
    if (start > body.length) throw new HttpError(413, 'BAD_MESSAGE')
    const size = body.readInt32BE(at)
    if (size < 1 || size > maxMsgSize || start + size > body.length) throw new HttpError(413, 'BAD_MESSAGE')
    at = start + size
    bounds.push(start, at)
  }
  return bounds
}
