import type { RecordVisitor } from './journal-records.ts'
import { LogKind } from './log.ts'
import { PositionSet } from './position-set.ts'

/** A message that was delivered and not finished, or waits for its time. */
export interface RecoveredMessage {
  readonly kind: LogKind
  readonly position: number
  readonly attempts: number
  /** Wall clock in milliseconds; null: it is not deferred. */
  readonly dueWallMs: number | null
}

/** A channel as its topic's journal tells of it. */
export class RecoveredChannel {
  readonly name: string
  /** Up to where it was given the topic's messages. */
  readTo: number
  /** Positions of the topic's log that were not handed out yet. */
  readonly unread = new PositionSet()
  /** Delivered once and not finished. */
  readonly once = new PositionSet()
  /** Delivered more than once, deferred, or of another log: by key(). */
  readonly #others = new Map<number, RecoveredMessage>()

  constructor(name: string, readTo: number) {
    this.name = name
    this.readTo = readTo
  }

  /** It has been given what lies below `position`. */
  extend(position: number): void {
    if (position <= this.readTo) return
    this.unread.add(this.readTo, position)
    this.readTo = position
  }

  handedOut(from: number, to: number): void {
    this.extend(to)
    this.unread.remove(from, to)
    this.once.add(from, to)
  }

  finished(kind: LogKind, from: number, to: number): void {
    if (kind === LogKind.topic) {
      this.extend(to)
      this.unread.remove(from, to)
      this.once.remove(from, to)
    }
    if (this.#others.size === 0) return
    for (let position = from; position < to; position++) this.#others.delete(key(kind, position))
  }

  put(message: RecoveredMessage): void {
    this.finished(message.kind, message.position, message.position + 1)
    this.#others.set(key(message.kind, message.position), message)
  }

  moved(kind: LogKind, position: number, ownPosition: number): void {
    const known = this.#others.get(key(kind, position))
    this.finished(kind, position, position + 1)
    const { attempts = 1, dueWallMs = null } = known ?? {}
    this.put({ kind: LogKind.own, position: ownPosition, attempts, dueWallMs })
  }

  emptied(readTo: number): void {
    this.extend(readTo)
    this.unread.clear()
    this.once.clear()
    this.#others.clear()
  }

  /** All that was delivered and not finished, or is deferred, by position. */
  messages(): RecoveredMessage[] {
    const found = [...this.#others.values()]
    this.once.forEach((from, to) => {
      for (let position = from; position < to; position++) {
        found.push({ kind: LogKind.topic, position, attempts: 1, dueWallMs: null })
      }
    })
    return found.sort((a, b) => a.kind - b.kind || a.position - b.position)
  }
}

/** What the journal of a topic says, once all its records were applied in order. */
export class RecoveredTopic implements RecordVisitor {
  readonly channels = new Map<number, RecoveredChannel>()
  /** The snapshot that the journal begins with was all there. */
  whole = false
  /** Its channels were given whatever came; else up to `distributed`. */
  following = false
  distributed = 0
  scheduledDistributed = 0

  channel(channel: number, name: string, readTo: number): void {
    this.channels.set(channel, new RecoveredChannel(name, readTo))
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
    this.channels.get(channel)?.put({ kind, position, attempts, dueWallMs: null })
  }

  deferred(channel: number, kind: LogKind, position: number, attempts: number, dueWallMs: number): void {
    if (kind === LogKind.scheduled) this.scheduledDistributed = Math.max(this.scheduledDistributed, position + 1)
    this.channels.get(channel)?.put({ kind, position, attempts, dueWallMs })
  }

  topic(following: boolean, distributed: number, scheduledDistributed: number): void {
    for (const channel of this.channels.values()) channel.extend(distributed)
    this.following = following
    this.distributed = distributed
    this.scheduledDistributed = scheduledDistributed
  }

  emptied(channel: number, readTo: number): void {
    this.channels.get(channel)?.emptied(readTo)
  }

  skipped(from: number, to: number): void {
    for (const channel of this.channels.values()) {
      channel.extend(from)
      channel.readTo = Math.max(channel.readTo, to)
    }
  }

  moved(channel: number, kind: LogKind, position: number, ownPosition: number): void {
    this.channels.get(channel)?.moved(kind, position, ownPosition)
  }

  unread(channel: number, from: number, to: number): void {
    this.channels.get(channel)?.unread.add(from, to)
  }

  snapshotEnd(): void {
    this.whole = true
  }
}

function key(kind: LogKind, position: number): number {
  return position * 4 + kind
}
