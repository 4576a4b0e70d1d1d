import { isEphemeral } from '@nsq-ts/protocol'
import { CommitQueue, type CommitWaiter } from '../log/commit-queue.ts'
import type { RecordWriter } from '../log/journal-records.ts'
import { Log, LogKind } from '../log/log.ts'
import { MessageHeaders } from '../log/message-header.ts'
import type { Durability, TopicStore } from '../log/topic-store.ts'
import { Channel } from './channel.ts'
import { ChannelJournal } from './channel-journal.ts'
import type { CoreContext } from './context.ts'
import { dueAt, remainingMs } from './schedule.ts'
import type { DueSource } from './scanner.ts'
import { sweepTopic } from './sweep.ts'
import { NO_LIMITS, TopicLimits } from './topic-limits.ts'
import { Phase, type TurnTask } from './turn.ts'

/** How long what happened to messages waits to be written to the journal. After a crash, what was finished in it comes again. */
const JOURNAL_DELAY_MS = 20
/** The same while the disk takes nothing. */
const JOURNAL_RETRY_MS = 500

/** Messages that are due later than this leave memory, once they are on disk: others have more use of it. */
const LONG_WAIT_MS = 60_000

/** A publish reached a topic that is being deleted or closed. */
export class TopicExitingError extends Error {
  constructor() {
    super('exiting')
    this.name = 'TopicExitingError'
  }
}

/** Where the bodies of a batch lie in a buffer, relative to its base: [start, end) after [start, end). */
export type Bounds = readonly number[]

/** The headers of each message of a batch, encoded; null: it has none. */
export type HeadersOfBatch = readonly (Buffer | null)[]

/** How a topic keeps its messages on disk: makes its store. */
export type OpenStore = (
  topic: Topic,
  snapshot: (writer: RecordWriter) => void,
  requestFlush: (now: boolean) => void,
) => TopicStore | null

/**
 * A stream of messages: a log, and `distributed`, the position up to which its channels were given them. That follows
 * the tail at the end of each turn, unless the topic is paused, not started yet, or has no channel: then messages wait
 * here, and are the topic's depth.
 *
 * Messages with a delay lie in a log of their own (`scheduled`), so that they neither hold the segments of the others
 * nor punch holes into the channels' ranges. Their delay starts when they are handed to the channels.
 *
 * With a store, what was published is written at the end of the turn (`#commit`), before channels are given it; what is
 * not safe without that is answered then.
 */
export class Topic implements TurnTask {
  readonly name: string
  readonly ephemeral: boolean
  readonly channels = new Map<string, Channel>()
  readonly log: Log
  readonly scheduled: Log
  /** null: nothing of this topic is kept. */
  readonly store: TopicStore | null

  /** Keeps the topic within what it may hold. */
  readonly limits: TopicLimits
  /** Messages that were dropped while they waited in the topic itself, since it was at its limits. */
  droppedCount = 0
  messageCount = 0
  /** Bytes of the bodies of all messages counted by messageCount. */
  messageBytes = 0

  readonly #context: CoreContext
  readonly #headers: MessageHeaders
  readonly #committing: Committing
  readonly #journalFlush: JournalFlush
  #distributed = 0
  #distributedScheduled = 0
  #channelNumber = 0
  /** Messages go to ephemeral channels only: the journal has to be told how far. */
  #unfollowed = false
  /** What a channel gets that the journal should know of and, being damaged, does not. */
  #adopt: ((channel: Channel) => void) | null = null
  #journalFailed = false
  #inTurn = false
  #started = false
  #paused = false
  #closed = false

