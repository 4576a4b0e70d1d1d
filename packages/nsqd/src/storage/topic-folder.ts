import { placesOf } from '../core/restore-topic.ts'
import { remainingMs } from '../core/schedule.ts'
import { BlockPool } from '../log/block-pool.ts'
import type { Extent } from '../log/data-file.ts'
import type { LogFiles } from '../log/files.ts'
import type { RecordWriter } from '../log/journal-records.ts'
import { Log, LogKind } from '../log/log.ts'
import { PositionSet } from '../log/position-set.ts'
import { RecoveredChannel, type RecoveredMessage, RecoveredTopic } from '../log/recovery.ts'
import type { Segment } from '../log/segment.ts'
import { SegmentCache } from '../log/segment-cache.ts'
import { recoverJournal, TopicStore } from '../log/topic-store.ts'

const SEGMENT_SIZE = 1024 * 1024
const CACHE_SIZE = 16 * 1024 * 1024

export interface TopicFolderSettings {
  readonly files: LogFiles
  readonly maxBytesPerFile: number
  /** A stretch of a file is not what was written: it is skipped. */
  readonly damaged: (path: string, offset: number, size: number) => void
}

/** A message as it lies in a folder: frame `index` of a segment that is in memory until the next message is asked for. */
export interface StoredMessage {
  readonly segment: Segment
  readonly index: number
  /** How often it was delivered. */
  readonly attempts: number
  /** Wall clock in milliseconds; null: it is not deferred. */
  readonly dueWallMs: number | null
}

/** What is left in a topic or a channel, by count. */
export interface Counts {
  readonly waiting: number
  /** Delivered and not finished. */
  readonly inFlight: number
  readonly deferred: number
}

/**
 * The folder of a topic while no nsqd works with it: what its files and its journal say, to look at, and to add to.
 * Nothing on disk changes before `commit`; what was added counts with `finish`.
 */
export class TopicFolder {
  readonly directory: string
  readonly log: Log
  readonly scheduled: Log
  /** Messages that could not be read back, and were left out. */
  missingCount = 0

  readonly #state: RecoveredTopic
  readonly #store: TopicStore
  readonly #pool = new BlockPool(SEGMENT_SIZE, 2)
  readonly #channels = new Map<string, FolderChannel>()
  /** There was something in it before. */
  readonly #inUse: boolean
  /** What was found of the channels' own logs. */
  readonly #ownExtents = new Map<string, Extent[]>()

  /** @throws of the file system, or FileFormatError */
  constructor(settings: TopicFolderSettings, directory: string) {
    const { files, maxBytesPerFile } = settings
    this.directory = directory
    const names = files.list(directory)
    const kept = (): void => {}
    const { recovered, journals } = recoverJournal(files, directory, names, { damaged: settings.damaged, kept })
    this.#state = recovered ?? new RecoveredTopic()
    this.#inUse = names.length > 0
    this.#store = new TopicStore(
      {
        files,
        cache: new SegmentCache(CACHE_SIZE),
        maxBytesPerFile,
        residentMax: 0,
        wallOffsetMs: () => 0,
        damaged: settings.damaged,
        kept,
      },
      directory,
      'os',
      journals,
      (writer) => this.#describe(writer),
      () => {},
    )
    this.log = new Log(LogKind.topic, this.#pool, this.#store.messages)
    this.scheduled = new Log(LogKind.scheduled, this.#pool, this.#store.scheduled)
    this.#restore(names, recovered)
  }

  #restore(names: readonly string[], recovered: RecoveredTopic | null): void {
    const state = this.#state
    if (names.length > 0) {
      const found = this.#store.open(names)
      this.log.restore(found.messages)
      this.scheduled.restore(found.scheduled)
      for (const [channel, extents] of found.own) this.#ownExtents.set(channel, extents)
    }
    const [distributed, scheduledDistributed] = placesOf(recovered, this.log, this.scheduled)
    state.distributed = distributed
    state.scheduledDistributed = scheduledDistributed
    for (const channel of state.channels.values()) {
      channel.extend(distributed)
      channel.extendScheduled(scheduledDistributed)
      channel.unread.remove(distributed, Infinity)
      channel.once.remove(this.log.tail, Infinity)
      const ownLog = this.#makeOwnLog(channel.name)
      ownLog.restore(this.#ownExtents.get(channel.name) ?? [])
      this.#channels.set(channel.name, { state: channel, ownLog })
      this.#restoreUntold(channel, ownLog)
    }
  }

  /** What the journal should have spoken of and does not, being damaged or cut short, comes again: as when nsqd starts. */
  #restoreUntold(channel: RecoveredChannel, ownLog: Log): void {
    for (const position of positionsOf(channel.untoldScheduled)) {
      const delayMs = this.#delayOf(position)
      if (delayMs !== null) channel.put(LogKind.scheduled, position, 0, Date.now() + delayMs)
    }
    if (!this.#state.damaged) return
    channel.extendOwn(ownLog.tail)
    for (const position of positionsOf(channel.untoldOwn)) channel.put(LogKind.own, position, 1)
  }

  /** null: there is no such message. */
  #delayOf(position: number): number | null {
    const segment = this.scheduled.find(position)
    if (segment === undefined) return null
    if (segment.delays === null) this.scheduled.loadNow(segment)
    return remainingMs(segment.delays?.[position - segment.base] ?? 0, Date.now())
  }

