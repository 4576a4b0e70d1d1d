import type { LogKind } from './log.ts'

/**
 * What a journal says, as the body of its batches: records of fixed layouts, one after another, each beginning with its
 * type. Integers and floats are big-endian; `channel` is a number that the journal gave the channel when it was made.
 */
export const RecordType = {
  /** [ channel: uint16 ][ read to: float64 ][ size of name: uint8 ][ name ]: a channel that gets messages from there on */
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
  /** [ following: uint8 ][ distributed: float64 ][ scheduled distributed: float64 ]: where the topic stands; following: it goes with the tail */
  topic: 7,
  /** [ channel ]: everything in it was forgotten */
  emptied: 8,
  /** [ from: float64 ][ to: float64 ]: messages that no channel will get, because the topic was emptied */
  skipped: 9,
  /** [ channel ][ log ][ position ][ own position: float64 ]: copied to the channel's own log */
  moved: 10,
  /** [ channel ][ from: float64 ][ to: float64 ]: still to be read; in a snapshot */
  unread: 11,
  /** []: the snapshot at the beginning of a journal is whole */
  snapshotEnd: 12,
} as const

/** Writes records into a buffer that grows. */
export class RecordWriter {
  bytes = Buffer.allocUnsafeSlow(4096)
  /** Where the next record goes. */
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

  channel(channel: number, name: string, readTo: number): void {
    const size = Buffer.byteLength(name)
    const at = this.#begin(RecordType.channel, 12 + size)
    this.bytes.writeUInt16BE(channel, at)
    this.bytes.writeDoubleBE(readTo, at + 2)
    this.bytes.writeUInt8(size, at + 10)
    this.bytes.write(name, at + 11, 'latin1')
  }

  channelDeleted(channel: number): void {
    this.bytes.writeUInt16BE(channel, this.#begin(RecordType.channelDeleted, 3))
  }

  handedOut(channel: number, log: LogKind, from: number, count: number): void {
    this.#run(RecordType.handedOut, channel, log, from, count)
  }

  finished(channel: number, log: LogKind, from: number, count: number): void {
    this.#run(RecordType.finished, channel, log, from, count)
  }

  attempts(channel: number, log: LogKind, position: number, attempts: number): void {
    const at = this.#begin(RecordType.attempts, 14)
    this.#reference(at, channel, log, position)
    this.bytes.writeUInt16BE(attempts, at + 11)
  }

  deferred(channel: number, log: LogKind, position: number, attempts: number, dueWallMs: number): void {
    const at = this.#begin(RecordType.deferred, 22)
    this.#reference(at, channel, log, position)
    this.bytes.writeUInt16BE(attempts, at + 11)
    this.bytes.writeDoubleBE(dueWallMs, at + 13)
  }

  topic(following: boolean, distributed: number, scheduledDistributed: number): void {
    const at = this.#begin(RecordType.topic, 18)
    this.bytes.writeUInt8(following ? 1 : 0, at)
    this.bytes.writeDoubleBE(distributed, at + 1)
    this.bytes.writeDoubleBE(scheduledDistributed, at + 9)
  }

  emptied(channel: number): void {
    this.bytes.writeUInt16BE(channel, this.#begin(RecordType.emptied, 3))
  }

  skipped(from: number, to: number): void {
    const at = this.#begin(RecordType.skipped, 17)
    this.bytes.writeDoubleBE(from, at)
    this.bytes.writeDoubleBE(to, at + 8)
  }

  moved(channel: number, log: LogKind, position: number, ownPosition: number): void {
    const at = this.#begin(RecordType.moved, 20)
    this.#reference(at, channel, log, position)
    this.bytes.writeDoubleBE(ownPosition, at + 11)
  }

  unread(channel: number, from: number, to: number): void {
    const at = this.#begin(RecordType.unread, 19)
    this.bytes.writeUInt16BE(channel, at)
    this.bytes.writeDoubleBE(from, at + 2)
    this.bytes.writeDoubleBE(to, at + 10)
  }

  snapshotEnd(): void {
    this.#begin(RecordType.snapshotEnd, 1)
  }

  #run(type: number, channel: number, log: LogKind, from: number, count: number): void {
    const at = this.#begin(type, 16)
    this.#reference(at, channel, log, from)
    this.bytes.writeUInt32BE(count, at + 11)
  }

  #reference(at: number, channel: number, log: LogKind, position: number): void {
    this.bytes.writeUInt16BE(channel, at)
    this.bytes.writeUInt8(log, at + 2)
    this.bytes.writeDoubleBE(position, at + 3)
  }

