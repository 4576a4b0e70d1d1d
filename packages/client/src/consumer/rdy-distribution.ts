// Who may have how many messages in flight: maxInFlight spread over the connections (RDY is a ceiling on nsqd's side, not a
// credit).
//
//   invariants: the sum of RDY never exceeds the limit, and neither does the sum of what is or may get in flight; so lowering
//   comes first, and a raise waits until messages that are still in flight elsewhere have ended
//
// With as many messages as connections or more, all get an equal share, the remainder going to the first. With fewer, as many
// connections as there are messages hold RDY 1, and rotate() passes that on.

/** One connection. */
export interface RdyHolder {
  /** Most that its server takes. */
  readonly rdyMax: number
  /** Last count sent. */
  readonly rdy: number
  readonly inFlight: number
  /** Messages that wait there; undefined: its server does not tell. */
  readonly depth?: number | undefined
  /** Sends the count and remembers it as `rdy`. */
  setRdy(count: number): void
}

export class RdyDistribution {
  /** In order of their turn: when they cannot all hold one, the first do. */
  #holders: RdyHolder[] = []
  #maxInFlight: number
  #limit = 0
  #isRaisePending = false
  #shares = shares

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight
  }

  /** What may flow now: maxInFlight, less while backing off, 0 while paused. */
  get limit(): number {
    return this.#limit
  }

  get size(): number {
    return this.#holders.length
  }

  /** True when not all can hold a message at a time. */
  get isScarce(): boolean {
    return this.#limit > 0 && this.#limit < this.#holders.length
  }

  add(holder: RdyHolder): void {
    // In front: when messages are scarce a new one need not wait a whole round.
    this.#holders.unshift(holder)
    this.#apply()
  }

  remove(holder: RdyHolder): void {
    this.#holders = this.#holders.filter((other) => other !== holder)
    this.#apply()
  }

  setMaxInFlight(maxInFlight: number, limit: number): void {
    this.#maxInFlight = maxInFlight
    this.setLimit(limit)
  }

  /** @param limit RDY in all; at most maxInFlight */
  setLimit(limit: number): void {
    this.#limit = Math.min(limit, this.#maxInFlight)
    this.#apply()
  }

  /** A message ended somewhere. */
  onSettled(): void {
    if (this.#isRaisePending) this.#apply()
  }

  /** Passes the turn on, where there are fewer messages than connections. */
  rotate(): void {
    if (!this.isScarce) return
    this.#holders.sort((one, other) => Math.sign(one.rdy) - Math.sign(other.rdy)) // stable: else they stay in their order
    this.#apply()
  }

  /** A holder was told how much waits there: from now on that counts. */
  async onDepth(): Promise<void> {
    this.#shares = (await import('./depth-shares.ts')).depthShares
    this.#apply()
  }

  /** Mixes the order of turns. */
  shuffle(random: () => number): void {
    for (let index = this.#holders.length - 1; index > 0; index--) {
      const other = Math.floor(random() * (index + 1))
      ;[this.#holders[index], this.#holders[other]] = [this.#holders[other]!, this.#holders[index]!]
    }
  }

  #apply(): void {
    const targets = this.#shares(this.#holders, this.#limit)
    this.#isRaisePending = false
    this.#holders.forEach((holder, index) => {
      if (holder.rdy > targets[index]!) holder.setRdy(targets[index]!)
    })
    let room = this.#limit
    let flightRoom = this.#maxInFlight
    for (const { rdy, inFlight } of this.#holders) {
      room -= rdy
      flightRoom -= Math.max(rdy, inFlight)
    }
    this.#holders.forEach((holder, index) => {
      const wanted = targets[index]! - holder.rdy
      if (wanted <= 0) return
      const inFlightAbove = Math.max(0, holder.inFlight - holder.rdy) // raising up to there lets nothing new in
      const growth = Math.min(wanted, Math.max(0, room), inFlightAbove + Math.max(0, flightRoom))
      if (growth < wanted) this.#isRaisePending = true
      if (growth <= 0) return
      room -= growth
      flightRoom -= Math.max(0, growth - inFlightAbove)
      holder.setRdy(holder.rdy + growth)
    })
  }
}

/** @returns the count that each holder should have; none above its server's maximum, together at most `limit` */
function shares(holders: readonly RdyHolder[], limit: number): number[] {
  const counts = holders.map(() => 0)
  let left = limit
  // In rounds, because those that reach their maximum leave something for the others.
  let open = holders.map((_, index) => index)
  while (left > 0 && open.length > 0) {
    const share = Math.max(1, Math.floor(left / open.length))
    for (const index of open) {
      const added = Math.min(share, left, holders[index]!.rdyMax - counts[index]!)
      counts[index]! += added
      left -= added
    }
    open = open.filter((index) => counts[index]! < holders[index]!.rdyMax)
  }
  return counts
}
