import type { Place, Segment } from '../log/segment.ts'
import { enlarge } from './enlarge.ts'
import { ranked, smallest } from './smallest.ts'

const CAPACITY_MIN = 16

/**
 * Messages that wait for their time: a binary heap by due time over parallel arrays, so that a deferred message costs
 * 26 bytes beside its body. Messages due at the same time come out in the order they went in.
 */
export class Deferred {
  #dueMs = new Float64Array(CAPACITY_MIN)
  #orders = new Float64Array(CAPACITY_MIN)
  #segments: Segment[] = []
  #indexes = new Uint32Array(CAPACITY_MIN)
  #attempts = new Uint16Array(CAPACITY_MIN)
  #count = 0
  #order = 0

  get count(): number {
    return this.#count
  }

  /** When the first is due (Clock.now milliseconds); Infinity when there is none. */
  get nextDueMs(): number {
    return this.#count === 0 ? Infinity : this.#dueMs[0]!
  }

  /** Of the one that is due first; there is one. */
  get segment(): Segment {
    return this.#segments[0]!
  }

  get index(): number {
    return this.#indexes[0]!
  }

  get attempts(): number {
    return this.#attempts[0]!
  }

  push(segment: Segment, index: number, attempts: number, dueMs: number): void {
    if (this.#count === this.#dueMs.length) this.#grow()
    const order = this.#order++
    let at = this.#count++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (this.#dueMs[parent]! <= dueMs) break // a later one never overtakes an equal one: orders only grow
      this.#copy(parent, at)
      at = parent
    }
    this.#put(at, segment, index, attempts, dueMs, order)
  }

  shift(): void {
    this.#removeAt(0)
  }

  /** Takes out a message wherever it is. @returns its attempts, -1 when it is not in here */
  remove(segment: Segment, index: number): number {
    for (let at = 0; at < this.#count; at++) {
      if (this.#segments[at] !== segment || this.#indexes[at] !== index) continue
      const attempts = this.#attempts[at]!
      this.#removeAt(at)
      return attempts
    }
    return -1
  }

  /** Closes the place with the last one, which sinks or rises to where it belongs. */
  #removeAt(place: number): void {
    const last = --this.#count
    const segment = this.#segments[last]!
    this.#segments.length = last
    if (place === last) return
    const dueMs = this.#dueMs[last]!
    const order = this.#orders[last]!
    let at = place
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (this.#before(parent, dueMs, order)) break
      this.#copy(parent, at)
      at = parent
    }
    for (;;) {
      let child = 2 * at + 1
      if (child >= last) break
      if (child + 1 < last && this.#before(child + 1, this.#dueMs[child]!, this.#orders[child]!)) child++
      if (!this.#before(child, dueMs, order)) break
      this.#copy(child, at)
      at = child
    }
    this.#put(at, segment, this.#indexes[last]!, this.#attempts[last]!, dueMs, order)
  }

  /**
   * Those due at `fromMs` or later, by due time: at most `limit` from the `offset`th on.
   * @param visit called for each; nothing may change meanwhile
   */
  select(
    fromMs: number,
    offset: number,
    limit: number,
    visit: (segment: Segment, index: number, attempts: number, dueMs: number) => void,
  ): void {
    const compare = (a: number, b: number): number =>
      this.#dueMs[a]! - this.#dueMs[b]! || this.#orders[a]! - this.#orders[b]!
    const wanted = offset + limit
    let places: number[] = []
    let latestMs = Infinity // of those that may still be wanted: most of a million are passed over by one comparison
    for (let at = 0; at < this.#count; at++) {
      const dueMs = this.#dueMs[at]!
      if (dueMs < fromMs || dueMs > latestMs) continue
      places.push(at)
      if (places.length < 2 * wanted + CAPACITY_MIN) continue
      places = smallest(places, wanted, compare)
      latestMs = places.reduce((latest, place) => Math.max(latest, this.#dueMs[place]!), -Infinity)
    }
    for (const at of ranked(places, offset, wanted, compare)) {
      visit(this.#segments[at]!, this.#indexes[at]!, this.#attempts[at]!, this.#dueMs[at]!)
    }
  }

  forEach(visit: (segment: Segment, index: number, attempts: number, dueMs: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      visit(this.#segments[i]!, this.#indexes[i]!, this.#attempts[i]!, this.#dueMs[i]!)
    }
  }

  /** Moves each message to where `move` says, if it does. */
  relocate(move: (segment: Segment, index: number) => Place | undefined): void {
    for (let i = 0; i < this.#count; i++) {
      const place = move(this.#segments[i]!, this.#indexes[i]!)
      if (place === undefined) continue
      this.#segments[i] = place.segment
      this.#indexes[i] = place.index
    }
  }

  clear(): void {
    this.#segments.length = 0
    this.#count = 0
  }

  #before(at: number, dueMs: number, order: number): boolean {
    const other = this.#dueMs[at]!
    return other < dueMs || (other === dueMs && this.#orders[at]! < order)
  }

  #put(at: number, segment: Segment, index: number, attempts: number, dueMs: number, order: number): void {
    this.#segments[at] = segment
    this.#indexes[at] = index
    this.#attempts[at] = attempts
    this.#dueMs[at] = dueMs
    this.#orders[at] = order
  }

  #copy(from: number, to: number): void {
    this.#put(
      to,
      this.#segments[from]!,
      this.#indexes[from]!,
      this.#attempts[from]!,
      this.#dueMs[from]!,
      this.#orders[from]!,
    )
  }

  #grow(): void {
    const size = this.#dueMs.length * 2
    this.#dueMs = enlarge(new Float64Array(size), this.#dueMs)
    this.#orders = enlarge(new Float64Array(size), this.#orders)
    this.#indexes = enlarge(new Uint32Array(size), this.#indexes)
    this.#attempts = enlarge(new Uint16Array(size), this.#attempts)
  }
}
