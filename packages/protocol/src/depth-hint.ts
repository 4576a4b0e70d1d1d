// Depth hints: how much waits in the channel on this nsqd, told to consumers that asked in IDENTIFY, so that they spread RDY to
// where messages are (docs/protocol-extensions.md).
//
//   [ depth: int64 ]      the data of a frame of type 4; what may follow in later versions is passed over
import { Buffer } from 'node:buffer'
import { FrameError } from './errors.ts'
import { encodeFrame, FrameType } from './frames.ts'

const DEPTH_SIZE = 8

/** A whole frame. @param depth messages that wait, up to 2^53 - 1 */
export function encodeDepthHint(depth: number): Buffer {
  const data = Buffer.alloc(DEPTH_SIZE)
  data.writeBigInt64BE(BigInt(depth))
  return encodeFrame(FrameType.depth, data)
}

/** @param data of a frame of type 4. @throws {FrameError} when it is none */
export function readDepthHint(data: Buffer): number {
  const depth = data.length < DEPTH_SIZE ? -1 : Number(data.readBigInt64BE())
  if (depth < 0) throw new FrameError(data.length, 'no depth')
  return depth
}
