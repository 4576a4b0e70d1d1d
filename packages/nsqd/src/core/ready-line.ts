import type { Lane } from './in-flight.ts'

/**
 * Those of a channel's lanes that may be able to take messages, in the order in which they are served. A lane is in it
 * once; whether it really has room is found out when its turn comes.
 */
export class ReadyLine {
  #lanes: Lane[] = []
  #head = 0

  get count(): number {
    return this.#lanes.length - this.#head
  }

  push(lane: Lane): void {
    if (lane.queued) return
    lane.queued = true
    this.#lanes.push(lane)
  }

  /** The next one; there is one. */
  shift(): Lane {
    const lane = this.#lanes[this.#head++]!
    lane.queued = false
    if (this.#head === this.#lanes.length) {
      this.#lanes.length = 0
      this.#head = 0
    } else if (this.#head >= 1024) {
      this.#lanes = this.#lanes.slice(this.#head)
      this.#head = 0
    }
    return lane
  }

  /** Takes one out that is not to be served any more, wherever it stands. */
  remove(lane: Lane): void {
    if (!lane.queued) return
    lane.queued = false
    this.#lanes.splice(this.#lanes.indexOf(lane, this.#head), 1)
  }

  /** The nearest one that has room, the earliest of those; undefined when none has. For topology-aware consumption. */
  takeNearest(hasRoom: (lane: Lane) => boolean): Lane | undefined {
    let best = -1
    for (let i = this.#head; i < this.#lanes.length; i++) {
      const lane = this.#lanes[i]!
      if (!hasRoom(lane)) continue
      if (best < 0 || lane.subscriber.locality < this.#lanes[best]!.subscriber.locality) best = i
    }
    if (best < 0) return undefined
    const lane = this.#lanes.splice(best, 1)[0]!
    lane.queued = false
    return lane
  }
}
