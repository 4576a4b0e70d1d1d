import type { Log } from '../log/log.ts'
import { TIMESTAMP_OFFSET } from '../log/message-header.ts'
import type { Segment } from '../log/segment.ts'
import type { Clock } from './clock.ts'
import type { Topic } from './topic.ts'

/** How much a topic may hold. 0: no limit. */
export interface LimitSettings {
  readonly maxBytes: number
  readonly maxAgeMs: number
  /** At a limit publishes fail, or the oldest waiting messages are dropped. */
  readonly limitPolicy: 'refuse' | 'drop-oldest'
}

/** A topic holds as much as it may. */
export class TopicFullError extends Error {
  readonly code = 'TOPIC_FULL'

  constructor(what: string) {
    super(`topic is full: ${what}`)
    this.name = 'TopicFullError'
  }
}

export const NO_LIMITS: LimitSettings = { maxBytes: 0, maxAgeMs: 0, limitPolicy: 'refuse' }

/** Going through all segments for each publish would cost too much: it is done after so much time, or so many bytes. */
const MEASURE_INTERVAL_MS = 100
const MEASURE_BYTES = 1024 * 1024
/** What a message takes beside its body. */
const MESSAGE_OVERHEAD = 34

/**
 * Keeps a topic within its limits.
 *
 * Bytes are those of the segments in which some channel has something unfinished, or that wait in the topic: a message
 * counts once however many channels it is for, until the last of them has finished it. Age is that of the oldest message
 * that waits to be handed out; what is in flight, or deferred on purpose, is as old as it is.
 *
 * Dropped is what waits, never what is in flight or deferred.
 */
export class TopicLimits {
  #settings: LimitSettings
  readonly #topic: Topic
  readonly #clock: Clock
  #held = 0
  #measuredAt = -Infinity
  /** Topic.messageBytes and messageCount when it was measured. */
  #bytesThen = 0
  #countThen = 0
  #tooOld = false

  constructor(topic: Topic, clock: Clock, settings: LimitSettings) {
    this.#topic = topic
    this.#clock = clock
    this.#settings = settings
  }

  change(settings: LimitSettings): void {
    this.#settings = settings
    this.#measuredAt = -Infinity
    this.#tooOld = false
    this.sweep()
  }

  /** Before something is published. @throws {TopicFullError} */
  check(): void {
    const { limitPolicy, maxAgeMs, maxBytes } = this.#settings
    if (this.#tooOld) throw new TopicFullError(`its oldest message waits for more than ${maxAgeMs} ms`)
    if (maxBytes === 0 || this.#estimate() < maxBytes) return
    if (this.#mayMeasure()) {
      this.#measure()
      if (limitPolicy === 'drop-oldest') this.#makeRoom(maxBytes)
    }
    if (limitPolicy === 'refuse' && this.#estimate() >= maxBytes) {
      throw new TopicFullError(`it holds ${this.#estimate()} bytes, ${maxBytes} are allowed`)
    }
  }

  /**
   * Before a channel is to deliver again what lies from a position of the log on.
   * @throws {TopicFullError} when the topic may not hold so much
   */
  checkRewind(from: number): void {
    const { maxBytes } = this.#settings
    if (maxBytes === 0) return
    this.#measure()
    let bytes = this.#held
    for (const segment of this.#topic.log.segments) if (segment.tail > from && segment.finished) bytes += segment.size
    if (bytes > maxBytes) throw new TopicFullError(`with that it would hold ${bytes} bytes, ${maxBytes} are allowed`)
  }

  /** Looks at the age of what waits; called every few seconds. */
  sweep(): void {
    const { limitPolicy, maxAgeMs } = this.#settings
    const topic = this.#topic
    this.#tooOld = false
    if (maxAgeMs === 0) return
    const oldestMs = this.#clock.wallUs() / 1000 - maxAgeMs
    for (let position = topic.lowestWaiting; position < Infinity && !topic.closed; position = topic.lowestWaiting) {
      const segment = topic.log.find(position)
      if (segment === undefined) return
      if (!segment.resident) return this.#sweepOnceLoaded(segment)
      let index = position - segment.base
      if (!isOlder(segment, index, oldestMs)) return
      if (limitPolicy === 'refuse') {
        this.#tooOld = true
        return
      }
      while (index < segment.count && isOlder(segment, index, oldestMs)) index++
      if (topic.dropBelow(segment.base + index) === 0) return
    }
  }

  #sweepOnceLoaded(segment: Segment): void {
    const { log } = segment
    log.beginReading(segment) // or a cache that is full might let go of it before it was looked at
    segment.load((error) => {
      if (error === null && !this.#topic.closed) this.sweep()
      log.endReading(segment)
    })
  }

  #estimate(): number {
    const { messageBytes, messageCount } = this.#topic
    if (this.#measuredAt === -Infinity) return Infinity
    return this.#held + (messageBytes - this.#bytesThen) + (messageCount - this.#countThen) * MESSAGE_OVERHEAD
  }

  #mayMeasure(): boolean {
    const grown = this.#topic.messageBytes - this.#bytesThen
    return grown >= MEASURE_BYTES || this.#clock.now() - this.#measuredAt >= MEASURE_INTERVAL_MS
  }

  #measure(): void {
    const topic = this.#topic
    this.#held = heldBytes(topic.log) + heldBytes(topic.scheduled)
    for (const { ownLog } of topic.channels.values()) if (ownLog !== null) this.#held += heldBytes(ownLog)
    this.#measuredAt = this.#clock.now()
    this.#bytesThen = topic.messageBytes
    this.#countThen = topic.messageCount
  }

  #makeRoom(maxBytes: number): void {
    const { log } = this.#topic
    for (const segment of log.segments.slice()) {
      if (this.#held < maxBytes) return
      if (!segment.sealed) log.seal() // else its memory would stay until it is full
      if (this.#topic.dropBelow(Math.min(segment.tail, log.committed)) > 0) this.#measure()
    }
  }
}

function heldBytes(log: Log): number {
  let bytes = 0
  for (const segment of log.segments) if (!segment.finished) bytes += segment.size
  return bytes
}

function isOlder(segment: Segment, index: number, oldestMs: number): boolean {
  if (segment.isMissing(index)) return true
  const at = segment.offset(index) + TIMESTAMP_OFFSET
  const { bytes } = segment
  return (bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)) / 1e6 < oldestMs
}
