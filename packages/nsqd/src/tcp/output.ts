import { ATTEMPTS_OFFSET, headedFrame } from '../log/message-header.ts'
import type { BlockPool } from '../log/block-pool.ts'
import { Phase, type Turn, type TurnTask } from '../core/turn.ts'

/** Where an output writes to: a socket, or what encrypts or compresses for one. It owns each buffer until it is written. */
export interface Sink {
  write(bytes: Uint8Array): boolean
  /** Bytes that it was given and could not pass on yet. */
  readonly writableLength: number
  readonly writableHighWaterMark: number
}

/**
 * What is to be written to a connection: frames gathered in a block, written in one go at the end of the turn.
 *
 *   block   [ 0 .. sent: with the socket, not ours any more ][ sent .. end: to be written ][ free ]
 *
 * A block comes from a pool shared by all connections and goes back as soon as the kernel took all of it, so that an
 * idle connection costs none. While the socket still holds bytes of it we go on behind them, never over them.
 */
export class Output implements TurnTask {
  readonly #turn: Turn
  readonly #pool: BlockPool
  #sink: Sink
  #block: Buffer | null = null
  #sent = 0
  #end = 0
  /** A shared constant frame that is all there is to write: it goes out as it is. */
  #constant: Buffer | null = null
  #scheduled = false
  #corked = false
  #closed = false

  constructor(turn: Turn, pool: BlockPool, sink: Sink) {
    this.#turn = turn
    this.#pool = pool
    this.#sink = sink
  }

  /** The peer does not read as fast as we write: whoever can should stop until the sink has drained. */
  get congested(): boolean {
    return this.#sink.writableLength >= this.#sink.writableHighWaterMark
  }

  /** Goes on with another sink; what was written before left through the old one. */
  replaceSink(sink: Sink): void {
    this.flush()
    this.#sink = sink
  }

  /** Writes a frame that never changes and is never changed: `OK` and its like. */
  writeConstant(frame: Buffer): void {
    if (this.#end === this.#sent && this.#constant === null) {
      this.#constant = frame
      this.#schedule()
    } else {
      this.write(frame, 0, frame.length)
    }
  }

  /** Writes a copy of bytes[start, end). */
  write(bytes: Buffer, start: number, end: number): void {
    if (this.#closed) return
    if (this.#constant !== null) this.#copyConstant()
    this.#copy(bytes, start, end)
    this.#schedule()
  }

  /** Writes a copy of the message frame bytes[start, end) with other attempts in it. */
  writeMessageAgain(bytes: Buffer, start: number, end: number, attempts: number): void {
    const frame = Buffer.from(bytes.subarray(start, end))
    frame.writeUInt16BE(attempts, ATTEMPTS_OFFSET)
    this.write(frame, 0, frame.length)
  }

  /** As writeMessageAgain, for who asked for headers. */
  writeHeadedMessage(bytes: Buffer, start: number, end: number, attempts: number, headers: Buffer): void {
    const frame = headedFrame(bytes, start, end, attempts, headers)
    this.write(frame, 0, frame.length)
  }

  /** Until uncork, what is written is not scheduled to be flushed: the caller flushes when he is done. */
  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    this.flush()
  }

  endTurn(): void {
    this.#scheduled = false
    this.flush()
  }

  flush(): void {
    if (this.#closed) return
    if (this.#constant !== null) {
      const frame = this.#constant
      this.#constant = null
      this.#sink.write(frame)
    } else if (this.#end > this.#sent) {
      this.#flushBlock()
    }
  }

  /** Nothing is written from now on. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#constant = null
    this.#block = null // the socket may still hold a part of it
  }

  #flushBlock(): void {
    const block = this.#block!
    this.#sink.write(block.subarray(this.#sent, this.#end))
    this.#sent = this.#end
    // The ordinary case: the kernel took everything at once, so nobody holds bytes of the block any more.
    if (this.#sink.writableLength === 0) {
      this.#pool.give(block)
      this.#dropBlock()
    }
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const size = end - start
    if (this.#block !== null && this.#end + size > this.#block.length) {
      this.flush()
      if (this.#block !== null && this.#end + size > this.#block.length) this.#dropBlock() // what is left is too little
    }
    if (size > this.#pool.blockSize) {
      this.#sink.write(Buffer.from(bytes.subarray(start, end)))
      return
    }
    this.#block ??= this.#pool.take()
    bytes.copy(this.#block, this.#end, start, end)
    this.#end += size
  }

  #copyConstant(): void {
    const frame = this.#constant!
    this.#constant = null
    this.#copy(frame, 0, frame.length)
  }

  #dropBlock(): void {
    this.#block = null
    this.#sent = 0
    this.#end = 0
  }

  #schedule(): void {
    if (this.#scheduled || this.#corked || this.#closed) return
    this.#scheduled = true
    this.#turn.schedule(Phase.flush, this)
  }
}
