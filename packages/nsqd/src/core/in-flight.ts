import type { Place, Segment } from '../log/segment.ts'
import { enlarge } from './enlarge.ts'
import type { Subscriber } from './subscriber.ts'

const CAPACITY_MIN = 16
const NONE = -1

/**
 * What a subscriber has in flight: a doubly linked list through the slots of InFlight, by deadline. All its messages
 * get the same time, so that a new one belongs at the end; only a TOUCH near its cap has to look for its place.
 * A lane outlives its subscriber for as long as something is in flight in it.
 */
export class Lane {
  readonly subscriber: Subscriber
  count = 0
  head = NONE
  tail = NONE
  /** In the channel's line of those that may be ready. */
  queued = false

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber
  }
}

/**
 * The messages of a channel that were handed out and not finished, requeued or timed out yet.
 *
 * A message in flight occupies a slot: parallel arrays, no object per message. It is found by id through a hash table
 * with linear probing (`#table`: slot + 1, 0 for free; at most half full), and by deadline through its lane.
 */
export class InFlight {
  count = 0
  #capacity = CAPACITY_MIN
  #segments: (Segment | null)[] = new Array<Segment | null>(CAPACITY_MIN).fill(null)
  #lanes: (Lane | null)[] = new Array<Lane | null>(CAPACITY_MIN).fill(null)
  #indexes = new Uint32Array(CAPACITY_MIN)
  #attempts = new Uint16Array(CAPACITY_MIN)
  #deadlines = new Float64Array(CAPACITY_MIN)
  #deliveredAts = new Float64Array(CAPACITY_MIN)
  #idHis = new Uint32Array(CAPACITY_MIN)
  #idLos = new Uint32Array(CAPACITY_MIN)
  #previous = new Int32Array(CAPACITY_MIN)
  /** Next in the lane; in a free slot, the next free one. */
  #next = new Int32Array(CAPACITY_MIN)
  #free = NONE
  #table = new Int32Array(CAPACITY_MIN * 2)
  #mask = CAPACITY_MIN * 2 - 1

  constructor() {
    this.#addFree(0, CAPACITY_MIN)
  }

  segment(slot: number): Segment {
    return this.#segments[slot]!
  }

  index(slot: number): number {
    return this.#indexes[slot]!
  }

  attempts(slot: number): number {
    return this.#attempts[slot]!
  }

  deadline(slot: number): number {
    return this.#deadlines[slot]!
  }

  deliveredAt(slot: number): number {
    return this.#deliveredAts[slot]!
  }

  lane(slot: number): Lane {
    return this.#lanes[slot]!
  }

