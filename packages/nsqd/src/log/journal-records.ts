import type { LogKind } from './log.ts'

/**
 * What a journal says, as the body of its batches: records of fixed layouts, one after another, each beginning with its
 * type. Integers and floats are big-endian; `channel` is a number that the journal gave the channel when it was made.
 */
export const RecordType = {
  /** [ channel: uint32 ][ read to: float64 ][ scheduled read to: float64 ][ own read to: float64 ][ size of name: uint8 ][ name ]: a channel, and up to where of each log it has been told of */
  channel: 1,
  /** [ channel ]: it was deleted */
  channelDeleted: 2,
  /** [ channel ][ log: uint8 ][ from: float64 ][ count: uint32 ]: handed out for the first time */
  handedOut: 3,
  /** [ channel ][ log ][ from ][ count ]: finished */
  finished: 4,
  /** [ channel ][ log ][ position: float64 ][ attempts: uint16 ]: delivered so often, not finished */
  attempts: 5,
  /** [ channel ][ log ][ position ][ attempts ][ due: float64, wall clock in ms ]: waits for its time */
  deferred: 6,
  /** [ following: uint8 ][ distributed: float64 ][ scheduled distributed: float64 ][ last id: 2 * uint32 ]: where the topic stands; following: it goes with the tail */
  topic: 7,
  /** [ channel ][ read to ]: everything it had been given up to there was forgotten */
  emptied: 8,
  /** [ log: uint8 ][ from: float64 ][ to: float64 ]: messages that no channel will get, because the topic was emptied */
  skipped: 9,
  /** [ channel ][ log ][ position ][ own position: float64 ]: copied to the channel's own log */
  moved: 10,
  /** [ channel ][ from: float64 ][ to: float64 ]: still to be read, or to be read again; in a snapshot, or when it was rewound */
  unread: 11,
  /** []: the snapshot at the beginning of a journal is whole */
  snapshotEnd: 12,
  /** [ channel ][ log ][ position ][ first: float64 ][ last: float64 ][ reason: uint8 ]: when it failed first and last, wall clock in ms, and why */
  failed: 13,
  /** [ channel ][ log ][ position ][ dead position: float64 ][ size of name: uint8 ][ name ]: it becomes the message of that position of that topic, a dead letter; it is finished when that is there */
  dying: 14,
  /** [ from: float64 ]: nothing of the topic's log below is delivered again, because the topic was emptied */
  retained: 15,
  /** [ channel ][ to: float64 ]: it was rewound, and what it still has to read below has been here before */
  rewound: 16,
} as const

/** Why a delivery failed: put back by its consumer, not finished in time, its consumer was gone. */
export const FailureReason = { unknown: 0, requeued: 1, timedOut: 2, consumerLost: 3 } as const
export type FailureReason = (typeof FailureReason)[keyof typeof FailureReason]

/** The failed deliveries of a message. Wall clock in milliseconds. */
export interface Failure {
  readonly firstWallMs: number
  readonly lastWallMs: number
  readonly reason: FailureReason
}

/** Where a dead letter lies: a position in the log of a topic. */
export interface DeadPlace {
  readonly topic: string
  readonly position: number
}

/** Writes records into a buffer that grows. */
export class RecordWriter {
  bytes = Buffer.allocUnsafeSlow(4096)
  /** Where the next byte goes. */
  end: number
  readonly #start: number

  /** @param start bytes left free in front, for the header of a batch */
  constructor(start: number) {
    this.#start = start
    this.end = start
  }

  get empty(): boolean {
    return this.end === this.#start
  }

  clear(): void {
    this.end = this.#start
  }

  channel(channel: number, name: string, readTo: number, scheduledReadTo: number, ownReadTo: number): void {
    this.#begin(RecordType.channel, name.length)
    this.#uint32(channel)
    this.#float64(readTo)
    this.#float64(scheduledReadTo)
    this.#float64(ownReadTo)
    this.#uint8(name.length) // names are ASCII, and at most 64 characters
    this.end += this.bytes.write(name, this.end, 'latin1')
  }

