import type { CoreContext } from './context.ts'
import type { DueSource } from './scanner.ts'
import type { Subscriber } from './subscriber.ts'

/** Hints to one subscriber are at least so far apart. */
const INTERVAL_MS = 50
/** Between empty and not, every change is worth a hint; else one by this factor. */
const FACTOR = 2

/**
 * Tells the subscribers of a channel that want to know how much waits in it (docs/protocol-extensions.md). A channel makes one
 * with the first such subscriber, so that the others cost nothing.
 */
export class DepthHints implements DueSource {
  wakeAt = Infinity
  heapIndex = -1
  readonly #context: CoreContext
  readonly #depth: () => number
  /** What each was told last; -1: nothing yet. */
  readonly #told = new Map<Subscriber, number>()
  #lookedAt = -Infinity

  /** @param depth how much waits for subscribers now */
  constructor(context: CoreContext, depth: () => number) {
    this.#context = context
    this.#depth = depth
  }

  /** It is told the depth soon, and then whenever that has changed enough. */
  add(subscriber: Subscriber): void {
    this.#told.set(subscriber, -1)
    this.#context.scanner.expect(this, this.#context.clock.now())
  }

  remove(subscriber: Subscriber): void {
    this.#told.delete(subscriber)
  }

  /** The depth may have changed. */
  changed(): void {
    if (this.wakeAt !== Infinity || this.#told.size === 0) return
    const { clock, scanner } = this.#context
    scanner.expect(this, Math.max(clock.now(), this.#lookedAt + INTERVAL_MS))
  }

  processDue(now: number): number {
    this.#lookedAt = now
    const depth = this.#depth()
    for (const [subscriber, told] of this.#told) {
      if (!isNews(told, depth)) continue
      this.#told.set(subscriber, depth)
      subscriber.hintDepth(depth)
    }
    return Infinity
  }

  close(): void {
    this.#told.clear()
    this.#context.scanner.forget(this)
  }
}

function isNews(told: number, depth: number): boolean {
  if (told <= 0 || depth === 0) return told !== depth
  return depth >= told * FACTOR || depth * FACTOR <= told
}
