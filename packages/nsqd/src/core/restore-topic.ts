import { isUnreadable } from '../log/aside.ts'
import type { Extent } from '../log/data-file.ts'
import { type Log, LogKind } from '../log/log.ts'
import type { PositionSet } from '../log/position-set.ts'
import { keyOf } from '../log/recovered-messages.ts'
import type { RecoveredChannel, RecoveredTopic } from '../log/recovery.ts'
import type { Segment } from '../log/segment.ts'
import type { Channel } from './channel.ts'
import type { Topic } from './topic.ts'

/** A message that was in a channel's own log, and of which nothing else is known. */
const DELIVERED_ONCE = { attempts: 1, dueWallMs: Number.NaN }

/**
 * Gives a new topic what an earlier run left in its folder: the segments, and what the journal says of each channel. What
 * the journal speaks of and no file holds was done with, and its file removed. Where the journal is damaged, what it does
 * not speak of comes again: that is more than is needed, and nothing is lost.
 * @param names of the files in the folder
 * @param recovered null: no journal was whole; everything in the files is for all channels
 * @throws of the file system
 */
export function restoreTopic(topic: Topic, names: readonly string[], recovered: RecoveredTopic | null): void {
  const store = topic.store!
  const found = store.open(names)
  topic.log.restore(found.messages)
  topic.scheduled.restore(found.scheduled)
  const channels = [...(recovered?.channels.values() ?? [])]
  if (recovered !== null) continuePositions(recovered, topic.log, topic.scheduled)
  const damaged = recovered?.damaged ?? true
  const [distributed, scheduledDistributed] = placesOf(recovered, topic.log, topic.scheduled)
  topic.retention.begin(recovered?.retainedFrom ?? 0)
  topic.restore(distributed, scheduledDistributed, (channel) => {
    if (damaged) adopt(topic, channel, found.own.get(channel.name) ?? [])
  })
  for (const channel of channels) {
    channel.extend(distributed)
    channel.extendScheduled(scheduledDistributed)
    restoreChannel(topic, channel, found.own.get(channel.name) ?? [], damaged)
  }
  loadDelays(topic.scheduled, scheduledDistributed)
  if (recovered !== null) topic.continueAfter(recovered.lastIdHi, recovered.lastIdLo)
  for (const log of [topic.log, topic.scheduled]) continueIds(topic, log)
  if (damaged) for (const { ownLog } of topic.channels.values()) if (ownLog !== null) continueIdsAfterAll(topic, ownLog)
}

/** Positions that were given are not given again, also where nothing is left of the messages that had them. */
export function continuePositions(recovered: RecoveredTopic, log: Log, scheduled: Log): void {
  const channels = [...recovered.channels.values()]
  log.continueAt(Math.max(recovered.distributed, ...channels.map(({ readTo }) => readTo)))
  scheduled.continueAt(
    Math.max(recovered.scheduledDistributed, ...channels.map(({ scheduledReadTo }) => scheduledReadTo)),
  )
}

/** Up to where the channels were given the messages, and the scheduled ones. */
export function placesOf(recovered: RecoveredTopic | null, log: Log, scheduled: Log): [number, number] {
  if (recovered === null) return [log.head, scheduled.head]
  if (recovered.following) return [log.tail, scheduled.tail]
  const channels = [...recovered.channels.values()]
  const distributed = Math.max(recovered.distributed, ...channels.map((channel) => channel.readTo))
  const scheduledDistributed = Math.max(
    recovered.scheduledDistributed,
    ...channels.map((channel) => channel.scheduledReadTo),
  )
  return [within(log, distributed), within(scheduled, scheduledDistributed)]
}

function within(log: Log, position: number): number {
  return Math.min(Math.max(position, log.head), log.tail)
}

function restoreChannel(topic: Topic, recovered: RecoveredChannel, ownExtents: Extent[], damaged: boolean): void {
  const { distributed, log, scheduled } = topic
  // Positions beyond those in the files: what was written there is lost, and others will have them.
  recovered.unread.remove(distributed, Infinity)
  const channel = topic.restoreChannel(recovered.name, distributed)
  recovered.unread.forEach((from, to) => restoreRange(log, channel, from, to))
  channel.record.restoreReplay(recovered.replayTo)
  restoreScheduled(scheduled, channel, recovered.untoldScheduled)
  const ownLog = channel.makeOwnLog()
  ownLog.restore(ownExtents)
  ownLog.continueAt(recovered.ownReadTo)
  const logs = { [LogKind.topic]: log, [LogKind.scheduled]: scheduled, [LogKind.own]: ownLog }
  recovered.forEach((message) => {
    const segment = logs[message.kind].find(message.position)
    if (segment === undefined) return
    segment.pending++
    const index = message.position - segment.base
    const key = keyOf(message.kind, message.position)
    const failure = recovered.failures.get(key)
    if (failure !== undefined) channel.record.restoreFailure(segment, index, failure)
    const place = recovered.dying.get(key)
    if (place === undefined) channel.record.restoreMessage(segment, index, message)
    else channel.record.restoreDying(segment, index, message.attempts, place)
  })
  if (damaged) {
    recovered.extendOwn(ownLog.tail)
    recovered.untoldOwn.forEach((from, to) => restoreOwn(ownLog, channel, from, to))
  }
  takeOwnLog(channel, ownLog)
}