  channelDeleted(channel: number): void {
    this.#begin(RecordType.channelDeleted)
    this.#uint32(channel)
  }

  handedOut(channel: number, log: LogKind, from: number, count: number): void {
    this.#reference(RecordType.handedOut, channel, log, from)
    this.#uint32(count)
  }

  finished(channel: number, log: LogKind, from: number, count: number): void {
    this.#reference(RecordType.finished, channel, log, from)
    this.#uint32(count)
  }

  attempts(channel: number, log: LogKind, position: number, attempts: number): void {
    this.#reference(RecordType.attempts, channel, log, position)
    this.#uint16(attempts)
  }

  deferred(channel: number, log: LogKind, position: number, attempts: number, dueWallMs: number): void {
    this.#reference(RecordType.deferred, channel, log, position)
    this.#uint16(attempts)
    this.#float64(dueWallMs)
  }

  topic(following: boolean, distributed: number, scheduledDistributed: number, idHi: number, idLo: number): void {
    this.#begin(RecordType.topic)
    this.#uint8(following ? 1 : 0)
    this.#float64(distributed)
    this.#float64(scheduledDistributed)
    this.#uint32(idHi)
    this.#uint32(idLo)
  }

  emptied(channel: number, readTo: number): void {
    this.#begin(RecordType.emptied)
    this.#uint32(channel)
    this.#float64(readTo)
  }

  skipped(log: LogKind, from: number, to: number): void {
    this.#begin(RecordType.skipped)
    this.#uint8(log)
    this.#float64(from)
    this.#float64(to)
  }

  moved(channel: number, log: LogKind, position: number, ownPosition: number): void {
    this.#reference(RecordType.moved, channel, log, position)
    this.#float64(ownPosition)
  }

  unread(channel: number, from: number, to: number): void {
    this.#begin(RecordType.unread)
    this.#uint32(channel)
    this.#float64(from)
    this.#float64(to)
  }

  failed(channel: number, log: LogKind, position: number, { firstWallMs, lastWallMs, reason }: Failure): void {
    this.#reference(RecordType.failed, channel, log, position)
    this.#float64(firstWallMs)
    this.#float64(lastWallMs)
    this.#uint8(reason)
  }

  dying(channel: number, log: LogKind, position: number, { position: deadPosition, topic }: DeadPlace): void {
    this.#reference(RecordType.dying, channel, log, position, topic.length)
    this.#float64(deadPosition)
    this.#uint8(topic.length)
    this.end += this.bytes.write(topic, this.end, 'latin1')
  }

  retained(from: number): void {
    this.#begin(RecordType.retained)
    this.#float64(from)
  }

  rewound(channel: number, to: number): void {
    this.#begin(RecordType.rewound)
    this.#uint32(channel)
    this.#float64(to)
  }

  snapshotEnd(): void {
    this.#begin(RecordType.snapshotEnd)
  }

  #reference(type: number, channel: number, log: LogKind, position: number, nameSize = 0): void {
    this.#begin(type, nameSize)
    this.#uint32(channel)
    this.#uint8(log)
    this.#float64(position)
  }

  #begin(type: number, nameSize = 0): void {
    const end = this.end + RECORD_SIZE_MAX + nameSize
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, end))
      this.bytes.copy(larger, 0, 0, this.end)
      this.bytes = larger
    }
    this.#uint8(type)
  }

  #uint8(value: number): void {
    this.end = this.bytes.writeUInt8(value, this.end)
  }

  #uint16(value: number): void {
    this.end = this.bytes.writeUInt16BE(value, this.end)
  }

  #uint32(value: number): void {
    this.end = this.bytes.writeUInt32BE(value, this.end)
  }

  #float64(value: number): void {
    this.end = this.bytes.writeDoubleBE(value, this.end)
  }
}

/** The longest record without its name: `failed`. */
const RECORD_SIZE_MAX = 31

