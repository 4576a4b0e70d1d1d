import { type CommandReader, ProtocolError, SIZE_FIELD_SIZE } from '@nsq-ts/protocol'
import { pieceSizeMax } from './headed-publish.ts'
import type { TcpOptions } from './tcp-context.ts'

/** The least that a message takes: its size and one byte. */
const MESSAGE_SIZE_MIN = SIZE_FIELD_SIZE + 1

/** What the next piece of bytes is. */
const Awaiting = { size: 0, count: 1, messages: 2 } as const
type Awaiting = (typeof Awaiting)[keyof typeof Awaiting]

/**
 * Reads what follows the line of an MPUB or HMPUB.
 *
 *   [ body size: int32 ][ count: int32 ] ( [ size: int32 ][ message ] ) * count
 *
 * The body size is checked and otherwise of no account: the count decides where the command ends.
 */
export class MpubBody {
  /** Where in the piece at hand the messages lie, relative to its start: [start, end) after [start, end). */
  readonly bounds: number[] = []
  command: 'MPUB' | 'HMPUB' = 'MPUB'
  readonly #reader: CommandReader
  readonly #options: TcpOptions
  #awaiting: Awaiting = Awaiting.size
  #count = 0
  /** How far the piece was looked through. */
  #lookedThrough = 0

  constructor(reader: CommandReader, options: TcpOptions) {
    this.#reader = reader
    this.#options = options
  }

  get count(): number {
    return this.#count
  }

  begin(command: 'MPUB' | 'HMPUB'): void {
    this.command = command
    this.#awaiting = Awaiting.size
    this.#reader.need(SIZE_FIELD_SIZE)
  }

  /**
   * Takes the piece that was asked for.
   * @returns true when that was the last: the messages lie in it, at `bounds`
   * @throws {ProtocolError}
   */
  take(buf: Buffer, start: number, end: number): boolean {
    switch (this.#awaiting) {
      case Awaiting.size:
        this.#takeSize(buf.readInt32BE(start))
        return false
      case Awaiting.count:
        this.#takeCount(buf.readInt32BE(start))
        return false
      case Awaiting.messages:
        return this.#takeMessages(buf, start, end)
    }
  }

  /** The client went away: what is missing. */
  interrupted(): ProtocolError {
    const { command } = this
    switch (this.#awaiting) {
      case Awaiting.size:
        return new ProtocolError('E_BAD_BODY', `${command} failed to read body size`)
      case Awaiting.count:
        return new ProtocolError('E_BAD_BODY', `${command} failed to read message count`)
      case Awaiting.messages:
        return this.#reader.needed === this.#lookedThrough + SIZE_FIELD_SIZE
          ? new ProtocolError('E_BAD_MESSAGE', `${command} failed to read message(${this.#index}) body size`)
          : new ProtocolError('E_BAD_MESSAGE', `${command} failed to read message body`)
    }
  }

  #takeSize(size: number): void {
    const max = this.#options.maxBodySize
    if (size <= 0) throw new ProtocolError('E_BAD_BODY', `${this.command} invalid body size ${size}`)
    if (size > max) throw new ProtocolError('E_BAD_BODY', `${this.command} body too big ${size} > ${max}`)
    this.#awaiting = Awaiting.count
    this.#reader.need(SIZE_FIELD_SIZE)
  }

  #takeCount(count: number): void {
    const max = Math.floor((this.#options.maxBodySize - SIZE_FIELD_SIZE) / MESSAGE_SIZE_MIN)
    if (count <= 0 || count > max) {
      throw new ProtocolError('E_BAD_BODY', `${this.command} invalid message count ${count}`)
    }
    this.#count = count
    this.#lookedThrough = 0
    this.bounds.length = 0
    this.#awaiting = Awaiting.messages
    this.#reader.need(SIZE_FIELD_SIZE)
  }

  /**
   * Looks through what has come of the messages, wherever the piece that was asked for ends, and has it handed out again
   * with all that is still missing of the current message. Where it was before, it need not look again.
   */
  #takeMessages(buf: Buffer, start: number, end: number): boolean {
    const { bounds } = this
    const available = this.#reader.availableEnd - start
    const { maxBodySize } = this.#options
    let at = this.#lookedThrough
    while (bounds.length < 2 * this.#count) {
      if (at + SIZE_FIELD_SIZE > available) return this.#await(at, at + SIZE_FIELD_SIZE)
      const size = buf.readInt32BE(start + at)
      this.#checkMessageSize(size)
      const messageEnd = at + SIZE_FIELD_SIZE + size
      // An honest body is no longer than its size field says, and that was checked: this bounds what others make us store.
      if (messageEnd > maxBodySize) {
        throw new ProtocolError('E_BAD_BODY', `${this.command} body too big ${messageEnd} > ${maxBodySize}`)
      }
      if (messageEnd > available) return this.#await(at, messageEnd)
      bounds.push(at + SIZE_FIELD_SIZE, messageEnd)
      at = messageEnd
    }
    return start + at === end || this.#await(at, at) // all is there: take exactly that
  }

  /** @returns false: there is more to come */
  #await(lookedThrough: number, size: number): false {
    this.#lookedThrough = lookedThrough
    this.#reader.needAgain(size)
    return false
  }

  #checkMessageSize(size: number): void {
    const { command } = this
    const max = command === 'MPUB' ? this.#options.maxMsgSize : pieceSizeMax(this.#options)
    if (size <= 0) {
      throw new ProtocolError('E_BAD_MESSAGE', `${command} invalid message(${this.#index}) body size ${size}`)
    }
    if (size > max) throw new ProtocolError('E_BAD_MESSAGE', `${command} message too big ${size} > ${max}`)
  }

  /** Of the message that is being read. */
  get #index(): number {
    return this.bounds.length / 2
  }
}