  constructor(context: CoreContext, name: string, openStore: OpenStore = () => null) {
    this.#context = context
    this.name = name
    this.ephemeral = isEphemeral(name)
    this.#headers = new MessageHeaders(context.clock, context.options.nodeId)
    this.#journalFlush = new JournalFlush(context, () => this.#flushJournal())
    this.store = openStore(
      this,
      (writer) => this.#describe(writer),
      (now) => (now ? this.#flushJournal() : this.#journalFlush.request(JOURNAL_DELAY_MS)),
    )
    this.log = new Log(LogKind.topic, context.pool, this.store?.messages ?? null)
    this.scheduled = new Log(LogKind.scheduled, context.pool, this.store?.scheduled ?? null)
    this.#committing = new Committing(context, this)
    this.limits = new TopicLimits(
      this,
      context.clock,
      this.ephemeral ? NO_LIMITS : (context.limits?.(name) ?? NO_LIMITS),
    )
  }

  /** Messages that wait for a channel, or for the topic to be unpaused. */
  get depth(): number {
    return this.log.countFrom(this.#distributed) + this.scheduled.countFrom(this.#distributedScheduled)
  }

  /** Of the depth, what is on disk and not kept in memory. */
  get backendDepth(): number {
    const { log, scheduled } = this
    return (
      log.pagedCount(this.#distributed, log.tail) + scheduled.pagedCount(this.#distributedScheduled, scheduled.tail)
    )
  }

  get distributed(): number {
    return this.#distributed
  }

  get distributedScheduled(): number {
    return this.#distributedScheduled
  }

  get closed(): boolean {
    return this.#closed
  }

  get paused(): boolean {
    return this.#paused
  }

  get started(): boolean {
    return this.#started
  }

  /** Bytes of memory that the messages of this topic and its channels occupy. */
  get size(): number {
    let size = this.log.size + this.scheduled.size
    for (const channel of this.channels.values()) size += channel.ownLog?.size ?? 0
    return size
  }

  // ---- publishing ----

  /**
   * Publishes the body source[start, end); copies it.
   * @param waiter told when it is safe, or failed, if that is not known at once
   * @returns true: it is safe already, the waiter hears nothing
   * @throws {TopicExitingError} while the topic is being deleted or closed
   */
  publish(source: Buffer, start: number, end: number, waiter?: CommitWaiter, ticket = 0): boolean {
    this.#open()
    this.#append(source, start, end)
    return this.#taken(this.log, waiter, ticket)
  }

  /** Publishes several bodies of one buffer. As publish. */
  publishBatch(source: Buffer, base: number, bounds: Bounds, waiter?: CommitWaiter, ticket = 0): boolean {
    this.#open()
    for (let i = 0; i < bounds.length; i += 2) this.#append(source, base + bounds[i]!, base + bounds[i + 1]!)
    return this.#taken(this.log, waiter, ticket)
  }

  /** Publishes a message that each channel defers by `delayMs` from the moment it gets it. As publish. */
  publishDeferred(
    source: Buffer,
    start: number,
    end: number,
    delayMs: number,
    waiter?: CommitWaiter,
    ticket = 0,
  ): boolean {
    return this.publishBatchDeferred(source, 0, [start, end], delayMs, waiter, ticket)
  }

  /** As publishDeferred, for several bodies of one buffer. */
  publishBatchDeferred(
    source: Buffer,
    base: number,
    bounds: Bounds,
    delayMs: number,
    waiter?: CommitWaiter,
    ticket = 0,
  ): boolean {
    if (delayMs === 0) return this.publishBatch(source, base, bounds, waiter, ticket)
    return this.#schedulePublish(source, base, bounds, delayMs, waiter, ticket)
  }

  /** Publishes several bodies that are due at `dueWallMs`, Unix milliseconds, whenever the channels get them. As publish. */
  publishScheduled(
    source: Buffer,
    base: number,
    bounds: Bounds,
    dueWallMs: number,
    waiter?: CommitWaiter,
    ticket = 0,
  ): boolean {
    return this.#schedulePublish(source, base, bounds, dueAt(dueWallMs), waiter, ticket)
  }

  /**
   * Publishes several bodies of one buffer with headers, perhaps for later. As publish.
   * @param headers of each, encoded (log/headers.ts); null: it has none
   * @param dueWallMs when they are due, Unix milliseconds; null, or a time that is past: at once
   */
  publishHeaded(
    source: Buffer,
    base: number,
    bounds: Bounds,
    headers: HeadersOfBatch,
    dueWallMs: number | null,
    waiter?: CommitWaiter,
    ticket = 0,
  ): boolean {
    if (dueWallMs !== null && dueWallMs > this.#context.clock.wallUs() / 1000) {
      return this.#schedulePublish(source, base, bounds, dueAt(dueWallMs), waiter, ticket, headers)
    }
    this.#open()
    for (let i = 0; i < bounds.length; i += 2) {
      const taken = this.#append(source, base + bounds[i]!, base + bounds[i + 1]!)
      const block = headers[i / 2]!
      if (taken && block !== null) this.log.annotate(block)
    }
    return this.#taken(this.log, waiter, ticket)
  }

  /** @param stored when they are due (schedule.ts) */
  #schedulePublish(
    source: Buffer,
    base: number,
    bounds: Bounds,
    stored: number,
    waiter: CommitWaiter | undefined,
    ticket: number,
    headers?: HeadersOfBatch,
  ): boolean {
    this.#open()
    for (let i = 0; i < bounds.length; i += 2) {
      const start = base + bounds[i]!
      const end = base + bounds[i + 1]!
      this.messageCount++
      this.messageBytes += end - start
      if (this.#isFull()) continue
      this.scheduled.appendScheduled(this.#headers, source, start, end, stored)
      const block = headers?.[i / 2] ?? null
      if (block !== null) this.scheduled.annotate(block)
    }
    return this.#taken(this.scheduled, waiter, ticket)
  }

  /**
   * Takes a message with headers, whatever would refuse it from outside: it is here already, under another name. As publish.
   * @param headers encoded (log/headers.ts)
   */
  take(body: Buffer, headers: Buffer, waiter?: CommitWaiter, ticket = 0): boolean {
    if (this.#closed) throw new TopicExitingError()
    this.#headers.stamp()
    this.messageCount++
    this.messageBytes += body.length
    this.log.append(this.#headers, body, 0, body.length)
    this.log.annotate(headers)
    return this.#taken(this.log, waiter, ticket)
  }

  /** @returns true when what was appended is safe as it is */
  #taken(log: Log, waiter: CommitWaiter | undefined, ticket: number): boolean {
    if (log.committed === log.tail) return true // a batch without messages
    if (this.store === null || (this.store.durability === 'memory' && !log.needsWriting)) {
      log.commit()
      this.#schedule()
      return true
    }
    this.#committing.wait(log, waiter, ticket)
    return false
  }

  // ---- channels ----

  /** The channel of that name, made if there is none. It gets what is published from now on; the first, what waits. */
  channel(name: string): Channel {
    const existing = this.channels.get(name)
    if (existing !== undefined) return existing
    this.#settle()
    const channel = this.#addChannel(name, this.#distributed)
    if (!channel.ephemeral) this.#adopt?.(channel)
    this.#record((writer) => {
      this.#describeChannel(writer, channel)
      this.#describeSelf(writer) // with a first channel the topic no longer keeps what comes
    })
    this.#schedule()
    return channel
  }

  #addChannel(name: string, distributed: number): Channel {
    const { store } = this
    const ephemeral = isEphemeral(name)
    const kept = store !== null && !ephemeral
    const channel = new Channel(this.#context, name, ephemeral, {
      topicName: this.name,
      log: this.log,
      distributed,
      journal: kept ? new ChannelJournal(store, ++this.#channelNumber) : null,
      ownStorage: kept ? () => store.ownLog(name) : null,
    })
    this.channels.set(name, channel)
    return channel
  }

  /** Ends a channel and forgets its messages. */
  deleteChannel(channel: Channel): void {
    if (this.channels.get(channel.name) !== channel) return
    this.#settle()
    this.channels.delete(channel.name)
    channel.close()
    if (!channel.ephemeral) this.store?.dropOwnLog(channel.name)
    this.#record((writer) => {
      if (channel.number !== null) writer.channelDeleted(channel.number)
      this.#describeSelf(writer)
    })
  }

