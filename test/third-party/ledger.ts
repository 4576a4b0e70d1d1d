/** Which of the messages 0..count-1 were finished. */
export class Ledger {
  readonly #finished: Uint8Array

  constructor(count: number) {
    this.#finished = new Uint8Array(count)
  }

  /** @throws for a message that was never published */
  finish(index: number): void {
    if (!(index >= 0 && index < this.#finished.length)) throw new RangeError(`no message ${index} was published`)
    this.#finished[index] = 1
  }

  has(index: number): boolean {
    return this.#finished[index] === 1
  }

  /** The first few that were never finished. */
  missing(): number[] {
    const missing: number[] = []
    for (let i = 0; i < this.#finished.length && missing.length < 20; i++) if (this.#finished[i] === 0) missing.push(i)
    return missing
  }
}
