// A segment as it lies on disk: what is not written yet becomes a batch, and the batches become a segment again.
import { BATCH_HEADER_SIZE, batches, DELAY_SIZE, messageParts, messagesKind, sealBatch } from './batch.ts'
import { packHeaders } from './headers.ts'
import type { Segment } from './segment.ts'

const HEADERS_SIZE_SIZE = 4
/** The scratch buffer is given back when it had to grow beyond this. */
const SCRATCH_KEPT = 2 * 1024 * 1024
const SCRATCH_SIZE = 128 * 1024

/** Lays out batches in memory of its own, which is good until the next one. */
export class BatchLayout {
  bytes = Buffer.alloc(0)

  /** Lays out what of a segment is not written yet, as one batch, in `bytes`. @returns its size */
  layOut(segment: Segment): number {
    const count = segment.count - segment.writtenCount
    const { delays } = segment
    const headers = segment.headers && packHeaders(segment.headers, segment.writtenCount, segment.count)
    const headersSize = headers ? HEADERS_SIZE_SIZE + headers.length : 0
    const delaysSize = delays === null ? 0 : count * DELAY_SIZE
    const size = BATCH_HEADER_SIZE + headersSize + delaysSize + segment.end - segment.writtenEnd
    const bytes = this.#room(size)
    let at = BATCH_HEADER_SIZE
    if (headers) {
      at = bytes.writeUInt32BE(headers.length, at)
      at += headers.copy(bytes, at)
    }
    if (delays !== null) {
      for (let i = segment.writtenCount; i < segment.count; i++) at = bytes.writeDoubleBE(delays[i]!, at)
    }
    segment.bytes.copy(bytes, at, segment.writtenEnd, segment.end)
    const kind = messagesKind(delays !== null, Boolean(headers))
    sealBatch(bytes, 0, size, kind, count, segment.base + segment.writtenCount)
    return size
  }

  /** The batch was written: memory that is rarely wanted is given back. */
  done(): void {
    if (this.bytes.length > SCRATCH_KEPT) this.bytes = Buffer.alloc(0)
  }

  #room(size: number): Buffer {
    if (this.bytes.length < size) this.bytes = Buffer.allocUnsafeSlow(Math.max(size, SCRATCH_SIZE))
    return this.bytes
  }
}

/**
 * Makes a segment of the batches in bytes[0, end), which become its memory. Messages that are missing leave an empty place.
 * @param damaged told of stretches that are no batch
 */
export function takeOver(
  segment: Segment,
  bytes: Buffer,
  end: number,
  damaged: (from: number, to: number) => void,
): void {
  segment.beginRestore(bytes)
  for (const batch of batches(bytes, 0, end, damaged)) {
    const parts = messageParts(bytes, batch)
    if (parts === null) continue
    if (parts.delaysStart >= 0) segment.restoreDelays(bytes, parts.delaysStart, batch.base, batch.count)
    segment.restoreHeaders(bytes, parts.headersStart, parts.headersEnd, batch.base)
    segment.restoreFrames(batch.base, parts.framesStart, batch.end)
  }
  segment.endRestore()
}
