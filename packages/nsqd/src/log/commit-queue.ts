/** Who waits for what he published to be safe. `ticket` is his own. */
export interface CommitWaiter {
  /** @param error null when it is safe; else it was not taken, or nobody knows */
  committed(ticket: number, error: Error | null): void
}

/** Those who wait for a log, in the order of what they wait for. */
export class CommitQueue {
  #waiters: CommitWaiter[] = []
  #tickets: number[] = []
  #positions: number[] = []

  /** What the first in line waits for; Infinity when nobody waits. */
  get first(): number {
    return this.#positions[0] ?? Infinity
  }

  /** Waits for all below `position`, which is not below that of those who wait already. */
  push(waiter: CommitWaiter, ticket: number, position: number): void {
    this.#waiters.push(waiter)
    this.#tickets.push(ticket)
    this.#positions.push(position)
  }

  /** Tells those who wait for more than `position` that it failed. */
  fail(position: number, error: Error): void {
    let kept = 0
    while (kept < this.#positions.length && this.#positions[kept]! <= position) kept++
    const waiters = this.#waiters.splice(kept)
    const tickets = this.#tickets.splice(kept)
    this.#positions.length = kept
    for (let i = 0; i < waiters.length; i++) waiters[i]!.committed(tickets[i]!, error)
  }

  /** Tells those who wait for no more than `position`. */
  settle(position: number, error: Error | null): void {
    let count = 0
    while (count < this.#positions.length && this.#positions[count]! <= position) count++
    if (count === 0) return
    const waiters = this.#waiters.splice(0, count)
    const tickets = this.#tickets.splice(0, count)
    this.#positions.splice(0, count)
    for (let i = 0; i < count; i++) waiters[i]!.committed(tickets[i]!, error)
  }
}
