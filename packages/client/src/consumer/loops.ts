// The loops over a consumer's messages, one by one and in batches. Loaded by those who write one.
import type { Environment } from '../environment.ts'
import type { Fifo } from '../fifo.ts'
import { type Batch, collectBatch } from './batch.ts'
import type { Message } from './message.ts'
import { MessageStream } from './message-stream.ts'
import type { RdyHolder } from './rdy-distribution.ts'
import type { Sink } from './sink.ts'

/** What a loop needs of its consumer. */
export interface LoopHost<Out> {
  readonly environment: Environment
  /** Empty: for messages that nobody has asked for yet. */
  readonly waiting: Fifo<Message<Out>>
  /** Lets messages flow into `sink`. @throws when there is a handler or another loop, or the consumer is closed */
  open(sink: Sink<Out>, maxInFlightDefault: number): void
  /** Ends that. @param unanswered what the loop was left with, to be given back */
  close(sink: Sink<Out>, unanswered: readonly Message<Out>[]): void
  /** Where messages come from. */
  nodes(): Iterable<Pick<RdyHolder, 'rdy' | 'inFlight'>>
}

/** {@link Consumer.[Symbol.asyncIterator]} */
export async function* eachMessage<Out>(host: LoopHost<Out>): AsyncGenerator<Message<Out>, void, undefined> {
  const stream = new MessageStream<Out>(host.environment, host.waiting)
  host.open(stream, 1)
  let current: Message<Out> | undefined
  try {
    while ((current = await stream.next()) !== undefined) {
      yield current
      current.finish()
    }
  } finally {
    host.close(stream, current === undefined ? [] : [current])
  }
}

/** {@link Consumer.batches} */
export async function* eachBatch<Out>(
  host: LoopHost<Out>,
  size: number,
  waitMs: number,
): AsyncGenerator<Batch<Out>, void, undefined> {
  const stream = new MessageStream<Out>(host.environment, host.waiting)
  host.open(stream, size)
  let current: Batch<Out> | undefined
  try {
    while ((current = await collectBatch(stream, size, waitMs, host)) !== undefined) {
      if (current.size > 0) yield current
      current.finish()
    }
  } finally {
    host.close(stream, current === undefined ? [] : current.messages)
  }
}
