// What HPUB and HMPUB bring beside the bodies (docs/protocol-extensions.md): headers and a due time, read and checked.
import { ProtocolError, SIZE_FIELD_SIZE } from '@nsq-ts/protocol'
import { bodyOffset, checkHeaders, parsePublishTime } from '@nsq-ts/protocol/headed'

export type HeadedCommand = 'HPUB' | 'HMPUB'

export interface HeadedLimits {
  readonly maxMsgSize: number
  readonly maxHeaderBytes: number
}

/** The most that a message of these commands takes, its headers and their size included. */
export function pieceSizeMax({ maxHeaderBytes, maxMsgSize }: HeadedLimits): number {
  return SIZE_FIELD_SIZE + maxHeaderBytes + maxMsgSize
}

/**
 * The messages of one command, taken apart: where their bodies lie, as a topic wants them, and their headers.
 */
export class HeadedMessages {
  /** [start, end) after [start, end). */
  readonly bounds: number[] = []
  /** As they were sent, which is how they are kept (log/headers.ts); null for a message without. */
  readonly headers: (Buffer | null)[] = []
  readonly #command: HeadedCommand
  readonly #limits: HeadedLimits

  constructor(command: HeadedCommand, limits: HeadedLimits) {
    this.#command = command
    this.#limits = limits
  }

  /** Takes the message buf[start, end). @throws {ProtocolError} E_BAD_HEADERS, E_BAD_MESSAGE */
  add(buf: Buffer, start: number, end: number): void {
    const { maxHeaderBytes, maxMsgSize } = this.#limits
    const bodyStart = bodyOffset(buf, start, end, maxHeaderBytes)
    const size = end - bodyStart
    if (size === 0) throw new ProtocolError('E_BAD_MESSAGE', `${this.#command} invalid message body size ${size}`)
    if (size > maxMsgSize) {
      throw new ProtocolError('E_BAD_MESSAGE', `${this.#command} message too big ${size} > ${maxMsgSize}`)
    }
    const blockStart = start + SIZE_FIELD_SIZE
    const isHeaded = checkHeaders(buf, blockStart, bodyStart)
    this.bounds.push(bodyStart, end)
    this.headers.push(isHeaded ? Buffer.from(buf.subarray(blockStart, bodyStart)) : null)
  }
}

/**
 * Reads the time of a command in buf[start, end).
 * @param nowWallMs Unix milliseconds, as what is returned
 * @throws {ProtocolError} E_INVALID for what is no time, or too far ahead
 */
export function dueOf(
  command: HeadedCommand,
  buf: Buffer,
  start: number,
  end: number,
  nowWallMs: number,
  maxDeferMs: number,
): number {
  const time = parsePublishTime(buf, start, end)
  if (time === undefined) {
    const text = buf.subarray(start, end)
    throw new ProtocolError('E_INVALID', Buffer.concat([Buffer.from(`${command} could not parse time `), text]))
  }
  const dueWallMs = 'delayMs' in time ? nowWallMs + time.delayMs : time.dueWallMs
  if (dueWallMs > nowWallMs + maxDeferMs) {
    throw new ProtocolError('E_INVALID', `${command} time is more than ${maxDeferMs} ms ahead`)
  }
  return dueWallMs
}
