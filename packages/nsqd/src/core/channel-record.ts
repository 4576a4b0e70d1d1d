import type { RecordWriter } from '../log/journal-records.ts'
import type { RecoveredState } from '../log/recovered-messages.ts'
import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import type { Clock } from './clock.ts'
import { remainingMs } from './schedule.ts'

/**
 * Describes a channel in the snapshot of a journal.
 * @param readTo up to where the topic has given away its messages; some of the last may have been emptied away
 */
export function describeChannel(
  messages: ChannelMessages,
  name: string,
  clock: Clock,
  writer: RecordWriter,
  readTo: number,
  scheduledReadTo: number,
): void {
  const { deferred, inFlight, ranges, redeliveries } = messages
  const { channel } = messages.journal!
  writer.channel(channel, name, readTo, scheduledReadTo, messages.ownToldTo)
  ranges.forEach((from, to) => writer.unread(channel, from, to))
  if (messages.replayTo > ranges.from) writer.rewound(channel, messages.replayTo)
  const delivered = (segment: Segment, index: number, attempts: number): void =>
    writer.attempts(channel, segment.log.kind, segment.base + index, attempts)
  inFlight.forEach((slot) => delivered(inFlight.segment(slot), inFlight.index(slot), inFlight.attempts(slot)))
  redeliveries.forEach(delivered)
  const wallOffsetMs = clock.wallUs() / 1000 - clock.now()
  deferred.forEach((segment, index, attempts, dueMs) =>
    writer.deferred(channel, segment.log.kind, segment.base + index, attempts, dueMs + wallOffsetMs),
  )
  for (const { attempts, index, segment } of messages.takenOut.values()) delivered(segment, index, attempts)
  messages.retries?.describe(writer, channel)
}

/** Takes back a message that an earlier run had delivered or deferred; the caller holds it for us. */
export function restoreMessage(
  messages: ChannelMessages,
  clock: Clock,
  segment: Segment,
  index: number,
  { attempts, dueWallMs }: RecoveredState,
): void {
  if (Number.isNaN(dueWallMs)) {
    messages.redeliveries.push(segment, index, attempts, 0)
    return
  }
  const dueMs = dueWallMs - clock.wallUs() / 1000 + clock.now()
  messages.deferred.push(segment, index, attempts, dueMs)
  messages.expectAt(dueMs)
}

/** Takes a scheduled message of which it is not known what became of it; the caller holds it for us. @param due schedule.ts */
export function restoreScheduled(
  messages: ChannelMessages,
  clock: Clock,
  segment: Segment,
  index: number,
  due: number,
): void {
  const dueMs = clock.now() + remainingMs(due, clock.wallUs() / 1000)
  messages.deferred.push(segment, index, 0, dueMs)
  messages.expectAt(dueMs)
}
