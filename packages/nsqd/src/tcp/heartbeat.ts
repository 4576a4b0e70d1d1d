/** Sent to a client every interval, whether or not it is active, until the first IDENTIFY (protocol_v2.go: half of 60 s). */
export const HEARTBEAT_INTERVAL_DEFAULT_MS = 30_000

export interface HeartbeatActions {
  /** Time to send a heartbeat. */
  beat(): void
  /** The client said nothing for two intervals. */
  expire(): void
}

/**
 * Sends heartbeats and watches for a client that is silent. One timer per connection, set to the beat or the deadline,
 * whichever comes first; commands only leave their time (`heard`), so that they cost next to nothing.
 */
export class Heartbeat {
  readonly #actions: HeartbeatActions
  #intervalMs = HEARTBEAT_INTERVAL_DEFAULT_MS
  #timer: NodeJS.Timeout | undefined
  #nextBeatAt = 0
  #heardAt = 0

  constructor(actions: HeartbeatActions) {
    this.#actions = actions
  }

  /** 0: neither heartbeats nor a deadline. */
  get intervalMs(): number {
    return this.#intervalMs
  }

  /** (Re)starts with an interval; 0 switches off. */
  start(intervalMs: number): void {
    this.stop()
    this.#intervalMs = intervalMs
    if (intervalMs === 0) return
    this.#heardAt = performance.now()
    this.#nextBeatAt = this.#heardAt + intervalMs
    this.#arm(this.#heardAt)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** A command came; the next one has two intervals from now. */
  heard(): void {
    this.#heardAt = performance.now()
  }

  #arm(now: number): void {
    const at = Math.min(this.#nextBeatAt, this.#heardAt + 2 * this.#intervalMs)
    this.#timer = setTimeout(() => this.#ring(), Math.max(1, at - now))
    this.#timer.unref() // a connection keeps the process alive by itself
  }

  #ring(): void {
    const now = performance.now() + 1 // timers are whole milliseconds, and may ring a little early
    if (now >= this.#heardAt + 2 * this.#intervalMs) return this.#actions.expire()
    if (now >= this.#nextBeatAt) {
      this.#nextBeatAt += this.#intervalMs
      this.#actions.beat()
    }
    this.#arm(now)
  }
}
