import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'
import { ID_OFFSET, TIMESTAMP_OFFSET } from '../log/message-header.ts'
import { Log, LogKind, type LogStorage } from '../log/log.ts'
import { type DeadPlace, type Failure, FailureReason, type RecordWriter } from '../log/journal-records.ts'
import type { RecoveredState } from '../log/recovered-messages.ts'
import type { Place, Segment } from '../log/segment.ts'
import type { ChannelJournal } from './channel-journal.ts'
import type { CoreContext, LatencyRecorder } from './context.ts'
import { Deferred } from './deferred.ts'
import { DepthHints } from './depth-hints.ts'
import { InFlight, Lane } from './in-flight.ts'
import { Ranges } from './ranges.ts'
import { ReadyLine } from './ready-line.ts'
import { Redeliveries } from './redeliveries.ts'
import { Retries } from './retries.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { remainingMs } from './schedule.ts'
import type { DueSource } from './scanner.ts'
import { sendHeadedRun } from './send-headed.ts'
import { Locality, type Subscriber } from './subscriber.ts'
import { Phase, type TurnTask } from './turn.ts'

/** What became of FIN, REQ or TOUCH. */
export const Outcome = { done: 0, notInFlight: 1, notOwner: 2 } as const
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

/** Bytes handed to a subscriber at a time: what fits one output block, so that its socket is asked again in between. */
const RUN_SIZE_MAX = 65536
/** Messages handed out, or sampled away, in one turn of a channel: some milliseconds, then others have theirs. */
const TURN_MESSAGES_MAX = 65536
/** A message that could not be read from disk is tried again after this time; others are handed out meanwhile. */
const UNREADABLE_DELAY_MS = 5000

/** Where copies of messages lie, by what they were copied from. */
type Copies = Map<Segment, Map<number, Place>>

/** Where a channel stands in its topic, and what it writes down of itself. */
export interface ChannelPlace {
  readonly topicName: string
  /** The topic's log. */
  readonly log: Log
  /** The position up to which the topic's messages went to the channels before it. */
  readonly distributed: number
  /** null: nothing of this channel is kept. */
  readonly journal: ChannelJournal | null
  /** For the channel's own log, when it needs one; null: in memory. */
  readonly ownStorage: (() => LogStorage) | null
}

/** A message that comes back: its frame (log/message-header.ts), and its encoded headers. */
export interface Readmitted {
  readonly bytes: Buffer
  readonly headers: Buffer | null
}

/** The channel was deleted. */
export class ChannelClosedError extends Error {
  constructor() {
    super('the channel is gone')
    this.name = 'ChannelClosedError'
  }
}

/** What a channel holds, for those who look at it. */
export interface ChannelContents {
  readonly ranges: Pick<Ranges, 'count' | 'forEach' | 'has'>
  readonly redeliveries: Pick<Redeliveries, 'count' | 'forEach'>
  readonly inFlight: Pick<
    InFlight,
    'count' | 'find' | 'forEach' | 'segment' | 'index' | 'attempts' | 'lane' | 'deadline' | 'deliveredAt'
  >
  readonly deferred: Pick<Deferred, 'count' | 'forEach' | 'select'>
}

/**
 * A named copy of a topic's stream: each message goes to one of the subscribers and comes back until it is finished.
 *
 *             extend              handOut                 finish
 *   topic ───────────▶  ranges  ───────────▶  in flight  ────────▶ gone
 *                                   ▲           │    │
 *                    redeliveries ──┘           │    │ requeue with a delay
 *                       ▲  ▲   requeue, timeout │    ▼
 *                       │  └────────────────────┘  deferred ◀──── scheduled messages of the topic
 *                       └──────── due ─────────────────┘
 *
 * Every message in here holds its segment (Segment.pending) until it is gone.
 */
export class Channel implements TurnTask, DueSource {
  readonly name: string
  readonly ephemeral: boolean
  readonly latency: LatencyRecorder | undefined
  wakeAt = Infinity
  heapIndex = -1

  messageCount = 0
  requeueCount = 0
  timeoutCount = 0
  zoneLocalCount = 0
  regionLocalCount = 0
  globalCount = 0

  /** Messages that could not be read back from disk, and were given up. */
  lostCount = 0
  /** Messages that were dropped since the topic was at its limits. */
  droppedCount = 0

