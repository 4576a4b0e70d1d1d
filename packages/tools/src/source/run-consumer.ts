import type { Consumer, Handler, RunOptions } from '@nsq-ts/client'
import { Refusal } from '../program/refusal.ts'

/**
 * Consumes until `stop` aborts and everything received has been answered, or time is up (30 s).
 *
 * An nsqd that was named and can't be reached at the first try ends it: the address is more likely wrong than early. Connections
 * that are lost later are made again, for ever.
 * @throws {Refusal} for that
 */
export async function runConsumer(
  consumer: Consumer,
  stop: AbortSignal,
  handler: Handler<Buffer>,
  options: RunOptions,
): Promise<void> {
  const ended = consumer.run(handler, options)
  const unreachable = firstUnreachable(consumer)
  const close = (): void => void consumer.close()
  stop.addEventListener('abort', close, { once: true })
  if (stop.aborted) close()
  try {
    await Promise.race([ended, unreachable])
  } finally {
    stop.removeEventListener('abort', close)
  }
}

/** Rejects when an nsqd fails before it ever worked; never resolves. Those that an nsqlookupd named may fail. */
function firstUnreachable(consumer: Consumer): Promise<never> {
  const named = new Set(consumer.stats.nodes.map(({ address }) => address))
  const reached = new Set<string>()
  return new Promise((_, reject) => {
    consumer.on('connect', ({ address }) => reached.add(address))
    consumer.on('disconnect', ({ address, error }) => {
      if (error !== undefined && named.has(address) && !reached.has(address)) {
        reject(new Refusal(error.message, { cause: error }))
      }
    })
  })
}
