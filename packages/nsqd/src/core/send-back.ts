// Dead letters on their way back to the channel that they came from, some at a time.
import { encodeHeaders } from '../log/headers.ts'
import { frameOf } from '../log/message-header.ts'
import type { Channel } from './channel.ts'
import { DeadLetterHeader, type Origin, withoutOrigin } from './dead-letters.ts'
import type { Content, MessageRef } from './peek.ts'
import type { Readmitted } from './readmission.ts'
import type { Topic } from './topic.ts'

/** Which of the dead letters are meant. */
export interface LetterFilter {
  /** Only the letter of this id; empty: all. */
  readonly id: string
  /** Only those whose body has this in it; empty: all. */
  readonly contains: string
  /** Only those that died for this reason; empty: all. */
  readonly reason: string
  /** Only those that failed last before, Unix milliseconds: what dies again meanwhile stays dead. */
  readonly beforeMs: number
}

/** A dead letter that waits in a channel of its topic. */
export interface FoundLetter {
  readonly ref: Pick<MessageRef, 'segment' | 'index'>
  readonly content: Content
}

export function isLetterOf({ channel, topic }: Origin, filter: LetterFilter, { body, headers, id }: Content): boolean {
  if (filter.id !== '' && filter.id !== id) return false
  if (headers === null || headers[DeadLetterHeader.topic] !== topic) return false
  if (headers[DeadLetterHeader.channel] !== channel) return false
  if (filter.reason !== '' && headers[DeadLetterHeader.reason] !== filter.reason) return false
  return Number(headers[DeadLetterHeader.lastFailed]) <= filter.beforeMs && body.includes(filter.contains)
}

/**
 * Gives letters back to the channel that they came from, as what they were, and finishes them where they lay once they are
 * safe there. A crash in between leaves these letters in both places, and never in none: that is how many come twice.
 * @param done told how many were sent back, or why none was; then they lie where they lay
 */
export function sendBack(
  letters: readonly FoundLetter[],
  source: { readonly topic: Topic; readonly channel: Channel },
  target: Channel,
  done: (sentCount: number, error: Error | null) => void,
): void {
  const taken = letters.flatMap(({ content, ref }) => {
    const attempts = source.channel.takeOut(ref.segment, ref.index)
    return attempts < 0 ? [] : [{ content, ref, attempts }] // else somebody was faster
  })
  const settled = (error: Error | null): void => {
    for (const { attempts, ref } of taken) {
      if (error === null) source.channel.finishTaken(ref.segment, ref.index)
      else source.channel.giveBack(ref.segment, ref.index, attempts)
    }
    if (error !== null) return done(0, error)
    try {
      source.topic.confirm()
    } catch {
      // They are finished; the journal is written as soon as the disk takes it, and until then a crash sends them back again.
    }
    done(taken.length, null)
  }
  target.readmit(
    taken.map(({ content }) => asBefore(content)),
    settled,
  )
}

/** The message as it was before it died. */
function asBefore({ body, headers }: Content): Readmitted {
  const own = withoutOrigin(headers!)
  const timestampNs = BigInt(headers![DeadLetterHeader.timestamp]!)
  return {
    bytes: frameOf(headers![DeadLetterHeader.id]!, timestampNs, body),
    headers: Object.keys(own).length === 0 ? null : encodeHeaders(own),
  }
}