/** A channel that there was, and that the journal does not speak of: it gets all that it may not have had. */
function adopt(topic: Topic, channel: Channel, ownExtents: Extent[]): void {
  restoreRange(topic.log, channel, 0, topic.distributed)
  forEachPlace(topic.scheduled, 0, topic.distributedScheduled, (segment, index) =>
    restoreDelayed(topic.scheduled, channel, segment, index),
  )
  const ownLog = channel.makeOwnLog()
  ownLog.restore(ownExtents)
  restoreOwn(ownLog, channel, 0, ownLog.tail)
  takeOwnLog(channel, ownLog)
}

function takeOwnLog(channel: Channel, ownLog: Log): void {
  if (ownLog.tail === 0) return
  ownLog.raiseFloor(ownLog.tail)
  channel.record.restoreOwnLog(ownLog)
}

function restoreOwn(ownLog: Log, channel: Channel, from: number, to: number): void {
  forEachPlace(ownLog, from, to, (segment, index) => {
    segment.pending++
    channel.record.restoreMessage(segment, index, DELIVERED_ONCE)
  })
}

function restoreScheduled(scheduled: Log, channel: Channel, positions: PositionSet): void {
  positions.forEach((from, to) =>
    forEachPlace(scheduled, from, to, (segment, index) => restoreDelayed(scheduled, channel, segment, index)),
  )
}

/** A delay begins anew; a due time is what it was. */
function restoreDelayed(scheduled: Log, channel: Channel, segment: Segment, index: number): void {
  if (segment.delays === null) loadDelaysOf(scheduled, segment)
  segment.pending++
  channel.record.restoreScheduled(segment, index, segment.delays?.[index] ?? 0)
}

/** Of [from, to), what is in the log. */
function restoreRange(log: Log, channel: Channel, from: number, to: number): void {
  for (const segment of log.segments) {
    const start = Math.max(from, segment.base)
    const end = Math.min(to, segment.tail)
    if (start >= end) continue
    segment.pending += end - start
    channel.record.restoreRange(start, end)
  }
}

function forEachPlace(log: Log, from: number, to: number, visit: (segment: Segment, index: number) => void): void {
  for (const segment of log.segments) {
    const end = Math.min(to, segment.tail)
    for (let position = Math.max(from, segment.base); position < end; position++)
      visit(segment, position - segment.base)
  }
}

/** What was not handed to the channels yet has its delay still before it, and that lies with the messages. */
function loadDelays(log: Log, from: number): void {
  for (const segment of log.segments) if (segment.tail > from) loadDelaysOf(log, segment)
}

/** Where nothing of it can be read now, they are due at once, and read when they are handed out. */
function loadDelaysOf(log: Log, segment: Segment): void {
  try {
    log.loadNow(segment)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    segment.delays ??= new Array<number>(segment.count).fill(0)
  }
}

/** The clock may have gone back since: an id must not be given twice. They grow with the positions. */
function continueIds(topic: Topic, log: Log): void {
  for (const segment of log.segments.toReversed()) {
    if (readable(() => log.whileLoaded(segment, () => continueIdsOf(topic, segment))) === true) return
  }
}

/** @returns whether there is any message in it that could be read */
function continueIdsOf(topic: Topic, segment: Segment): boolean {
  for (let index = segment.count - 1; index >= 0; index--) {
    if (segment.isMissing(index)) continue
    topic.continueAfter(segment.idHi(index), segment.idLo(index))
    return true
  }
  return false
}

/** The same for a log in which they lie in any order, where the journal does not tell. */
function continueIdsAfterAll(topic: Topic, log: Log): void {
  for (const segment of log.segments.slice()) {
    readable(() =>
      log.whileLoaded(segment, () => {
        for (let index = 0; index < segment.count; index++) {
          if (!segment.isMissing(index)) topic.continueAfter(segment.idHi(index), segment.idLo(index))
        }
      }),
    )
  }
}

/** Undefined for what the disk cannot read. @throws of the file system, but EIO */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return undefined
  }
}
