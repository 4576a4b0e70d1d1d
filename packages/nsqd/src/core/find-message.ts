import type { Log } from '../log/log.ts'
import type { Place, Segment } from '../log/segment.ts'
import type { Channel } from './channel.ts'
import { type MessageRef, whileResident } from './peek.ts'
import type { Topic } from './topic.ts'

export interface Id {
  readonly hi: number
  readonly lo: number
}

/**
 * Finds a message of a channel by its id. What is in flight is found at once; else the logs are looked through: ids grow
 * with the position in a topic's logs, so that a few segments are read at most; a channel's own log is read as a whole.
 * @returns where it is at the moment of the return; undefined: it is not here
 */
export async function findMessage(
  topic: Topic,
  channel: Channel,
  idHi: number,
  idLo: number,
): Promise<MessageRef | undefined> {
  const id = { hi: idHi, lo: idLo }
  const { inFlight } = channel.contents
  const slot = inFlight.find(idHi, idLo)
  if (slot >= 0) return refOf(channel, inFlight.segment(slot), inFlight.index(slot))
  for (const log of [topic.scheduled, topic.log]) {
    const place = await placeOfId(log, id)
    const found = place && refOf(channel, place.segment, place.index)
    if (found !== undefined) return found
  }
  for (const segment of channel.ownLog?.segments.slice() ?? []) {
    const index = await indexOfId(segment, id)
    const found = index === undefined ? undefined : refOf(channel, segment, index)
    if (found !== undefined) return found
  }
  return undefined
}

/** Finds a message that waits in the topic itself, as findMessage does. */
export async function findInTopic(topic: Topic, idHi: number, idLo: number): Promise<MessageRef | undefined> {
  const { log, scheduled } = topic
  for (const one of [scheduled, log]) {
    const place = await placeOfId(one, { hi: idHi, lo: idLo })
    const begin = one === scheduled ? topic.distributedScheduled : topic.distributed
    if (place === undefined || place.segment.base + place.index < begin) continue
    return { ...place, state: one === scheduled ? 'deferred' : 'ready', attempts: 0, dueMs: Number.NaN, flight: null }
  }
  return undefined
}

/** What a channel holds of a message; undefined: nothing, it is finished, or was never given to it. */
function refOf(channel: Channel, segment: Segment, index: number): MessageRef | undefined {
  const { deferred, inFlight, ranges, redeliveries } = channel.contents
  const place = { segment, index, dueMs: Number.NaN, flight: null }
  if (segment.log === channel.log && ranges.has(segment.base + index)) return { ...place, state: 'ready', attempts: 0 }
  let found: MessageRef | undefined
  redeliveries.forEach((other, at, attempts) => {
    if (other === segment && at === index) found = { ...place, state: 'ready', attempts }
  })
  if (found !== undefined) return found
  deferred.forEach((other, at, attempts, dueMs) => {
    if (other === segment && at === index) found = { ...place, state: 'deferred', attempts, dueMs }
  })
  if (found !== undefined) return found
  inFlight.forEach((slot) => {
    if (inFlight.segment(slot) !== segment || inFlight.index(slot) !== index) return
    const flight = {
      subscriber: inFlight.lane(slot).subscriber,
      deliveredAtMs: inFlight.deliveredAt(slot),
      deadlineMs: inFlight.deadline(slot),
    }
    found = { ...place, state: 'in_flight', attempts: inFlight.attempts(slot), flight }
  })
  return found
}

/**
 * Where in a topic's log the message of an id lies. Looks in the segment where the id belongs, and in those beside it: what
 * was taken over from the original is in order only roughly.
 */
export async function placeOfId(log: Log, id: Id): Promise<Place | undefined> {
  const segments = log.segments.slice()
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (await beginsAbove(segments[middle]!, id)) high = middle - 1
    else low = middle
  }
  for (const at of [low, low - 1, low + 1]) {
    const segment = segments[at]
    const index = segment && (await indexOfId(segment, id))
    if (index !== undefined) return { segment: segment!, index }
  }
  return undefined
}

async function beginsAbove(segment: Segment, id: Id): Promise<boolean> {
  const above = await whileResident(segment, () => {
    return segment.idHi(0) > id.hi || (segment.idHi(0) === id.hi && segment.idLo(0) > id.lo)
  })
  return above ?? false
}

function indexOfId(segment: Segment, id: Id): Promise<number | undefined> {
  return whileResident(segment, () => {
    for (let index = 0; index < segment.count; index++) {
      if (segment.idLo(index) === id.lo && segment.idHi(index) === id.hi) return index
    }
    return undefined
  })
}
