// The unfinished end of a stream: bytes that came and make no whole piece yet. Grows by doubling, is allocated on the
// first use and given back when it empties, so that an idle connection holds little or nothing.
//
//   invariant: 0 <= start <= end <= buffer.length; the bytes are buffer[start, end)
import { Buffer } from 'node:buffer'

/** Largest buffer that an empty tail keeps for its next use. */
const IDLE_SIZE_MAX = 16 * 1024
const FIRST_SIZE = 256
const NOTHING = /* @__PURE__ */ Buffer.alloc(0)

export class Tail {
  buffer: Buffer = NOTHING
  start = 0
  end = 0

  get size(): number {
    return this.end - this.start
  }

  /**
   * Copies chunk[from, to) behind what is there.
   * @param sizeExpected bytes the piece will have once it is whole: the buffer never grows past that while it suffices,
   *   but follows what really arrived, so a peer that announces much and sends nothing costs nothing. 0: not known.
   */
  append(chunk: Buffer, from: number, to: number, sizeExpected: number): void {
    const added = to - from
    if (this.end + added > this.buffer.length) this.#makeRoom(this.size + added, sizeExpected)
    chunk.copy(this.buffer, this.end, from, to)
    this.end += added
  }

  /** Forgets the bytes; `buffer` is still readable by whoever holds it, until the next append. */
  clear(): void {
    this.start = 0
    this.end = 0
    if (this.buffer.length > IDLE_SIZE_MAX) this.buffer = NOTHING
  }

  #makeRoom(sizeNeeded: number, sizeExpected: number): void {
    const size = this.size
    let room = this.buffer
    if (sizeNeeded > room.length) {
      let capacity = Math.max(sizeNeeded, 2 * room.length, FIRST_SIZE)
      if (sizeExpected >= sizeNeeded) capacity = Math.min(capacity, sizeExpected)
      room = Buffer.allocUnsafeSlow(capacity) // no slice of the shared pool: it would pin 8 KiB of strangers
    }
    this.buffer.copy(room, 0, this.start, this.end)
    this.buffer = room
    this.start = 0
    this.end = size
  }
}
