// Duplicates: NSQ delivers at least once, and a redundant pair of nodes at least twice. What tells copies apart is a key of the
// program's own, since every node gives a message an id of its own.
import { type Duration, toMs } from '../duration.ts'
import type { Message } from './message.ts'

/** How duplicates are told. */
export interface DedupeOptions<Out> {
  /** The same for all copies of one message, different for different messages. */
  key: (message: Message<Out>) => string
  /** Keys remembered; the oldest are forgotten first. Default 100000. */
  size?: number
  /** How long a key is remembered. Default 10m. */
  ttl?: Duration
  /** Called with each copy that is dropped. */
  onDuplicate?: (message: Message<Out>) => void
  /** For tests: milliseconds from any fixed point. */
  now?: () => number
}

/**
 * Wraps a handler so that it succeeds once per key, as far as this process remembers. A copy that arrives while the first is
 * being handled waits for it: should that fail, the copy is handled instead.
 */
export function dedupe<Out>(
  options: DedupeOptions<Out>,
  handler: (message: Message<Out>) => unknown,
): (message: Message<Out>) => Promise<void> {
  const { key, size = 100_000, onDuplicate, now = () => performance.now() } = options
  const ttlMs = toMs(options.ttl ?? '10m', 'ttl')
  /** Key to the time it is forgotten, oldest first. */
  const done = new Map<string, number>()
  const running = new Map<string, Promise<void>>()

  const forget = (): void => {
    for (const [oldest, until] of done) {
      if (done.size <= size && until > now()) break
      done.delete(oldest)
    }
  }

  return async (message) => {
    const id = key(message)
    for (;;) {
      forget()
      if (done.has(id)) {
        onDuplicate?.(message)
        return
      }
      const first = running.get(id)
      if (first === undefined) break
      await first.catch(ignoreFailureOfTheOtherCopy)
    }
    const handling = (async () => {
      await handler(message)
    })()
    running.set(id, handling)
    try {
      await handling
      // A handler that requeued has not dealt with it.
      if (!message.isRequeued) done.set(id, now() + ttlMs)
    } finally {
      running.delete(id)
    }
  }
}

function ignoreFailureOfTheOtherCopy(): void {
  // whoever handles that copy hears of it
}