  /** Makes room for a record of `size` bytes and writes its type; returns where its fields begin. */
  #begin(type: number, size: number): number {
    if (this.end + size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.end + size))
      this.bytes.copy(larger, 0, 0, this.end)
      this.bytes = larger
    }
    const at = this.end
    this.bytes[at] = type
    this.end = at + size
    return at + 1
  }
}

/** What a reader of records is told. */
export interface RecordVisitor {
  channel(channel: number, name: string, readTo: number): void
  channelDeleted(channel: number): void
  handedOut(channel: number, log: LogKind, from: number, count: number): void
  finished(channel: number, log: LogKind, from: number, count: number): void
  attempts(channel: number, log: LogKind, position: number, attempts: number): void
  deferred(channel: number, log: LogKind, position: number, attempts: number, dueWallMs: number): void
  topic(following: boolean, distributed: number, scheduledDistributed: number): void
  emptied(channel: number): void
  skipped(from: number, to: number): void
  moved(channel: number, log: LogKind, position: number, ownPosition: number): void
  unread(channel: number, from: number, to: number): void
  snapshotEnd(): void
}

/** Reads the records in bytes[start, end), which a checksum has vouched for. @throws {Error} for a type it does not know */
export function readRecords(bytes: Buffer, start: number, end: number, visitor: RecordVisitor): void {
  for (let at = start; at < end; ) {
    const type = bytes[at++]
    switch (type) {
      case RecordType.channel: {
        const size = bytes.readUInt8(at + 10)
        visitor.channel(bytes.readUInt16BE(at), bytes.toString('latin1', at + 11, at + 11 + size), bytes.readDoubleBE(at + 2))
        at += 11 + size
        break
      }
      case RecordType.channelDeleted:
        visitor.channelDeleted(bytes.readUInt16BE(at))
        at += 2
        break
      case RecordType.handedOut:
        visitor.handedOut(bytes.readUInt16BE(at), log(bytes, at), bytes.readDoubleBE(at + 3), bytes.readUInt32BE(at + 11))
        at += 15
        break
      case RecordType.finished:
        visitor.finished(bytes.readUInt16BE(at), log(bytes, at), bytes.readDoubleBE(at + 3), bytes.readUInt32BE(at + 11))
        at += 15
        break
      case RecordType.attempts:
        visitor.attempts(bytes.readUInt16BE(at), log(bytes, at), bytes.readDoubleBE(at + 3), bytes.readUInt16BE(at + 11))
        at += 13
        break
      case RecordType.deferred:
        visitor.deferred(
          bytes.readUInt16BE(at),
          log(bytes, at),
          bytes.readDoubleBE(at + 3),
          bytes.readUInt16BE(at + 11),
          bytes.readDoubleBE(at + 13),
        )
        at += 21
        break
      case RecordType.topic:
        visitor.topic(bytes.readUInt8(at) === 1, bytes.readDoubleBE(at + 1), bytes.readDoubleBE(at + 9))
        at += 17
        break
      case RecordType.emptied:
        visitor.emptied(bytes.readUInt16BE(at))
        at += 2
        break
      case RecordType.skipped:
        visitor.skipped(bytes.readDoubleBE(at), bytes.readDoubleBE(at + 8))
        at += 16
        break
      case RecordType.moved:
        visitor.moved(bytes.readUInt16BE(at), log(bytes, at), bytes.readDoubleBE(at + 3), bytes.readDoubleBE(at + 11))
        at += 19
        break
      case RecordType.unread:
        visitor.unread(bytes.readUInt16BE(at), bytes.readDoubleBE(at + 2), bytes.readDoubleBE(at + 10))
        at += 18
        break
      case RecordType.snapshotEnd:
        visitor.snapshotEnd()
        break
      default:
        throw new Error(`journal record of unknown type ${type}`)
    }
  }
}

function log(bytes: Buffer, at: number): LogKind {
  return bytes.readUInt8(at + 2) as LogKind
}
