import type { LogKind } from './log.ts'
import type { Segment } from './segment.ts'

const CAPACITY_MIN = 64
const EMPTY = -1

/** What is known of one message, besides where it lies. */
export interface RecoveredState {
  readonly attempts: number
  /** Wall clock in milliseconds; NaN: it is not deferred. */
  readonly dueWallMs: number
}

/**
 * Messages by log and position: a hash table with linear probing over parallel arrays, since a topic may have a million
 * of them deferred, and a start is to cost memory of their order only.
 */
export class RecoveredMessages {
  count = 0
  #keys = new Float64Array(CAPACITY_MIN).fill(EMPTY)
  #attempts = new Uint16Array(CAPACITY_MIN)
  #dues = new Float64Array(CAPACITY_MIN)
  #mask = CAPACITY_MIN - 1

  get(kind: LogKind, position: number): RecoveredState | undefined {
    const at = this.#find(keyOf(kind, position))
    return this.#keys[at] === EMPTY ? undefined : { attempts: this.#attempts[at]!, dueWallMs: this.#dues[at]! }
  }

  set(kind: LogKind, position: number, attempts: number, dueWallMs: number): void {
    if (this.count * 2 >= this.#keys.length) this.#grow()
    this.#put(keyOf(kind, position), attempts, dueWallMs)
  }

  /** Takes it out, and closes the gap: what follows moves up where its own place allows. */
  delete(kind: LogKind, position: number): void {
    const keys = this.#keys
    let gap = this.#find(keyOf(kind, position))
    if (keys[gap] === EMPTY) return
    this.count--
    for (let at = (gap + 1) & this.#mask; keys[at] !== EMPTY; at = (at + 1) & this.#mask) {
      const home = hash(keys[at]!) & this.#mask
      if (((at - home) & this.#mask) < ((at - gap) & this.#mask)) continue
      keys[gap] = keys[at]!
      this.#attempts[gap] = this.#attempts[at]!
      this.#dues[gap] = this.#dues[at]!
      gap = at
    }
    keys[gap] = EMPTY
  }

  clear(): void {
    this.#allocate(CAPACITY_MIN)
    this.count = 0
  }

  /** Positions of one log, ascending. */
  positions(kind: LogKind): Float64Array {
    const found = new Float64Array(this.count)
    let count = 0
    for (const key of this.#keys) if (key !== EMPTY && key % 4 === kind) found[count++] = Math.floor(key / 4)
    return found.subarray(0, count).sort()
  }

  #find(key: number): number {
    let at = hash(key) & this.#mask
    while (this.#keys[at] !== EMPTY && this.#keys[at] !== key) at = (at + 1) & this.#mask
    return at
  }

  #put(key: number, attempts: number, dueWallMs: number): void {
    const at = this.#find(key)
    if (this.#keys[at] === EMPTY) this.count++
    this.#keys[at] = key
    this.#attempts[at] = attempts
    this.#dues[at] = dueWallMs
  }

  #grow(): void {
    const keys = this.#keys
    const attempts = this.#attempts
    const dues = this.#dues
    this.#allocate(keys.length * 2)
    this.count = 0
    for (let i = 0; i < keys.length; i++) if (keys[i] !== EMPTY) this.#put(keys[i]!, attempts[i]!, dues[i]!)
  }

  #allocate(capacity: number): void {
    this.#keys = new Float64Array(capacity).fill(EMPTY)
    this.#attempts = new Uint16Array(capacity)
    this.#dues = new Float64Array(capacity)
    this.#mask = capacity - 1
  }
}

/** A message of a topic or channel, as one number. */
export function keyOf(kind: LogKind, position: number): number {
  return position * 4 + kind
}

export function keyIn(segment: Segment, index: number): number {
  return keyOf(segment.log.kind, segment.base + index)
}

function hash(key: number): number {
  const mixed = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul(Math.floor(key / 2 ** 32), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
