// Counters of nsqds begin anew when these restart; ours only ever grow, and rates are their growth.
import type { ChannelSample, TopicSample } from './node-sample.ts'

/** Messages since nsqadmin first saw something; also, as rates, messages a second. */
export interface Flows {
  in: number
  out: number
  requeued: number
  timedOut: number
}

export function noFlows(): Flows {
  return { in: 0, out: 0, requeued: 0, timedOut: 0 }
}

export function addFlows(to: Flows, more: Flows): void {
  to.in += more.in
  to.out += more.out
  to.requeued += more.requeued
  to.timedOut += more.timedOut
}

/** What was published to a topic between two samples. @param before undefined: it did not exist */
export function publishedSince(before: TopicSample | undefined, now: TopicSample): number {
  return growth(before?.messages, now.messages)
}

/** What has happened in a channel between two samples. @param before undefined: it did not exist, or counts anew */
export function flowsSince(before: ChannelSample | undefined, now: ChannelSample): Flows {
  return {
    in: growth(before?.messages, now.messages),
    // nsqd does not count what is finished: it is what came in and is no longer there. What is emptied looks the same.
    out: before === undefined ? Math.max(0, gone(now)) : Math.max(0, gone(now) - gone(before)),
    requeued: growth(before?.requeued, now.requeued),
    timedOut: growth(before?.timedOut, now.timedOut),
  }
}

/** A counter that is smaller than before has begun anew. */
function growth(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before
}

function gone({ messages, depth, inFlight, deferred }: ChannelSample): number {
  return messages - depth - inFlight - deferred
}

/** Reads flows now and then, and says how fast they were in between. */
export class Meter {
  readonly #before: Flows = noFlows()
  readonly #rates: Flows = noFlows()
  #at: number

  /** @param at milliseconds */
  constructor(at: number) {
    this.#at = at
  }

  /** As they were read last. */
  get rates(): Readonly<Flows> {
    return this.#rates
  }

  /** Valid until it is read again. */
  read(flows: Flows, at: number): Readonly<Flows> {
    const seconds = (at - this.#at) / 1000
    if (seconds <= 0) return this.#rates
    const [before, rates] = [this.#before, this.#rates]
    rates.in = (flows.in - before.in) / seconds
    rates.out = (flows.out - before.out) / seconds
    rates.requeued = (flows.requeued - before.requeued) / seconds
    rates.timedOut = (flows.timedOut - before.timedOut) / seconds
    // Field by field, in place: there are thousands of meters, and this is done every round.
    before.in = flows.in
    before.out = flows.out
    before.requeued = flows.requeued
    before.timedOut = flows.timedOut
    this.#at = at
    return rates
  }
}
