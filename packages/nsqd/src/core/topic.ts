import { isEphemeral } from '@nsq-ts/protocol'
import { Log } from '../log/log.ts'
import { MessageHeaders } from '../log/message-header.ts'
import type { Segment } from '../log/segment.ts'
import { Channel } from './channel.ts'
import type { CoreContext } from './context.ts'
import { Phase, type TurnTask } from './turn.ts'

/** A sealed segment with at most this share of its messages left is worth moving those messages out of it. */
const SPARSE_SHARE = 0.25

/** A publish reached a topic that is being deleted or closed. */
export class TopicExitingError extends Error {
  constructor() {
    super('exiting')
    this.name = 'TopicExitingError'
  }
}

/** Where the bodies of a batch lie in a buffer, relative to its base: [start, end) after [start, end). */
export type Bounds = readonly number[]

/**
 * A stream of messages: a log, and `distributed`, the position up to which its channels were given them. That follows
 * the tail at the end of each turn, unless the topic is paused, not started yet, or has no channel: then messages wait
 * here, and are the topic's depth.
 *
 * Messages with a delay lie in a log of their own (`scheduled`), so that they neither hold the segments of the others
 * nor punch holes into the channels' ranges. Their delay starts when they are handed to the channels.
 */
export class Topic implements TurnTask {
  readonly name: string
  readonly ephemeral: boolean
  readonly channels = new Map<string, Channel>()

  messageCount = 0
  /** Bytes of the bodies of all messages counted by messageCount. */
  messageBytes = 0

  readonly #context: CoreContext
  readonly #headers: MessageHeaders
  readonly #log: Log
  readonly #scheduled: Log
  /** The delays of the scheduled messages that were not handed out yet, in milliseconds, in order. */
  #delaysMs: number[] = []
  #distributed = 0
  #distributedScheduled = 0
  #inTurn = false
  #started = false
  #paused = false
  #closed = false

  constructor(context: CoreContext, name: string) {
    this.#context = context
    this.name = name
    this.ephemeral = isEphemeral(name)
    this.#headers = new MessageHeaders(context.clock, context.options.nodeId)
    this.#log = new Log(context.pool)
    this.#scheduled = new Log(context.pool)
  }

  /** Messages that wait for a channel, or for the topic to be unpaused. */
  get depth(): number {
    return this.#log.tail - this.#distributed + (this.#scheduled.tail - this.#distributedScheduled)
  }

