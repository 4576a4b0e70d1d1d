// Channels of node:diagnostics_channel, for tracing and logging without touching the program. They cost nothing while nobody
// listens.
//
//   nsq.publish     tracing channel around each publish; context: PublishCall
//   nsq.process     tracing channel around each run of a message handler; context: { topic, channel, message }
//   nsq.connection  { role, address, state: 'open' | 'closed', error? }
import { channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

export const publishTracing = tracingChannel<object>('nsq.publish')
export const processTracing = tracingChannel<object>('nsq.process')
const connectionChannel = channel('nsq.connection')

/** What `nsq.connection` carries. */
export interface ConnectionChange {
  /** Whose connection it is. */
  role: 'producer' | 'consumer'
  /** `host:port` of the nsqd. */
  address: string
  /** `closed` also when it could not be made. */
  state: 'open' | 'closed'
  /** Why it is closed, unless the client closed it. */
  error?: Error | undefined
}

export function publishConnectionChange(change: ConnectionChange): void {
  if (connectionChannel.hasSubscribers) connectionChannel.publish(change)
}

/** Runs `next` within a tracing channel and the hook of the options, if there is one. */
export function traced<Subject>(
  tracing: TracingChannel<object>,
  context: object,
  around: ((subject: Subject, next: () => Promise<void>) => Promise<void>) | undefined,
  subject: Subject,
  next: () => Promise<void>,
): Promise<void> {
  return tracing.tracePromise(async () => (around === undefined ? next() : around(subject, next)), context)
}
