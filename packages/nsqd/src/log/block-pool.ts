/**
 * Memory blocks of one size, kept for the next who needs one: touching fresh pages costs more than filling used ones.
 * The pool keeps at most `keepMax`; what comes back beyond that is left to the garbage collector.
 */
export class BlockPool {
  readonly blockSize: number
  readonly #keepMax: number
  readonly #free: Buffer[] = []

  constructor(blockSize: number, keepMax: number) {
    this.blockSize = blockSize
    this.#keepMax = keepMax
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.blockSize)
  }

  /** Gives a block back. The caller must not touch it any more. Blocks of another size are ignored. */
  give(block: Buffer): void {
    if (block.length === this.blockSize && this.#free.length < this.#keepMax) this.#free.push(block)
  }
}
