import type { Place, Segment } from '../log/segment.ts'

const CAPACITY_MIN = 16

/**
 * Messages that are to be handed out once more, in the order in which they came back: a ring over parallel arrays.
 *
 * Each remembers how often it was delivered, and the position up to which the channel had been given messages when it
 * came back (`gate`): it is handed out once the channel has read that far, and so joins the end of the line.
 */
export class Redeliveries {
  #segments: (Segment | null)[] = new Array<Segment | null>(CAPACITY_MIN).fill(null)
  #indexes = new Uint32Array(CAPACITY_MIN)
  #attempts = new Uint16Array(CAPACITY_MIN)
  #gates = new Float64Array(CAPACITY_MIN)
  #head = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Of the first; there is one. */
  get segment(): Segment {
    return this.#segments[this.#head]!
  }

  get index(): number {
    return this.#indexes[this.#head]!
  }

  get attempts(): number {
    return this.#attempts[this.#head]!
  }

  get gate(): number {
    return this.#gates[this.#head]!
  }

  push(segment: Segment, index: number, attempts: number, gate: number): void {
    if (this.#count === this.#indexes.length) this.#grow()
    const at = (this.#head + this.#count) & (this.#indexes.length - 1)
    this.#segments[at] = segment
    this.#indexes[at] = index
    this.#attempts[at] = attempts
    this.#gates[at] = gate
    this.#count++
  }

  shift(): void {
    this.#segments[this.#head] = null
    this.#head = (this.#head + 1) & (this.#indexes.length - 1)
    this.#count--
  }

  forEach(visit: (segment: Segment, index: number, attempts: number, gate: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (this.#indexes.length - 1)
      visit(this.#segments[at]!, this.#indexes[at]!, this.#attempts[at]!, this.#gates[at]!)
    }
  }

  /** Takes out what `leaves`. @returns how many there were */
  remove(
    leaves: (segment: Segment, index: number) => boolean,
    removed: (segment: Segment, index: number) => void,
  ): number {
    const before = this.#count
    const mask = this.#indexes.length - 1
    let kept = 0
    for (let i = 0; i < before; i++) {
      const from = (this.#head + i) & mask
      const segment = this.#segments[from]!
      const index = this.#indexes[from]!
      if (leaves(segment, index)) {
        removed(segment, index)
        continue
      }
      const to = (this.#head + kept++) & mask
      this.#segments[to] = segment
      this.#indexes[to] = index
      this.#attempts[to] = this.#attempts[from]!
      this.#gates[to] = this.#gates[from]!
    }
    for (let i = kept; i < before; i++) this.#segments[(this.#head + i) & mask] = null
    this.#count = kept
    return before - kept
  }

  /** Moves each message to where `move` says, if it does. */
  relocate(move: (segment: Segment, index: number) => Place | undefined): void {
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (this.#indexes.length - 1)
      const place = move(this.#segments[at]!, this.#indexes[at]!)
      if (place === undefined) continue
      this.#segments[at] = place.segment
      this.#indexes[at] = place.index
    }
  }

  clear(): void {
    this.#segments.fill(null)
    this.#head = 0
    this.#count = 0
  }

  #grow(): void {
    const old = this.#indexes.length
    const segments = new Array<Segment | null>(old * 2).fill(null)
    const indexes = new Uint32Array(old * 2)
    const attempts = new Uint16Array(old * 2)
    const gates = new Float64Array(old * 2)
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (old - 1)
      segments[i] = this.#segments[at]!
      indexes[i] = this.#indexes[at]!
      attempts[i] = this.#attempts[at]!
      gates[i] = this.#gates[at]!
    }
    this.#segments = segments
    this.#indexes = indexes
    this.#attempts = attempts
    this.#gates = gates
    this.#head = 0
  }
}
