// Looking at messages without consuming them: which there are, in what order, and what is in them. Nothing here changes a
// channel, a topic or a figure of theirs.
import { decodeHeaders, type Headers } from '../log/headers.ts'
import type { Log } from '../log/log.ts'
import { HEADER_SIZE, TIMESTAMP_OFFSET, ID_OFFSET, ID_SIZE } from '../log/message-header.ts'
import type { Segment } from '../log/segment.ts'
import type { Channel } from './channel.ts'
import type { Subscriber } from './subscriber.ts'
import { dueTimeOf } from './schedule.ts'
import type { Topic } from './topic.ts'

export type MessageState = 'ready' | 'in_flight' | 'deferred'

/** A message of a channel or topic, where it lay when somebody looked. */
export interface MessageRef {
  readonly state: MessageState
  readonly segment: Segment
  readonly index: number
  /** How often it was delivered so far. */
  readonly attempts: number
  /** Of a deferred one, in Clock.now milliseconds; NaN: none. */
  readonly dueMs: number
  /** Of one in flight. */
  readonly flight: Flight | null
}

export interface Flight {
  readonly subscriber: Subscriber
  /** Clock.now milliseconds, as the next. */
  readonly deliveredAtMs: number
  readonly deadlineMs: number
}

/** What is in a message; the body is a copy. */
export interface Content {
  readonly id: string
  readonly timestampNs: bigint
  readonly body: Buffer
  /** null: it has none. */
  readonly headers: Headers | null
}

/** Up to `limit` messages of a channel from the `offset`th on, in the order in which they are handed out, time out, or are due. */
export function peekChannel(channel: Channel, state: MessageState, offset: number, limit: number): MessageRef[] {
  switch (state) {
    case 'ready':
      return peekReady(channel, offset, limit)
    case 'in_flight':
      return peekInFlight(channel, offset, limit)
    case 'deferred':
      return peekDeferred(channel, -Infinity, offset, limit)
  }
}

/** @param fromMs those due earlier are passed over; Clock.now milliseconds */
export function peekDeferred(channel: Channel, fromMs: number, offset: number, limit: number): MessageRef[] {
  const found: MessageRef[] = []
  channel.contents.deferred.select(fromMs, offset, limit, (segment, index, attempts, dueMs) =>
    found.push({ state: 'deferred', segment, index, attempts, dueMs, flight: null }),
  )
  return found
}

/** How many messages of a channel are in a state. */
export function countIn(channel: Channel, state: MessageState): number {
  switch (state) {
    case 'ready':
      return channel.depth
    case 'in_flight':
      return channel.inFlightCount
    case 'deferred':
      return channel.deferredCount
  }
}

/** What waits in a topic itself: for a channel, or for the topic to be unpaused. In flight there is nothing. */
export function peekTopic(topic: Topic, state: MessageState, offset: number, limit: number): MessageRef[] {
  switch (state) {
    case 'ready':
      return peekLog(topic.log, topic.distributed, 'ready', offset, limit)
    case 'deferred':
      return peekLog(topic.scheduled, topic.distributedScheduled, 'deferred', offset, limit)
    case 'in_flight':
      return []
  }
}

/** Unix milliseconds at which a message is due that waits in a topic; null: that is not known before it has a channel. */
export function dueInTopic({ segment, index }: MessageRef): number | null {
  const stored = segment.delays?.[index]
  return stored === undefined ? null : dueTimeOf(stored)
}

/** Reads a message, from disk if need be. @returns undefined when it has gone meanwhile, or cannot be read */
export async function readContent(ref: MessageRef): Promise<Content | undefined> {
  const { index, segment } = ref
  return whileResident(segment, () => contentOf(segment, index))
}

/** What is in a message whose segment is in memory; undefined: it could not be read back. */
export function contentOf(segment: Segment, index: number): Content | undefined {
  if (index >= segment.count || segment.isMissing(index)) return undefined
  const start = segment.offset(index)
  const { bytes } = segment
  const headers = segment.headers?.get(index)
  return {
    id: bytes.toString('latin1', start + ID_OFFSET, start + ID_OFFSET + ID_SIZE),
    timestampNs: bytes.readBigInt64BE(start + TIMESTAMP_OFFSET),
    body: Buffer.from(bytes.subarray(start + HEADER_SIZE, segment.offset(index + 1))),
    headers: headers === undefined ? null : decodeHeaders(headers),
  }
}

