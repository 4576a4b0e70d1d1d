import type { DeadPlace, Failure } from '../log/journal-records.ts'
import type { Log, LogKind } from '../log/log.ts'
import type { Journal } from '../log/journal.ts'
import type { Segment } from '../log/segment.ts'
import type { Durability } from '../log/topic-store.ts'
import type { Ranges } from './ranges.ts'

/** Sees to it that a journal is written soon. */
export interface JournalKeeper {
  readonly journal: Journal
  readonly durability: Durability
  /** Wall clock minus the monotonic clock, in milliseconds: due times are written as wall clock. */
  wallOffsetMs(): number
  /** Something is to be written; `run`, what a channel has gathered and not recorded yet. */
  recorded(run: ChannelJournal): void
  /** Sees to it that there is a journal before there are files that it has to speak of. @throws of the file system */
  beginJournal(): void
  /** Has it written at once. */
  flushNow(): void
  /** The same, as safely as a publish is; @throws of the file system */
  flushUrgent(): void
  /** The journal was told of copies, which have to be safe before what they were copied from may go. */
  noteMoved(): void
}

/**
 * What one channel writes into its topic's journal. Finished messages are gathered into runs: a consumer finishes what it
 * was given in order, so that thousands of them cost one record.
 */
export class ChannelJournal {
  /** The channel's number in the journal. */
  readonly channel: number
  readonly #keeper: JournalKeeper
  #kind: LogKind = 0
  #from = 0
  #to = 0

  constructor(keeper: JournalKeeper, channel: number) {
    this.#keeper = keeper
    this.channel = channel
  }

  finished(segment: Segment, index: number): void {
    if (!this.#keeper.journal.begun) return
    const position = segment.base + index
    const { kind } = segment.log
    if (position === this.#to && kind === this.#kind && this.#to > this.#from) {
      this.#to++
      return
    }
    this.writeRun()
    this.#kind = kind
    this.#from = position
    this.#to = position + 1
    this.#keeper.recorded(this)
  }

  finishedRange(kind: LogKind, from: number, to: number): void {
    if (!this.#keeper.journal.begun) return
    this.writeRun()
    this.#keeper.journal.records.finished(this.channel, kind, from, to - from)
    this.#keeper.recorded(this)
  }

  /** What of [from, to) is in `ranges` is to be read again. */
  rewound(ranges: Ranges, from: number, to: number): void {
    if (!this.#keeper.journal.begun) return
    this.writeRun() // what was finished before comes again, too
    const { records } = this.#keeper.journal
    ranges.forEach((start, end) => {
      if (end > from) records.unread(this.channel, Math.max(start, from), end)
    })
    records.rewound(this.channel, to)
    this.#keeper.recorded(this)
  }

  handedOut(segment: Segment, index: number, count: number): void {
    if (!this.#keeper.journal.begun) return
    this.#keeper.journal.records.handedOut(this.channel, segment.log.kind, segment.base + index, count)
    this.#keeper.recorded(this)
  }

  handedOutAgain(segment: Segment, index: number, attempts: number): void {
    if (!this.#keeper.journal.begun) return
    this.#keeper.journal.records.attempts(this.channel, segment.log.kind, segment.base + index, attempts)
    this.#keeper.recorded(this)
  }

  deferred(segment: Segment, index: number, attempts: number, dueMs: number): void {
    if (!this.#keeper.journal.begun) return
    const dueWallMs = dueMs + this.#keeper.wallOffsetMs()
    this.#keeper.journal.records.deferred(this.channel, segment.log.kind, segment.base + index, attempts, dueWallMs)
    this.#keeper.recorded(this)
  }

  failed(segment: Segment, index: number, failure: Failure): void {
    if (!this.#keeper.journal.begun) return
    this.#keeper.journal.records.failed(this.channel, segment.log.kind, segment.base + index, failure)
    this.#keeper.recorded(this)
  }

  /** It is to become a dead letter at that place. */
  dying(segment: Segment, index: number, attempts: number, place: DeadPlace): void {
    if (!this.#keeper.journal.begun) return
    const { records } = this.#keeper.journal
    records.attempts(this.channel, segment.log.kind, segment.base + index, attempts)
    records.dying(this.channel, segment.log.kind, segment.base + index, place)
    this.#keeper.recorded(this)
  }

  /** Commits what was appended to the channel's own log. @throws of the file system */
  commit(log: Log): void {
    if (log.needsWriting) this.#keeper.beginJournal()
    log.commit()
  }

  get durability(): Durability {
    return this.#keeper.durability
  }

  /** All that was recorded is as safe as a publish when this returns. @throws of the file system */
  settle(): void {
    if (this.#keeper.journal.begun) this.#keeper.flushUrgent()
  }

  emptied(readTo: number): void {
    if (!this.#keeper.journal.begun) return
    this.forgetRun()
    this.#keeper.journal.records.emptied(this.channel, readTo)
    this.#keeper.flushNow()
  }

  moved(from: Segment, index: number, ownPosition: number): void {
    if (!this.#keeper.journal.begun) return
    this.#keeper.journal.records.moved(this.channel, from.log.kind, from.base + index, ownPosition)
    this.#keeper.noteMoved()
    this.#keeper.recorded(this)
  }

  /** Records the run that was gathered. */
  writeRun(): void {
    if (this.#to === this.#from) return
    this.#keeper.journal.records.finished(this.channel, this.#kind, this.#from, this.#to - this.#from)
    this.#from = this.#to
  }

  /** The run need not be recorded any more: a snapshot says it. */
  forgetRun(): void {
    this.#from = this.#to
  }
}
