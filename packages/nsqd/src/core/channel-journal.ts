import type { LogKind } from '../log/log.ts'
import type { Journal } from '../log/journal.ts'
import type { Segment } from '../log/segment.ts'

/** Sees to it that a journal is written soon. */
export interface JournalKeeper {
  readonly journal: Journal
  /** Wall clock minus the monotonic clock, in milliseconds: due times are written as wall clock. */
  wallOffsetMs(): number
  /** Something is to be written; `run`, what a channel has gathered and not recorded yet. */
  recorded(run: ChannelJournal): void
  /** Has it written at once. */
  flushNow(): void
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
