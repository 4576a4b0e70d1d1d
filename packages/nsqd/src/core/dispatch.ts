import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import type { CoreContext } from './context.ts'
import { DepthHints } from './depth-hints.ts'
import type { InFlight, Lane } from './in-flight.ts'
import type { Lanes } from './lanes.ts'
import type { Ranges } from './ranges.ts'
import { Reading } from './reading.ts'
import type { Redeliveries } from './redeliveries.ts'
import { sendHeadedRun } from './send-headed.ts'
import { Locality, type Subscriber } from './subscriber.ts'
import { Phase, type TurnTask } from './turn.ts'

/** Bytes handed to a subscriber at a time: what fits one output block, so that its socket is asked again in between. */
const RUN_SIZE_MAX = 65536
/** Messages handed out, or sampled away, in one turn of a channel: some milliseconds, then others have theirs. */
const TURN_MESSAGES_MAX = 65536
/** A message that could not be read from disk is tried again after this time; others are handed out meanwhile. */
const UNREADABLE_DELAY_MS = 5000

/**
 * Hands out the messages of a channel at the end of a turn: as much as subscribers take, round by round, in each an equal
 * share of what waits to all that are ready.
 */
export class Dispatch implements TurnTask {
  paused = false
  zoneLocalCount = 0
  regionLocalCount = 0
  globalCount = 0
  readonly #context: CoreContext
  readonly #messages: ChannelMessages
  readonly #lanes: Lanes
  readonly #ranges: Ranges
  readonly #redeliveries: Redeliveries
  readonly #inFlight: InFlight
  readonly #reading: Reading
  /** null: no subscriber wants to know how much waits. */
  #depthHints: DepthHints | null = null
  #scheduled = false

  constructor(context: CoreContext, messages: ChannelMessages, lanes: Lanes) {
    this.#context = context
    this.#messages = messages
    this.#lanes = lanes
    this.#ranges = messages.ranges
    this.#redeliveries = messages.redeliveries
    this.#inFlight = messages.inFlight
    this.#reading = new Reading(messages, () => this.schedule())
  }

