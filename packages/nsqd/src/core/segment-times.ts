import { TIMESTAMP_OFFSET } from '../log/message-header.ts'
import type { Segment } from '../log/segment.ts'
import { whileResident } from './peek.ts'

/** When the first and the last message of a segment were published: Unix milliseconds, fractions included. */
export interface Times {
  readonly firstMs: number
  readonly lastMs: number
}

/** What is known of the times of segments: of those that are on disk only, once they were read. */
export class SegmentTimes {
  readonly #known = new WeakMap<Segment, Times>()

  /** As far as it can be told without reading from disk. */
  peek(segment: Segment): Times | undefined {
    const known = this.#known.get(segment)
    if (known !== undefined || !segment.resident) return known
    const times = timesOf(segment)
    if (times !== undefined && segment.sealed) this.#known.set(segment, times)
    return times
  }

  /** @returns undefined when no message of it can be read */
  async of(segment: Segment): Promise<Times | undefined> {
    return this.peek(segment) ?? (await whileResident(segment, () => this.peek(segment)))
  }
}

function timesOf(segment: Segment): Times | undefined {
  let first = 0
  let last = segment.count - 1
  while (first <= last && segment.isMissing(first)) first++
  while (last >= first && segment.isMissing(last)) last--
  if (first > last) return undefined
  return { firstMs: publishedMs(segment, first), lastMs: publishedMs(segment, last) }
}

/** When a message was published: Unix milliseconds, whole microseconds. It is in memory, and not missing. */
export function publishedMs(segment: Segment, index: number): number {
  const at = segment.offset(index) + TIMESTAMP_OFFSET
  const { bytes } = segment
  return Math.round((bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)) / 1000) / 1000
}
