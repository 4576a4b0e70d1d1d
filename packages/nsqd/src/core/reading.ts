import type { Log } from '../log/log.ts'
import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'

/**
 * How a channel gets at the messages of segments that are on disk: a segment at a time, the next one fetched while this
 * one is handed out. What it reads stays in memory until something of it was handed out.
 */
export class Reading {
  /** A segment is being read from disk: nothing is handed out until it is there. */
  loading = false
  readonly #messages: ChannelMessages
  readonly #log: Log
  readonly #goOn: () => void
  #reading: Segment | null = null
  /** What was read last. */
  #loaded: Segment | null = null

  /** @param goOn called once what was loaded is there */
  constructor(messages: ChannelMessages, goOn: () => void) {
    this.#messages = messages
    this.#log = messages.log
    this.#goOn = goOn
  }

  /** The segment of the topic's log that is read next. */
  segmentAt(position: number): Segment {
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
    if (!segment.paged || segment.tail >= this.#messages.readTo) return
    const next = this.#log.segmentAt(segment.tail)
    if (next.base !== segment.tail || next.resident) return
    next.load(() => {}) // a failure shows again when its turn comes
  }

  /** Has a segment read, and goes on then. */
  load(segment: Segment, unreadable: () => void): void {
    this.loading = true
    segment.log.beginReading(segment)
    segment.load((error) => {
      this.loading = false
      const { closed } = this.#messages
      this.#keepLoaded(error === null && !closed ? segment : null)
      segment.log.endReading(segment)
      if (closed) return
      if (error !== null) unreadable()
      this.#goOn()
    })
  }

  /** Something of what was loaded has been handed out. */
  letGoOfLoaded(): void {
    if (this.#loaded !== null && !this.loading) this.#keepLoaded(null)
  }

  stop(): void {
    this.#readNothing()
    this.#keepLoaded(null)
  }

  #keepLoaded(segment: Segment | null): void {
    segment?.log.beginReading(segment)
    this.#loaded?.log.endReading(this.#loaded)
    this.#loaded = segment
  }

  #readNothing(): void {
    if (this.#reading !== null) this.#log.endReading(this.#reading)
    this.#reading = null
  }
}
