// Frames out of a byte stream, however it is cut: the client's side. Whole frames are handed out of the chunk they came in;
// only the frame that a chunk ends in the middle of is copied.
//
// Three outcomes, kept apart: a frame; not here yet (wait for the next chunk); malformed (FrameError).
import { Buffer } from 'node:buffer'
import { FrameError } from './errors.ts'
import { FRAME_HEADER_SIZE, FRAME_TYPE_SIZE, SIZE_FIELD_SIZE } from './frames.ts'
import { Tail } from './tail.ts'

/** Receives the frames of one connection. `data` borrows the decoder's memory: it is valid until the call returns. */
export interface FrameHandler {
  /** @param type 0 response, 1 error, 2 message, 3 and 4 of the extensions; others are for the handler to refuse */
  onFrame(type: number, data: Buffer): void
}

/** Receives the answers of nsqlookupd; `data` is valid until the call returns. */
export interface LookupAnswerHandler {
  onAnswer(data: Buffer): void
}

/** "HTTP" read as a size: an HTTP port was dialled instead of the TCP port. */
const SIZE_OF_HTTP = 0x48545450

// The size bound of a decoder whose owner gives none: larger than any message of a server with default limits by far.
const FRAME_SIZE_MAX_DEFAULT = 64 * 1024 * 1024

/** Cuts a stream into pieces that start with their size; what the pieces mean is the subclass's. */
abstract class SizedPieceDecoder<Handler> {
  readonly #tail = new Tail()
  readonly #sizeMin: number
  readonly #sizeMax: number
  // The chunk that push() is working on. Moved on before each callback, which may re-enter or throw.
  #chunk: Buffer | undefined
  #offset = 0

  constructor(sizeMin: number, sizeMax: number) {
    this.#sizeMin = sizeMin
    this.#sizeMax = sizeMax
  }

  /**
   * Hands every whole piece to `handler`; keeps the unfinished tail for the next chunk. The chunk is borrowed until return.
   *
   * When the handler throws, what follows in the chunk is lost: such a connection is over.
   *
   * @throws {FrameError} when the stream is not NSQ's, or a piece exceeds the size bound
   */
  push(chunk: Buffer, handler: Handler): void {
    if (this.#chunk !== undefined) {
      // From within a callback: these bytes follow the ones being worked on.
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#offset), chunk])
      this.#offset = 0
      return
    }
    this.#chunk = chunk
    this.#offset = 0
    try {
      this.#completeTail(handler)
      this.#handOut(handler)
    } finally {
      this.#chunk = undefined
    }
  }

  /** Takes away what was received and not handed out; from within a callback too (the stream changes its encoding here). */
  takeRest(): Buffer {
    const rest = [this.#tail.buffer.subarray(this.#tail.start, this.#tail.end)]
    if (this.#chunk !== undefined) {
      rest.push(this.#chunk.subarray(this.#offset))
      this.#offset = this.#chunk.length
    }
    const taken = Buffer.concat(rest)
    this.#tail.clear()
    return taken
  }

  protected abstract deliver(piece: Buffer, start: number, end: number, handler: Handler): void

  /** Finishes the piece that earlier chunks began, with no more of the new chunk than it needs. */
  #completeTail(handler: Handler): void {
    const tail = this.#tail
    if (tail.size === 0) return
    if (tail.size < SIZE_FIELD_SIZE) this.#moveToTail(SIZE_FIELD_SIZE, 0)
    if (tail.size < SIZE_FIELD_SIZE) return
    const pieceSize = SIZE_FIELD_SIZE + this.#readSize(tail.buffer, tail.start)
    this.#moveToTail(pieceSize, pieceSize)
    if (tail.size < pieceSize) return
    const { buffer, start, end } = tail
    tail.clear() // before the callback; the bytes stay where they are until something is appended, which is after it
    this.deliver(buffer, start, end, handler)
  }

  #moveToTail(sizeWanted: number, sizeExpected: number): void {
    const chunk = this.#chunk!
    const end = Math.min(chunk.length, this.#offset + sizeWanted - this.#tail.size)
    this.#tail.append(chunk, this.#offset, end, sizeExpected)
    this.#offset = end
  }

  #handOut(handler: Handler): void {
    // Unless the tail is empty the chunk was used up to fill it.
    for (;;) {
      const chunk = this.#chunk!
      const start = this.#offset
      if (chunk.length - start < SIZE_FIELD_SIZE) break
      const size = this.#readSize(chunk, start)
      const end = start + SIZE_FIELD_SIZE + size
      if (end > chunk.length) {
        this.#tail.append(chunk, start, chunk.length, SIZE_FIELD_SIZE + size)
        this.#offset = chunk.length
        return
      }
      this.#offset = end
      this.deliver(chunk, start, end, handler)
    }
    this.#tail.append(this.#chunk!, this.#offset, this.#chunk!.length, 0)
  }

  #readSize(buffer: Buffer, offset: number): number {
    const size = buffer.readInt32BE(offset)
    if (size >= this.#sizeMin && size <= this.#sizeMax) return size
    if (size === SIZE_OF_HTTP)
      throw new FrameError(size, 'the peer speaks HTTP: this is an HTTP port, not a TCP port of NSQ')
    throw new FrameError(size, `frame size ${size} is not within ${this.#sizeMin}..${this.#sizeMax}`)
  }
}

/**
 * Frames of nsqd.
 *
 *   [ size: int32 ][ frame type: int32 ][ data: size - 4 bytes ]      (NSQ spec, "Data Format")
 */
export class FrameDecoder extends SizedPieceDecoder<FrameHandler> {
  /** @param frameSizeMax largest size field accepted, in bytes; at least 4. Default 64 MiB. */
  constructor(frameSizeMax: number = FRAME_SIZE_MAX_DEFAULT) {
    super(FRAME_TYPE_SIZE, frameSizeMax)
  }

  protected override deliver(piece: Buffer, start: number, end: number, handler: FrameHandler): void {
    handler.onFrame(piece.readInt32BE(start + SIZE_FIELD_SIZE), piece.subarray(start + FRAME_HEADER_SIZE, end))
  }
}

/**
 * Answers of nsqlookupd.
 *
 *   [ size: int32 ][ data: size bytes ]
 */
export class LookupAnswerDecoder extends SizedPieceDecoder<LookupAnswerHandler> {
  /** @param answerSizeMax largest size field accepted, in bytes. Default 64 MiB. */
  constructor(answerSizeMax: number = FRAME_SIZE_MAX_DEFAULT) {
    super(0, answerSizeMax)
  }

  protected override deliver(piece: Buffer, start: number, end: number, handler: LookupAnswerHandler): void {
    handler.onAnswer(piece.subarray(start + SIZE_FIELD_SIZE, end))
  }
}
