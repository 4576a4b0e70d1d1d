import type { Channel } from '../../../src/core/channel.ts'
import { type Log, LogKind } from '../../../src/log/log.ts'
import { HEADER_SIZE } from '../../../src/log/message-header.ts'
import type { Segment } from '../../../src/log/segment.ts'

/** The bodies of a topic's log, by position, of [from, to). @throws of the disk */
export function bodiesFrom(log: Log, from: number, to: number): Map<number, string> {
  const bodies = new Map<number, string>()
  for (const segment of log.segments.slice()) {
    const [start, end] = [Math.max(from, segment.base), Math.min(to, segment.tail)]
    if (start >= end) continue
    log.whileLoaded(segment, () => {
      for (let position = start; position < end; position++) {
        const index = position - segment.base
        if (!segment.isMissing(index)) bodies.set(position, bodyOf(segment, index))
      }
    })
  }
  return bodies
}

/** Where messages that a channel holds in its own log are in the topic's. @throws of the disk */
export function positionsOfHeld(channel: Channel, bodies: ReadonlyMap<number, string>): number[] {
  const positions = new Map(Array.from(bodies, ([position, body]) => [body, position]))
  const held: number[] = []
  channel.forEachHeld((segment, index) => {
    if (segment.log.kind !== LogKind.own) return
    segment.log.whileLoaded(segment, () => {
      const position = segment.isMissing(index) ? undefined : positions.get(bodyOf(segment, index))
      if (position !== undefined) held.push(position)
    })
  })
  return held
}

function bodyOf(segment: Segment, index: number): string {
  return segment.bytes.toString('latin1', segment.offset(index) + HEADER_SIZE, segment.offset(index + 1))
}
