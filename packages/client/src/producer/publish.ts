// One publish on its way: from the call to the server's answer, over as many nodes as it takes.

import type { ProducerNode } from './producer-node.ts'

/** Several copies of one publish, on nodes that must differ. */
export interface ReplicaGroup {
  /** Nodes that hold a copy or are being sent one; what they are matters nothing here. */
  readonly nodes: Set<object>
}

/** What a publish brings beside its bodies where the server offers that, and what has to be done for it (extended-publish.ts). */
export interface Extra {
  /** Its headers, encoded. */
  readonly block: Uint8Array
  /** Bytes of the headers of all its messages. */
  readonly size: number
  /** It is for later. */
  readonly isTimed: boolean
  /** Which of the nodes may have it. Where none of them may, it is made such that they may, or settled. */
  nodesFor(publish: Publish, nodes: readonly ProducerNode[]): readonly ProducerNode[]
  /** The command for a batch, of which one has extras. */
  encode(batch: readonly Publish[]): Buffer
}

export class Publish {
  readonly topic: string
  /** One message, or the messages of one MPUB. */
  readonly body: Uint8Array | readonly Uint8Array[]
  /** Milliseconds; 0: not deferred. */
  deferMs: number
  /** What it brings beside its bodies; undefined: nothing that any server would not take. */
  extra: Extra | undefined
  /** Bytes of all bodies, and their headers. */
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
    extra: Extra | undefined,
    size: number,
    deadline: number,
    onSettled: (error: Error | undefined) => void,
  ) {
    this.topic = topic
    this.body = body
    this.deferMs = deferMs
    this.extra = extra
    this.size = size
    this.deadline = deadline
    this.#onSettled = onSettled
  }

  /** True when it may share an MPUB with others. */
  get isMergeable(): boolean {
    return this.deferMs === 0 && !this.alone && !this.extra?.isTimed && this.body instanceof Uint8Array
  }

  /** Ends it, once: with the server's OK, or with an error. */
  settle(error: Error | undefined): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#onSettled(error)
  }
}
