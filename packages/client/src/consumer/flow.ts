// How much may flow: maxInFlight over all connections, nothing while paused or closed, one message at a time while backing off.
import { Alarm } from '../alarm.ts'
import type { Environment } from '../environment.ts'
import { HandlerError } from '../errors.ts'
import { Backoff, type Outcome } from './backoff.ts'
import type { ConsumerSettings } from './options.ts'
import { RdyDistribution, type RdyHolder } from './rdy-distribution.ts'

/** What a flow reports. */
export interface FlowHandler {
  /** It slows down (level 1 and more), or is full again (level 0). */
  onBackoff(level: number, waitMs: number): void
  onError(error: HandlerError): void
}

/** When messages are scarce, every connection has had its turn after this time, ms. */
const ROUND_MS = 1000
const TURN_MIN_MS = 20
const TURN_MAX_MS = 1000

export class Flow {
  readonly #handler: FlowHandler
  readonly #distribution = new RdyDistribution(0)
  readonly #backoff: Backoff | undefined
  readonly #turn: Alarm
  #maxInFlight = 1
  #isPaused = false
  /** False: there is nobody to take messages. */
  #isOpen = false

  constructor(backoff: ConsumerSettings['backoff'], environment: Environment, handler: FlowHandler) {
    this.#handler = handler
    this.#turn = new Alarm(environment)
    this.#backoff = backoff === undefined ? undefined : this.#makeBackoff(backoff, environment)
  }

  get maxInFlight(): number {
    return this.#maxInFlight
  }

  set maxInFlight(count: number) {
    this.#maxInFlight = count
    this.#adjust()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused
    this.#adjust()
  }

  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen
    this.#adjust()
  }

  /** 0: full flow. */
  get backoffLevel(): number {
    return this.#backoff?.level ?? 0
  }

  add(holder: RdyHolder): void {
    this.#distribution.add(holder)
    this.#keepTurns()
  }

  remove(holder: RdyHolder): void {
    this.#distribution.remove(holder)
  }

  /** A message is about to be answered; RDY counts that change are sent first. */
  onOutcome(outcome: Outcome): void {
    this.#backoff?.onOutcome(outcome)
  }

  /** Somewhere another number of messages waits than before. */
  onDepth(): void {
    void this.#distribution.onDepth()
  }

  /** A message was answered or lost. */
  onSettled(): void {
    this.#distribution.onSettled()
  }

  close(): void {
    this.#backoff?.close()
    this.isOpen = false
    this.#turn.clear()
  }

  #makeBackoff({ strategy, maxMs }: NonNullable<ConsumerSettings['backoff']>, environment: Environment): Backoff {
    const guarded = (level: number): number => {
      try {
        return strategy(level)
      } catch (error) {
        this.#handler.onError(new HandlerError('backoff.strategy threw', { cause: error }))
        return Infinity // as if the next level were out of bounds
      }
    }
    return new Backoff(guarded, maxMs, environment, {
      onBackoff: (level, waitMs) => {
        this.#adjust()
        this.#handler.onBackoff(level, waitMs)
      },
      onTest: () => {
        this.#distribution.shuffle(() => environment.random())
        this.#adjust()
      },
    })
  }

  #adjust(): void {
    this.#distribution.setMaxInFlight(this.#maxInFlight, this.#limit())
    this.#keepTurns()
  }

  #limit(): number {
    if (this.#isPaused || !this.#isOpen) return 0
    if (this.backoffLevel === 0) return this.#maxInFlight
    return this.#backoff!.isWaiting ? 0 : 1
  }

  /** Where there are more connections than messages allowed, passes the turn on, fast enough that nobody waits long. */
  #keepTurns(): void {
    const { limit, size, isScarce } = this.#distribution
    if (this.#turn.isSet || !isScarce) return
    const turnMs = Math.min(TURN_MAX_MS, Math.max(TURN_MIN_MS, (ROUND_MS * limit) / size))
    this.#turn.set(() => {
      this.#distribution.rotate()
      this.#keepTurns()
    }, turnMs)
  }
}
