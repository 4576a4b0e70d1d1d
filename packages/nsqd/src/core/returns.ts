import { TIMESTAMP_OFFSET } from '../log/message-header.ts'
import { FailureReason } from '../log/journal-records.ts'
import type { Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import type { CoreContext, LatencyRecorder } from './context.ts'
import type { Dispatch } from './dispatch.ts'
import type { InFlight, Lane } from './in-flight.ts'
import type { Lanes } from './lanes.ts'

/** What became of FIN, REQ or TOUCH. */
export const Outcome = { done: 0, notInFlight: 1, notOwner: 2 } as const
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

/** What comes back from subscribers: messages that were finished, requeued, touched, or timed out. */
export class Returns {
  requeueCount = 0
  timeoutCount = 0
  readonly latency: LatencyRecorder | undefined
  readonly #context: CoreContext
  readonly #ephemeral: boolean
  readonly #messages: ChannelMessages
  readonly #inFlight: InFlight
  readonly #lanes: Lanes
  readonly #dispatch: Dispatch

  constructor(context: CoreContext, ephemeral: boolean, messages: ChannelMessages, lanes: Lanes, dispatch: Dispatch) {
    this.#context = context
    this.#ephemeral = ephemeral
    this.#messages = messages
    this.#inFlight = messages.inFlight
    this.#lanes = lanes
    this.#dispatch = dispatch
    this.latency = context.latency?.()
  }

  finish(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const segment = this.#inFlight.segment(slot)
    const index = this.#inFlight.index(slot)
    if (this.latency !== undefined && segment.resident) this.#recordLatency(segment, index)
    this.#inFlight.remove(slot)
    this.#messages.drop(segment, index)
    this.#dispatch.wake(lane)
    return Outcome.done
  }

  /** @param delayMs 0: it joins the end of the line at once. */
  requeue(lane: Lane, idHi: number, idLo: number, delayMs: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    this.requeueCount++
    const messages = this.#messages
    const segment = this.#inFlight.segment(slot)
    const index = this.#inFlight.index(slot)
    const attempts = this.#inFlight.attempts(slot)
    this.#inFlight.remove(slot)
    if (messages.retries !== null) messages.retries.failed(segment, index, attempts, FailureReason.requeued, delayMs)
    else if (delayMs > 0) messages.deferUntil(segment, index, attempts, this.#context.clock.now() + delayMs)
    else this.putBack(segment, index, attempts)
    this.#dispatch.wake(lane)
    return Outcome.done
  }

  /** Gives a message its subscriber's full time again, from now, but not beyond max-msg-timeout after its delivery. */
  touch(lane: Lane, idHi: number, idLo: number): Outcome {
    const slot = this.#inFlight.find(idHi, idLo)
    if (slot < 0) return Outcome.notInFlight
    if (this.#inFlight.lane(slot) !== lane) return Outcome.notOwner
    const { clock, options } = this.#context
    const deadline = Math.min(
      clock.now() + lane.subscriber.msgTimeoutMs,
      this.#inFlight.deliveredAt(slot) + options.maxMsgTimeoutMs,
    )
    this.#inFlight.touch(slot, deadline)
    this.#messages.expectAt(deadline)
    return Outcome.done
  }

  /** The subscriber left: what it has in flight stays so until it times out, or comes back at once if so configured. */
  left(lane: Lane): void {
    if (this.#context.options.requeueOnDisconnect) this.#takeBack(lane, Infinity)
    this.#lanes.forgetIfDone(lane)
  }

  /** Takes back what timed out and lets go what has become due. @returns when there will be more */
  processDue(now: number): number {
    const { deferred } = this.#messages
    let next = Infinity
    for (const lane of this.#lanes.all) {
      this.timeoutCount += this.#takeBack(lane, now)
      if (lane.count > 0) next = Math.min(next, this.#inFlight.deadline(lane.head))
      else this.#lanes.forgetIfDone(lane)
    }
    while (deferred.nextDueMs <= now) {
      const { segment, index, attempts } = deferred
      deferred.shift()
      this.putBack(segment, index, attempts)
    }
    return Math.min(next, deferred.nextDueMs)
  }

  /** Puts what of a lane is due at `now` back in the line. */
  #takeBack(lane: Lane, now: number): number {
    const { retries } = this.#messages
    const reason = this.#lanes.subscribed.has(lane) ? FailureReason.timedOut : FailureReason.consumerLost
    let count = 0
    while (lane.count > 0 && this.#inFlight.deadline(lane.head) <= now) {
      const slot = lane.head
      const segment = this.#inFlight.segment(slot)
      const index = this.#inFlight.index(slot)
      const attempts = this.#inFlight.attempts(slot)
      this.#inFlight.remove(slot)
      if (retries === null) this.putBack(segment, index, attempts)
      else retries.failed(segment, index, attempts, reason, 0)
      count++
    }
    if (count > 0) this.#dispatch.wake(lane)
    return count
  }

  /** Puts a message, which was taken out of wherever it was, at the end of the line. */
  putBack(segment: Segment, index: number, attempts: number): void {
    const messages = this.#messages
    if (this.#ephemeral && this.room <= 0) return messages.drop(segment, index)
    messages.redeliveries.push(segment, index, attempts, messages.readTo)
    this.#dispatch.schedule()
  }

  /** How many more messages an ephemeral channel keeps; what comes again since it was rewound is kept by the topic. */
  get room(): number {
    const { depth, ranges, replayTo } = this.#messages
    const takes = this.#dispatch.paused ? 0 : this.#lanes.room
    return Math.max(0, this.#context.options.memQueueSize + takes - depth + ranges.countBelow(replayTo))
  }

  /** Takes a message out of wherever it is, in flight too; what becomes of it is for the caller to say. @returns its attempts, -1 when it is not here */
  withdraw(segment: Segment, index: number): number {
    this.#dispatch.depthChanged()
    const slot = this.#inFlight.slotOf(segment, index)
    if (slot < 0) return this.#messages.withdraw(segment, index)
    const attempts = this.#inFlight.attempts(slot)
    const lane = this.#inFlight.lane(slot)
    this.#inFlight.remove(slot)
    this.#dispatch.wake(lane)
    return attempts
  }

  #recordLatency(segment: Segment, index: number): void {
    const at = segment.offset(index) + TIMESTAMP_OFFSET
    const publishedNs = segment.bytes.readUInt32BE(at) * 2 ** 32 + segment.bytes.readUInt32BE(at + 4)
    this.latency!.record(Math.max(0, this.#context.clock.wallUs() * 1000 - publishedNs))
  }
}