  // ---- what is in it ----

  get channelNames(): string[] {
    return [...this.#channels.keys()]
  }

  /** The state goes with the journal's word; false: there was none that is whole, or there is nothing at all. */
  get journalled(): boolean {
    return this.#state.whole
  }

  /** Up to where the channels were given the topic's messages. */
  get distributed(): number {
    return this.#state.distributed
  }

  /** Messages without a delay that nobody needs any more, and that are still in the files: kept, or about to go. */
  get finishedCount(): number {
    const { channels, distributed } = this.#state
    const needed = new PositionSet()
    for (const channel of channels.values()) {
      for (const set of [channel.unread, channel.once]) set.forEach((from, to) => needed.add(from, to))
      channel.forEach(({ kind, position }) => {
        if (kind === LogKind.topic) needed.add(position, position + 1)
      })
    }
    let count = presentCount(this.log, 0, distributed)
    needed.forEach((from, to) => (count -= presentCount(this.log, from, Math.min(to, distributed))))
    return count
  }

  get topicCounts(): Counts {
    const { distributed, scheduledDistributed } = this.#state
    return {
      waiting: presentCount(this.log, distributed, this.log.tail),
      inFlight: 0,
      deferred: presentCount(this.scheduled, scheduledDistributed, this.scheduled.tail),
    }
  }

  channelCounts(name: string): Counts {
    const { state } = this.#channels.get(name)!
    let waiting = 0
    state.unread.forEach((from, to) => (waiting += presentCount(this.log, from, to)))
    let inFlight = 0
    let deferred = 0
    state.forEach((message) => {
      if (this.#log(name, message.kind).find(message.position) === undefined) return
      if (isDeferred(message)) deferred++
      else inFlight++
    })
    return { waiting, inFlight, deferred }
  }

  /** The messages that wait in the topic itself; those with a delay last, due at once. @throws of the file system */
  *topicMessages(): IterableIterator<StoredMessage> {
    const { distributed, scheduledDistributed } = this.#state
    yield* this.#range(this.log, distributed, this.log.tail)
    yield* this.#range(this.scheduled, scheduledDistributed, this.scheduled.tail)
  }

  /**
   * What a channel has not finished: what was delivered, then what it has still to read, then what is deferred, the
   * first due first.
   * @throws of the file system
   */
  *channelMessages(name: string): IterableIterator<StoredMessage> {
    const { state } = this.#channels.get(name)!
    const delivered: RecoveredMessage[] = []
    state.forEach((message) => delivered.push(message))
    for (const message of delivered) if (!isDeferred(message)) yield* this.#message(name, message)
    const ranges: [number, number][] = []
    state.unread.forEach((from, to) => ranges.push([from, to]))
    for (const [from, to] of ranges) yield* this.#range(this.log, from, to)
    const deferred = delivered.filter(isDeferred)
    deferred.sort((a, b) => a.dueWallMs - b.dueWallMs)
    for (const message of deferred) yield* this.#message(name, message)
  }

  *#range(log: Log, from: number, to: number): IterableIterator<StoredMessage> {
    for (const segment of log.segments) {
      const start = Math.max(from, segment.base)
      const end = Math.min(to, segment.tail)
      for (let position = start; position < end; position++) {
        yield* this.#at(log, segment, position - segment.base, 0, null)
      }
    }
  }

  *#message(name: string, message: RecoveredMessage): IterableIterator<StoredMessage> {
    const { kind, position, attempts, dueWallMs } = message
    const log = this.#log(name, kind)
    const segment = log.find(position)
    if (segment === undefined) return
    yield* this.#at(log, segment, position - segment.base, attempts, isDeferred(message) ? dueWallMs : null)
  }