  // ---- administration ----

  /** Messages may go to the channels from now on. */
  start(): void {
    this.#started = true
    if (this.#adopt !== null) {
      this.#adopt = null
      this.log.raiseFloor(this.#distributed)
      this.scheduled.raiseFloor(this.#distributedScheduled)
      this.store!.condemnUnused()
      // Should this fail, what an earlier run wrote down counts until it succeeds, and nothing can be published.
      this.#flush(() => this.store!.beginJournal())
    }
    this.#unfollowed = this.#distributesUnfollowed()
    this.#schedule()
  }

  pause(): void {
    this.#settle() // what was published before belongs to the channels
    this.#paused = true
    this.#record((writer) => this.#describeSelf(writer))
  }

  unpause(): void {
    this.#paused = false
    this.#record((writer) => this.#describeSelf(writer))
    this.#schedule()
  }

  /**
   * Changes when a publish is answered. Where more is promised from now on, it is true of what is here already when this
   * returns.
   * @throws of the file system; then all is as it was
   */
  changeDurability(durability: Durability): void {
    const { store } = this
    if (store === null || store.durability === durability || this.#closed) return
    this.#settle()
    // What comes next goes elsewhere: the file of what is written in part may be finished when it would be written on.
    for (const log of this.#keptLogs()) log.seal()
    if (store.durability === 'memory' && this.#hasMessages()) {
      store.beginJournal()
      for (const log of this.#keptLogs()) log.writeAll()
      store.flush()
    }
    if (durability === 'fsync') store.syncAll()
    store.changeDurability(durability)
  }

  /** Forgets the messages that wait in the topic itself; what its channels have stays theirs. */
  empty(): void {
    this.#settle()
    const { log, scheduled } = this
    const from = this.#distributed
    const fromScheduled = this.#distributedScheduled
    this.#distributed = log.committed
    log.raiseFloor(this.#distributed)
    this.#distributedScheduled = scheduled.committed
    scheduled.raiseFloor(this.#distributedScheduled)
    this.#record((writer) => {
      writer.skipped(LogKind.topic, from, this.#distributed)
      writer.skipped(LogKind.scheduled, fromScheduled, this.#distributedScheduled)
      this.#describeSelf(writer)
    })
  }

  /**
   * Drops what waits below a position of the log, in the topic and in its channels; what is in flight or deferred stays.
   * @returns how many messages of the topic and its channels there were
   */
  dropBelow(position: number): number {
    this.#settle()
    const { log } = this
    let dropped = 0
    for (const channel of this.channels.values()) dropped += channel.dropBelow(position)
    const from = this.#distributed
    const to = Math.min(position, log.committed)
    if (from < to) {
      const count = log.countFrom(from) - log.countFrom(to)
      this.#distributed = to
      this.droppedCount += count
      dropped += count
      log.raiseFloor(to)
      this.#record((writer) => {
        writer.skipped(LogKind.topic, from, to)
        this.#describeSelf(writer)
      })
    }
    return dropped
  }

  /**
   * Sees to it that what was done by hand is written down, as safe as a publish is.
   * @throws of the file system; then it may be undone by a crash
   */
  confirm(): void {
    const { store } = this
    if (store === null || this.#closed || !store.journal.begun) return
    store.flushUrgent()
  }

  /** The lowest position of the log that waits, in the topic or a channel; Infinity when none does. */
  get lowestWaiting(): number {
    let lowest = this.#distributed < this.log.committed ? this.#distributed : Infinity
    for (const channel of this.channels.values()) lowest = Math.min(lowest, channel.lowestWaiting)
    return lowest
  }

  /** The end of this topic: publishes fail from now on, channels are closed, messages forgotten, on disk too. @throws of the file system */
  close(): void {
    this.#end()
    this.#committing.settle(new TopicExitingError())
    for (const channel of this.channels.values()) channel.close()
    this.channels.clear()
    this.log.clear()
    this.scheduled.clear()
    this.store?.destroy()
  }

  /** The end of the process: what is kept is written to disk. @throws of the file system */
  shutDown(): void {
    this.#settle()
    this.#end()
    for (const channel of this.channels.values()) channel.stop()
    const { store } = this
    if (store === null || this.#isBlank()) return
    const writes = this.#keptLogs().map((log) => () => log.writeAll())
    let failure: Error | null = null
    for (const step of [...writes, () => store.prepare(), () => store.close()]) {
      try {
        step()
      } catch (error) {
        failure ??= error as Error
      }
    }
    this.#committing.settle(failure)
    if (failure !== null) throw failure
  }

  #end(): void {
    this.#closed = true
    this.#committing.close()
    this.#journalFlush.close()
  }

  #keptLogs(): Log[] {
    const logs = [this.log, this.scheduled]
    for (const { ephemeral, ownLog } of this.channels.values()) if (!ephemeral && ownLog !== null) logs.push(ownLog)
    return logs
  }

  #hasMessages(): boolean {
    return this.log.tail > 0 || this.scheduled.tail > 0
  }

  /** Nothing was ever published to it, or nothing worth a folder is left. */
  #isBlank(): boolean {
    return !this.#hasMessages() && !this.store!.journal.begun
  }

  // ---- distribution ----

  endTurn(): void {
    this.#inTurn = false
    this.#distribute()
  }

  /** Does at once what the end of the turn would do, since what comes next must not get ahead of it. */
  #settle(): void {
    this.#committing.endTurn()
    this.#distribute()
  }

  /** What was published has been written. */
  onCommitted(): void {
    this.#schedule()
  }

  #distribute(): void {
    if (!this.#distributes()) return
    this.#distributeLog()
    this.#distributeScheduled()
  }

  #distributes(): boolean {
    return this.#started && !this.#paused && !this.#closed && this.channels.size > 0
  }

  #distributeLog(): void {
    const { log } = this
    const from = this.#distributed
    const to = log.committed
    if (from === to) return
    this.#distributed = to
    if (this.#unfollowed) this.store!.requestFlush()
    if (from >= log.gapsTo) return this.#give(from, to)
    for (const segment of log.segments.slice()) {
      if (segment.tail > from) this.#give(Math.max(from, segment.base), segment.tail)
    }
  }

  #give(from: number, to: number): void {
    const { log } = this
    let whole = 0
    let gaps = false
    for (const channel of this.channels.values()) {
      const end = channel.extend(from, to)
      if (end === to) {
        whole++
      } else {
        gaps = true
        log.hold(from, end, 1)
      }
    }
    log.hold(from, to, whole)
    if (gaps) log.raiseFloor(to)
    else log.raiseFloorHeld(to)
  }

