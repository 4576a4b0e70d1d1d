import type { DeadPlace, Failure, RecordVisitor } from './journal-records.ts'
import { LogKind } from './log.ts'
import { PositionSet } from './position-set.ts'
import { keyOf, RecoveredMessages } from './recovered-messages.ts'

/** A message that was delivered and not finished, or waits for its time. */
export interface RecoveredMessage {
  readonly kind: LogKind
  readonly position: number
  readonly attempts: number
  /** Wall clock in milliseconds; NaN: it is not deferred. */
  readonly dueWallMs: number
}

const NOT_DEFERRED = Number.NaN

/**
 * A channel as its topic's journal tells of it.
 *
 * Each record says of what lies below it that the channel had been told of that before. Where no record is left that says
 * what became of it (the record was in a batch that is damaged), the message counts as not handed out: it may come again,
 * and is never lost.
 */
export class RecoveredChannel {
  readonly name: string
  /** Up to where it was given the topic's messages. */
  readTo: number
  /** Positions of the topic's log that were not handed out yet. */
  readonly unread = new PositionSet()
  /** Delivered once and not finished. */
  readonly once = new PositionSet()
  /** Up to where it was given the topic's scheduled messages, and those of them of which nothing more is known. */
  scheduledReadTo: number
  readonly untoldScheduled = new PositionSet()
  /** The same for its own log. */
  ownReadTo: number
  readonly untoldOwn = new PositionSet()
  /** What of `unread` lies below has been here before: the channel was rewound. */
  replayTo = 0
  /** Of those that failed, and of those that were becoming dead letters, by keyOf. */
  readonly failures = new Map<number, Failure>()
  readonly dying = new Map<number, DeadPlace>()
  /** Delivered more than once, deferred, or of another log. */
  readonly #others = new RecoveredMessages()

  constructor(name: string, readTo: number, scheduledReadTo: number, ownReadTo: number) {
    this.name = name
    this.readTo = readTo
    this.scheduledReadTo = scheduledReadTo
    this.ownReadTo = ownReadTo
  }

  /** It has been given what lies below `position`. */
  extend(position: number): void {
    if (position <= this.readTo) return
    this.unread.add(this.readTo, position)
    this.readTo = position
  }

  extendScheduled(position: number): void {
    if (position <= this.scheduledReadTo) return
    this.untoldScheduled.add(this.scheduledReadTo, position)
    this.scheduledReadTo = position
  }

  extendOwn(position: number): void {
    if (position <= this.ownReadTo) return
    this.untoldOwn.add(this.ownReadTo, position)
    this.ownReadTo = position
  }

  handedOut(from: number, to: number): void {
    this.extend(to)
    this.unread.remove(from, to)
    this.once.add(from, to)
  }

  finished(kind: LogKind, from: number, to: number): void {
    this.#told(kind, from, to)
    if (this.#others.count + this.failures.size + this.dying.size === 0) return
    for (let position = from; position < to; position++) {
      this.#others.delete(kind, position)
      this.failures.delete(keyOf(kind, position))
      this.dying.delete(keyOf(kind, position))
    }
  }

  put(kind: LogKind, position: number, attempts: number, dueWallMs = NOT_DEFERRED): void {
    this.#told(kind, position, position + 1)
    this.#others.set(kind, position, attempts, dueWallMs)
  }

  moved(kind: LogKind, position: number, ownPosition: number): void {
    const { attempts, dueWallMs } = this.#others.get(kind, position) ?? { attempts: 1, dueWallMs: NOT_DEFERRED }
    const failure = this.failures.get(keyOf(kind, position))
    this.finished(kind, position, position + 1)
    this.put(LogKind.own, ownPosition, attempts, dueWallMs)
    if (failure !== undefined) this.failures.set(keyOf(LogKind.own, ownPosition), failure)
  }

  emptied(readTo: number): void {
    this.extend(readTo)
    this.unread.clear()
    this.once.clear()
    this.untoldScheduled.clear()
    this.untoldOwn.clear()
    this.#others.clear()
    this.failures.clear()
    this.dying.clear()
  }

  /** Positions that no channel will get. */
  skipped(kind: LogKind, from: number, to: number): void {
    if (kind === LogKind.topic) {
      this.extend(from)
      this.readTo = Math.max(this.readTo, to)
    } else {
      this.extendScheduled(from)
      this.scheduledReadTo = Math.max(this.scheduledReadTo, to)
    }
  }

  #told(kind: LogKind, from: number, to: number): void {
    if (kind === LogKind.topic) {
      this.extend(to)
      this.unread.remove(from, to)
      this.once.remove(from, to)
    } else if (kind === LogKind.scheduled) {
      this.extendScheduled(to)
      this.untoldScheduled.remove(from, to)
    } else {
      this.extendOwn(to)
      this.untoldOwn.remove(from, to)
    }
  }