  *#at(
    log: Log,
    segment: Segment,
    index: number,
    attempts: number,
    dueWallMs: number | null,
  ): IterableIterator<StoredMessage> {
    log.beginReading(segment)
    try {
      log.loadNow(segment)
      if (segment.isMissing(index)) this.missingCount++
      else yield { segment, index, attempts, dueWallMs }
    } finally {
      log.endReading(segment)
    }
  }

  // ---- adding ----

  /** Makes a channel, which has what waits in the topic before it if it is the first one. */
  addChannel(name: string): FolderChannel {
    const existing = this.#channels.get(name)
    if (existing !== undefined) return existing
    const { channels, distributed, scheduledDistributed } = this.#state
    const state = new RecoveredChannel(name, distributed, scheduledDistributed, 0)
    channels.set(Math.max(0, ...channels.keys()) + 1, state)
    const channel = { state, ownLog: this.#makeOwnLog(name) }
    this.#channels.set(name, channel)
    if (!this.journalled) this.#restoreOwn(name, channel)
    return channel
  }

  /** Channels that have messages of their own here. */
  get channelNamesOfOwnLogs(): string[] {
    return [...this.#ownExtents.keys()]
  }

  /** Nobody knows any more what of its own log a channel had finished: it has all of it again. */
  #restoreOwn(name: string, { ownLog, state }: FolderChannel): void {
    ownLog.restore(this.#ownExtents.get(name) ?? [])
    for (const { base, tail } of ownLog.segments) {
      for (let position = base; position < tail; position++) state.put(LogKind.own, position, 1)
    }
  }

  /** Adds a message to the topic: frame[0, end), which waits there for the channels. */
  addToTopic(frame: Buffer, end: number, idHi: number, idLo: number, headers?: Buffer): void {
    this.log.appendFrame(frame, 0, end, idHi, idLo)
    if (headers !== undefined) this.log.annotate(headers)
  }

  /**
   * Adds a message that one channel alone has. In a new folder it goes to the topic's log, where it costs the channel
   * nothing but a range that the others pass over. In one that is in use it goes to the channel's own log: after a crash
   * before `finish`, what lies in the topic's log would be everybody's, and what lies there is nobody's.
   * @param attempts how often it was delivered
   */
  addToChannel(
    channel: FolderChannel,
    frame: Buffer,
    end: number,
    idHi: number,
    idLo: number,
    attempts: number,
    headers?: Buffer,
  ): void {
    const { state, ownLog } = channel
    if (this.#inUse) {
      ownLog.appendFrame(frame, 0, end, idHi, idLo)
      if (headers !== undefined) ownLog.annotate(headers)
      state.put(LogKind.own, ownLog.tail - 1, attempts)
      return
    }
    const position = this.log.tail
    this.log.appendFrame(frame, 0, end, idHi, idLo)
    this.#state.distributed = position + 1
    for (const { state: other } of this.#channels.values()) {
      other.extend(position)
      other.readTo = position + 1
    }
    if (attempts === 0) state.unread.add(position, position + 1)
    else state.put(LogKind.topic, position, attempts)
  }

  /** Writes what was added. @throws of the file system */
  commit(): void {
    this.log.commit()
    for (const { ownLog } of this.#channels.values()) ownLog.commit()
  }

  /**
   * Makes what was added count: all of it is on stable storage when this returns.
   * @param paused what waits in the topic stays there; else its channels have it
   * @throws of the file system
   */
  finish(paused: boolean): void {
    this.commit()
    this.#store.prepare()
    this.#state.following = !paused && this.#channels.size > 0
    this.#store.messages.store.sync()
    for (const { ownLog } of this.#channels.values()) ownLog.store!.sync()
    this.#store.close()
  }

  /** Lets go of the files, and of what was not finished. */
  close(): void {
    for (const log of [this.log, this.scheduled, ...Array.from(this.#channels.values(), ({ ownLog }) => ownLog)]) {
      log.store!.closeHandles()
    }
  }

  #describe(writer: RecordWriter): void {
    const { channels, distributed, following, lastIdHi, lastIdLo, retainedFrom, scheduledDistributed } = this.#state
    for (const [number, channel] of channels) {
      const { ownLog } = this.#channels.get(channel.name)!
      writer.channel(number, channel.name, channel.readTo, scheduledDistributed, ownLog.committed)
      channel.unread.forEach((from, to) => writer.unread(number, from, to))
      if (channel.replayTo > 0) writer.rewound(number, channel.replayTo)
      channel.forEach((message) => {
        const { kind, position, attempts, dueWallMs } = message
        if (isDeferred(message)) writer.deferred(number, kind, position, attempts, dueWallMs)
        else writer.attempts(number, kind, position, attempts)
      })
    }
    if (retainedFrom > 0) writer.retained(retainedFrom)
    writer.topic(following, distributed, scheduledDistributed, lastIdHi, lastIdLo)
  }

  #log(channel: string, kind: LogKind): Log {
    if (kind === LogKind.topic) return this.log
    return kind === LogKind.scheduled ? this.scheduled : this.#channels.get(channel)!.ownLog
  }

  #makeOwnLog(channel: string): Log {
    return new Log(LogKind.own, this.#pool, this.#store.ownLog(channel))
  }
}

/** A channel in a folder. */
export interface FolderChannel {
  readonly state: RecoveredChannel
  readonly ownLog: Log
}

function isDeferred({ dueWallMs }: RecoveredMessage): boolean {
  return !Number.isNaN(dueWallMs)
}

function positionsOf(set: PositionSet): number[] {
  const positions: number[] = []
  set.forEach((from, to) => {
    for (let position = from; position < to; position++) positions.push(position)
  })
  return positions
}

/** How many of [from, to) are in the log's files. */
function presentCount(log: Log, from: number, to: number): number {
  let count = 0
  for (const segment of log.segments) {
    count += Math.max(0, Math.min(to, segment.tail) - Math.max(from, segment.base))
  }
  return count
}
