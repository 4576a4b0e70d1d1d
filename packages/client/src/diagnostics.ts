// Channels of node:diagnostics_channel, for tracing and logging without touching the program. They cost nothing while nobody
// listens.
//
//   nsq.publish     tracing channel around each publish; context: PublishCall
//   nsq.process     tracing channel around each run of a message handler; context: { topic, channel, message }
//   nsq.connection  { role, address, state: 'open' | 'closed', error? }
import { channel, tracingChannel } from 'node:diagnostics_channel'

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
