import type { RecordWriter } from '../log/journal-records.ts'
import type { MessageHeaders } from '../log/message-header.ts'
import type { Channel } from './channel.ts'
import type { CoreContext } from './context.ts'
import type { DueSource } from './scanner.ts'
import type { Topic } from './topic.ts'

/** How long what happened to messages waits to be written to the journal. After a crash, what was finished in it comes again. */
const JOURNAL_DELAY_MS = 20
/** The same while the disk takes nothing. */
const JOURNAL_RETRY_MS = 500

/** What a topic writes down of itself and its channels, and when. */
export class TopicJournal implements DueSource {
  wakeAt = Infinity
  heapIndex = -1
  readonly #context: CoreContext
  readonly #topic: Topic
  readonly #headers: MessageHeaders
  /** Messages go to ephemeral channels only: the journal has to be told how far. */
  #unfollowed = false
  #failed = false

  constructor(context: CoreContext, topic: Topic, headers: MessageHeaders) {
    this.#context = context
    this.#topic = topic
    this.#headers = headers
  }

  /** Who the channels are, or who of them is kept, has changed. */
  channelsChanged(): void {
    const { channels, store } = this.#topic
    this.#unfollowed = store !== null && channels.size > 0 && !this.#hasKeptChannel()
  }

  /** The channels were given messages. */
  distributed(): void {
    if (this.#unfollowed) this.#topic.store!.requestFlush()
  }

  // ---- writing ----

  /** Records something that must be known before whatever is published next. */
  record(write: (writer: RecordWriter) => void): void {
    const { closed, store } = this.#topic
    this.channelsChanged()
    if (store === null || closed || !store.journal.begun) return
    write(store.journal.records)
    this.attempt(() => store.flushUrgent())
  }

  /** Writes what is recorded, now or a little later. */
  requestFlush(now: boolean): void {
    if (now) this.#flush()
    else this.#flushIn(JOURNAL_DELAY_MS)
  }

  #flush(): void {
    const { closed, store } = this.#topic
    if (closed || store === null) return
    // With whatever is recorded goes the last id: what is moved to a channel's own log has it from nowhere else.
    if (store.journal.begun && (this.#unfollowed || store.recording)) this.describeSelf(store.journal.records)
    this.attempt(() => store.flush())
  }

  /** Writes; should that fail, it is tried again a little later. */
  attempt(write: () => void): void {
    try {
      write()
      if (this.#failed) this.#context.onDisk?.(null)
      this.#failed = false
    } catch (error) {
      this.#failed = true
      this.#context.onDisk?.(error as Error)
      this.#flushIn(JOURNAL_RETRY_MS)
    }
  }

  #flushIn(delayMs: number): void {
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

  // ---- what it says ----

  /** All that is true now. */
  describe(writer: RecordWriter): void {
    for (const channel of this.#topic.channels.values()) this.describeChannel(writer, channel)
    const { log, retention } = this.#topic
    if (retention.active && log.retainFrom > 0) writer.retained(log.retainFrom)
    this.describeSelf(writer)
  }

  describeChannel(writer: RecordWriter, channel: Channel): void {
    const { distributed, distributedScheduled } = this.#topic
    if (channel.record.number !== null) channel.record.describe(writer, distributed, distributedScheduled)
  }

  describeSelf(writer: RecordWriter): void {
    const { distributed, distributedScheduled, paused } = this.#topic
    const following = this.#hasKeptChannel() && !paused
    writer.topic(following, distributed, distributedScheduled, this.#headers.idHi, this.#headers.idLo)
  }

  #hasKeptChannel(): boolean {
    for (const channel of this.#topic.channels.values()) if (!channel.ephemeral) return true
    return false
  }
}