  #distributeScheduled(): void {
    const { scheduled } = this
    const from = this.#distributedScheduled
    const to = scheduled.committed
    if (from === to) return
    this.#distributedScheduled = to
    scheduled.hold(from, to, this.channels.size)
    scheduled.raiseFloorHeld(to)
    if (this.#unfollowed) this.store!.requestFlush()
    const wallMs = this.#context.clock.wallUs() / 1000
    let soonestMs = Infinity
    for (let position = from; position < to; position++) {
      const segment = scheduled.segmentAt(position)
      if (position < segment.base || position >= segment.tail) continue // a gap
      const index = position - segment.base
      const delayMs = remainingMs(segment.delays![index]!, wallMs)
      for (const channel of this.channels.values()) channel.defer(segment, index, delayMs)
      soonestMs = Math.min(soonestMs, delayMs)
      if (position + 1 < segment.tail || !segment.sealed || !segment.written) continue
      segment.delays = null
      if (soonestMs > LONG_WAIT_MS) scheduled.letGo(segment)
      soonestMs = Infinity
    }
  }

  // ---- memory ----

  /** Gives back memory and disk space that little is left of; called every few seconds. */
  sweep(): void {
    sweepTopic(this)
    this.limits.sweep()
  }

  /** Has what was written brought to stable storage, in the background; where publishers wait for that, it is done anyway. */
  sync(): void {
    this.#committing.sync()
  }

