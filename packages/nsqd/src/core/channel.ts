import { TIMESTAMP_OFFSET } from '../log/message-header.ts'
import { Log } from '../log/log.ts'
import type { Segment } from '../log/segment.ts'
import type { CoreContext, LatencyRecorder } from './context.ts'
import { Deferred } from './deferred.ts'
import { InFlight, Lane } from './in-flight.ts'
import { Ranges } from './ranges.ts'
import { ReadyLine } from './ready-line.ts'
import { Redeliveries } from './redeliveries.ts'
import type { DueSource } from './scanner.ts'
import { Locality, type Subscriber } from './subscriber.ts'
import { Phase, type TurnTask } from './turn.ts'

/** What became of FIN, REQ or TOUCH. */
export const Outcome = { done: 0, notInFlight: 1, notOwner: 2 } as const
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

/** Bytes handed to a subscriber at a time: what fits one output block, so that its socket is asked again in between. */
const RUN_SIZE_MAX = 65536
/** Messages handed out, or sampled away, in one turn of a channel: some milliseconds, then others have theirs. */
const TURN_MESSAGES_MAX = 65536

/**
 * A named copy of a topic's stream: each message goes to one of the subscribers and comes back until it is finished.
 *
 *             extend              handOut                 finish
 *   topic ───────────▶  ranges  ───────────▶  in flight  ────────▶ gone
 *                                   ▲           │    │
 *                    redeliveries ──┘           │    │ requeue with a delay
 *                       ▲  ▲   requeue, timeout │    ▼
 *                       │  └────────────────────┘  deferred ◀──── scheduled messages of the topic
 *                       └──────── due ─────────────────┘
 *
 * Every message in here holds its segment (Segment.pending) until it is gone.
 */
export class Channel implements TurnTask, DueSource {
  readonly name: string
  readonly ephemeral: boolean
  readonly latency: LatencyRecorder | undefined
  wakeAt = Infinity
  heapIndex = -1

  messageCount = 0
  requeueCount = 0
  timeoutCount = 0
  zoneLocalCount = 0
  regionLocalCount = 0
  globalCount = 0

  readonly #context: CoreContext
  readonly #log: Log
  readonly #ranges = new Ranges()
  readonly #redeliveries = new Redeliveries()
  readonly #inFlight = new InFlight()
  readonly #deferred = new Deferred()
  /** All that have a subscriber or something in flight. */
  readonly #lanes = new Set<Lane>()
  readonly #subscribed = new Set<Lane>()
  readonly #ready = new ReadyLine()
  /** Messages that held a segment of a topic's log nearly alone (evict). */
  #ownLog: Log | null = null
  /** Up to where the topic has given us messages. */
  #readTo: number
  #reading: Segment | null = null
  #scheduled = false
  #paused = false
  #closed = false

  /** A channel starts at `distributed`, the position up to which the topic's messages went to the channels before it. */
  constructor(context: CoreContext, name: string, ephemeral: boolean, log: Log, distributed: number) {
    this.#context = context
    this.name = name
    this.ephemeral = ephemeral
    this.#log = log
    this.#readTo = distributed
    this.latency = context.latency?.()
  }

  // ---- what others see ----

  /** Messages that wait to be handed out; those in flight and deferred are not among them. */
  get depth(): number {
    return this.#ranges.count + this.#redeliveries.count
  }

  get inFlightCount(): number {
    return this.#inFlight.count
  }

  get deferredCount(): number {
    return this.#deferred.count
  }

  get paused(): boolean {
    return this.#paused
  }

  get closed(): boolean {
    return this.#closed
  }

  get subscriberCount(): number {
    return this.#subscribed.size
  }

