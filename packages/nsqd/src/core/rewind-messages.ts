import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import { Ranges } from './ranges.ts'

/**
 * Has a channel read again what it was given from a position of the topic's log on, as far as that is still there. What is
 * in the channel in any other way than to be read (in flight, deferred, about to come once more) is left out: it comes
 * anyway, and nobody is to have it twice at a time.
 * @param held positions of messages that lie elsewhere now, in the channel's own log
 * @returns how many are to be read that were not before
 */
export function rewindMessages(messages: ChannelMessages, from: number, held: Iterable<number>): number {
  const { journal, log, ranges, readTo } = messages
  if (from >= readTo) return 0
  const again = new Ranges()
  ranges.forEach((start, end) => again.push(Math.min(start, from), Math.min(end, from)))
  let next = 0
  const skipped = heldFrom(messages, from, held)
  for (const { base, tail } of segmentsFrom(log.segments, from)) {
    const end = Math.min(tail, readTo)
    let at = Math.max(base, from)
    for (; next < skipped.length && skipped[next]! < end; next++) {
      if (skipped[next]! < at) continue // told of twice, or in a gap
      again.push(at, skipped[next]!)
      at = skipped[next]! + 1
    }
    if (at < end) again.push(at, end)
  }
  const count = again.count - ranges.count
  holdAll(log.segments, again, 1)
  holdAll(log.segments, ranges, -1)
  ranges.take(again)
  messages.replayTo = Math.max(messages.replayTo, readTo)
  journal?.rewound(ranges, from, readTo)
  return count
}

/** Positions of the topic's log, from `from` on, that are in the channel and not to be read; ascending. */
function heldFrom(messages: ChannelMessages, from: number, held: Iterable<number>): Float64Array {
  const positions: number[] = []
  for (const position of held) if (position >= from) positions.push(position)
  messages.forEachHeld((segment, index) => {
    if (segment.log === messages.log && segment.base + index >= from) positions.push(segment.base + index)
  })
  return Float64Array.from(positions).sort()
}

function segmentsFrom(segments: readonly Segment[], from: number): Segment[] {
  return segments.filter(({ tail }) => tail > from)
}

/** Holds each message of the ranges `by` times more. They lie in the segments, or in none. */
function holdAll(segments: readonly Segment[], ranges: Ranges, by: number): void {
  let first = 0
  ranges.forEach((from, to) => {
    while (first < segments.length && segments[first]!.tail <= from) first++
    for (let at = first; at < segments.length && segments[at]!.base < to; at++) {
      const { base, tail } = segments[at]!
      segments[at]!.pending += by * (Math.min(to, tail) - Math.max(from, base))
    }
  })
}
