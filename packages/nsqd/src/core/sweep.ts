import type { DataFile } from '../log/data-file.ts'
import type { Log } from '../log/log.ts'
import type { Segment } from '../log/segment.ts'
import type { Topic } from './topic.ts'

/** A sealed segment, or file, with at most this share of its messages left is worth moving those messages out of it. */
const SPARSE_SHARE = 0.25
/** Of a file that nothing is written to any more; moving costs reading, so less has to be left. */
const SPARSE_SHARE_OF_FILE = 0.1

/**
 * Gives back what little is left of. Two sweeps see a segment sparse before anything is done: most are about to go by
 * themselves. Then
 *
 * - in memory only: what is left is moved to the logs of the channels that still need it, and the segment goes;
 * - on disk too: it leaves memory; and when all of its file is nearly done with, what is left is moved, and the file goes.
 *
 * What is kept though it is finished (retention.ts) stays, on disk.
 */
export function sweepTopic(topic: Topic): void {
  const logs = [topic.log, topic.scheduled]
  for (const { ownLog } of topic.channels.values()) if (ownLog !== null) logs.push(ownLog)
  const leaving = new Set<Segment>()
  const unwritten: Segment[] = []
  for (const log of logs) {
    log.trim()
    const readTo = readByAll(topic, log)
    const leftOfFile = countLeft(log)
    for (const segment of log.segments) {
      if (segment.tail > readTo || !segment.sealed) continue
      const { extent } = segment
      const kept = segment.tail > log.retainFrom
      if (extent === null || !segment.written) {
        if (!isSparse(segment.pending, segment.count, SPARSE_SHARE)) continue
        if (kept) unwritten.push(segment)
        else mark(segment, leaving)
        continue
      }
      log.page(segment)
      if (kept) continue
      const { file } = extent
      if (!file.finished || !isSparse(leftOfFile.get(file)!, file.messageCount, SPARSE_SHARE_OF_FILE)) continue
      mark(segment, leaving)
    }
  }
  if (leaving.size > 0) evict(topic, leaving)
  if (unwritten.length > 0) topic.retention.writeOut(unwritten, () => topic.store!.beginJournal())
  topic.store?.tidy()
}

/** How many messages of each file are still needed; one that several channels need counts for each. */
function countLeft(log: Log): Map<DataFile, number> {
  const left = new Map<DataFile, number>()
  for (const { extent, pending } of log.segments) {
    if (extent !== null) left.set(extent.file, (left.get(extent.file) ?? 0) + pending)
  }
  return left
}

/** What lies below was handed to all channels, and read by them. */
function readByAll(topic: Topic, log: Log): number {
  if (log === topic.scheduled) return topic.distributedScheduled
  if (log !== topic.log) return log.committed
  return Math.min(topic.distributed, ...Array.from(topic.channels.values(), (channel) => channel.readFrom))
}

function isSparse(left: number, of: number, share: number): boolean {
  return left <= of * share
}

function mark(segment: Segment, leaving: Set<Segment>): void {
  if (segment.sparse) leaving.add(segment)
  segment.sparse = true
}

/** Moves what is left of the segments; those on disk are read first, and moved with a later sweep if that fails. */
function evict(topic: Topic, leaving: Set<Segment>): void {
  const move = (): void => {
    if (topic.closed) return
    const ready = (segment: Segment): boolean => leaving.has(segment) && segment.resident && segment.pending > 0
    for (const channel of topic.channels.values()) channel.evict(ready)
  }
  let loading = 1
  const loaded = (): void => {
    if (--loading === 0) move()
  }
  for (const segment of leaving) {
    if (segment.resident) continue
    loading++
    segment.load(loaded)
  }
  loaded()
}
