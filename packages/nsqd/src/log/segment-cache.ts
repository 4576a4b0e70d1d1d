import type { Segment } from './segment.ts'

/**
 * Segments that are in memory only because they were read or written lately: the first to go when memory is wanted for
 * others. One for all topics.
 */
export class SegmentCache {
  readonly #sizeMax: number
  /** In the order in which they were last put here. */
  readonly #segments = new Set<Segment>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get size(): number {
    return this.#size
  }

  /** Nobody reads the segment now: it stays for as long as there is room. */
  put(segment: Segment): void {
    if (this.#segments.delete(segment)) this.#size -= segment.memorySize
    this.#segments.add(segment)
    this.#size += segment.memorySize
    for (const oldest of this.#segments) {
      if (this.#size <= this.#sizeMax) return
      this.take(oldest)
      oldest.log.unload(oldest)
    }
  }

  /** The segment is read again, or gone. */
  take(segment: Segment): void {
    if (this.#segments.delete(segment)) this.#size -= segment.memorySize
  }
}
