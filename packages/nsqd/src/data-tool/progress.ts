const INTERVAL_MS = 200

/** One line on a terminal that says how far a long job is; nothing where there is no terminal. */
export class Progress {
  readonly #write: ((text: string) => void) | null
  #lastMs = 0
  #shown = false

  /** @param write null: nothing is shown */
  constructor(write: ((text: string) => void) | null) {
    this.#write = write
  }

  /** Shows the text, if it is time to. */
  show(text: () => string): void {
    if (this.#write === null) return
    const now = performance.now()
    if (now - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = now
    this.#shown = true
    this.#write(`\r\u001b[K${text()}`)
  }

  /** Takes the line away, for what is written next. */
  clear(): void {
    if (this.#shown) this.#write?.('\r\u001b[K')
    this.#shown = false
  }
}
