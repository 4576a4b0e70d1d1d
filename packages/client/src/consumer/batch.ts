// Several messages at a time.
import type { Duration } from '../duration.ts'
import type { Environment } from '../environment.ts'
import type { Message, RequeueOptions } from './message.ts'
import type { MessageStream } from './message-stream.ts'
import type { RdyHolder } from './rdy-distribution.ts'

/** How batches are made. */
export interface BatchOptions {
  /** Most messages in one. */
  size: number
  /** Longest time from its first message until it is handed out, full or not. Default 1s. */
  wait?: Duration
}

/** Messages handed out together. Each may be answered on its own; the loop finishes the others. */
export class Batch<Out = Buffer> implements Iterable<Message<Out>> {
  /** In the order they came. */
  readonly messages: readonly Message<Out>[]

  constructor(messages: readonly Message<Out>[]) {
    this.messages = messages
  }

  /** Messages in it. */
  get size(): number {
    return this.messages.length
  }

  /** The bodies, in order. @throws {DecodeError} */
  get bodies(): Out[] {
    return this.messages.map((message) => message.body)
  }

  /** Finishes those that are not answered. */
  finish(): void {
    for (const message of this.messages) message.finish()
  }

  /** Requeues those that are not answered. */
  requeue(options?: RequeueOptions): void {
    for (const message of this.messages) message.requeue(options)
  }

  /** Its messages, in order. */
  [Symbol.iterator](): Iterator<Message<Out>> {
    return this.messages[Symbol.iterator]()
  }
}

/** When everything that may be in flight is in the batch already: how long stragglers get. */
const SATURATED_WAIT_MS = 5

/** What tells a batch when to wait no longer. */
interface BatchHost {
  readonly environment: Environment
  nodes(): Iterable<Pick<RdyHolder, 'rdy' | 'inFlight'>>
}

/** @returns undefined when the stream is closed and nothing was collected */
export async function collectBatch<Out>(
  stream: MessageStream<Out>,
  size: number,
  waitMs: number,
  host: BatchHost,
): Promise<Batch<Out> | undefined> {
  const first = await stream.next()
  if (first === undefined) return undefined
  const messages = [first]
  const deadline = host.environment.now() + waitMs
  while (messages.length < size) {
    const leftMs = deadline - host.environment.now()
    const message = await stream.next(isSaturated(host, messages.length) ? Math.min(leftMs, SATURATED_WAIT_MS) : leftMs)
    if (message === undefined) break
    messages.push(message)
  }
  return new Batch(messages.filter((message) => !message.isLost))
}

/** True when nsqd may send no more before some of the `held` messages are answered. */
function isSaturated(host: BatchHost, held: number): boolean {
  let inFlightOverall = 0
  for (const { rdy, inFlight } of host.nodes()) {
    if (inFlight > 0 && inFlight < rdy) return false
    inFlightOverall += inFlight
  }
  return inFlightOverall <= held
}
