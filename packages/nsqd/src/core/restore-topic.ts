import type { Extent } from '../log/data-file.ts'
import { type Log, LogKind } from '../log/log.ts'
import type { RecoveredChannel, RecoveredTopic } from '../log/recovery.ts'
import type { Channel } from './channel.ts'
import type { Topic } from './topic.ts'

/**
 * Gives a new topic what an earlier run left in its folder: the segments, and what the journal says of each channel. What
 * the journal speaks of and no file holds was done with, and its file removed.
 * @param names of the files in the folder
 * @param recovered null: no journal was whole; everything in the files waits in the topic
 * @throws of the file system
 */
export function restoreTopic(topic: Topic, names: readonly string[], recovered: RecoveredTopic | null): void {
  const store = topic.store!
  const found = store.open(names)
  topic.log.restore(found.messages)
  topic.scheduled.restore(found.scheduled)
  const distributed =
    recovered === null ? 0 : Math.min(recovered.following ? Infinity : recovered.distributed, topic.log.tail)
  const scheduledDistributed = Math.min(recovered?.scheduledDistributed ?? 0, topic.scheduled.tail)
  topic.restore(distributed, scheduledDistributed)
  for (const channel of recovered?.channels.values() ?? []) {
    restoreChannel(topic, channel, distributed, found.own.get(channel.name) ?? [])
  }
  loadDelays(topic.scheduled, scheduledDistributed)
  topic.log.raiseFloor(distributed)
  topic.scheduled.raiseFloor(scheduledDistributed)
  store.condemnUnused()
}

function restoreChannel(topic: Topic, recovered: RecoveredChannel, distributed: number, ownExtents: Extent[]): void {
  recovered.extend(distributed)
  recovered.unread.remove(distributed, Infinity) // positions that are not in the files: what was written there is lost
  recovered.once.remove(topic.log.tail, Infinity)
  const channel = topic.restoreChannel(recovered.name, distributed)
  recovered.unread.forEach((from, to) => restoreRange(topic.log, channel, from, to))
  const ownLog = channel.makeOwnLog()
  ownLog.restore(ownExtents)
  const logs = { [LogKind.topic]: topic.log, [LogKind.scheduled]: topic.scheduled, [LogKind.own]: ownLog }
  for (const message of recovered.messages()) {
    const segment = logs[message.kind].find(message.position)
    if (segment === undefined) continue
    segment.pending++
    channel.restoreMessage(segment, message.position - segment.base, message)
  }
  ownLog.raiseFloor(ownLog.tail)
  if (ownLog.tail > 0) channel.restoreOwnLog(ownLog)
}

/** Of [from, to), what is in the log. */
function restoreRange(log: Log, channel: Channel, from: number, to: number): void {
  for (const segment of log.segments) {
    const start = Math.max(from, segment.base)
    const end = Math.min(to, segment.tail)
    if (start >= end) continue
    segment.pending += end - start
    channel.restoreRange(start, end)
  }
}

/** What was not handed to the channels yet has its delay still before it, and that lies with the messages. */
function loadDelays(log: Log, from: number): void {
  for (const segment of log.segments) if (segment.tail > from) log.loadNow(segment)
}
