// One timer with one owner: setting it anew clears it first, and when it has rung it is not set any more.
import type { Environment, Timer } from './environment.ts'

export class Alarm {
  readonly #environment: Environment
  #timer: Timer | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  get isSet(): boolean {
    return this.#timer !== undefined
  }

  set(callback: () => void, delayMs: number): void {
    this.clear()
    this.#timer = this.#environment.setTimer(() => {
      this.#timer = undefined
      callback()
    }, delayMs)
  }

  clear(): void {
    this.#environment.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
