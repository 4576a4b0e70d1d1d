import type { Log } from '../log/log.ts'
import { keyIn } from '../log/recovered-messages.ts'
import type { Segment } from '../log/segment.ts'
import { type ChannelContents, ChannelMessages, type ChannelPlace } from './channel-messages.ts'
import { ChannelRecord } from './channel-record.ts'
import type { CoreContext, LatencyRecorder } from './context.ts'
import { Dispatch } from './dispatch.ts'
import { Eviction } from './eviction.ts'
import type { Lane } from './in-flight.ts'
import { Lanes } from './lanes.ts'
import { readmit, type Readmitted } from './readmission.ts'
import { rewindMessages } from './rewind-messages.ts'
import { Retries } from './retries.ts'
import { retryHost } from './retry-host.ts'
import { Outcome, Returns } from './returns.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { DueSource } from './scanner.ts'
import type { Subscriber } from './subscriber.ts'

export { Outcome }

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
 * Where its messages are is kept by ChannelMessages, who takes them by Lanes; Dispatch hands them out. Here is what
 * subscribers, the topic and operators have done to them.
 */
export class Channel implements DueSource {
  readonly name: string
  readonly ephemeral: boolean
  wakeAt = Infinity
  heapIndex = -1

  messageCount = 0
  /** What is written down of it. */
  readonly record: ChannelRecord

  readonly #context: CoreContext
  readonly #topicName: string
  readonly #messages: ChannelMessages
  readonly #lanes: Lanes
  readonly #dispatch: Dispatch
  readonly #returns: Returns
  readonly #eviction: Eviction

