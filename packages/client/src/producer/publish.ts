// One publish on its way: from the call to the server's answer, over as many nodes as it takes.

/** Several copies of one publish, on nodes that must differ. */
export interface ReplicaGroup {
  /** Nodes that hold a copy or are being sent one; what they are matters nothing here. */
  readonly nodes: Set<object>
}

export class Publish {
  readonly topic: string
  /** One message, or the messages of one MPUB. */
  readonly body: Uint8Array | readonly Uint8Array[]
  /** Milliseconds; 0: not deferred. */
  readonly deferMs: number
  /** Bytes of all bodies. */
  readonly size: number
  /** When the caller's patience ends, by the environment's clock. */
  readonly deadline: number
  readonly #onSettled: (error: Error | undefined) => void
  /** How often it was sent and failed. */
  failures = 0
  /** Where it failed: somewhere else is tried first. */
  failedAt: Set<object> | undefined
  group: ReplicaGroup | undefined
  /** Not to be merged with others: it was refused together with them. */
  alone = false
  lastError: Error | undefined
  isSettled = false

  constructor(
    topic: string,
    body: Uint8Array | readonly Uint8Array[],
    deferMs: number,
    size: number,
    deadline: number,
    onSettled: (error: Error | undefined) => void,
  ) {
    this.topic = topic
    this.body = body
    this.deferMs = deferMs
    this.size = size
    this.deadline = deadline
    this.#onSettled = onSettled
  }

  /** True when it may share an MPUB with others. */
  get isMergeable(): boolean {
    return this.deferMs === 0 && !this.alone && this.body instanceof Uint8Array
  }

  /** Ends it, once: with the server's OK, or with an error. */
  settle(error: Error | undefined): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#onSettled(error)
  }
}
