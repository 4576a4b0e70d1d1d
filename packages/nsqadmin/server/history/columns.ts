/** Columns of one block. */
const BLOCK = 256

/**
 * Columns of 16-bit numbers, all of the same length, out of large blocks: thousands of small arrays of their own, which grow one by
 * one, leave the process with twice the memory that is in use. What is given back is used again.
 */
export class Columns {
  readonly slots: number
  readonly #blocks: Uint16Array[] = []
  readonly #free: number[] = []

  constructor(slots: number) {
    this.slots = slots
  }

  /** The number of a column that is nobody's, all zero. */
  take(): number {
    if (this.#free.length === 0) this.#grow()
    const column = this.#free.pop()!
    const start = this.#startOf(column)
    this.#blockOf(column).fill(0, start, start + this.slots)
    return column
  }

  /** The column is nobody's from now on. */
  give(column: number): void {
    this.#free.push(column)
  }

  get(column: number, slot: number): number {
    return this.#blockOf(column)[this.#startOf(column) + slot]!
  }

  set(column: number, slot: number, value: number): void {
    this.#blockOf(column)[this.#startOf(column) + slot] = value
  }

  #grow(): void {
    const first = this.#blocks.length * BLOCK
    this.#blocks.push(new Uint16Array(BLOCK * this.slots))
    for (let column = first + BLOCK - 1; column >= first; column--) this.#free.push(column) // the first is taken first
  }

  #blockOf(column: number): Uint16Array {
    return this.#blocks[Math.floor(column / BLOCK)]!
  }

  #startOf(column: number): number {
    return (column % BLOCK) * this.slots
  }
}