/** Runs `read` with a segment that is in memory. @returns undefined when it cannot be had */
export async function whileResident<T>(segment: Segment, read: () => T): Promise<T | undefined> {
  if (segment.resident) return read()
  if (segment.extent === null) return undefined // it was finished and let go
  const { log } = segment
  log.beginReading(segment)
  try {
    const error = await new Promise<Error | null>((resolve) => segment.load(resolve))
    return error === null && segment.resident ? read() : undefined
  } finally {
    log.endReading(segment)
  }
}

/** The line: the channel's own reading, with what comes again at the places that it waits for (Redeliveries.gate). */
function peekReady(channel: Channel, offset: number, limit: number): MessageRef[] {
  const { ranges, redeliveries } = channel.contents
  const page = new Page(offset, limit)
  const again: { segment: Segment; index: number; attempts: number; gate: number }[] = []
  redeliveries.forEach((segment, index, attempts, gate) => again.push({ segment, index, attempts, gate }))
  let next = 0
  const takeAgain = (upTo: number): void => {
    for (; next < again.length && again[next]!.gate <= upTo && !page.full; next++) {
      const { segment, index, attempts } = again[next]!
      page.one(() => ready(segment, index, attempts))
    }
  }
  ranges.forEach((from, to) => {
    let at = from
    while (at < to && !page.full) {
      takeAgain(at)
      const stop = next < again.length ? Math.min(to, again[next]!.gate) : to
      page.run(channel.log, at, stop, (segment, index) => ready(segment, index, 0))
      at = stop
    }
  })
  takeAgain(Infinity)
  return page.found
}

function peekInFlight(channel: Channel, offset: number, limit: number): MessageRef[] {
  const { inFlight } = channel.contents
  const slots: number[] = []
  inFlight.forEach((slot) => slots.push(slot))
  slots.sort((a, b) => inFlight.deadline(a) - inFlight.deadline(b) || a - b)
  return slots.slice(offset, offset + limit).map((slot) => ({
    state: 'in_flight',
    segment: inFlight.segment(slot),
    index: inFlight.index(slot),
    attempts: inFlight.attempts(slot),
    dueMs: Number.NaN,
    flight: {
      subscriber: inFlight.lane(slot).subscriber,
      deliveredAtMs: inFlight.deliveredAt(slot),
      deadlineMs: inFlight.deadline(slot),
    },
  }))
}

function peekLog(log: Log, from: number, state: MessageState, offset: number, limit: number): MessageRef[] {
  const page = new Page(offset, limit)
  page.run(log, from, log.committed, (segment, index) => {
    return { state, segment, index, attempts: 0, dueMs: Number.NaN, flight: null }
  })
  return page.found
}

function ready(segment: Segment, index: number, attempts: number): MessageRef {
  return { state: 'ready', segment, index, attempts, dueMs: Number.NaN, flight: null }
}

/** Gathers `limit` messages behind the first `offset`, which cost nothing where they come in runs. */
class Page {
  readonly found: MessageRef[] = []
  readonly #limit: number
  #skip: number

  constructor(offset: number, limit: number) {
    this.#skip = offset
    this.#limit = limit
  }

  get full(): boolean {
    return this.found.length >= this.#limit
  }

  one(make: () => MessageRef): void {
    if (this.#skip > 0) this.#skip--
    else if (!this.full) this.found.push(make())
  }

  /** The messages [from, to) of a log, in which positions may be missing. */
  run(log: Log, from: number, to: number, make: (segment: Segment, index: number) => MessageRef): void {
    for (const segment of segmentsOf(log, from, to)) {
      const start = Math.max(from, segment.base)
      const end = Math.min(to, segment.tail)
      const skipped = Math.min(this.#skip, end - start)
      this.#skip -= skipped
      for (let at = start + skipped; at < end && !this.full; at++) this.found.push(make(segment, at - segment.base))
      if (this.full) return
    }
  }
}

/** The segments that have positions of [from, to), in order. */
function* segmentsOf(log: Log, from: number, to: number): IterableIterator<Segment> {
  const { segments } = log
  if (segments.length === 0 || from >= to) return
  for (let at = segments.indexOf(log.segmentAt(from)); at < segments.length && segments[at]!.base < to; at++) {
    if (segments[at]!.tail > from) yield segments[at]!
  }
}