/** What a reader of records is told. */
export interface RecordVisitor {
  channel(channel: number, name: string, readTo: number, scheduledReadTo: number, ownReadTo: number): void
  channelDeleted(channel: number): void
  handedOut(channel: number, log: LogKind, from: number, count: number): void
  finished(channel: number, log: LogKind, from: number, count: number): void
  attempts(channel: number, log: LogKind, position: number, attempts: number): void
  deferred(channel: number, log: LogKind, position: number, attempts: number, dueWallMs: number): void
  topic(following: boolean, distributed: number, scheduledDistributed: number, idHi: number, idLo: number): void
  emptied(channel: number, readTo: number): void
  skipped(log: LogKind, from: number, to: number): void
  moved(channel: number, log: LogKind, position: number, ownPosition: number): void
  unread(channel: number, from: number, to: number): void
  snapshotEnd(): void
  failed(channel: number, log: LogKind, position: number, failure: Failure): void
  dying(channel: number, log: LogKind, position: number, place: DeadPlace): void
  retained(from: number): void
  rewound(channel: number, to: number): void
}

/** Reads the records in bytes[start, end), which a checksum has vouched for. @throws {Error} for a type it does not know */
export function readRecords(bytes: Buffer, start: number, end: number, visitor: RecordVisitor): void {
  const reader = new RecordReader(bytes, start)
  while (reader.at < end) reader.record(visitor)
}

class RecordReader {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  record(visitor: RecordVisitor): void {
    const type = this.#uint8()
    switch (type) {
      case RecordType.channel: {
        const channel = this.#uint32()
        const readTo = this.#float64()
        const scheduledReadTo = this.#float64()
        const ownReadTo = this.#float64()
        return visitor.channel(channel, this.#text(this.#uint8()), readTo, scheduledReadTo, ownReadTo)
      }
      case RecordType.channelDeleted:
        return visitor.channelDeleted(this.#uint32())
      case RecordType.handedOut:
        return visitor.handedOut(this.#uint32(), this.#log(), this.#float64(), this.#uint32())
      case RecordType.finished:
        return visitor.finished(this.#uint32(), this.#log(), this.#float64(), this.#uint32())
      case RecordType.attempts:
        return visitor.attempts(this.#uint32(), this.#log(), this.#float64(), this.#uint16())
      case RecordType.deferred:
        return visitor.deferred(this.#uint32(), this.#log(), this.#float64(), this.#uint16(), this.#float64())
      case RecordType.topic:
        return visitor.topic(this.#uint8() === 1, this.#float64(), this.#float64(), this.#uint32(), this.#uint32())
      case RecordType.emptied:
        return visitor.emptied(this.#uint32(), this.#float64())
      case RecordType.skipped:
        return visitor.skipped(this.#log(), this.#float64(), this.#float64())
      case RecordType.moved:
        return visitor.moved(this.#uint32(), this.#log(), this.#float64(), this.#float64())
      case RecordType.unread:
        return visitor.unread(this.#uint32(), this.#float64(), this.#float64())
      case RecordType.snapshotEnd:
        return visitor.snapshotEnd()
      case RecordType.failed:
        return visitor.failed(this.#uint32(), this.#log(), this.#float64(), {
          firstWallMs: this.#float64(),
          lastWallMs: this.#float64(),
          reason: this.#uint8() as FailureReason,
        })
      case RecordType.dying: {
        const [channel, log, from] = [this.#uint32(), this.#log(), this.#float64()]
        const position = this.#float64()
        return visitor.dying(channel, log, from, { position, topic: this.#text(this.#uint8()) })
      }
      case RecordType.retained:
        return visitor.retained(this.#float64())
      case RecordType.rewound:
        return visitor.rewound(this.#uint32(), this.#float64())
      default:
        throw new Error(`journal record of unknown type ${type}`)
    }
  }

  #uint8(): number {
    return this.#bytes.readUInt8(this.at++)
  }

  #uint16(): number {
    return this.#bytes.readUInt16BE((this.at += 2) - 2)
  }

  #uint32(): number {
    return this.#bytes.readUInt32BE((this.at += 4) - 4)
  }

  #float64(): number {
    return this.#bytes.readDoubleBE((this.at += 8) - 8)
  }

  #log(): LogKind {
    return this.#uint8() as LogKind
  }

  #text(size: number): string {
    return this.#bytes.toString('latin1', this.at, (this.at += size))
  }
}