  readonly #context: CoreContext
  readonly #log: Log
  readonly #journal: ChannelJournal | null
  readonly #ownStorage: (() => LogStorage) | null
  readonly #ranges = new Ranges()
  readonly #redeliveries = new Redeliveries()
  readonly #inFlight = new InFlight()
  readonly #deferred = new Deferred()
  /** null: what fails goes back to the line. */
  #retries: Retries | null = null
  /** Tells subscribers that asked how much waits; null: nobody did. */
  #depthHints: DepthHints | null = null
  /** All that have a subscriber or something in flight. */
  readonly #lanes = new Set<Lane>()
  readonly #subscribed = new Set<Lane>()
  readonly #ready = new ReadyLine()
  /** Messages that held a segment of a topic's log nearly alone (evict). */
  #ownLog: Log | null = null
  /** Up to where the topic has given us messages. */
  #readTo: number
  #reading: Segment | null = null
  /** A segment is being read from disk: nothing is handed out until it is there. */
  #loading = false
  /** What was read last: it stays in memory until something of it was handed out. */
  #loaded: Segment | null = null
  /** Messages are being copied to our own log. */
  #moving = false
  /** Up to where the journal was told of what lies in our own log. */
  #ownToldTo = 0
  readonly #topicName: string
  #scheduled = false
  #paused = false
  #closed = false

  constructor(context: CoreContext, name: string, ephemeral: boolean, place: ChannelPlace) {
    this.#context = context
    this.name = name
    this.ephemeral = ephemeral
    this.#log = place.log
    this.#readTo = place.distributed
    this.#journal = place.journal
    this.#ownStorage = place.ownStorage
    this.#topicName = place.topicName
    this.latency = context.latency?.()
    const policy = context.retryPolicy?.(place.topicName, name) ?? null
    if (policy !== null) this.changeRetryPolicy(policy)
  }

  // ---- what others see ----

  /** Messages that wait to be handed out; those in flight and deferred are not among them. */
  get depth(): number {
    return this.#ranges.count + this.#redeliveries.count
  }

  /** Of the depth, what is on disk and not kept in memory. */
  get backendDepth(): number {
    let count = 0
    this.#ranges.forEach((from, to) => (count += this.#log.pagedCount(from, to)))
    this.#redeliveries.forEach((segment) => (count += segment.paged ? 1 : 0))
    return count
  }

  get inFlightCount(): number {
    return this.#inFlight.count
  }

  /** Those that are becoming dead letters are among them, for the moment that it takes. */
  get deferredCount(): number {
    return this.#deferred.count + (this.#retries?.count ?? 0)
  }

  /** What became of messages that failed; null: they have always gone back to the line. */
  get retries(): Pick<Retries, 'policy' | 'deadCount' | 'topicName'> | null {
    return this.#retries
  }

  get paused(): boolean {
    return this.#paused
  }

  get closed(): boolean {
    return this.#closed
  }

  get subscriberCount(): number {
    return this.#subscribed.size
  }

