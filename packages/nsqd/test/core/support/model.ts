import { Locality } from '../../../src/core/subscriber.ts'
import type { SimSubscriber } from './sim-subscriber.ts'

// What the queueing is to do, said as plainly as possible: every channel has a copy of every message, in arrays. Slow,
// and nothing of how the real one works: no positions, segments, turns or heaps.

export interface ModelOptions {
  readonly memQueueSize: number
  readonly maxMsgTimeoutMs: number
  readonly topologyAware: boolean
  readonly requeueOnDisconnect: boolean
}

export interface ModelMessage {
  readonly serial: number
  readonly body: Buffer
  readonly timestampNs: bigint
  /** Known from its first delivery on. */
  id: string | null
}

/** A channel's copy of a message. */
interface Copy {
  readonly message: ModelMessage
  attempts: number
}

interface Flight {
  readonly copy: Copy
  readonly subscriber: SimSubscriber
  readonly deliveredAtMs: number
  deadlineMs: number
  /** Decides between equal deadlines: the one that got its deadline first goes first. */
  order: number
}

interface Waiting {
  readonly copy: Copy
  readonly dueMs: number
  readonly order: number
}

let orders = 0

export class ModelChannel {
  readonly name: string
  readonly ephemeral: boolean
  readonly options: ModelOptions
  paused = false
  line: Copy[] = []
  flights: Flight[] = []
  deferred: Waiting[] = []
  /** In order of subscription; who left stays until nothing of his is in flight. */
  lanes: SimSubscriber[] = []
  readonly subscribed = new Set<SimSubscriber>()
  messageCount = 0
  requeueCount = 0
  timeoutCount = 0
  finishCount = 0
  readonly localityCounts = [0, 0, 0]

  constructor(name: string, options: ModelOptions) {
    this.name = name
    this.ephemeral = name.endsWith('#ephemeral')
    this.options = options
  }

  get unfinished(): number {
    return this.line.length + this.flights.length + this.deferred.length
  }

  flightsOf(subscriber: SimSubscriber): Flight[] {
    return this.flights.filter((flight) => flight.subscriber === subscriber)
  }

  room(subscriber: SimSubscriber): number {
    return this.subscribed.has(subscriber) ? Math.max(0, subscriber.readyCount - this.flightsOf(subscriber).length) : 0
  }

  put(messages: readonly ModelMessage[]): void {
    this.messageCount += messages.length
    const kept = this.ephemeral ? messages.slice(0, this.#space()) : messages
    for (const message of kept) this.line.push({ message, attempts: 0 })
  }

  defer(copy: Copy, dueMs: number): void {
    this.deferred.push({ copy, dueMs, order: orders++ })
  }

  /** A message leaves the line towards a subscriber, which gets it or, sampling, does not want it. */
  takeFirst(subscriber: SimSubscriber): Copy {
    const copy = this.line.shift()
    if (copy === undefined) throw new Error('a message was handed out and none was in line')
    this.localityCounts[this.options.topologyAware ? subscriber.locality : Locality.global]!++
    return copy
  }

  deliver(subscriber: SimSubscriber, nowMs: number): Copy {
    if (this.paused) throw new Error('delivered while paused')
    if (this.room(subscriber) === 0) throw new Error('delivered beyond RDY')
    if (this.options.topologyAware) {
      for (const other of this.subscribed) {
        if (other.locality < subscriber.locality && this.room(other) > 0) throw new Error('a nearer one has room')
      }
    }
    const copy = this.takeFirst(subscriber)
    copy.attempts = (copy.attempts + 1) % 65536
    const deadlineMs = nowMs + subscriber.msgTimeoutMs
    this.flights.push({ copy, subscriber, deliveredAtMs: nowMs, deadlineMs, order: orders++ })
    return copy
  }

  finish(flight: Flight): void {
    this.finishCount++
    this.#land(flight)
  }

  requeue(flight: Flight, nowMs: number, delayMs: number): void {
    this.requeueCount++
    this.#land(flight)
    if (delayMs > 0) this.defer(flight.copy, nowMs + delayMs)
    else this.#putBack(flight.copy)
  }

  touch(flight: Flight, nowMs: number): void {
    flight.deadlineMs = Math.min(
      nowMs + flight.subscriber.msgTimeoutMs,
      flight.deliveredAtMs + this.options.maxMsgTimeoutMs,
    )
    flight.order = orders++
  }

  subscribe(subscriber: SimSubscriber): void {
    this.lanes.push(subscriber)
    this.subscribed.add(subscriber)
  }

  unsubscribe(subscriber: SimSubscriber): void {
    this.subscribed.delete(subscriber)
    if (this.options.requeueOnDisconnect) this.#takeBack(subscriber, Infinity)
  }

  empty(): void {
    this.line = []
    this.flights = []
    this.deferred = []
  }

  timePassed(nowMs: number): void {
    for (const lane of this.lanes) this.timeoutCount += this.#takeBack(lane, nowMs)
    const due = this.deferred.filter((waiting) => waiting.dueMs <= nowMs)
    this.deferred = this.deferred.filter((waiting) => waiting.dueMs > nowMs)
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)
    for (const waiting of due) this.#putBack(waiting.copy)
  }

