// Deadlines of many publishes on one timer: nearly all are answered long before, so what matters is that watching one costs
// nothing. When the earliest is due everything outstanding is looked through, which is rare.
import { Alarm } from '../alarm.ts'
import type { Environment } from '../environment.ts'
import { TimeoutError } from '../errors.ts'
import type { Publish } from './publish.ts'

/** Shortest time between two looks, ms: what a deadline may be late by. */
const SWEEP_MS = 20

export class DeadlineSweep {
  readonly #environment: Environment
  readonly #outstanding: () => Iterable<Publish>
  readonly #alarm: Alarm
  #dueAt = Infinity

  constructor(environment: Environment, outstanding: () => Iterable<Publish>) {
    this.#environment = environment
    this.#alarm = new Alarm(environment)
    this.#outstanding = outstanding
  }

  /** Sees to a publish with this deadline, by the environment's clock. */
  watch(deadline: number): void {
    if (deadline >= this.#dueAt) return
    this.#dueAt = deadline
    const delayMs = Math.max(SWEEP_MS, deadline - this.#environment.now())
    this.#alarm.set(() => this.#sweep(), delayMs)
  }

  close(): void {
    this.#alarm.clear()
  }

  #sweep(): void {
    this.#dueAt = Infinity
    const now = this.#environment.now()
    let next = Infinity
    for (const publish of this.#outstanding()) {
      if (publish.isSettled) continue
      if (publish.deadline > now) next = Math.min(next, publish.deadline)
      else publish.settle(new TimeoutError('the publish was not answered in time', { cause: publish.lastError }))
    }
    this.watch(next)
  }
}
