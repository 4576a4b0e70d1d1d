// In the first bytes of a message: which run sent it, and when.
//
//   [ run: 4 random bytes ][ milliseconds: double ]
import { randomBytes } from 'node:crypto'

const RUN = randomBytes(4)

/** Bytes that a message has at least. */
export const STAMP_SIZE = RUN.length + 8

export function stamp(body: Buffer): void {
  RUN.copy(body)
  body.writeDoubleBE(performance.now(), RUN.length)
}

/** @returns nanoseconds since this process stamped the message; undefined for the messages of others */
export function age(body: Buffer): number | undefined {
  if (body.length < STAMP_SIZE || body.compare(RUN, 0, RUN.length, 0, RUN.length) !== 0) return undefined
  return Math.max(1, Math.round((performance.now() - body.readDoubleBE(RUN.length)) * 1e6))
}