  #takeBack(subscriber: SimSubscriber, nowMs: number): number {
    const due = this.flightsOf(subscriber).filter((flight) => flight.deadlineMs <= nowMs)
    due.sort((a, b) => a.deadlineMs - b.deadlineMs || a.order - b.order)
    for (const flight of due) {
      this.#land(flight)
      this.#putBack(flight.copy)
    }
    return due.length
  }

  #land(flight: Flight): void {
    const at = this.flights.indexOf(flight)
    if (at < 0) throw new Error('not in flight')
    this.flights.splice(at, 1)
  }

  #putBack(copy: Copy): void {
    if (!this.ephemeral || this.#space() > 0) this.line.push(copy)
  }

  /** How many more an ephemeral channel keeps: its queue, and what its subscribers would take at once. */
  #space(): number {
    let takes = 0
    if (!this.paused) for (const subscriber of this.subscribed) takes += this.room(subscriber)
    return Math.max(0, this.options.memQueueSize + takes - this.line.length)
  }
}

export class ModelTopic {
  readonly name: string
  readonly ephemeral: boolean
  readonly options: ModelOptions
  readonly channels = new Map<string, ModelChannel>()
  /** All that were published, in order: their ids have to grow. */
  readonly published: ModelMessage[] = []
  paused = false
  waiting: ModelMessage[] = []
  waitingDeferred: { message: ModelMessage; delayMs: number }[] = []
  messageCount = 0
  messageBytes = 0

  constructor(name: string, options: ModelOptions) {
    this.name = name
    this.ephemeral = name.endsWith('#ephemeral')
    this.options = options
  }

  get depth(): number {
    return this.waiting.length + this.waitingDeferred.length
  }

  publish(message: ModelMessage, delayMs: number): void {
    this.messageCount++
    this.messageBytes += message.body.length
    if (this.ephemeral && !this.#distributes() && this.depth >= this.options.memQueueSize) return
    this.published.push(message)
    if (delayMs > 0) this.waitingDeferred.push({ message, delayMs })
    else this.waiting.push(message)
  }

  distribute(nowMs: number): void {
    if (!this.#distributes()) return
    for (const channel of this.channels.values()) {
      channel.put(this.waiting)
      for (const { message, delayMs } of this.waitingDeferred) {
        channel.messageCount++
        channel.defer({ message, attempts: 0 }, nowMs + delayMs)
      }
    }
    this.empty()
  }

  empty(): void {
    this.waiting = []
    this.waitingDeferred = []
  }

  #distributes(): boolean {
    return !this.paused && this.channels.size > 0
  }
}
