import type { Chooser } from './chooser.ts'

/** One after another, the second one first; whether they work is not asked. One that is full is passed over. */
export class RoundRobin implements Chooser {
  readonly #count: number
  readonly #lastOk: boolean[]
  #counter = 0

  /** @param count of destinations */
  constructor(count: number) {
    this.#count = count
    this.#lastOk = Array.from({ length: count }, () => true)
  }

  choose(hasRoom: (index: number) => boolean): number {
    for (let step = 0; step < this.#count; step++) {
      const index = ++this.#counter % this.#count
      if (hasRoom(index)) return index
    }
    return this.#counter % this.#count
  }

  onResult(index: number, isOk: boolean): void {
    this.#lastOk[index] = isOk
  }

  hasAlternative(index: number): boolean {
    return this.#lastOk.some((isOk, other) => isOk && other !== index)
  }
}