  constructor(context: CoreContext, name: string, ephemeral: boolean, place: ChannelPlace) {
    this.#context = context
    this.name = name
    this.ephemeral = ephemeral
    this.#topicName = place.topicName
    this.#messages = new ChannelMessages(context, this, place)
    this.#lanes = new Lanes(context)
    this.#dispatch = new Dispatch(context, this.#messages, this.#lanes)
    this.#returns = new Returns(context, ephemeral, this.#messages, this.#lanes, this.#dispatch)
    this.#eviction = new Eviction(context, this.#messages)
    this.record = new ChannelRecord(this.#messages, name, context.clock, () => this.#makeRetries())
    const policy = context.retryPolicy?.(place.topicName, name) ?? null
    if (policy !== null) this.changeRetryPolicy(policy)
  }

  // ---- what others see ----

  /** Messages that wait to be handed out; those in flight and deferred are not among them. */
  get depth(): number {
    return this.#messages.depth
  }

  /** Of the depth, what is on disk and not kept in memory. */
  get backendDepth(): number {
    return this.#messages.backendDepth
  }

  get inFlightCount(): number {
    return this.#messages.inFlight.count
  }

  /** Those that are becoming dead letters are among them, for the moment that it takes. */
  get deferredCount(): number {
    return this.#messages.deferred.count + (this.#messages.retries?.count ?? 0)
  }

  get requeueCount(): number {
    return this.#returns.requeueCount
  }

  get timeoutCount(): number {
    return this.#returns.timeoutCount
  }

  get latency(): LatencyRecorder | undefined {
    return this.#returns.latency
  }

  get zoneLocalCount(): number {
    return this.#dispatch.zoneLocalCount
  }

  get regionLocalCount(): number {
    return this.#dispatch.regionLocalCount
  }

  get globalCount(): number {
    return this.#dispatch.globalCount
  }

  /** Messages that could not be read back from disk, and were given up. */
  get lostCount(): number {
    return this.#messages.lostCount
  }

  /** Messages that were dropped since the topic was at its limits. */
  get droppedCount(): number {
    return this.#messages.droppedCount
  }

  /** What became of messages that failed; null: they have always gone back to the line. */
  get retries(): Pick<Retries, 'policy' | 'deadCount' | 'topicName'> | null {
    return this.#messages.retries
  }

  get paused(): boolean {
    return this.#dispatch.paused
  }

  get closed(): boolean {
    return this.#messages.closed
  }

  get subscriberCount(): number {
    return this.#lanes.subscribed.size
  }

  /** In the order in which they subscribed. */
  *subscribers(): IterableIterator<Subscriber> {
    for (const lane of this.#lanes.subscribed) yield lane.subscriber
  }

  /** What is in it, for those who look; they change nothing. */
  get contents(): ChannelContents {
    return this.#messages
  }

  /** The topic's log. */
  get log(): Log {
    return this.#messages.log
  }

  /** The log of messages that only this channel has, if there is one. */
  get ownLog(): Log | null {
    return this.#messages.ownLog
  }

  /** The lowest position of the topic's log that is still to be handed out; Infinity when none is. */
  get readFrom(): number {
    return this.#messages.ranges.from
  }

  /** The lowest position of the topic's log that waits here, to be handed out for the first time or once more. */
  get lowestWaiting(): number {
    return this.#messages.lowestWaiting
  }

  get readTo(): number {
    return this.#messages.readTo
  }

  // ---- from the topic ----

  /**
   * Takes the messages [from, to) of the topic. An ephemeral channel takes what fits, which includes what its
   * subscribers could take now, and lets the rest go.
   * @returns the end of what was taken: the caller holds [from, end) for us.
   */
  extend(from: number, to: number): number {
    this.messageCount += to - from
    const messages = this.#messages
    messages.readTo = to
    const end = this.ephemeral ? Math.min(to, from + this.#returns.room) : to
    messages.ranges.push(from, end)
    this.#dispatch.schedule()
    return end
  }

  /** Takes a message that is to wait first; the caller holds it for us. */
  defer(segment: Segment, index: number, delayMs: number): void {
    this.messageCount++
    this.#messages.deferUntil(segment, index, 0, this.#context.clock.now() + delayMs)
  }

  // ---- from subscribers ----

  subscribe(subscriber: Subscriber): Lane {
    const lane = this.#lanes.add(subscriber)
    if (subscriber.wantsDepth) this.#dispatch.hint(subscriber)
    this.wake(lane)
    return lane
  }

  /** The subscriber left. What it has in flight stays so until it times out, or comes back at once if so configured. */
  unsubscribe(lane: Lane): void {
    this.#lanes.unsubscribe(lane)
    this.#dispatch.endHints(lane.subscriber)
    this.#returns.left(lane)
  }

  /** The subscriber may be able to take more than before. */
  wake(lane: Lane): void {
    this.#dispatch.wake(lane)
  }

  finish(lane: Lane, idHi: number, idLo: number): Outcome {
    return this.#returns.finish(lane, idHi, idLo)
  }

  /** @param delayMs 0: it joins the end of the line at once. */
  requeue(lane: Lane, idHi: number, idLo: number, delayMs: number): Outcome {
    return this.#returns.requeue(lane, idHi, idLo, delayMs)
  }

  /** Gives a message its subscriber's full time again, from now, but not beyond max-msg-timeout after its delivery. */
  touch(lane: Lane, idHi: number, idLo: number): Outcome {
    return this.#returns.touch(lane, idHi, idLo)
  }

  // ---- one message, by hand ----

  /** Finishes a message, wherever in the channel it is. @returns false when it is not here any more */
  finishOne(segment: Segment, index: number): boolean {
    if (this.#returns.withdraw(segment, index) < 0) return false
    this.#messages.drop(segment, index)
    return true
  }

  /**
   * Puts a message, wherever in the channel it is, at the end of the line, at once or after a delay.
   * @returns false when it is not here any more
   */
  requeueOne(segment: Segment, index: number, delayMs: number): boolean {
    const attempts = this.#returns.withdraw(segment, index)
    if (attempts < 0) return false
    if (delayMs > 0) {
      this.#messages.deferUntil(segment, index, attempts, this.#context.clock.now() + delayMs)
    } else {
      this.#messages.journal?.handedOutAgain(segment, index, attempts) // so that after a crash it does not wait for its old time
      this.#returns.putBack(segment, index, attempts)
    }
    return true
  }

  /**
   * Takes a message out of the channel, for the caller to finish (`finishTaken`) or give back (`giveBack`); after a crash it
   * is where it was.
   * @returns its attempts; -1 when it is not here any more
   */
  takeOut(segment: Segment, index: number): number {
    const attempts = this.#returns.withdraw(segment, index)
    if (attempts >= 0) this.#messages.takenOut.set(keyIn(segment, index), { segment, index, attempts })
    return attempts
  }

  /** Nothing, where the channel was emptied meanwhile. */
  finishTaken(segment: Segment, index: number): void {
    if (this.#messages.takenOut.delete(keyIn(segment, index))) this.#messages.drop(segment, index)
  }

  /** The same. */
  giveBack(segment: Segment, index: number, attempts: number): void {
    if (this.#messages.takenOut.delete(keyIn(segment, index))) this.#returns.putBack(segment, index, attempts)
  }

  // ---- once more ----

  /**
   * Goes back to a position of the topic's log: what the channel has had from there on comes again, as if never delivered.
   * What is in flight, deferred or about to come once more stays as it is, and comes once; what is still to be read below
   * the position stays, too.
   * @param held positions in the topic's log of messages that are here from another log
   * @returns how many messages come again
   */
  rewind(from: number, held: Iterable<number>): number {
    const count = rewindMessages(this.#messages, from, held)
    this.messageCount += count
    this.#dispatch.schedule()
    return count
  }

  /** All that is in it besides what it has still to read. */
  forEachHeld(visit: (segment: Segment, index: number) => void): void {
    this.#messages.forEachHeld(visit)
  }

  /**
   * Takes messages that were here once, at the end of the line and as if never delivered: into the channel's own log, since
   * the other channels have had them.
   * @param done told when they are as safe as a publish, or why they were not taken
   */
  readmit(frames: readonly Readmitted[], done: (error: Error | null) => void): void {
    const taken = (count: number): void => {
      this.messageCount += count
      this.#dispatch.schedule()
    }
    readmit(this.#messages, frames, taken, done)
  }

  // ---- messages that fail ----

  /** From now on this becomes of what fails; null: it goes back to the line. */
  changeRetryPolicy(policy: RetryPolicy | null): void {
    if (this.#messages.retries === null && policy !== null) this.#makeRetries()
    if (this.#messages.retries !== null) this.#messages.retries.policy = policy
  }

  #makeRetries(): Retries {
    const { deadLetters } = this.#context
    if (deadLetters === undefined) throw new Error('there is no place for dead letters')
    const origin = { topic: this.#topicName, channel: this.name }
    const host = retryHost(this.#context, origin, this.#messages, this.#returns)
    return (this.#messages.retries = new Retries(host, deadLetters, null))
  }

  // ---- administration ----

  pause(): void {
    this.#dispatch.paused = true
    this.#dispatch.depthChanged()
  }

  unpause(): void {
    this.#dispatch.paused = false
    this.#dispatch.depthChanged()
    for (const lane of this.#lanes.subscribed) this.wake(lane)
  }

  /** Forgets everything that waits, is in flight or deferred. */
  empty(): void {
    this.#messages.empty()
    this.#dispatch.depthChanged()
    for (const lane of this.#lanes.all) this.#lanes.forgetIfDone(lane)
    for (const lane of this.#lanes.subscribed) this.wake(lane)
  }

  /**
   * Drops what waits here of the topic's log below a position; what is in flight or deferred stays.
   * @returns how many there were
   */
  dropBelow(position: number): number {
    const dropped = this.#messages.dropBelow(position)
    this.#dispatch.depthChanged()
    return dropped
  }

  /** The end of this channel: empties it and sends its subscribers away. */
  close(): void {
    this.empty()
    this.#messages.ownLog?.clear()
    this.stop()
  }

  /** As close, but its messages stay what they are: the end of the process. */
  stop(): void {
    this.#messages.closed = true
    this.#dispatch.stop()
    this.#context.scanner.forget(this)
    this.#messages.retries?.stop()
    for (const subscriber of this.subscribers()) subscriber.channelClosed()
  }

  // ---- time ----

  /** Takes back what timed out and lets go what has become due. */
  processDue(now: number): number {
    return this.#returns.processDue(now)
  }

  // ---- memory ----

  /** Moves what we still need of some segments, which are in memory, into a log of our own, so that they can go. */
  evict(leaves: (segment: Segment) => boolean): void {
    this.#eviction.evict(leaves)
  }

  makeOwnLog(): Log {
    return this.#messages.makeOwnLog()
  }
}
