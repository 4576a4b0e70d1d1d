import type { CoreContext } from './context.ts'
import { Lane } from './in-flight.ts'
import { ReadyLine } from './ready-line.ts'
import type { Subscriber } from './subscriber.ts'

/** Those whom a channel hands messages, and who of them may take more. */
export class Lanes {
  /** All that have a subscriber or something in flight. */
  readonly all = new Set<Lane>()
  /** In the order in which they subscribed. */
  readonly subscribed = new Set<Lane>()
  readonly ready = new ReadyLine()
  readonly #context: CoreContext
  readonly #hasRoom = (lane: Lane): boolean => this.hasRoom(lane)

  constructor(context: CoreContext) {
    this.#context = context
  }

  add(subscriber: Subscriber): Lane {
    const lane = new Lane(subscriber)
    this.all.add(lane)
    this.subscribed.add(lane)
    return lane
  }

  /** Its subscriber left; the lane stays for as long as something is in flight in it (forgetIfDone). */
  unsubscribe(lane: Lane): void {
    this.subscribed.delete(lane)
    this.ready.remove(lane)
  }

  forgetIfDone(lane: Lane): void {
    if (lane.count === 0 && !this.subscribed.has(lane)) this.all.delete(lane)
  }

  hasRoom(lane: Lane): boolean {
    return lane.subscriber.readyCount > lane.count && this.subscribed.has(lane)
  }

  /** How many messages they take now, all together. */
  get room(): number {
    let takes = 0
    for (const lane of this.subscribed) takes += Math.max(0, lane.subscriber.readyCount - lane.count)
    return takes
  }

  /** The next to be served. */
  takeReady(): Lane | undefined {
    if (this.#context.options.topologyAware) return this.ready.takeNearest(this.#hasRoom)
    return this.ready.count > 0 ? this.ready.shift() : undefined
  }
}
