// Keeps messages ours while they are worked on, by TOUCH, and notices when they are not any more. One timer looks at everything
// in flight: a timer per message would cost more than the message.
import { Alarm } from '../alarm.ts'
import type { Environment } from '../environment.ts'
import { MessageLostError } from '../errors.ts'
import type { ConsumerNode } from './consumer-node.ts'

/** Shortest and longest time between two looks, ms. */
const LOOK_MIN_MS = 50
const LOOK_MAX_MS = 5000

export class Ownership {
  readonly #environment: Environment
  readonly #autoTouch: boolean
  readonly #nodes: () => Iterable<ConsumerNode>
  readonly #alarm: Alarm

  constructor(environment: Environment, autoTouch: boolean, nodes: () => Iterable<ConsumerNode>) {
    this.#environment = environment
    this.#alarm = new Alarm(environment)
    this.#autoTouch = autoTouch
    this.#nodes = nodes
  }

  /** Begins, or adapts to a node with another time-out. */
  watch(): void {
    let msgTimeoutMs = Infinity
    for (const node of this.#nodes()) msgTimeoutMs = Math.min(msgTimeoutMs, node.msgTimeoutMs)
    const delayMs = Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, msgTimeoutMs / 8))
    this.#alarm.set(() => {
      this.#look()
      this.watch()
    }, delayMs)
  }

  close(): void {
    this.#alarm.clear()
  }

  #look(): void {
    const now = this.#environment.now()
    for (const node of this.#nodes()) {
      for (const message of node.messages) {
        if (node.timeLeftMs(message) <= 0) node.lose(message, new MessageLostError('the message timed out'))
        else if (this.#autoTouch && now - message.touchedAt >= node.msgTimeoutMs / 2) message.touch()
      }
    }
  }
}
