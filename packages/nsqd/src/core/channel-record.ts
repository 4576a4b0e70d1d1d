import type { DeadPlace, Failure, RecordWriter } from '../log/journal-records.ts'
import type { Log } from '../log/log.ts'
import type { RecoveredState } from '../log/recovered-messages.ts'
import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import type { Clock } from './clock.ts'
import type { Retries } from './retries.ts'
import { remainingMs } from './schedule.ts'

/** What a channel writes down of itself, and takes back of an earlier run. Whatever it takes back, the caller holds for it. */
export class ChannelRecord {
  readonly #messages: ChannelMessages
  readonly #name: string
  readonly #clock: Clock
  readonly #makeRetries: () => Retries

  /** @param makeRetries for messages that were becoming dead letters, where there is no policy any more */
  constructor(messages: ChannelMessages, name: string, clock: Clock, makeRetries: () => Retries) {
    this.#messages = messages
    this.#name = name
    this.#clock = clock
    this.#makeRetries = makeRetries
  }

  /** Its number in the topic's journal; null when nothing of it is kept. */
  get number(): number | null {
    return this.#messages.journal?.channel ?? null
  }

  /**
   * Describes the channel, of which something is kept, in the snapshot of a journal.
   * @param readTo up to where the topic has given away its messages; some of the last may have been emptied away
   */
  describe(writer: RecordWriter, readTo: number, scheduledReadTo: number): void {
    const { deferred, inFlight, journal, ownToldTo, ranges, redeliveries, replayTo, retries } = this.#messages
    const { channel } = journal!
    writer.channel(channel, this.#name, readTo, scheduledReadTo, ownToldTo)
    ranges.forEach((from, to) => writer.unread(channel, from, to))
    if (replayTo > ranges.from) writer.rewound(channel, replayTo)
    const delivered = (segment: Segment, index: number, attempts: number): void =>
      writer.attempts(channel, segment.log.kind, segment.base + index, attempts)
    inFlight.forEach((slot) => delivered(inFlight.segment(slot), inFlight.index(slot), inFlight.attempts(slot)))
    redeliveries.forEach(delivered)
    const wallOffsetMs = this.#clock.wallUs() / 1000 - this.#clock.now()
    deferred.forEach((segment, index, attempts, dueMs) =>
      writer.deferred(channel, segment.log.kind, segment.base + index, attempts, dueMs + wallOffsetMs),
    )
    retries?.describe(writer, channel)
  }

  /** Takes back what was left unread. */
  restoreRange(from: number, to: number): void {
    this.#messages.ranges.push(from, to)
  }

  /** It had been rewound: what it has to read below `to` was given to it before. */
  restoreReplay(to: number): void {
    this.#messages.replayTo = to
  }

  /** Takes back a message that had been delivered or deferred. */
  restoreMessage(segment: Segment, index: number, { attempts, dueWallMs }: RecoveredState): void {
    if (Number.isNaN(dueWallMs)) {
      this.#messages.redeliveries.push(segment, index, attempts, 0)
      return
    }
    this.#defer(segment, index, attempts, dueWallMs - this.#clock.wallUs() / 1000 + this.#clock.now())
  }

  /** Takes a scheduled message of which it is not known what became of it. @param due schedule.ts */
  restoreScheduled(segment: Segment, index: number, due: number): void {
    this.#defer(segment, index, 0, this.#clock.now() + remainingMs(due, this.#clock.wallUs() / 1000))
  }

  #defer(segment: Segment, index: number, attempts: number, dueMs: number): void {
    this.#messages.deferred.push(segment, index, attempts, dueMs)
    this.#messages.expectAt(dueMs)
  }

  /** Takes over what is known of a message's failures. */
  restoreFailure(segment: Segment, index: number, failure: Failure): void {
    this.#messages.retries?.restoreFailure(segment, index, failure)
  }

  /** Takes back a message that was becoming a dead letter. */
  restoreDying(segment: Segment, index: number, attempts: number, place: DeadPlace): void {
    const retries = this.#messages.retries ?? this.#makeRetries()
    retries.restoreDying(segment, index, attempts, place)
  }

  /** All topics are restored: what was becoming a dead letter is one, or becomes one now. */
  resolveDying(): void {
    this.#messages.retries?.keepLetters()
    this.#messages.retries?.resolve()
  }

  /** Takes over a log of its own that was found on disk. */
  restoreOwnLog(log: Log): void {
    this.#messages.ownLog = log
    this.#messages.ownToldTo = log.tail
  }
}
