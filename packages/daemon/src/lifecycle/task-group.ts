/** Told of a task that failed; `name` is the one given to `run`. */
export type TaskFailed = (name: string, error: unknown) => void

/**
 * The background loops of one owner: named, stopped together, awaited at close. A task that fails is reported to one place and takes
 * nothing else along; failing because of the abort is no failure.
 */
export class TaskGroup {
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #onFailure: TaskFailed

  constructor(onFailure: TaskFailed) {
    this.#onFailure = onFailure
  }

  /** Aborted at close. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** How many tasks run at the moment. */
  get size(): number {
    return this.#running.size
  }

  /** Starts a task; it has to end soon after the signal aborts. After close this does nothing. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    if (this.#abort.signal.aborted) return
    const running = this.#runOne(name, task)
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
  }

  /** Aborts all tasks and resolves when the last has ended. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #runOne(name: string, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(this.#abort.signal)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#onFailure(name, error)
    }
  }
}