  /** In the order in which they subscribed. */
  *subscribers(): IterableIterator<Subscriber> {
    for (const lane of this.#subscribed) yield lane.subscriber
  }

  // ---- from the topic ----

  /**
   * Takes the messages [from, to) of the topic. An ephemeral channel takes what fits, which includes what its
   * subscribers could take now, and lets the rest go.
   * @returns the end of what was taken: the caller holds [from, end) for us.
   */
  extend(from: number, to: number): number {
    this.messageCount += to - from
    this.#readTo = to
    const end = this.ephemeral ? Math.min(to, from + this.#room()) : to
    this.#ranges.push(from, end)
    this.#schedule()
    return end
  }

  /** Takes a message that is to wait first; the caller holds it for us. */
  defer(segment: Segment, index: number, delayMs: number): void {
    this.messageCount++
    this.#deferUntil(segment, index, 0, this.#context.clock.now() + delayMs)
  }

  // ---- from subscribers ----

  subscribe(subscriber: Subscriber): Lane {
    const lane = new Lane(subscriber)
    this.#lanes.add(lane)
    this.#subscribed.add(lane)
    this.wake(lane)
    return lane
  }

  /** The subscriber left. What it has in flight stays so until it times out, or comes back at once if so configured. */
  unsubscribe(lane: Lane): void {
    this.#subscribed.delete(lane)
    this.#ready.remove(lane)
    if (this.#context.options.requeueOnDisconnect) this.#takeBack(lane, Infinity)
    if (lane.count === 0) this.#lanes.delete(lane)
  }

  /** The subscriber may be able to take more than before. */
  wake(lane: Lane): void {
    if (!this.#hasRoom(lane)) return
    this.#ready.push(lane)
    this.#schedule()
  }

  finish(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const segment = this.#inFlight.segment(slot)
    if (this.latency !== undefined) this.#recordLatency(segment, this.#inFlight.index(slot))
    this.#inFlight.remove(slot)
    segment.release(1)
    this.wake(lane)
    return Outcome.done
  }

  /** @param delayMs 0: it joins the end of the line at once. */
  requeue(lane: Lane, idHi: number, idLo: number, delayMs: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    this.requeueCount++
    const segment = this.#inFlight.segment(slot)
    const index = this.#inFlight.index(slot)
    const attempts = this.#inFlight.attempts(slot)
    this.#inFlight.remove(slot)
    if (delayMs > 0) this.#deferUntil(segment, index, attempts, this.#context.clock.now() + delayMs)
    else this.#putBack(segment, index, attempts)
    this.wake(lane)
    return Outcome.done
  }

  /** Gives a message its subscriber's full time again, from now, but not beyond max-msg-timeout after its delivery. */
  touch(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const { clock, options, scanner } = this.#context
    const deadline = Math.min(
      clock.now() + lane.subscriber.msgTimeoutMs,
      this.#inFlight.deliveredAt(slot) + options.maxMsgTimeoutMs,
    )
    this.#inFlight.touch(slot, deadline)
    if (deadline < this.wakeAt) scanner.expect(this, deadline)
    return Outcome.done
  }

  // ---- administration ----

  pause(): void {
    this.#paused = true
  }

  unpause(): void {
    this.#paused = false
    for (const lane of this.#subscribed) this.wake(lane)
  }

  /** Forgets everything that waits, is in flight or deferred. */
  empty(): void {
    this.#ranges.forEach((from, to) => this.#log.release(from, to))
    this.#ranges.clear()
    this.#redeliveries.forEach((segment) => segment.release(1))
    this.#redeliveries.clear()
    this.#deferred.forEach((segment) => segment.release(1))
    this.#deferred.clear()
    this.#inFlight.forEach((slot) => this.#inFlight.segment(slot).release(1))
    this.#inFlight.clear()
    for (const lane of this.#lanes) if (!this.#subscribed.has(lane)) this.#lanes.delete(lane)
    for (const lane of this.#subscribed) this.wake(lane)
  }

  /** The end of this channel: empties it and sends its subscribers away. */
  close(): void {
    this.#closed = true
    this.empty()
    this.#ownLog?.clear()
    this.#context.scanner.forget(this)
    for (const subscriber of this.subscribers()) subscriber.channelClosed()
  }

  // ---- time ----

  /** Takes back what timed out and lets go what has become due. */
  processDue(now: number): number {
    let next = Infinity
    for (const lane of this.#lanes) {
      this.timeoutCount += this.#takeBack(lane, now)
      if (lane.count > 0) next = Math.min(next, this.#inFlight.deadline(lane.head))
      else if (!this.#subscribed.has(lane)) this.#lanes.delete(lane)
    }
    while (this.#deferred.nextDueMs <= now) {
      const { segment, index, attempts } = this.#deferred
      this.#deferred.shift()
      this.#putBack(segment, index, attempts)
    }
    return Math.min(next, this.#deferred.nextDueMs)
  }

  // ---- handing out ----

  /** Hands out as much as subscribers take, in fair shares. */
  endTurn(): void {
    this.#scheduled = false
    if (this.#paused || this.#closed) return
    const now = this.#context.clock.now()
    let left = TURN_MESSAGES_MAX
    while (this.depth > 0 && left > 0) {
      const lane = this.#nextReady()
      if (lane === undefined) return
      const room = lane.subscriber.readyCount - lane.count
      if (room <= 0) continue
      const share = Math.ceil(this.depth / (this.#ready.count + 1))
      left -= this.#handOut(lane, Math.min(room, share, left), now)
      if (this.#hasRoom(lane)) this.#ready.push(lane)
    }
    this.#schedule()
  }

  #nextReady(): Lane | undefined {
    if (this.#context.options.topologyAware) return this.#ready.takeNearest((lane) => this.#hasRoom(lane))
    return this.#ready.count > 0 ? this.#ready.shift() : undefined
  }

  /** @returns how many messages left the line, at least one and at most `countMax`. */
  #handOut(lane: Lane, countMax: number, now: number): number {
    const ranges = this.#ranges
    const again = this.#redeliveries
    if (again.count > 0 && again.gate <= ranges.from) {
      this.#handOutAgain(lane, now)
      return 1
    }
    const from = ranges.from
    const to = again.count > 0 ? Math.min(ranges.to, again.gate) : ranges.to
    const segment = this.#segmentAt(from)
    const index = from - segment.base
    // One who samples gets them singly: until then each belongs to the line, whatever he does meanwhile.
    const sampled = lane.subscriber.sampleRate > 0
    const count = sampled ? 1 : segment.fit(index, Math.min(countMax, to - from), RUN_SIZE_MAX)
    ranges.shift(count)
    this.#countLocality(lane, count)
    if (sampled && this.#isSampledOut(lane)) segment.release(1)
    else this.#handOutRun(lane, segment, index, count, now)
    return count
  }

  #handOutRun(lane: Lane, segment: Segment, index: number, count: number, now: number): void {
    const subscriber = lane.subscriber
    const deadline = now + subscriber.msgTimeoutMs
    for (let i = index; i < index + count; i++) this.#inFlight.add(lane, segment, i, 1, now, deadline)
    if (deadline < this.wakeAt) this.#context.scanner.expect(this, deadline)
    subscriber.send(segment.bytes, segment.offset(index), segment.offset(index + count), count)
  }

  #handOutAgain(lane: Lane, now: number): void {
    const { segment, index } = this.#redeliveries
    const attempts = (this.#redeliveries.attempts + 1) & 0xffff // wraps, as on the wire
    this.#redeliveries.shift()
    this.#countLocality(lane, 1)
    const subscriber = lane.subscriber
    if (subscriber.sampleRate > 0 && this.#isSampledOut(lane)) return segment.release(1)
    const deadline = now + subscriber.msgTimeoutMs
    this.#inFlight.add(lane, segment, index, attempts, now, deadline)
    if (deadline < this.wakeAt) this.#context.scanner.expect(this, deadline)
    subscriber.sendAgain(segment.bytes, segment.offset(index), segment.offset(index + 1), attempts)
  }

  /** As the original: a rate of r keeps what draws 0..r of 0..99, which is r + 1 percent. */
  #isSampledOut(lane: Lane): boolean {
    return Math.floor(this.#context.random() * 100) > lane.subscriber.sampleRate
  }

  #segmentAt(position: number): Segment {
    const reading = this.#reading
    if (reading !== null && position >= reading.base && position < reading.tail) return reading
    return (this.#reading = this.#log.segmentAt(position))
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

  // ---- taking back ----

  /** Puts what of a lane is due at `now` back in the line. */
  #takeBack(lane: Lane, now: number): number {
    let count = 0
    while (lane.count > 0 && this.#inFlight.deadline(lane.head) <= now) {
      const slot = lane.head
      const segment = this.#inFlight.segment(slot)
      const index = this.#inFlight.index(slot)
      const attempts = this.#inFlight.attempts(slot)
      this.#inFlight.remove(slot)
      this.#putBack(segment, index, attempts)
      count++
    }
    if (count > 0) this.wake(lane)
    return count
  }

  #putBack(segment: Segment, index: number, attempts: number): void {
    if (this.ephemeral && this.#room() <= 0) return segment.release(1)
    this.#redeliveries.push(segment, index, attempts, this.#readTo)
    this.#schedule()
  }

  #deferUntil(segment: Segment, index: number, attempts: number, dueMs: number): void {
    this.#deferred.push(segment, index, attempts, dueMs)
    if (dueMs < this.wakeAt) this.#context.scanner.expect(this, dueMs)
  }

  // ---- memory ----

  /** Moves what we still need of some segments into a log of our own, so that they can go. */
  evict(leaves: (segment: Segment) => boolean): void {
    const move = (segment: Segment, index: number): Segment => {
      const log = (this.#ownLog ??= new Log(this.#context.pool))
      const target = log.appendCopy(segment, index)
      log.hold(log.tail - 1, log.tail, 1)
      log.raiseFloorHeld(log.tail)
      segment.release(1)
      return target
    }
    this.#redeliveries.relocate(leaves, move)
    this.#inFlight.relocate(leaves, move)
    this.#deferred.relocate(leaves, move)
  }

  /** The log of messages that only this channel has, if there is one. */
  get ownLog(): Log | null {
    return this.#ownLog
  }

  /** The lowest position of the topic's log that is still to be handed out; Infinity when none is. */
  get readFrom(): number {
    return this.#ranges.from
  }

  // ---- small things ----

  #hasRoom(lane: Lane): boolean {
    return lane.subscriber.readyCount > lane.count && this.#subscribed.has(lane)
  }

  /** How many more messages an ephemeral channel keeps. */
  #room(): number {
    let takes = 0
    if (!this.#paused) {
      for (const lane of this.#subscribed) takes += Math.max(0, lane.subscriber.readyCount - lane.count)
    }
    return Math.max(0, this.#context.options.memQueueSize + takes - this.depth)
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#ready.count === 0 || this.depth === 0) return
    this.#scheduled = true
    this.#context.turn.schedule(Phase.dispatch, this)
  }

  #recordLatency(segment: Segment, index: number): void {
    const at = segment.offset(index) + TIMESTAMP_OFFSET
    const publishedNs = segment.bytes.readUInt32BE(at) * 2 ** 32 + segment.bytes.readUInt32BE(at + 4)
    this.latency!.record(Math.max(0, this.#context.clock.wallUs() * 1000 - publishedNs))
  }
}