  /** The slot of the message with this id, or -1. */
  find(idHi: number, idLo: number): number {
    for (let at = hash(idHi, idLo) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#table[at]! - 1
      if (slot === NONE || (this.#idLos[slot] === idLo && this.#idHis[slot] === idHi)) return slot
    }
  }

  /** The slot of a message, or -1; looks through all. */
  slotOf(segment: Segment, index: number): number {
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#segments[slot] === segment && this.#indexes[slot] === index) return slot
    }
    return NONE
  }

  /** Puts a message in flight to a lane, its deadline not before the lane's last one. */
  add(lane: Lane, segment: Segment, index: number, attempts: number, now: number, deadline: number): void {
    if (this.#free === NONE) this.#grow()
    const slot = this.#free
    this.#free = this.#next[slot]!
    this.#segments[slot] = segment
    this.#lanes[slot] = lane
    this.#indexes[slot] = index
    this.#attempts[slot] = attempts
    this.#deliveredAts[slot] = now
    this.#idHis[slot] = segment.idHi(index)
    this.#idLos[slot] = segment.idLo(index)
    this.#insertTable(slot)
    this.#link(lane, slot, deadline)
    lane.count++
    this.count++
  }

  remove(slot: number): void {
    const lane = this.#lanes[slot]!
    this.#removeTable(slot)
    this.#unlink(lane, slot)
    lane.count--
    this.count--
    this.#segments[slot] = null
    this.#lanes[slot] = null
    this.#next[slot] = this.#free
    this.#free = slot
  }

  /** Gives a message another deadline. */
  touch(slot: number, deadline: number): void {
    const lane = this.#lanes[slot]!
    this.#unlink(lane, slot)
    this.#link(lane, slot, deadline)
  }

  forEach(visit: (slot: number) => void): void {
    for (let slot = 0; slot < this.#capacity; slot++) if (this.#lanes[slot] !== null) visit(slot)
  }

  /** Moves each message to where `move` says, if it does. */
  relocate(move: (segment: Segment, index: number) => Place | undefined): void {
    this.forEach((slot) => {
      const place = move(this.#segments[slot]!, this.#indexes[slot]!)
      if (place === undefined) return
      this.#segments[slot] = place.segment
      this.#indexes[slot] = place.index
    })
  }

  /** Forgets all. */
  clear(): void {
    this.forEach((slot) => this.remove(slot))
  }

  /** Puts a slot where its deadline belongs, looking from the end. */
  #link(lane: Lane, slot: number, deadline: number): void {
    this.#deadlines[slot] = deadline
    let before = lane.tail
    while (before !== NONE && this.#deadlines[before]! > deadline) before = this.#previous[before]!
    const after = before === NONE ? lane.head : this.#next[before]!
    this.#previous[slot] = before
    this.#next[slot] = after
    if (before === NONE) lane.head = slot
    else this.#next[before] = slot
    if (after === NONE) lane.tail = slot
    else this.#previous[after] = slot
  }

  #unlink(lane: Lane, slot: number): void {
    const before = this.#previous[slot]!
    const after = this.#next[slot]!
    if (before === NONE) lane.head = after
    else this.#next[before] = after
    if (after === NONE) lane.tail = before
    else this.#previous[after] = before
  }

  #insertTable(slot: number): void {
    let at = hash(this.#idHis[slot]!, this.#idLos[slot]!) & this.#mask
    while (this.#table[at] !== 0) at = (at + 1) & this.#mask
    this.#table[at] = slot + 1
  }

  /** Takes a slot out of the table and closes the gap: what follows moves up where its own place allows. */
  #removeTable(slot: number): void {
    const table = this.#table
    const mask = this.#mask
    let gap = hash(this.#idHis[slot]!, this.#idLos[slot]!) & mask
    while (table[gap] !== slot + 1) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const other = table[at]! - 1
      const home = hash(this.#idHis[other]!, this.#idLos[other]!) & mask
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        table[gap] = other + 1
        gap = at
      }
    }
    table[gap] = 0
  }

  #grow(): void {
    const old = this.#capacity
    const capacity = old * 2
    for (let i = old; i < capacity; i++) {
      this.#segments.push(null)
      this.#lanes.push(null)
    }
    this.#indexes = enlarge(new Uint32Array(capacity), this.#indexes)
    this.#attempts = enlarge(new Uint16Array(capacity), this.#attempts)
    this.#deadlines = enlarge(new Float64Array(capacity), this.#deadlines)
    this.#deliveredAts = enlarge(new Float64Array(capacity), this.#deliveredAts)
    this.#idHis = enlarge(new Uint32Array(capacity), this.#idHis)
    this.#idLos = enlarge(new Uint32Array(capacity), this.#idLos)
    this.#previous = enlarge(new Int32Array(capacity), this.#previous)
    this.#next = enlarge(new Int32Array(capacity), this.#next)
    this.#capacity = capacity
    this.#table = new Int32Array(capacity * 2)
    this.#mask = capacity * 2 - 1
    for (let slot = 0; slot < old; slot++) this.#insertTable(slot) // all are taken: that is why we grow
    this.#addFree(old, capacity)
  }

  #addFree(from: number, to: number): void {
    for (let slot = to - 1; slot >= from; slot--) {
      this.#next[slot] = this.#free
      this.#free = slot
    }
  }
}

function hash(idHi: number, idLo: number): number {
  const mixed = Math.imul(idLo, 0x9e3779b1) ^ Math.imul(idHi, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