  get closed(): boolean {
    return this.#closed
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Bytes of memory that the messages of this topic and its channels occupy. */
  get size(): number {
    let size = this.#log.size + this.#scheduled.size
    for (const channel of this.channels.values()) size += channel.ownLog?.size ?? 0
    return size
  }

  // ---- publishing ----

  /**
   * Publishes the body source[start, end); copies it.
   * @throws {TopicExitingError} while the topic is being deleted or closed.
   */
  publish(source: Buffer, start: number, end: number): void {
    this.#open()
    this.#append(source, start, end)
    this.#schedule()
  }

  /** Publishes several bodies of one buffer. @throws {TopicExitingError} before any was taken. */
  publishBatch(source: Buffer, base: number, bounds: Bounds): void {
    this.#open()
    for (let i = 0; i < bounds.length; i += 2) this.#append(source, base + bounds[i]!, base + bounds[i + 1]!)
    this.#schedule()
  }

  /** Publishes a message that each channel defers by `delayMs` from the moment it gets it. @throws {TopicExitingError} */
  publishDeferred(source: Buffer, start: number, end: number, delayMs: number): void {
    if (delayMs === 0) return this.publish(source, start, end)
    this.#open()
    this.messageCount++
    this.messageBytes += end - start
    if (this.#isFull()) return
    this.#scheduled.append(this.#headers, source, start, end)
    this.#delaysMs.push(delayMs)
    this.#schedule()
  }

  // ---- channels ----

  /** The channel of that name, made if there is none. It gets what is published from now on; the first, what waits. */
  channel(name: string): Channel {
    const existing = this.channels.get(name)
    if (existing !== undefined) return existing
    this.#distribute()
    const channel = new Channel(this.#context, name, isEphemeral(name), this.#log, this.#distributed)
    this.channels.set(name, channel)
    this.#schedule()
    return channel
  }

  /** Ends a channel and forgets its messages. */
  deleteChannel(channel: Channel): void {
    if (this.channels.get(channel.name) !== channel) return
    this.#distribute()
    this.channels.delete(channel.name)
    channel.close()
  }

  // ---- administration ----

  /** Messages may go to the channels from now on. */
  start(): void {
    this.#started = true
    this.#schedule()
  }

  pause(): void {
    this.#distribute() // what was published before belongs to the channels
    this.#paused = true
  }

  unpause(): void {
    this.#paused = false
    this.#schedule()
  }

  /** Forgets the messages that wait in the topic itself; what its channels have stays theirs. */
  empty(): void {
    this.#distribute()
    this.#distributed = this.#log.tail
    this.#log.raiseFloor(this.#distributed)
    this.#distributedScheduled = this.#scheduled.tail
    this.#scheduled.raiseFloor(this.#distributedScheduled)
    this.#delaysMs.length = 0
  }

  /** The end of this topic: publishes fail from now on, channels are closed, messages forgotten. */
  close(): void {
    this.#closed = true
    for (const channel of this.channels.values()) channel.close()
    this.channels.clear()
    this.#log.clear()
    this.#scheduled.clear()
  }

  // ---- distribution ----

  endTurn(): void {
    this.#inTurn = false
    this.#distribute()
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
    const from = this.#distributed
    const to = this.#log.tail
    if (from === to) return
    this.#distributed = to
    let whole = 0
    let gaps = false
    for (const channel of this.channels.values()) {
      const end = channel.extend(from, to)
      if (end === to) {
        whole++
      } else {
        gaps = true
        this.#log.hold(from, end, 1)
      }
    }
    this.#log.hold(from, to, whole)
    if (gaps) this.#log.raiseFloor(to)
    else this.#log.raiseFloorHeld(to)
  }

  #distributeScheduled(): void {
    const from = this.#distributedScheduled
    const to = this.#scheduled.tail
    if (from === to) return
    this.#distributedScheduled = to
    this.#scheduled.hold(from, to, this.channels.size)
    this.#scheduled.raiseFloorHeld(to)
    for (let position = from; position < to; position++) {
      const segment = this.#scheduled.segmentAt(position)
      const delayMs = this.#delaysMs[position - from]!
      for (const channel of this.channels.values()) channel.defer(segment, position - segment.base, delayMs)
    }
    this.#delaysMs.length = 0
  }

  // ---- memory ----

  /**
   * Gives back memory that little is left of; called every few seconds. Two sweeps see a segment sparse before what is
   * left in it is moved to the logs of the channels that still need it: most segments are about to go by themselves.
   */
  sweep(): void {
    let found = false
    const logs = [this.#log, this.#scheduled]
    for (const channel of this.channels.values()) if (channel.ownLog !== null) logs.push(channel.ownLog)
    const readFrom = Math.min(...Array.from(this.channels.values(), (channel) => channel.readFrom), this.#distributed)
    const leaving = new Set<Segment>()
    for (const log of logs) {
      log.trim()
      for (const segment of log.segments) {
        if (!this.#isSparse(log, segment, readFrom)) continue
        if (segment.sparse) leaving.add(segment)
        segment.sparse = true
        found = true
      }
    }
    if (!found || leaving.size === 0) return
    for (const channel of this.channels.values()) channel.evict((segment) => leaving.has(segment))
  }

  #isSparse(log: Log, segment: Segment, readFrom: number): boolean {
    if (!segment.sealed || segment.pending > segment.count * SPARSE_SHARE) return false
    // What is still in a channel's ranges, or in the topic, is not a straggler.
    if (log === this.#log) return segment.tail <= readFrom
    if (log === this.#scheduled) return segment.tail <= this.#distributedScheduled
    return true
  }

  // ---- small things ----

  #open(): void {
    if (this.#closed) throw new TopicExitingError()
    this.#headers.stamp()
  }

  #append(source: Buffer, start: number, end: number): void {
    this.messageCount++
    this.messageBytes += end - start
    if (this.ephemeral && this.#isFull()) return
    this.#log.append(this.#headers, source, start, end)
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
