import { Log, LogKind, type LogStorage } from '../log/log.ts'
import type { Place, Segment } from '../log/segment.ts'
import type { ChannelJournal } from './channel-journal.ts'
import type { CoreContext } from './context.ts'
import { Deferred } from './deferred.ts'
import { InFlight } from './in-flight.ts'
import { Ranges } from './ranges.ts'
import { Redeliveries } from './redeliveries.ts'
import type { Retries } from './retries.ts'
import type { DueSource } from './scanner.ts'

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

/** A message that somebody has taken out by hand. */
export interface TakenOut extends Place {
  readonly attempts: number
}

/**
 * The messages of a channel, wherever in it they are: in its ranges still to be read, to be handed out once more, in
 * flight, deferred, or becoming dead letters. Each holds its segment (Segment.pending) until it is dropped.
 *
 * Who is handed what, and when, is for others to say: this is what they share.
 */
export class ChannelMessages implements ChannelContents {
  /** The topic's log. */
  readonly log: Log
  readonly journal: ChannelJournal | null
  readonly ranges = new Ranges()
  readonly redeliveries = new Redeliveries()
  readonly inFlight = new InFlight()
  readonly deferred = new Deferred()
  /** null: what fails goes back to the line. */
  retries: Retries | null = null
  /** Messages that held a segment of a topic's log nearly alone (eviction.ts), or came back (readmission.ts). */
  ownLog: Log | null = null
  /** Up to where the journal was told of what lies in our own log. */
  ownToldTo = 0
  /** Up to where the topic has given us messages. */
  readTo: number
  /** What it has to read below was given to it before: it was rewound. */
  replayTo = 0
  /** Messages that could not be read back from disk, and were given up. */
  lostCount = 0
  /** Messages that were dropped since the topic was at its limits. */
  droppedCount = 0
  /** Taken out by hand, and neither finished nor given back yet, by keyOf. */
  readonly takenOut = new Map<number, TakenOut>()
  /** The channel is gone: nothing is done to them any more. */
  closed = false

  readonly #context: CoreContext
  /** Who is woken when something deferred is due. */
  readonly #timer: DueSource
  readonly #ownStorage: (() => LogStorage) | null

  constructor(context: CoreContext, timer: DueSource, place: ChannelPlace) {
    this.#context = context
    this.#timer = timer
    this.#ownStorage = place.ownStorage
    this.log = place.log
    this.journal = place.journal
    this.readTo = place.distributed
  }

  /** Those that wait to be handed out. */
  get depth(): number {
    return this.ranges.count + this.redeliveries.count
  }

  /** Of the depth, what is on disk and not kept in memory. */
  get backendDepth(): number {
    let count = 0
    this.ranges.forEach((from, to) => (count += this.log.pagedCount(from, to)))
    this.redeliveries.forEach((segment) => (count += segment.paged ? 1 : 0))
    return count
  }

  /**
   * The lowest position of the topic's log that waits here, to be handed out for the first time or once more. What comes
   * again since the channel was rewound has not waited since it was published, and is passed over.
   */
  get lowestWaiting(): number {
    let lowest = this.ranges.from
    if (lowest < this.replayTo) lowest = this.ranges.atOrAfter(this.replayTo)
    this.redeliveries.forEach((segment, index) => {
      const position = segment.base + index
      if (segment.log === this.log && position >= this.replayTo) lowest = Math.min(lowest, position)
    })
    return lowest
  }

  /** A message is done with, one way or the other; it was taken out of wherever it was. */
  drop(segment: Segment, index: number): void {
    this.journal?.finished(segment, index)
    this.retries?.forget(segment, index)
    segment.release(1)
  }

  /** What was read is not the message: it is gone, and counted. */
  giveUp(segment: Segment, index: number): void {
    this.lostCount++
    this.drop(segment, index)
  }

  deferUntil(segment: Segment, index: number, attempts: number, dueMs: number): void {
    this.deferred.push(segment, index, attempts, dueMs)
    this.journal?.deferred(segment, index, attempts, dueMs)
    this.expectAt(dueMs)
  }

  /** Something is due then. */
  expectAt(dueMs: number): void {
    if (dueMs < this.#timer.wakeAt) this.#context.scanner.expect(this.#timer, dueMs)
  }

  /** Takes out a message that is not in flight; what becomes of it is for the caller to say. @returns its attempts, -1 when it is not here */
  withdraw(segment: Segment, index: number): number {
    if (segment.log === this.log && this.ranges.remove(segment.base + index)) return 0
    const deferredAttempts = this.deferred.remove(segment, index)
    if (deferredAttempts >= 0) return deferredAttempts
    let attempts = -1
    this.redeliveries.forEach((other, at, count) => {
      if (other === segment && at === index) attempts = count
    })
    if (attempts < 0) return -1
    this.redeliveries.remove(
      (other, at) => other === segment && at === index,
      () => {},
    )
    return attempts
  }

  /** Forgets everything. */
  empty(): void {
    this.ranges.forEach((from, to) => this.log.release(from, to))
    this.ranges.clear()
    this.redeliveries.forEach((segment) => segment.release(1))
    this.redeliveries.clear()
    this.deferred.forEach((segment) => segment.release(1))
    this.deferred.clear()
    this.inFlight.forEach((slot) => this.inFlight.segment(slot).release(1))
    this.inFlight.clear()
    for (const { segment } of this.takenOut.values()) segment.release(1)
    this.takenOut.clear()
    this.retries?.clear()
    this.journal?.emptied(this.readTo)
  }

  /**
   * Drops what waits here of the topic's log below a position; what is in flight or deferred stays.
   * @returns how many there were
   */
  dropBelow(position: number): number {
    const { ranges } = this
    const before = this.droppedCount
    while (ranges.from < position) {
      const { from } = ranges
      const to = Math.min(ranges.to, position)
      ranges.shift(to - from)
      this.journal?.finishedRange(this.log.kind, from, to)
      this.log.release(from, to)
      this.droppedCount += to - from
    }
    this.droppedCount += this.redeliveries.remove(
      (segment, index) => segment.log === this.log && segment.base + index < position,
      (segment, index) => this.drop(segment, index),
    )
    return this.droppedCount - before
  }

  /** All that is here and not in the ranges, one after another; those of one log may come in any order. */
  forEachHeld(visit: (segment: Segment, index: number) => void): void {
    this.inFlight.forEach((slot) => visit(this.inFlight.segment(slot), this.inFlight.index(slot)))
    this.redeliveries.forEach(visit)
    this.deferred.forEach(visit)
    this.retries?.forEach(visit)
    for (const { index, segment } of this.takenOut.values()) visit(segment, index)
  }

  /** Commits what was appended to the channel's own log. @throws of the file system; the caller rolls back */
  commitOwn(): void {
    const log = this.ownLog!
    if (this.journal === null) log.commit()
    else this.journal.commit(log)
  }

  makeOwnLog(): Log {
    return new Log(LogKind.own, this.#context.pool, this.#ownStorage?.() ?? null)
  }
}
