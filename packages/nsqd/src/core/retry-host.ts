import type { ChannelMessages } from './channel-messages.ts'
import type { CoreContext } from './context.ts'
import type { Origin } from './dead-letters.ts'
import type { RetryHost } from './retries.ts'
import type { Returns } from './returns.ts'

/** A channel as Retries knows it. */
export function retryHost(
  context: CoreContext,
  origin: Origin,
  messages: ChannelMessages,
  returns: Returns,
): RetryHost {
  return {
    context,
    origin,
    journal: messages.journal,
    get closed() {
      return messages.closed
    },
    get durability() {
      return messages.journal?.durability ?? 'memory'
    },
    putBack: (segment, index, attempts) => returns.putBack(segment, index, attempts),
    deferUntil: (segment, index, attempts, dueMs) => messages.deferUntil(segment, index, attempts, dueMs),
    drop: (segment, index) => messages.drop(segment, index),
    giveUp: (segment, index) => messages.giveUp(segment, index),
  }
}