  /** Something may have to be handed out. */
  schedule(): void {
    this.depthChanged()
    if (this.#scheduled || this.paused || this.#reading.loading) return
    if (this.#lanes.ready.count === 0 || this.#messages.depth === 0) return
    this.#scheduled = true
    this.#context.turn.schedule(Phase.dispatch, this)
  }

  /** A subscriber may be able to take more than before. */
  wake(lane: Lane): void {
    if (!this.#lanes.hasRoom(lane)) return
    this.#lanes.ready.push(lane)
    this.schedule()
  }

  /** More or less waits than before. */
  depthChanged(): void {
    this.#depthHints?.changed()
  }

  /** From now on the subscriber is told how much waits for it. */
  hint(subscriber: Subscriber): void {
    this.#depthHints ??= new DepthHints(this.#context, () => (this.paused ? 0 : this.#messages.depth))
    this.#depthHints.add(subscriber)
  }

  endHints(subscriber: Subscriber): void {
    this.#depthHints?.remove(subscriber)
  }

  endTurn(): void {
    this.#scheduled = false
    if (this.paused || this.#messages.closed || this.#reading.loading) return
    this.#handOutAll()
    this.#reading.letGoOfLoaded()
    this.depthChanged()
  }

  stop(): void {
    this.#reading.stop()
    this.#depthHints?.close()
  }

  // ---- sharing it out ----

  #handOutAll(): void {
    const lanes = this.#lanes
    const now = this.#context.clock.now()
    let left = TURN_MESSAGES_MAX
    let lanesLeft = 0
    let share = 0
    while (this.#messages.depth > 0 && left > 0 && !this.paused) {
      const lane = lanes.takeReady()
      if (lane === undefined) return
      if (lanesLeft === 0) {
        lanesLeft = lanes.ready.count + 1
        share = Math.ceil(this.#messages.depth / lanesLeft)
      }
      lanesLeft--
      const room = lane.subscriber.readyCount - lane.count
      if (room <= 0) continue
      left -= this.#handOutShare(lane, Math.min(room, share, left), now)
      if (lanes.hasRoom(lane)) lanes.ready.push(lane)
      if (this.#reading.loading) return
    }
    this.schedule()
  }

  /** @returns how many messages left the line: as many as asked for, unless it ends or the lane takes no more. */
  #handOutShare(lane: Lane, count: number, now: number): number {
    let done = this.#handOut(lane, count, now)
    while (done < count && this.#mayGoOn(lane)) done += this.#handOut(lane, count - done, now)
    return done
  }

  /** A subscriber that was handed messages may have paused the channel, left, or be full. */
  #mayGoOn(lane: Lane): boolean {
    return this.#messages.depth > 0 && !this.paused && !this.#reading.loading && this.#lanes.hasRoom(lane)
  }

  // ---- handing out ----

  /** @returns how many messages left the line, at most `countMax`; 0 when the next one has to be read from disk first. */
  #handOut(lane: Lane, countMax: number, now: number): number {
    const ranges = this.#ranges
    const again = this.#redeliveries
    if (again.count > 0 && again.gate <= ranges.from) return this.#handOutAgain(lane, now)
    const from = ranges.from
    const to = again.count > 0 ? Math.min(ranges.to, again.gate) : ranges.to
    const segment = this.#reading.segmentAt(from)
    const index = from - segment.base
    if (!segment.resident) return this.#load(segment, () => this.#postponeRun(segment, from))
    if (segment.isMissing(index)) {
      ranges.shift(1)
      this.#messages.giveUp(segment, index)
      return 1
    }
    // One who samples gets them singly: until then each belongs to the line, whatever he does meanwhile.
    const sampled = lane.subscriber.sampleRate > 0
    const count = sampled || segment.damaged ? 1 : segment.fit(index, Math.min(countMax, to - from), RUN_SIZE_MAX)
    ranges.shift(count)
    this.#countLocality(lane, count)
    if (sampled && this.#isSampledOut(lane)) this.#messages.drop(segment, index)
    else this.#handOutRun(lane, segment, index, count, now)
    return count
  }

  #handOutRun(lane: Lane, segment: Segment, index: number, count: number, now: number): void {
    const subscriber = lane.subscriber
    const deadline = now + subscriber.msgTimeoutMs
    for (let i = index; i < index + count; i++) this.#inFlight.add(lane, segment, i, 1, now, deadline)
    this.#messages.expectAt(deadline)
    this.#messages.journal?.handedOut(segment, index, count)
    if (segment.headers !== null && subscriber.wantsHeaders) sendHeadedRun(subscriber, segment, index, count)
    else subscriber.send(segment.bytes, segment.offset(index), segment.offset(index + count), count)
  }

  #handOutAgain(lane: Lane, now: number): number {
    const messages = this.#messages
    const { segment, index } = this.#redeliveries
    if (!segment.resident) return this.#load(segment, () => this.#postponeAgain(segment, index))
    if (segment.isMissing(index)) {
      this.#redeliveries.shift()
      messages.giveUp(segment, index)
      return 1
    }
    const delivered = this.#redeliveries.attempts
    const attempts = (delivered + 1) & 0xffff // wraps, as on the wire
    this.#redeliveries.shift()
    if (messages.retries?.isExhausted(delivered) === true) {
      messages.retries.die(segment, index, delivered)
      return 1
    }
    this.#countLocality(lane, 1)
    const subscriber = lane.subscriber
    if (subscriber.sampleRate > 0 && this.#isSampledOut(lane)) {
      messages.drop(segment, index)
      return 1
    }
    const deadline = now + subscriber.msgTimeoutMs
    this.#inFlight.add(lane, segment, index, attempts, now, deadline)
    messages.expectAt(deadline)
    messages.journal?.handedOutAgain(segment, index, attempts)
    const headers = subscriber.wantsHeaders ? segment.headers?.get(index) : undefined
    const start = segment.offset(index)
    const end = segment.offset(index + 1)
    if (headers === undefined) subscriber.sendAgain(segment.bytes, start, end, attempts)
    else subscriber.sendHeaded(segment.bytes, start, end, attempts, headers)
    return 1
  }

  /** As the original: a rate of r keeps what draws 0..r of 0..99, which is r + 1 percent. */
  #isSampledOut(lane: Lane): boolean {
    return Math.floor(this.#context.random() * 100) > lane.subscriber.sampleRate
  }

  #countLocality(lane: Lane, count: number): void {
    if (!this.#context.options.topologyAware) {
      this.globalCount += count
      return
    }
    switch (lane.subscriber.locality) {
      case Locality.zone:
        this.zoneLocalCount += count
        break
      case Locality.region:
        this.regionLocalCount += count
        break
      case Locality.global:
        this.globalCount += count
        break
    }
  }

  // ---- what is on disk ----

  /** @returns 0: nothing was handed out */
  #load(segment: Segment, unreadable: () => void): number {
    this.#reading.load(segment, unreadable)
    return 0
  }

  /** The rest of a segment can't be read now: it is tried again later, and does not hold up what comes after it. */
  #postponeRun(segment: Segment, from: number): void {
    if (this.#ranges.from !== from) return // emptied meanwhile
    const dueMs = this.#context.clock.now() + UNREADABLE_DELAY_MS
    const count = Math.min(this.#ranges.to, segment.tail) - from
    this.#ranges.shift(count)
    for (let i = 0; i < count; i++) this.#messages.deferUntil(segment, from - segment.base + i, 0, dueMs)
  }

  #postponeAgain(segment: Segment, index: number): void {
    const again = this.#redeliveries
    if (again.count === 0 || again.segment !== segment || again.index !== index) return // emptied meanwhile
    const { attempts } = again
    again.shift()
    this.#messages.deferUntil(segment, index, attempts, this.#context.clock.now() + UNREADABLE_DELAY_MS)
  }
}