  // ---- the journal ----

  /** Records something that must be known before whatever is published next. */
  #record(write: (writer: RecordWriter) => void): void {
    const { store } = this
    this.#unfollowed = this.#distributesUnfollowed()
    if (store === null || this.#closed || !store.journal.begun) return
    write(store.journal.records)
    this.#flush(() => store.flushUrgent())
  }

  #flushJournal(): void {
    const store = this.store!
    if (this.#closed) return
    // With whatever is recorded goes the last id: what is moved to a channel's own log has it from nowhere else.
    if (store.journal.begun && (this.#unfollowed || store.recording)) this.#describeSelf(store.journal.records)
    this.#flush(() => store.flush())
  }

  #flush(write: () => void): void {
    try {
      write()
      if (this.#journalFailed) this.#context.onDisk?.(null)
      this.#journalFailed = false
    } catch (error) {
      this.#journalFailed = true
      this.#context.onDisk?.(error as Error)
      this.#journalFlush.request(JOURNAL_RETRY_MS)
    }
  }

  #describe(writer: RecordWriter): void {
    for (const channel of this.channels.values()) this.#describeChannel(writer, channel)
    this.#describeSelf(writer)
  }

  #describeChannel(writer: RecordWriter, channel: Channel): void {
    if (channel.number !== null) channel.describe(writer, this.#distributed, this.#distributedScheduled)
  }

  #describeSelf(writer: RecordWriter): void {
    const following = this.#hasKeptChannel() && !this.#paused
    writer.topic(following, this.#distributed, this.#distributedScheduled, this.#headers.idHi, this.#headers.idLo)
  }

  #hasKeptChannel(): boolean {
    for (const channel of this.channels.values()) if (!channel.ephemeral) return true
    return false
  }

