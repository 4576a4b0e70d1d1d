import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'
import type { Log } from '../log/log.ts'
import { ID_OFFSET } from '../log/message-header.ts'
import { keyIn } from '../log/recovered-messages.ts'
import type { Place } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'

/** A message that comes back: its frame (log/message-header.ts), and its encoded headers. */
export interface Readmitted {
  readonly bytes: Buffer
  readonly headers: Buffer | null
}

/** The channel was deleted. */
export class ChannelClosedError extends Error {
  constructor() {
    super('the channel is gone')
    this.name = 'ChannelClosedError'
  }
}

/**
 * Takes messages that were in a channel once, at the end of the line and as if never delivered: into the channel's own log,
 * since the other channels have had them.
 * @param taken called when they are in the line
 * @param done told when they are as safe as a publish, or why they were not taken
 */
export function readmit(
  messages: ChannelMessages,
  frames: readonly Readmitted[],
  taken: (count: number) => void,
  done: (error: Error | null) => void,
): void {
  if (messages.closed) return done(new ChannelClosedError())
  const log = (messages.ownLog ??= messages.makeOwnLog())
  const places = frames.map((frame) => append(log, frame))
  const settled = (error: Error | null): void => {
    if (messages.closed) return done(new ChannelClosedError())
    const failure = error ?? announce(messages, places)
    log.raiseFloor(log.committed)
    if (failure !== null) {
      for (const { segment } of places) segment.release(1)
      return done(failure)
    }
    for (const { index, segment } of places) messages.redeliveries.push(segment, index, 0, messages.readTo)
    taken(places.length)
    done(null)
  }
  try {
    messages.commitOwn()
  } catch (error) {
    for (const { segment } of places) segment.pending--
    log.rollback()
    return done(error as Error)
  }
  if (log.store === null || messages.journal?.durability !== 'fsync') return settled(null)
  log.store.syncLater((error) => {
    if (error !== null) log.seal()
    settled(error)
  })
}

function append(log: Log, { bytes, headers }: Readmitted): Place {
  const idHi = parseIdHi(bytes, ID_OFFSET)
  const segment = log.appendFrame(bytes, 0, bytes.length, idHi, parseIdLo(bytes, ID_OFFSET))
  if (headers !== null) log.annotate(headers)
  segment.pending++
  return { segment, index: segment.count - 1 }
}

/**
 * Has it written down that they are here, before they are in the line: whoever gives them to us keeps them if that fails.
 * @returns why it failed; what is written next says that they are not here
 */
function announce(messages: ChannelMessages, places: readonly Place[]): Error | null {
  for (const { index, segment } of places) {
    messages.takenOut.set(keyIn(segment, index), { segment, index, attempts: 0 }) // a snapshot may be written instead
    messages.journal?.handedOutAgain(segment, index, 0)
    messages.ownToldTo = Math.max(messages.ownToldTo, segment.base + index + 1)
  }
  try {
    messages.journal?.settle()
    return null
  } catch (error) {
    return error as Error
  } finally {
    for (const { index, segment } of places) messages.takenOut.delete(keyIn(segment, index))
  }
}