  /** All that was delivered and not finished, or is deferred, log by log, in the order of positions. */
  forEach(visit: (message: RecoveredMessage) => void): void {
    this.once.forEach((from, to) => {
      for (let position = from; position < to; position++) {
        visit({ kind: LogKind.topic, position, attempts: 1, dueWallMs: NOT_DEFERRED })
      }
    })
    for (const kind of [LogKind.topic, LogKind.scheduled, LogKind.own]) {
      for (const position of this.#others.positions(kind)) {
        visit({ kind, position, ...this.#others.get(kind, position)! })
      }
    }
  }
}

/** What the journal of a topic says, once all its records were applied in order. */
export class RecoveredTopic implements RecordVisitor {
  readonly channels = new Map<number, RecoveredChannel>()
  /** The snapshot that the journal begins with was all there. */
  whole = false
  /** Some of it could not be read: what is not spoken of may have been. */
  damaged = false
  /** Its channels were given whatever came; else up to `distributed`. */
  following = false
  distributed = 0
  scheduledDistributed = 0
  /** Below nothing is delivered again. */
  retainedFrom = 0
  /** An id that was given to a message. */
  lastIdHi = 0
  lastIdLo = 0

  channel(channel: number, name: string, readTo: number, scheduledReadTo: number, ownReadTo: number): void {
    // That one of this name was deleted before may have been in a batch that is damaged.
    for (const [number, other] of this.channels) if (other.name === name) this.channels.delete(number)
    this.channels.set(channel, new RecoveredChannel(name, readTo, scheduledReadTo, ownReadTo))
  }

  channelDeleted(channel: number): void {
    this.channels.delete(channel)
  }

  handedOut(channel: number, kind: LogKind, from: number, count: number): void {
    if (kind === LogKind.topic) this.channels.get(channel)?.handedOut(from, from + count)
  }

  finished(channel: number, kind: LogKind, from: number, count: number): void {
    this.channels.get(channel)?.finished(kind, from, from + count)
  }

  attempts(channel: number, kind: LogKind, position: number, attempts: number): void {
    this.channels.get(channel)?.put(kind, position, attempts)
  }

  deferred(channel: number, kind: LogKind, position: number, attempts: number, dueWallMs: number): void {
    if (kind === LogKind.scheduled) this.scheduledDistributed = Math.max(this.scheduledDistributed, position + 1)
    this.channels.get(channel)?.put(kind, position, attempts, dueWallMs)
  }

  topic(following: boolean, distributed: number, scheduledDistributed: number, idHi: number, idLo: number): void {
    for (const channel of this.channels.values()) {
      channel.extend(distributed)
      channel.extendScheduled(scheduledDistributed)
    }
    this.following = following
    this.distributed = distributed
    this.scheduledDistributed = scheduledDistributed
    this.lastIdHi = idHi
    this.lastIdLo = idLo
  }

  emptied(channel: number, readTo: number): void {
    this.channels.get(channel)?.emptied(readTo)
  }

  skipped(kind: LogKind, from: number, to: number): void {
    for (const channel of this.channels.values()) channel.skipped(kind, from, to)
  }

  moved(channel: number, kind: LogKind, position: number, ownPosition: number): void {
    this.channels.get(channel)?.moved(kind, position, ownPosition)
  }

  unread(channel: number, from: number, to: number): void {
    this.channels.get(channel)?.unread.add(from, to)
  }

  failed(channel: number, kind: LogKind, position: number, failure: Failure): void {
    this.channels.get(channel)?.failures.set(keyOf(kind, position), failure)
  }

  dying(channel: number, kind: LogKind, position: number, place: DeadPlace): void {
    this.channels.get(channel)?.dying.set(keyOf(kind, position), place)
  }

  retained(from: number): void {
    this.retainedFrom = from
  }

  rewound(channel: number, to: number): void {
    const state = this.channels.get(channel)
    if (state !== undefined) state.replayTo = to
  }

  snapshotEnd(): void {
    this.whole = true
  }
}
