import { Meter, noFlows } from './flows.ts'
import type { Flows } from './flows.ts'
import type { ChannelSample } from './node-sample.ts'
import { Trend } from './trend.ts'

/** A topic, a channel, a node, or the cluster: its flows over all time, and what is read off them. */
export class Subject {
  readonly flows: Flows = noFlows()
  readonly trend = new Trend()
  /** For what is shown live. */
  readonly live: Meter
  /** For the history, whose points are farther apart. */
  readonly past: Meter

  constructor(at: number) {
    this.live = new Meter(at)
    this.past = new Meter(at)
  }
}

/**
 * A channel, with what all its nodes say of it. There are thousands, and each is summed up every round: therefore in place, and what is
 * shown of one is made when somebody looks at it.
 */
export class ChannelSubject extends Subject {
  depth = 0
  backendDepth = 0
  inFlight = 0
  deferred = 0
  messages = 0
  requeued = 0
  timedOut = 0
  clients = 0
  nodes = 0
  staleNodes = 0
  paused = false
  /** The round that these are of. */
  summedAt = Number.NEGATIVE_INFINITY

  /** Adds what one node says in the round of `at`; the first to be added begins anew. */
  add(channel: ChannelSample, stale: boolean, at: number): void {
    if (this.summedAt !== at) this.#begin(at)
    this.depth += channel.depth
    this.backendDepth += channel.backendDepth
    this.inFlight += channel.inFlight
    this.deferred += channel.deferred
    this.messages += channel.messages
    this.requeued += channel.requeued
    this.timedOut += channel.timedOut
    this.clients += channel.clients
    this.nodes++
    if (stale) this.staleNodes++
    this.paused ||= channel.paused
  }

  #begin(at: number): void {
    this.summedAt = at
    this.depth = 0
    this.backendDepth = 0
    this.inFlight = 0
    this.deferred = 0
    this.messages = 0
    this.requeued = 0
    this.timedOut = 0
    this.clients = 0
    this.nodes = 0
    this.staleNodes = 0
    this.paused = false
  }
}

export class TopicSubject extends Subject {
  readonly channels = new Map<string, ChannelSubject>()

  channel(name: string, at: number): ChannelSubject {
    return found(this.channels, name, () => new ChannelSubject(at))
  }
}

/** Everything that was seen and is not forgotten yet. */
export class Subjects {
  readonly topics = new Map<string, TopicSubject>()
  readonly nodes = new Map<string, Subject>()
  readonly cluster: Subject

  constructor(at: number) {
    this.cluster = new Subject(at)
  }

  topic(name: string, at: number): TopicSubject {
    return found(this.topics, name, () => new TopicSubject(at))
  }

  node(name: string, at: number): Subject {
    return found(this.nodes, name, () => new Subject(at))
  }
}

function found<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
