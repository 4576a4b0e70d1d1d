// Backoff: while messages fail the consumer waits, then tries one message at a time (go-nsq: consumer.go, startStopContinueBackoff).
//
//   level 0 --failure--> level 1, waiting --timer--> testing --failure--> level 2, waiting ...
//                                                          `--success--> level n-1, waiting; at level 0 full flow again
//
// One state for the whole consumer. While it waits all outcomes are ignored, so a burst of failures counts once.
import { Alarm } from '../alarm.ts'
import type { Environment } from '../environment.ts'

/** What a message's end means for the flow. */
export type Outcome = 'success' | 'failure' | 'neutral'

/** Wait at a level, 1 or more, in ms. */
export type BackoffStrategy = (level: number) => number

/** 2, 4, 8 ... times the multiplier. */
export function exponential(multiplierMs: number): BackoffStrategy {
  return (level) => multiplierMs * 2 ** level
}

/** A random part of the exponential wait. */
export function fullJitter(multiplierMs: number, random: () => number): BackoffStrategy {
  return (level) => random() * multiplierMs * 2 ** level
}

/** What backoff does to the flow of messages. */
export interface BackoffHandler {
  /** Nothing may flow for this long; at level 0 everything may again. */
  onBackoff(level: number, waitMs: number): void
  /** One message may flow, to see. */
  onTest(): void
}

export class Backoff {
  readonly #strategy: BackoffStrategy
  readonly #maxMs: number
  readonly #wait: Alarm
  readonly #handler: BackoffHandler
  #level = 0

  /** @param maxMs longest wait */
  constructor(strategy: BackoffStrategy, maxMs: number, environment: Environment, handler: BackoffHandler) {
    this.#strategy = strategy
    this.#maxMs = maxMs
    this.#wait = new Alarm(environment)
    this.#handler = handler
  }

  /** 0: full flow. */
  get level(): number {
    return this.#level
  }

  get isWaiting(): boolean {
    return this.#wait.isSet
  }

  /** A message ended. Before its FIN or REQ is sent, so that nsqd sends no further message in between. */
  onOutcome(outcome: Outcome): void {
    if (this.isWaiting) return
    if (outcome === 'failure' && this.#strategy(this.#level + 1) <= this.#maxMs) this.#level++
    if (this.#level === 0) return
    if (outcome === 'success') this.#level--
    const waitMs = this.#level === 0 ? 0 : Math.min(this.#strategy(this.#level), this.#maxMs)
    if (this.#level > 0) this.#wait.set(() => this.#handler.onTest(), waitMs)
    this.#handler.onBackoff(this.#level, waitMs)
  }

  close(): void {
    this.#wait.clear()
  }
}
