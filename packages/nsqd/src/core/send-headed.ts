import type { Segment } from '../log/segment.ts'
import type { Subscriber } from './subscriber.ts'

/** Sends the first deliveries [index, index + count) of a segment, some of which have headers, to who wants these. */
export function sendHeadedRun(subscriber: Subscriber, segment: Segment, index: number, count: number): void {
  const end = index + count
  let from = index
  for (let i = index; i < end; i++) {
    const headers = segment.headers?.get(i)
    if (headers === undefined) continue
    sendRun(subscriber, segment, from, i)
    subscriber.sendHeaded(segment.bytes, segment.offset(i), segment.offset(i + 1), 1, headers)
    from = i + 1
  }
  sendRun(subscriber, segment, from, end)
}

function sendRun(subscriber: Subscriber, segment: Segment, from: number, to: number): void {
  if (from < to) subscriber.send(segment.bytes, segment.offset(from), segment.offset(to), to - from)
}
