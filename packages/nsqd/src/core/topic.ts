import { isEphemeral } from '@nsq-ts/protocol'
import type { CommitWaiter } from '../log/commit-queue.ts'
import type { RecordWriter } from '../log/journal-records.ts'
import { Log, LogKind } from '../log/log.ts'
import { MessageHeaders } from '../log/message-header.ts'
import type { Durability, TopicStore } from '../log/topic-store.ts'
import { Channel } from './channel.ts'
import { ChannelJournal } from './channel-journal.ts'
import type { CoreContext } from './context.ts'
import { Committing } from './committing.ts'
import { Distribution } from './distribution.ts'
import { dueAt } from './schedule.ts'
import { sweepTopic } from './sweep.ts'
import { TopicJournal } from './topic-journal.ts'
import { changeDurability, writeForGood } from './on-disk.ts'
import { NO_RETENTION, Retention } from './retention.ts'
import { NO_LIMITS, TopicLimits } from './topic-limits.ts'
import { Phase, type TurnTask } from './turn.ts'

/** A publish reached a topic that is being deleted or closed. */
export class TopicExitingError extends Error {
  constructor() {
    super('exiting')
    this.name = 'TopicExitingError'
  }
}

/** What is on disk of a topic cannot be read: it takes nothing and gives nothing until a start finds it readable. */
export class TopicUnavailableError extends Error {
  readonly code = 'TOPIC_UNAVAILABLE'

