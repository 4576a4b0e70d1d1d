import type { Extent } from './data-file.ts'
import type { Log } from './log.ts'
import { Segment } from './segment.ts'

/** The segments of a log, sorted by position. Between them positions may be missing: they were reclaimed, or lost. */
export class SegmentList {
  readonly all: Segment[] = []

  /** The last one, if there is any. */
  get last(): Segment | undefined {
    return this.all.at(-1)
  }

  get first(): Segment | undefined {
    return this.all[0]
  }

  /** Adds one whose positions come after all there are. */
  push(segment: Segment): void {
    this.all.push(segment)
  }

  remove(segment: Segment): void {
    this.all.splice(this.#indexOf(segment), 1)
  }

  /** Adds one that was found on disk. What was written later is right: where it overlaps what there is, that had been taken back. */
  insertStored(log: Log, extent: Extent): void {
    const { all } = this
    const { base, count } = extent
    let at = this.firstEndingAfter(base)
    if (at < all.length && all[at]!.base < base) all[at++]!.shorten(base)
    let to = at
    for (; to < all.length && all[to]!.base < base + count; to++) all[to]!.extent!.file.live--
    all.splice(at, to - at, Segment.stored(log, extent))
    extent.file.live++
  }

  /** The segment that holds a position, or the last one before it; there is one. */
  holding(position: number): Segment {
    const { all } = this
    let low = 0
    let high = all.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (all[middle]!.base <= position) low = middle
      else high = middle - 1
    }
    return all[low]!
  }

  /** The segment that holds a position, or undefined when there is none. */
  find(position: number): Segment | undefined {
    if (this.all.length === 0) return undefined
    const segment = this.holding(position)
    return position >= segment.base && position < segment.tail ? segment : undefined
  }

  /** The place in the list of the first one that ends after a position; the length of the list when none does. */
  firstEndingAfter(position: number): number {
    let low = 0
    let high = this.all.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.all[middle]!.tail <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  // ---- by count ----

  /** Marks `holders` as needing each message of [from, to). */
  hold(from: number, to: number, holders: number): void {
    for (let i = this.all.length - 1; i >= 0; i--) {
      const segment = this.all[i]!
      if (segment.tail <= from) return
      const count = Math.min(to, segment.tail) - Math.max(from, segment.base)
      if (count > 0) segment.pending += count * holders
    }
  }

  /** Gives back what one holder had in [from, to). */
  release(from: number, to: number): void {
    for (let i = this.all.length - 1; i >= 0; i--) {
      const segment = this.all[i]! // a release may remove this very segment, which does not move those before it
      if (segment.tail <= from) return
      const count = Math.min(to, segment.tail) - Math.max(from, segment.base)
      if (count > 0) segment.release(count)
    }
  }

  /** How many messages there are from `position` on. */
  countFrom(position: number): number {
    return this.all.reduce((count, { base, tail }) => count + Math.max(0, tail - Math.max(base, position)), 0)
  }

  /** How many of the positions [from, to) are on disk and not kept in memory. */
  pagedCount(from: number, to: number): number {
    let count = 0
    for (let i = this.all.length - 1; i >= 0; i--) {
      const segment = this.all[i]!
      if (segment.tail <= from) break
      if (segment.paged) count += Math.max(0, Math.min(to, segment.tail) - Math.max(from, segment.base))
    }
    return count
  }

  #indexOf(segment: Segment): number {
    const { all } = this
    let low = 0
    let high = all.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (all[middle]!.base < segment.base) low = middle + 1
      else high = middle
    }
    return low
  }
}
