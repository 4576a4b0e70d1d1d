// Typed events that cannot take the process down: `error` without a listener is not thrown, and what a listener throws
// becomes a warning of the process.

/** Receives one kind of event. */
export type Listener<Event> = (event: Event) => void

/** Named events, each with one argument. `Kinds` says which. */
export class Events<Kinds> {
  readonly #listeners = new Map<keyof Kinds, Set<(event: never) => void>>()

  /** Calls `listener` at each event of this name. */
  on<Name extends keyof Kinds>(name: Name, listener: Listener<Kinds[Name]>): this {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) this.#listeners.set(name, new Set([listener]))
    else listeners.add(listener)
    return this
  }

  /** Takes a listener away. */
  off<Name extends keyof Kinds>(name: Name, listener: Listener<Kinds[Name]>): this {
    this.#listeners.get(name)?.delete(listener)
    return this
  }

  /** Calls `listener` at the next event of this name, once. */
  once<Name extends keyof Kinds>(name: Name, listener: Listener<Kinds[Name]>): this {
    const first: Listener<Kinds[Name]> = (event) => {
      this.off(name, first)
      listener(event)
    }
    return this.on(name, first)
  }

  /** For this package: tells the listeners. Never throws. */
  protected emit<Name extends keyof Kinds>(name: Name, event: Kinds[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of Array.from(listeners)) {
      try {
        ;(listener as Listener<Kinds[Name]>)(event)
      } catch (error) {
        process.emitWarning(`listener of '${String(name)}' threw: ${String(error)}`, 'NsqWarning')
      }
    }
  }
}