  constructor(topic: string, cause: Error) {
    super(`what is on disk of topic ${topic} cannot be read`, { cause })
    this.name = 'TopicUnavailableError'
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

  /** Keeps what its channels have finished, if that is wanted. */
  readonly retention: Retention
  /** Keeps the topic within what it may hold. */
  readonly limits: TopicLimits
  /** Messages that were dropped while they waited in the topic itself, since it was at its limits. */
  droppedCount = 0
  /** Why it takes nothing; null: it does. */
  unavailable: TopicUnavailableError | null = null
  messageCount = 0
  /** Bytes of the bodies of all messages counted by messageCount. */
  messageBytes = 0

  readonly #context: CoreContext
  readonly #headers: MessageHeaders
  readonly #committing: Committing
  readonly #journal: TopicJournal
  readonly #distribution: Distribution
  #channelNumber = 0
  /** What a channel gets that the journal should know of and, being damaged, does not. */
  #adopt: ((channel: Channel) => void) | null = null
  #inTurn = false
  #started = false
  #paused = false
  #closed = false

  constructor(context: CoreContext, name: string, openStore: OpenStore = () => null) {
    this.#context = context
    this.name = name
    this.ephemeral = isEphemeral(name)
    this.#headers = new MessageHeaders(context.clock, context.options.nodeId)
    this.#journal = new TopicJournal(context, this, this.#headers)
    this.store = openStore(
      this,
      (writer) => this.#journal.describe(writer),
      (now) => this.#journal.requestFlush(now),
    )
    this.log = new Log(LogKind.topic, context.pool, this.store?.messages ?? null)
    this.scheduled = new Log(LogKind.scheduled, context.pool, this.store?.scheduled ?? null)
    const { channels, log, scheduled } = this
    this.#distribution = new Distribution(context.clock, log, scheduled, channels, () => this.#journal.distributed())
    this.#committing = new Committing(context, this)
    const onDisk = (error: Error | null): void => context.onDisk?.(error)
    this.retention = new Retention(log, context.clock, this.store !== null && !this.ephemeral, onDisk)
    this.retention.change(context.retention?.(name) ?? NO_RETENTION)
    this.limits = new TopicLimits(
      this,
      context.clock,
      this.ephemeral ? NO_LIMITS : (context.limits?.(name) ?? NO_LIMITS),
    )
  }

  /** Messages that wait for a channel, or for the topic to be unpaused. */
  get depth(): number {
    return this.log.countFrom(this.distributed) + this.scheduled.countFrom(this.distributedScheduled)
  }

  /** Of the depth, what is on disk and not kept in memory. */
  get backendDepth(): number {
    const { log, scheduled } = this
    return log.pagedCount(this.distributed, log.tail) + scheduled.pagedCount(this.distributedScheduled, scheduled.tail)
  }

  get distributed(): number {
    return this.#distribution.distributed
  }

  get distributedScheduled(): number {
    return this.#distribution.distributedScheduled
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
   * Takes messages with headers, whatever would refuse them from outside: they are here already, under another name. All of
   * them are as safe as a publish when this returns, and nobody has one before; or none of them is here.
   * @param announce called with the position of the first, before anything is written
   * @returns false: nothing was done yet, and `later` is called when it is worth another attempt
   * @throws {TopicExitingError} while the topic is being deleted or closed; or what `announce` threw; or of the file system
   */
  takeAll(
    messages: readonly { readonly body: Buffer; readonly headers: Buffer }[],
    announce: (position: number) => void,
    later: () => void,
  ): boolean {
    if (this.#closed) throw new TopicExitingError()
    const append = (): void => {
      announce(this.log.tail)
      this.#headers.stamp()
      for (const { body, headers } of messages) {
        this.log.append(this.#headers, body, 0, body.length)
        this.log.annotate(headers)
      }
    }
    if (!this.#committing.takeNow(append, later)) return false
    for (const { body } of messages) {
      this.messageCount++
      this.messageBytes += body.length
    }
    return true
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
    const channel = this.#addChannel(name, this.distributed)
    if (!channel.ephemeral) this.#adopt?.(channel)
    this.#journal.record((writer) => {
      this.#journal.describeChannel(writer, channel)
      this.#journal.describeSelf(writer) // with a first channel the topic no longer keeps what comes
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
    this.#journal.record((writer) => {
      if (channel.record.number !== null) writer.channelDeleted(channel.record.number)
      this.#journal.describeSelf(writer)
    })
  }

  // ---- administration ----

  /** Messages may go to the channels from now on. */
  start(): void {
    this.#started = true
    if (this.#adopt !== null) {
      this.#adopt = null
      this.log.raiseFloor(this.distributed)
      this.scheduled.raiseFloor(this.distributedScheduled)
      this.store!.condemnUnused()
      // Should this fail, what an earlier run wrote down counts until it succeeds, and nothing can be published.
      this.#journal.attempt(() => this.store!.beginJournal())
    }
    this.#journal.channelsChanged()
    this.#schedule()
  }

  pause(): void {
    this.#settle() // what was published before belongs to the channels
    this.#paused = true
    this.#journal.record((writer) => this.#journal.describeSelf(writer))
  }

  unpause(): void {
    this.#paused = false
    this.#journal.record((writer) => this.#journal.describeSelf(writer))
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
    changeDurability(store, this.#keptLogs(), durability)
  }

  /** Forgets the messages that wait in the topic itself, and what is kept; what its channels have stays theirs. */
  empty(): void {
    this.#settle()
    const { log, scheduled } = this
    const from = this.distributed
    const fromScheduled = this.distributedScheduled
    this.#distribution.distributed = log.committed
    log.raiseFloor(this.distributed)
    this.#distribution.distributedScheduled = scheduled.committed
    scheduled.raiseFloor(this.distributedScheduled)
    this.retention.forgetBelow(this.distributed)
    this.#journal.record((writer) => {
      if (this.retention.active) writer.retained(log.retainFrom)
      writer.skipped(LogKind.topic, from, this.distributed)
      writer.skipped(LogKind.scheduled, fromScheduled, this.distributedScheduled)
      this.#journal.describeSelf(writer)
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
    const from = this.distributed
    const to = Math.min(position, log.committed)
    if (from < to) {
      const count = log.countFrom(from) - log.countFrom(to)
      this.#distribution.distributed = to
      this.droppedCount += count
      dropped += count
      log.raiseFloor(to)
      this.#journal.record((writer) => {
        writer.skipped(LogKind.topic, from, to)
        this.#journal.describeSelf(writer)
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
    let lowest = this.distributed < this.log.committed ? this.distributed : Infinity
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

  /** The end of what was restored in part: nothing on disk changes. */
  abandon(): void {
    this.#end()
    for (const channel of this.channels.values()) channel.stop()
    this.store?.closeHandles()
  }

  /** The end of the process: what is kept is written to disk. @throws of the file system */
  shutDown(): void {
    this.#settle()
    this.#end()
    for (const channel of this.channels.values()) channel.stop()
    const { store } = this
    if (store === null || this.#isBlank()) return
    const failure = writeForGood(store, this.#keptLogs())
    this.#committing.settle(failure)
    if (failure !== null) throw failure
  }

  #end(): void {
    this.#closed = true
    this.#committing.close()
    this.#journal.close()
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
    if (this.#distributes()) this.#distribution.run()
  }

  #distributes(): boolean {
    return this.#started && !this.#paused && !this.#closed && this.channels.size > 0
  }

  // ---- memory ----

  /** Gives back memory and disk space that little is left of; called every few seconds. */
  sweep(): void {
    sweepTopic(this)
    this.retention.sweep()
    this.limits.sweep()
  }

  /**
   * Gives up some of what is kept, the oldest, since the disk is full: its file is gone when this returns, if that can be.
   * @returns whether there was any
   */
  giveUpRetained(): boolean {
    const { store } = this
    if (store === null || this.#closed || !this.retention.giveUp()) return false
    try {
      store.flush()
    } catch {
      store.removeFinished()
    }
    return true
  }

  /** Has what was written brought to stable storage, in the background; where publishers wait for that, it is done anyway. */
  sync(): void {
    this.#committing.sync()
  }

  // ---- restoring ----

  /**
   * Takes over the state that was found on disk; the logs hold their segments already.
   * @param adopt gives a channel that is made before the start, and not restored, what it may have had
   */
  restore(distributed: number, distributedScheduled: number, adopt: (channel: Channel) => void): void {
    this.#distribution.distributed = distributed
    this.#distribution.distributedScheduled = distributedScheduled
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
    if (this.unavailable !== null) throw this.unavailable
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