  #distributesUnfollowed(): boolean {
    return this.store !== null && this.channels.size > 0 && !this.#hasKeptChannel()
  }

  // ---- restoring ----

  /**
   * Takes over the state that was found on disk; the logs hold their segments already.
   * @param adopt gives a channel that is made before the start, and not restored, what it may have had
   */
  restore(distributed: number, distributedScheduled: number, adopt: (channel: Channel) => void): void {
    this.#distributed = distributed
    this.#distributedScheduled = distributedScheduled
    this.#adopt = adopt
  }

  /** Ids go on above this one. */
  continueAfter(idHi: number, idLo: number): void {
    this.#headers.continueAfter(idHi, idLo)
  }

  /** A channel that was found on disk. */
  restoreChannel(name: string, readTo: number): Channel {
    return this.#addChannel(name, readTo)
  }

  // ---- small things ----

  #open(): void {
    if (this.#closed) throw new TopicExitingError()
    this.#context.refuse?.()
    this.limits.check()
    this.#headers.stamp()
  }

  /** @returns false when it was dropped */
  #append(source: Buffer, start: number, end: number): boolean {
    this.messageCount++
    this.messageBytes += end - start
    if (this.ephemeral && this.#isFull()) return false
    this.log.append(this.#headers, source, start, end)
    return true
  }

  /** An ephemeral topic that cannot hand out keeps no more than a memory queue of messages, and drops the rest. */
  #isFull(): boolean {
    return this.ephemeral && !this.#distributes() && this.depth >= this.#context.options.memQueueSize
  }

  #schedule(): void {
    if (this.#inTurn || !this.#distributes()) return
    this.#inTurn = true
    this.#context.turn.schedule(Phase.distribute, this)
  }
}