  /** In the order in which they subscribed. */
  *subscribers(): IterableIterator<Subscriber> {
    for (const lane of this.#subscribed) yield lane.subscriber
  }

  // ---- from the topic ----

  /**
   * Takes the messages [from, to) of the topic. An ephemeral channel takes what fits, which includes what its
   * subscribers could take now, and lets the rest go.
   * @returns the end of what was taken: the caller holds [from, end) for us.
   */
  extend(from: number, to: number): number {
    this.messageCount += to - from
    this.#readTo = to
    const end = this.ephemeral ? Math.min(to, from + this.#room()) : to
    this.#ranges.push(from, end)
    this.#depthHints?.changed()
    this.#schedule()
    return end
  }

  /** Takes a message that is to wait first; the caller holds it for us. */
  defer(segment: Segment, index: number, delayMs: number): void {
    this.messageCount++
    this.#deferUntil(segment, index, 0, this.#context.clock.now() + delayMs)
  }

  // ---- from subscribers ----

  subscribe(subscriber: Subscriber): Lane {
    const lane = new Lane(subscriber)
    this.#lanes.add(lane)
    this.#subscribed.add(lane)
    if (subscriber.wantsDepth) {
      this.#depthHints ??= new DepthHints(this.#context, () => (this.#paused ? 0 : this.depth))
      this.#depthHints.add(subscriber)
    }
    this.wake(lane)
    return lane
  }

  /** The subscriber left. What it has in flight stays so until it times out, or comes back at once if so configured. */
  unsubscribe(lane: Lane): void {
    this.#subscribed.delete(lane)
    this.#depthHints?.remove(lane.subscriber)
    this.#ready.remove(lane)
    if (this.#context.options.requeueOnDisconnect) this.#takeBack(lane, Infinity)
    if (lane.count === 0) this.#lanes.delete(lane)
  }

  /** The subscriber may be able to take more than before. */
  wake(lane: Lane): void {
    if (!this.#hasRoom(lane)) return
    this.#ready.push(lane)
    this.#schedule()
  }

  finish(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const segment = this.#inFlight.segment(slot)
    const index = this.#inFlight.index(slot)
    if (this.latency !== undefined && segment.resident) this.#recordLatency(segment, index)
    this.#inFlight.remove(slot)
    this.#drop(segment, index)
    this.wake(lane)
    return Outcome.done
  }

  /** @param delayMs 0: it joins the end of the line at once. */
  requeue(lane: Lane, idHi: number, idLo: number, delayMs: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    this.requeueCount++
    const segment = this.#inFlight.segment(slot)
    const index = this.#inFlight.index(slot)
    const attempts = this.#inFlight.attempts(slot)
    this.#inFlight.remove(slot)
    if (this.#retries !== null) this.#retries.failed(segment, index, attempts, FailureReason.requeued, delayMs)
    else if (delayMs > 0) this.#deferUntil(segment, index, attempts, this.#context.clock.now() + delayMs)
    else this.#putBack(segment, index, attempts)
    this.wake(lane)
    return Outcome.done
  }

  /** Gives a message its subscriber's full time again, from now, but not beyond max-msg-timeout after its delivery. */
  touch(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const { clock, options, scanner } = this.#context
    const deadline = Math.min(
      clock.now() + lane.subscriber.msgTimeoutMs,
      this.#inFlight.deliveredAt(slot) + options.maxMsgTimeoutMs,
    )
    this.#inFlight.touch(slot, deadline)
    if (deadline < this.wakeAt) scanner.expect(this, deadline)
    return Outcome.done
  }

  // ---- one message, by hand ----

  /** What is in it, for those who look; they change nothing. */
  get contents(): ChannelContents {
    return {
      ranges: this.#ranges,
      redeliveries: this.#redeliveries,
      inFlight: this.#inFlight,
      deferred: this.#deferred,
    }
  }

  /** Finishes a message, wherever in the channel it is. @returns false when it is not here any more */
  finishOne(segment: Segment, index: number): boolean {
    if (this.#withdraw(segment, index) < 0) return false
    this.#drop(segment, index)
    return true
  }

  /**
   * Puts a message, wherever in the channel it is, at the end of the line, at once or after a delay.
   * @returns false when it is not here any more
   */
  requeueOne(segment: Segment, index: number, delayMs: number): boolean {
    const attempts = this.#withdraw(segment, index)
    if (attempts < 0) return false
    if (delayMs > 0) {
      this.#deferUntil(segment, index, attempts, this.#context.clock.now() + delayMs)
    } else {
      this.#journal?.handedOutAgain(segment, index, attempts) // so that after a crash it does not wait for its old time
      this.#putBack(segment, index, attempts)
    }
    return true
  }

  /**
   * Takes a message out of the channel, for the caller to finish (`finishTaken`) or give back (`giveBack`); after a crash it
   * is where it was.
   * @returns its attempts; -1 when it is not here any more
   */
  takeOut(segment: Segment, index: number): number {
    return this.#withdraw(segment, index)
  }

  finishTaken(segment: Segment, index: number): void {
    if (!this.#closed) this.#drop(segment, index)
  }

  giveBack(segment: Segment, index: number, attempts: number): void {
    if (!this.#closed) this.#putBack(segment, index, attempts)
  }

  /**
   * Takes messages that were here once, at the end of the line and as if never delivered: into the channel's own log, since
   * the other channels have had them.
   * @param done told when they are as safe as a publish, or why they were not taken
   */
  readmit(frames: readonly Readmitted[], done: (error: Error | null) => void): void {
    if (this.#closed) return done(new ChannelClosedError())
    const log = (this.#ownLog ??= this.makeOwnLog())
    const places: Place[] = frames.map(({ bytes, headers }) => {
      const idAt = ID_OFFSET
      const segment = log.appendFrame(bytes, 0, bytes.length, parseIdHi(bytes, idAt), parseIdLo(bytes, idAt))
      if (headers !== null) log.annotate(headers)
      segment.pending++
      return { segment, index: segment.count - 1 }
    })
    const settled = (error: Error | null): void => {
      if (this.#closed) return done(new ChannelClosedError())
      if (error !== null) {
        for (const { segment } of places) segment.release(1)
        return done(error)
      }
      done(this.#takeReadmitted(places, log))
    }
    try {
      log.commit()
    } catch (error) {
      for (const { segment } of places) segment.pending--
      log.rollback()
      return done(error as Error)
    }
    if (log.store === null || this.#journal?.durability !== 'fsync') return settled(null)
    log.store.syncLater((error) => {
      if (error !== null) log.seal()
      settled(error)
    })
  }

  #takeReadmitted(places: readonly Place[], log: Log): Error | null {
    for (const { index, segment } of places) {
      this.messageCount++
      this.#redeliveries.push(segment, index, 0, this.#readTo)
      this.#journal?.handedOutAgain(segment, index, 0)
      this.#ownToldTo = Math.max(this.#ownToldTo, segment.base + index + 1)
    }
    log.raiseFloor(Math.max(log.floor, this.#ownToldTo))
    this.#depthHints?.changed()
    this.#schedule()
    try {
      this.#journal?.settle()
    } catch (error) {
      return error as Error // they are here, and may be forgotten by a crash
    }
    return null
  }

  /** Takes a message out of whatever holds it, which is then for the caller to do. @returns its attempts, -1 when it is not here */
  #withdraw(segment: Segment, index: number): number {
    this.#depthHints?.changed()
    const slot = this.#inFlight.slotOf(segment, index)
    if (slot >= 0) {
      const attempts = this.#inFlight.attempts(slot)
      const lane = this.#inFlight.lane(slot)
      this.#inFlight.remove(slot)
      this.wake(lane)
      return attempts
    }
    if (segment.log === this.#log && this.#ranges.remove(segment.base + index)) return 0
    const deferredAttempts = this.#deferred.remove(segment, index)
    if (deferredAttempts >= 0) return deferredAttempts
    let attempts = -1
    this.#redeliveries.forEach((other, at, count) => {
      if (other === segment && at === index) attempts = count
    })
    if (attempts < 0) return -1
    this.#redeliveries.remove(
      (other, at) => other === segment && at === index,
      () => {},
    )
    return attempts
  }

  // ---- messages that fail ----

  /** From now on this becomes of what fails; null: it goes back to the line. */
  changeRetryPolicy(policy: RetryPolicy | null): void {
    if (this.#retries === null && policy !== null) this.#makeRetries()
    if (this.#retries !== null) this.#retries.policy = policy
  }

  #makeRetries(): Retries {
    const { deadLetters } = this.#context
    if (deadLetters === undefined) throw new Error('there is no place for dead letters')
    const { name } = this
    const journal = this.#journal
    const isClosed = (): boolean => this.#closed
    this.#retries = new Retries(
      {
        context: this.#context,
        origin: { topic: this.#topicName, channel: name },
        journal,
        get closed() {
          return isClosed()
        },
        get durability() {
          return journal?.durability ?? 'memory'
        },
        putBack: (segment, index, attempts) => this.#putBack(segment, index, attempts),
        deferUntil: (segment, index, attempts, dueMs) => this.#deferUntil(segment, index, attempts, dueMs),
        drop: (segment, index) => this.#drop(segment, index),
        giveUp: (segment, index) => this.#giveUp(segment, index),
      },
      deadLetters,
      null,
    )
    return this.#retries
  }

  // ---- administration ----

  pause(): void {
    this.#paused = true
    this.#depthHints?.changed()
  }

  unpause(): void {
    this.#paused = false
    this.#depthHints?.changed()
    for (const lane of this.#subscribed) this.wake(lane)
  }

  /** Forgets everything that waits, is in flight or deferred. */
  empty(): void {
    this.#ranges.forEach((from, to) => this.#log.release(from, to))
    this.#ranges.clear()
    this.#redeliveries.forEach((segment) => segment.release(1))
    this.#redeliveries.clear()
    this.#deferred.forEach((segment) => segment.release(1))
    this.#deferred.clear()
    this.#inFlight.forEach((slot) => this.#inFlight.segment(slot).release(1))
    this.#inFlight.clear()
    this.#retries?.clear()
    this.#journal?.emptied(this.#readTo)
    this.#depthHints?.changed()
    for (const lane of this.#lanes) if (!this.#subscribed.has(lane)) this.#lanes.delete(lane)
    for (const lane of this.#subscribed) this.wake(lane)
  }

  /**
   * Drops what waits here of the topic's log below a position; what is in flight or deferred stays.
   * @returns how many there were
   */
  dropBelow(position: number): number {
    const ranges = this.#ranges
    const before = this.droppedCount
    while (ranges.from < position) {
      const { from } = ranges
      const to = Math.min(ranges.to, position)
      ranges.shift(to - from)
      this.#journal?.finishedRange(this.#log.kind, from, to)
      this.#log.release(from, to)
      this.droppedCount += to - from
    }
    this.droppedCount += this.#redeliveries.remove(
      (segment, index) => segment.log === this.#log && segment.base + index < position,
      (segment, index) => this.#drop(segment, index),
    )
    this.#depthHints?.changed()
    return this.droppedCount - before
  }

  /** The end of this channel: empties it and sends its subscribers away. */
  close(): void {
    this.empty()
    this.#ownLog?.clear()
    this.stop()
  }

  /** As close, but its messages stay what they are: the end of the process. */
  stop(): void {
    this.#closed = true
    this.#readNothing()
    this.#keepLoaded(null)
    this.#context.scanner.forget(this)
    this.#depthHints?.close()
    this.#retries?.stop()
    for (const subscriber of this.subscribers()) subscriber.channelClosed()
  }

  // ---- time ----

  /** Takes back what timed out and lets go what has become due. */
  processDue(now: number): number {
    let next = Infinity
    for (const lane of this.#lanes) {
      this.timeoutCount += this.#takeBack(lane, now)
      if (lane.count > 0) next = Math.min(next, this.#inFlight.deadline(lane.head))
      else if (!this.#subscribed.has(lane)) this.#lanes.delete(lane)
    }
    while (this.#deferred.nextDueMs <= now) {
      const { segment, index, attempts } = this.#deferred
      this.#deferred.shift()
      this.#putBack(segment, index, attempts)
    }
    return Math.min(next, this.#deferred.nextDueMs)
  }

  // ---- handing out ----

  /** Hands out as much as subscribers take: round by round, in each an equal share of what waits to all that are ready. */
  endTurn(): void {
    this.#scheduled = false
    if (this.#paused || this.#closed || this.#loading) return
    this.#handOutAll()
    this.#depthHints?.changed()
    if (this.#loaded !== null && !this.#loading) this.#keepLoaded(null)
  }

  #handOutAll(): void {
    const now = this.#context.clock.now()
    let left = TURN_MESSAGES_MAX
    let lanesLeft = 0
    let share = 0
    while (this.depth > 0 && left > 0 && !this.#paused) {
      const lane = this.#nextReady()
      if (lane === undefined) return
      if (lanesLeft === 0) {
        lanesLeft = this.#ready.count + 1
        share = Math.ceil(this.depth / lanesLeft)
      }
      lanesLeft--
      const room = lane.subscriber.readyCount - lane.count
      if (room <= 0) continue
      left -= this.#handOutShare(lane, Math.min(room, share, left), now)
      if (this.#hasRoom(lane)) this.#ready.push(lane)
      if (this.#loading) return
    }
    this.#schedule()
  }

  /** @returns how many messages left the line: as many as asked for, unless it ends or the lane takes no more. */
  #handOutShare(lane: Lane, count: number, now: number): number {
    let done = this.#handOut(lane, count, now)
    while (done < count && this.depth > 0 && !this.#paused && !this.#loading && this.#hasRoom(lane)) {
      done += this.#handOut(lane, count - done, now)
    }
    return done
  }

  #nextReady(): Lane | undefined {
    if (this.#context.options.topologyAware) return this.#ready.takeNearest((lane) => this.#hasRoom(lane))
    return this.#ready.count > 0 ? this.#ready.shift() : undefined
  }

  /** @returns how many messages left the line, at most `countMax`; 0 when the next one has to be read from disk first. */
  #handOut(lane: Lane, countMax: number, now: number): number {
    const ranges = this.#ranges
    const again = this.#redeliveries
    if (again.count > 0 && again.gate <= ranges.from) return this.#handOutAgain(lane, now)
    const from = ranges.from
    const to = again.count > 0 ? Math.min(ranges.to, again.gate) : ranges.to
    const segment = this.#segmentAt(from)
    const index = from - segment.base
    if (!segment.resident) return this.#load(segment, () => this.#postponeRun(segment, from))
    if (segment.isMissing(index)) {
      ranges.shift(1)
      return this.#giveUp(segment, index)
    }
    // One who samples gets them singly: until then each belongs to the line, whatever he does meanwhile.
    const sampled = lane.subscriber.sampleRate > 0
    const count = sampled || segment.damaged ? 1 : segment.fit(index, Math.min(countMax, to - from), RUN_SIZE_MAX)
    ranges.shift(count)
    this.#countLocality(lane, count)
    if (sampled && this.#isSampledOut(lane)) this.#drop(segment, index)
    else this.#handOutRun(lane, segment, index, count, now)
    return count
  }

  #handOutRun(lane: Lane, segment: Segment, index: number, count: number, now: number): void {
    const subscriber = lane.subscriber
    const deadline = now + subscriber.msgTimeoutMs
    for (let i = index; i < index + count; i++) this.#inFlight.add(lane, segment, i, 1, now, deadline)
    if (deadline < this.wakeAt) this.#context.scanner.expect(this, deadline)
    this.#journal?.handedOut(segment, index, count)
    if (segment.headers !== null && subscriber.wantsHeaders) sendHeadedRun(subscriber, segment, index, count)
    else subscriber.send(segment.bytes, segment.offset(index), segment.offset(index + count), count)
  }

  #handOutAgain(lane: Lane, now: number): number {
    const { segment, index } = this.#redeliveries
    if (!segment.resident) return this.#load(segment, () => this.#postponeAgain(segment, index))
    if (segment.isMissing(index)) {
      this.#redeliveries.shift()
      return this.#giveUp(segment, index)
    }
    const delivered = this.#redeliveries.attempts
    const attempts = (delivered + 1) & 0xffff // wraps, as on the wire
    this.#redeliveries.shift()
    if (this.#retries?.isExhausted(delivered) === true) {
      this.#retries.die(segment, index, delivered)
      return 1
    }
    this.#countLocality(lane, 1)
    const subscriber = lane.subscriber
    if (subscriber.sampleRate > 0 && this.#isSampledOut(lane)) {
      this.#drop(segment, index)
      return 1
    }
    const deadline = now + subscriber.msgTimeoutMs
    this.#inFlight.add(lane, segment, index, attempts, now, deadline)
    if (deadline < this.wakeAt) this.#context.scanner.expect(this, deadline)
    this.#journal?.handedOutAgain(segment, index, attempts)
    const headers = subscriber.wantsHeaders ? segment.headers?.get(index) : undefined
    const start = segment.offset(index)
    const end = segment.offset(index + 1)
    if (headers === undefined) subscriber.sendAgain(segment.bytes, start, end, attempts)
    else subscriber.sendHeaded(segment.bytes, start, end, attempts, headers)
    return 1
  }

  /** A message is done with, one way or the other. */
  #drop(segment: Segment, index: number): void {
    this.#journal?.finished(segment, index)
    this.#retries?.forget(segment, index)
    segment.release(1)
  }

  // ---- reading from disk ----

  /** Has a segment read, and goes on then. @returns 0: nothing was handed out */
  #load(segment: Segment, unreadable: () => void): number {
    this.#loading = true
    segment.log.beginReading(segment)
    segment.load((error) => {
      this.#loading = false
      this.#keepLoaded(error === null && !this.#closed ? segment : null)
      segment.log.endReading(segment)
      if (this.#closed) return
      if (error !== null) unreadable()
      this.#schedule()
    })
    return 0
  }

  #keepLoaded(segment: Segment | null): void {
    segment?.log.beginReading(segment)
    this.#loaded?.log.endReading(this.#loaded)
    this.#loaded = segment
  }

  /** The rest of a segment can't be read now: it is tried again later, and does not hold up what comes after it. */
  #postponeRun(segment: Segment, from: number): void {
    if (this.#ranges.from !== from) return // emptied meanwhile
    const dueMs = this.#context.clock.now() + UNREADABLE_DELAY_MS
    const count = Math.min(this.#ranges.to, segment.tail) - from
    this.#ranges.shift(count)
    for (let i = 0; i < count; i++) this.#deferUntil(segment, from - segment.base + i, 0, dueMs)
  }

  #postponeAgain(segment: Segment, index: number): void {
    const again = this.#redeliveries
    if (again.count === 0 || again.segment !== segment || again.index !== index) return // emptied meanwhile
    const { attempts } = again
    again.shift()
    this.#deferUntil(segment, index, attempts, this.#context.clock.now() + UNREADABLE_DELAY_MS)
  }

  /** What was read is not the message: it is gone, and counted. */
  #giveUp(segment: Segment, index: number): number {
    this.lostCount++
    this.#drop(segment, index)
    return 1
  }

  /** As the original: a rate of r keeps what draws 0..r of 0..99, which is r + 1 percent. */
  #isSampledOut(lane: Lane): boolean {
    return Math.floor(this.#context.random() * 100) > lane.subscriber.sampleRate
  }

  #segmentAt(position: number): Segment {
    const reading = this.#reading
    if (reading !== null && position >= reading.base && position < reading.tail) return reading
    const next = this.#log.segmentAt(position)
    this.#readNothing()
    this.#reading = next
    this.#log.beginReading(next)
    this.#readAhead(next)
    return next
  }

  /** What comes after a segment on disk is fetched while it is handed out. */
  #readAhead(segment: Segment): void {
    if (!segment.paged || segment.tail >= this.#readTo) return
    const next = this.#log.segmentAt(segment.tail)
    if (next.base !== segment.tail || next.resident) return
    next.load(() => {}) // a failure shows again when its turn comes
  }

  #readNothing(): void {
    if (this.#reading !== null) this.#log.endReading(this.#reading)
    this.#reading = null
  }

  #countLocality(lane: Lane, count: number): void {
    if (!this.#context.options.topologyAware) {
      this.globalCount += count
      return
    }
    switch (lane.subscriber.locality) {
      case Locality.zone:
        this.zoneLocalCount += count
        break
      case Locality.region:
        this.regionLocalCount += count
        break
      case Locality.global:
        this.globalCount += count
        break
    }
  }

  // ---- taking back ----

  /** Puts what of a lane is due at `now` back in the line. */
  #takeBack(lane: Lane, now: number): number {
    const reason = this.#subscribed.has(lane) ? FailureReason.timedOut : FailureReason.consumerLost
    let count = 0
    while (lane.count > 0 && this.#inFlight.deadline(lane.head) <= now) {
      const slot = lane.head
      const segment = this.#inFlight.segment(slot)
      const index = this.#inFlight.index(slot)
      const attempts = this.#inFlight.attempts(slot)
      this.#inFlight.remove(slot)
      if (this.#retries === null) this.#putBack(segment, index, attempts)
      else this.#retries.failed(segment, index, attempts, reason, 0)
      count++
    }
    if (count > 0) this.wake(lane)
    return count
  }

  #putBack(segment: Segment, index: number, attempts: number): void {
    if (this.ephemeral && this.#room() <= 0) return this.#drop(segment, index)
    this.#redeliveries.push(segment, index, attempts, this.#readTo)
    this.#depthHints?.changed()
    this.#schedule()
  }

  #deferUntil(segment: Segment, index: number, attempts: number, dueMs: number): void {
    this.#deferred.push(segment, index, attempts, dueMs)
    this.#journal?.deferred(segment, index, attempts, dueMs)
    if (dueMs < this.wakeAt) this.#context.scanner.expect(this, dueMs)
  }

  // ---- memory ----

  /**
   * Moves what we still need of some segments, which are in memory, into a log of our own, so that they can go: copies it,
   * brings the copies to stable storage, and only then lets go of what they were made of. What fails is tried again with
   * a later sweep.
   */
  evict(leaves: (segment: Segment) => boolean): void {
    if (this.#moving || this.#closed) return
    const copies = this.#copy(leaves)
    const log = this.#ownLog
    if (copies.size === 0 || log === null) return
    try {
      log.commit()
    } catch (error) {
      log.rollback()
      this.#context.onDisk?.(error as Error)
      return
    }
    if (log.store === null) return this.#move(copies, log)
    this.#moving = true
    log.store.syncLater((error) => {
      this.#moving = false
      if (this.#closed) return
      if (error === null) return this.#move(copies, log)
      log.seal()
      log.raiseFloor(log.committed)
      this.#context.onDisk?.(error)
    })
  }

  #copy(leaves: (segment: Segment) => boolean): Copies {
    const copies: Copies = new Map()
    const copy = (source: Segment, index: number): void => {
      if (!leaves(source) || source.isMissing(index)) return
      const log = (this.#ownLog ??= this.makeOwnLog())
      const segment = log.appendCopy(source, index)
      let places = copies.get(source)
      if (places === undefined) copies.set(source, (places = new Map<number, Place>()))
      places.set(index, { segment, index: segment.count - 1 })
    }
    this.#redeliveries.forEach(copy)
    this.#inFlight.forEach((slot) => copy(this.#inFlight.segment(slot), this.#inFlight.index(slot)))
    this.#deferred.forEach(copy)
    return copies
  }

  /** From now on the copies are the messages; of those that were finished meanwhile, nothing is needed. */
  #move(copies: Copies, log: Log): void {
    const move = (source: Segment, index: number): Place | undefined => {
      const place = copies.get(source)?.get(index)
      if (place === undefined) return undefined
      place.segment.pending++
      this.#journal?.moved(source, index, place.segment.base + place.index)
      this.#retries?.moved(source, index, place)
      source.release(1)
      return place
    }
    this.#redeliveries.relocate(move)
    this.#inFlight.relocate(move)
    this.#deferred.relocate(move)
    this.#ownToldTo = log.committed
    log.raiseFloor(log.committed)
  }

  makeOwnLog(): Log {
    return new Log(LogKind.own, this.#context.pool, this.#ownStorage?.() ?? null)
  }

  /** The topic's log. */
  get log(): Log {
    return this.#log
  }

  /** The log of messages that only this channel has, if there is one. */
  get ownLog(): Log | null {
    return this.#ownLog
  }

  /** The lowest position of the topic's log that is still to be handed out; Infinity when none is. */
  get readFrom(): number {
    return this.#ranges.from
  }

  /** The lowest position of the topic's log that waits here, to be handed out for the first time or once more. */
  get lowestWaiting(): number {
    let lowest = this.#ranges.from
    this.#redeliveries.forEach((segment, index) => {
      if (segment.log === this.#log) lowest = Math.min(lowest, segment.base + index)
    })
    return lowest
  }

  // ---- what is written down ----

  /** Its number in the topic's journal; null when nothing of it is kept. */
  get number(): number | null {
    return this.#journal?.channel ?? null
  }

  get readTo(): number {
    return this.#readTo
  }

  /**
   * Describes the channel in the snapshot of a journal.
   * @param readTo up to where the topic has given away its messages; some of the last may have been emptied away
   */
  describe(writer: RecordWriter, readTo: number, scheduledReadTo: number): void {
    const { channel } = this.#journal!
    writer.channel(channel, this.name, readTo, scheduledReadTo, this.#ownToldTo)
    this.#ranges.forEach((from, to) => writer.unread(channel, from, to))
    const delivered = (segment: Segment, index: number, attempts: number): void =>
      writer.attempts(channel, segment.log.kind, segment.base + index, attempts)
    this.#inFlight.forEach((slot) =>
      delivered(this.#inFlight.segment(slot), this.#inFlight.index(slot), this.#inFlight.attempts(slot)),
    )
    this.#redeliveries.forEach(delivered)
    const wallOffsetMs = this.#context.clock.wallUs() / 1000 - this.#context.clock.now()
    this.#deferred.forEach((segment, index, attempts, dueMs) =>
      writer.deferred(channel, segment.log.kind, segment.base + index, attempts, dueMs + wallOffsetMs),
    )
    this.#retries?.describe(writer, channel)
  }

  /** Takes back what an earlier run left unread; the caller holds it for us. */
  restoreRange(from: number, to: number): void {
    this.#ranges.push(from, to)
  }

  /** Takes back a message that an earlier run had delivered or deferred; the caller holds it for us. */
  restoreMessage(segment: Segment, index: number, message: RecoveredState): void {
    if (Number.isNaN(message.dueWallMs)) {
      this.#redeliveries.push(segment, index, message.attempts, 0)
      return
    }
    const dueMs = message.dueWallMs - this.#context.clock.wallUs() / 1000 + this.#context.clock.now()
    this.#deferred.push(segment, index, message.attempts, dueMs)
    if (dueMs < this.wakeAt) this.#context.scanner.expect(this, dueMs)
  }

  /** Takes a scheduled message of which it is not known what became of it; the caller holds it for us. @param due schedule.ts */
  restoreScheduled(segment: Segment, index: number, due: number): void {
    const { clock } = this.#context
    const dueMs = clock.now() + remainingMs(due, clock.wallUs() / 1000)
    this.#deferred.push(segment, index, 0, dueMs)
    if (dueMs < this.wakeAt) this.#context.scanner.expect(this, dueMs)
  }

  /** Takes over what is known of a message's failures. */
  restoreFailure(segment: Segment, index: number, failure: Failure): void {
    this.#retries?.restoreFailure(segment, index, failure)
  }

  /** Takes back a message that was becoming a dead letter; the caller holds it for us. */
  restoreDying(segment: Segment, index: number, attempts: number, place: DeadPlace): void {
    ;(this.#retries ?? this.#makeRetries()).restoreDying(segment, index, attempts, place)
  }

  /** All topics are restored: what was becoming a dead letter is one, or becomes one now. @throws of the file system */
  resolveDying(): void {
    this.#retries?.resolve()
  }

  /** Takes over a log of its own that was found on disk. */
  restoreOwnLog(log: Log): void {
    this.#ownLog = log
    this.#ownToldTo = log.tail
  }

  // ---- small things ----

  #hasRoom(lane: Lane): boolean {
    return lane.subscriber.readyCount > lane.count && this.#subscribed.has(lane)
  }

  /** How many more messages an ephemeral channel keeps. */
  #room(): number {
    let takes = 0
    if (!this.#paused) {
      for (const lane of this.#subscribed) takes += Math.max(0, lane.subscriber.readyCount - lane.count)
    }
    return Math.max(0, this.#context.options.memQueueSize + takes - this.depth)
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#loading || this.#ready.count === 0 || this.depth === 0) return
    this.#scheduled = true
    this.#context.turn.schedule(Phase.dispatch, this)
  }

  #recordLatency(segment: Segment, index: number): void {
    const at = segment.offset(index) + TIMESTAMP_OFFSET
    const publishedNs = segment.bytes.readUInt32BE(at) * 2 ** 32 + segment.bytes.readUInt32BE(at + 4)
    this.latency!.record(Math.max(0, this.#context.clock.wallUs() * 1000 - publishedNs))
  }
}
