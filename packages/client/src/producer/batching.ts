// Which publishes go out together: neighbours for one topic become one MPUB, and so cost the server one command and one answer.
import { dpub, mpub, pub } from '@nsq-ts/protocol'
import type { Publish } from './publish.ts'

/** Bounds of one automatic MPUB. */
export interface BatchLimits {
  messageCountMax: number
  /** Of all bodies, bytes. */
  sizeMax: number
}

/** One command that awaits one answer. */
export interface Request {
  readonly publishes: readonly Publish[]
  readonly size: number
  /** By the environment's clock. */
  readonly sentAt: number
}

/** Cuts `publishes` into runs, each of which is one command; order is kept. */
export function* batches(publishes: readonly Publish[], limits: BatchLimits): Generator<Publish[]> {
  let from = 0
  while (from < publishes.length) {
    const first = publishes[from]!
    let to = from + 1
    let size = first.size
    while (first.isMergeable && to < publishes.length && to - from < limits.messageCountMax) {
      const next = publishes[to]!
      if (!next.isMergeable || next.topic !== first.topic || size + next.size > limits.sizeMax) break
      size += next.size
      to++
    }
    yield publishes.slice(from, to)
    from = to
  }
}

/** The command for a run of {@link batches}. */
export function encodeBatch(batch: readonly Publish[]): Buffer {
  for (const { extra } of batch) if (extra !== undefined) return extra.encode(batch)
  const first = batch[0]!
  if (batch.length > 1)
    return mpub(
      first.topic,
      batch.map((publish) => publish.body as Uint8Array),
    )
  if (!(first.body instanceof Uint8Array)) return mpub(first.topic, first.body)
  return first.deferMs > 0 ? dpub(first.topic, first.deferMs, first.body) : pub(first.topic, first.body)
}
