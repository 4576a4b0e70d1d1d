// Delivering again what a channel had, from a time on: where in the log that is, and what of it is in the channel anyway.
import { type Log, LogKind } from '../log/log.ts'
import type { Segment } from '../log/segment.ts'
import type { Channel } from './channel.ts'
import { type Id, placeOfId } from './find-message.ts'
import { whileResident } from './peek.ts'
import { ChannelClosedError } from './readmission.ts'
import { publishedMs, type SegmentTimes } from './segment-times.ts'
import type { Topic } from './topic.ts'

/** What a rewind has led to. */
export interface Rewound {
  /** How many messages come again that would not have come otherwise. */
  readonly messages: number
  /** All that was published since the time is still there; else some of it is gone, and it begins at the oldest that is kept. */
  readonly complete: boolean
  /** When the message was published from which on all comes again, Unix milliseconds; null: nothing was published since. */
  readonly fromMs: number | null
}

/** Of this topic nothing is kept that is finished. */
export class NotRetainedError extends Error {
  constructor(topic: string) {
    super(`topic ${topic} keeps nothing that is finished`)
    this.name = 'NotRetainedError'
  }
}

/**
 * Has a channel deliver again all that was published at `toMs` or later and is kept; what it has still to deliver from before
 * that, it does. That is so in memory once this resolves: `Topic.confirm` writes it down.
 * @param toMs Unix milliseconds
 * @throws {NotRetainedError}; {TopicFullError} when the topic may not hold so much; {ChannelClosedError}; {TopicUnavailableError}
 */
export async function rewind(topic: Topic, channel: Channel, toMs: number): Promise<Rewound> {
  const places: OwnPlaces = new Map()
  for (;;) {
    const start = await startAt(topic, toMs)
    await locate(topic.log, ownHeld(channel), start, places)
    if (channel.closed) throw new ChannelClosedError()
    const positions = positionsOf(ownHeld(channel), places)
    if (positions === undefined || isGone(topic, start)) continue // while we looked for it
    return rewindTo(topic, channel, start, positions, toMs)
  }
}

/**
 * As rewind, of a channel that is made with that.
 * @param make makes the channel; undefined: there is one meanwhile
 */
export async function createFrom(
  topic: Topic,
  toMs: number,
  make: () => Channel | undefined,
): Promise<Rewound | undefined> {
  for (;;) {
    const start = await startAt(topic, toMs)
    if (isGone(topic, start)) continue
    topic.limits.checkRewind(start.position)
    const channel = make()
    return channel && rewindTo(topic, channel, start, [], toMs)
  }
}

function rewindTo(topic: Topic, channel: Channel, start: Start, held: Iterable<number>, toMs: number): Rewound {
  const { log, retention } = topic
  const { position } = start
  topic.limits.checkRewind(position)
  // What came before it is there, and older; or none came; or all that is gone is older.
  const begun = position === 0 || (position > log.retainFrom && log.find(position - 1) !== undefined)
  const complete = (begun || toMs > retention.goneBeforeMs) && !hasGaps(log, position, channel.readTo)
  return { messages: channel.rewind(position, held), complete, fromMs: start.publishedMs }
}

function hasGaps(log: Log, from: number, to: number): boolean {
  let at = from
  for (const { base, tail } of log.segments) {
    if (tail <= at) continue
    if (base > at) break
    at = tail
  }
  return at < to
}

// ---- where it begins ----

/** The first message that was published at a time or later. */
interface Start {
  /** Where there is none: where the next one will be. */
  readonly position: number
  /** null: there is none. */
  readonly publishedMs: number | null
  readonly id: Id
}

function isGone(topic: Topic, { position }: Start): boolean {
  return topic.retention.active && position < topic.log.retainFrom
}

/**
 * Looks for it among what is kept, in as many segments as it takes to halve the log down to one. Times grow with the
 * positions, unless somebody sets nsqd's clock back.
 */
async function startAt({ log, name, retention, unavailable }: Topic, toMs: number): Promise<Start> {
  if (unavailable !== null) throw unavailable
  if (!retention.active) throw new NotRetainedError(name)
  const segments = log.segments.filter(({ count, tail }) => count > 0 && tail > log.retainFrom)
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const firstMs = await firstMsFrom(segments, middle, high, retention.times)
    if (firstMs < toMs) low = middle + 1
    else high = middle
  }
  for (const segment of segments.slice(Math.max(0, low - 1), low + 1)) {
    const found = await firstIn(log, segment, toMs)
    if (found !== undefined) return found
  }
  return { position: log.tail, publishedMs: null, id: { hi: Infinity, lo: 0 } }
}

/** When the first message was published that can be read of the segments [from, to); Infinity: none can. */
async function firstMsFrom(
  segments: readonly Segment[],
  from: number,
  to: number,
  times: SegmentTimes,
): Promise<number> {
  for (let at = from; at < to; at++) {
    const found = await times.of(segments[at]!)
    if (found !== undefined) return found.firstMs
  }
  return Infinity
}

/** In a segment; one that can't be read may have it anywhere. */
async function firstIn(log: Log, segment: Segment, toMs: number): Promise<Start | undefined> {
  const first = Math.max(0, log.retainFrom - segment.base)
  const found = await whileResident(segment, () => {
    for (let index = first; index < segment.count; index++) {
      if (segment.isMissing(index)) continue
      const ms = publishedMs(segment, index)
      if (ms < toMs) continue
      const id = { hi: segment.idHi(index), lo: segment.idLo(index) }
      return { position: segment.base + index, publishedMs: ms, id }
    }
    return null
  })
  return found === undefined
    ? { position: segment.base + first, publishedMs: toMs, id: { hi: 0, lo: 0 } }
    : (found ?? undefined)
}

// ---- what is in the channel's own log ----

/** Positions in the topic's log of messages that lie in a channel's own log; -1: they need not be looked for. */
type OwnPlaces = Map<Segment, Map<number, number>>

/** The messages of a channel that lie in its own log: they were in the topic's once, and may be still. */
function ownHeld(channel: Channel): { segment: Segment; index: number }[] {
  const held: { segment: Segment; index: number }[] = []
  if (channel.ownLog === null) return held
  channel.forEachHeld((segment, index) => {
    if (segment.log.kind === LogKind.own) held.push({ segment, index })
  })
  return held
}

/** Finds out where those are in the topic's log of which that is not known yet. Ids grow with the positions. */
async function locate(
  log: Log,
  held: readonly { segment: Segment; index: number }[],
  start: Start,
  places: OwnPlaces,
): Promise<void> {
  for (const { index, segment } of held) {
    let known = places.get(segment)
    if (known === undefined) places.set(segment, (known = new Map<number, number>()))
    if (known.has(index)) continue
    const id = await whileResident(segment, () => ({ hi: segment.idHi(index), lo: segment.idLo(index) }))
    const earlier = id === undefined || id.hi < start.id.hi || (id.hi === start.id.hi && id.lo < start.id.lo)
    const place = earlier ? undefined : await placeOfId(log, id)
    known.set(index, place === undefined ? -1 : place.segment.base + place.index)
  }
}

/** @returns undefined when of some it is not known */
function positionsOf(held: readonly { segment: Segment; index: number }[], places: OwnPlaces): number[] | undefined {
  const positions: number[] = []
  for (const { index, segment } of held) {
    const position = places.get(segment)?.get(index)
    if (position === undefined) return undefined
    if (position >= 0) positions.push(position)
  }
  return positions
}