/** Writes what was published in a turn at its end, and tells the publishers when it is as safe as it is to be. */
class Committing implements TurnTask {
  readonly #context: CoreContext
  readonly #topic: Topic
  readonly #waiting = new Map<Log, CommitQueue>()
  #scheduled = false
  #syncing = false
  #closed = false

  constructor(context: CoreContext, topic: Topic) {
    this.#context = context
    this.#topic = topic
    for (const log of [topic.log, topic.scheduled]) this.#waiting.set(log, new CommitQueue())
  }

  wait(log: Log, waiter: CommitWaiter | undefined, ticket: number): void {
    if (waiter !== undefined) this.#waiting.get(log)!.push(waiter, ticket, log.tail)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#context.turn.schedule(Phase.commit, this)
  }

  endTurn(): void {
    this.#scheduled = false
    const store = this.#topic.store
    if (store === null || this.#closed) return
    for (const [log, queue] of this.#waiting) this.#commit(log, queue, store)
    if (store.durability === 'fsync' && this.#isAwaited()) this.#sync(store)
    this.#topic.onCommitted()
  }

  close(): void {
    this.#closed = true
  }

  /** Tells all that wait. */
  settle(error: Error | null): void {
    for (const queue of this.#waiting.values()) queue.settle(Infinity, error)
  }

  sync(): void {
    const { store } = this.#topic
    if (store === null || !store.unsynced || this.#closed) return
    store.syncJournalLater((error) => {
      if (error !== null) this.#context.onDisk?.(error)
    })
    this.#sync(store)
  }

  #commit(log: Log, queue: CommitQueue, store: TopicStore): void {
    if (log.committed === log.tail) return
    try {
      store.beginJournal()
      log.commit()
    } catch (error) {
      log.rollback()
      this.#context.onDisk?.(error as Error)
      queue.fail(log.committed, error as Error)
      return
    }
    this.#context.onDisk?.(null)
    if (store.durability !== 'fsync') queue.settle(log.committed, null)
  }

  /** One sync at a time; who publishes while it runs shares the next. */
  #sync(store: TopicStore): void {
    if (this.#syncing) return
    const targets = Array.from(this.#waiting, ([log, queue]) => ({ log, queue, position: log.committed }))
    this.#syncing = true
    store.syncLater((error) => {
      this.#syncing = false
      this.#context.onDisk?.(error)
      for (const { log, queue, position } of targets) {
        // What follows goes into a new file; what was written while the sync ran lies in the one that failed.
        if (error !== null) log.seal()
        queue.settle(error === null ? position : log.committed, error)
      }
      // What was published and not written yet is no reason: the end of the turn sees to it.
      if (!this.#closed && store.durability === 'fsync' && store.unsynced && this.#isAwaited()) this.#sync(store)
    })
  }

  /** Somebody waits for what was written; who waits for what was not is not helped by a sync. */
  #isAwaited(): boolean {
    for (const [log, queue] of this.#waiting) if (queue.first <= log.committed) return true
    return false
  }
}

/** Has the journal written a little after something was recorded. */
class JournalFlush implements DueSource {
  wakeAt = Infinity
  heapIndex = -1
  readonly #context: CoreContext
  readonly #flush: () => void

  constructor(context: CoreContext, flush: () => void) {
    this.#context = context
    this.#flush = flush
  }

  request(delayMs: number): void {
    this.#context.scanner.expect(this, this.#context.clock.now() + delayMs)
  }

  processDue(): number {
    this.wakeAt = Infinity // a request made while it is written counts for the next time
    this.#flush()
    return this.wakeAt
  }

  close(): void {
    this.#context.scanner.forget(this)
  }
}
