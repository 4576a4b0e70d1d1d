import type { Log } from '../log/log.ts'
import type { Place, Segment } from '../log/segment.ts'
import type { ChannelMessages } from './channel-messages.ts'
import type { CoreContext } from './context.ts'

/** Where copies of messages lie, by what they were copied from. */
type Copies = Map<Segment, Map<number, Place>>

/**
 * Moves what a channel still needs of some segments, which are in memory, into a log of its own, so that they can go:
 * copies it, brings the copies to stable storage, and only then lets go of what they were made of. What fails is tried
 * again with a later sweep.
 */
export class Eviction {
  readonly #context: CoreContext
  readonly #messages: ChannelMessages
  /** Messages are being copied. */
  #moving = false

  constructor(context: CoreContext, messages: ChannelMessages) {
    this.#context = context
    this.#messages = messages
  }

  evict(leaves: (segment: Segment) => boolean): void {
    if (this.#moving || this.#messages.closed) return
    const copies = this.#copy(leaves)
    const log = this.#messages.ownLog
    if (copies.size === 0 || log === null) return
    try {
      this.#messages.commitOwn()
    } catch (error) {
      for (const { segment } of placesOf(copies)) segment.pending--
      log.rollback()
      this.#context.onDisk?.(error as Error)
      return
    }
    if (log.store === null) return this.#move(copies, log)
    this.#moving = true
    log.store.syncLater((error) => {
      this.#moving = false
      if (this.#messages.closed) return
      if (error === null) return this.#move(copies, log)
      log.seal()
      for (const { segment } of placesOf(copies)) segment.pending--
      log.raiseFloor(log.committed)
      this.#context.onDisk?.(error)
    })
  }

  #copy(leaves: (segment: Segment) => boolean): Copies {
    const messages = this.#messages
    const { deferred, inFlight, redeliveries } = messages
    const copies: Copies = new Map()
    const copy = (source: Segment, index: number): void => {
      if (!leaves(source) || source.isMissing(index)) return
      const log = (messages.ownLog ??= messages.makeOwnLog())
      const segment = log.appendCopy(source, index)
      segment.pending++ // nobody else may take it for done with before it is moved
      let places = copies.get(source)
      if (places === undefined) copies.set(source, (places = new Map<number, Place>()))
      places.set(index, { segment, index: segment.count - 1 })
    }
    redeliveries.forEach(copy)
    inFlight.forEach((slot) => copy(inFlight.segment(slot), inFlight.index(slot)))
    deferred.forEach(copy)
    return copies
  }

  /** From now on the copies are the messages; of those that were finished meanwhile, nothing is needed. */
  #move(copies: Copies, log: Log): void {
    const messages = this.#messages
    const move = (source: Segment, index: number): Place | undefined => {
      const places = copies.get(source)
      const place = places?.get(index)
      if (place === undefined) return undefined
      places!.delete(index)
      messages.journal?.moved(source, index, place.segment.base + place.index)
      messages.retries?.moved(source, index, place)
      source.release(1)
      return place
    }
    messages.redeliveries.relocate(move)
    messages.inFlight.relocate(move)
    messages.deferred.relocate(move)
    for (const { segment } of placesOf(copies)) segment.pending-- // finished meanwhile
    messages.ownToldTo = log.committed
    log.raiseFloor(log.committed)
  }
}

function* placesOf(copies: Copies): IterableIterator<Place> {
  for (const places of copies.values()) yield* places.values()
}
