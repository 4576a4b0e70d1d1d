import { crc32c } from '@node-rs/crc32'
import { type SnappyCodec, SnappyDecoder, SnappyEncoder } from '@nsq-ts/protocol/snappy'
import { compressSync, uncompressSync } from 'snappy'
import type { Layer, LayerOwner, LayerSocket } from './layer.ts'

const codec: SnappyCodec = {
  compress: (plain) => compressSync(plain),
  uncompress: (block) => uncompressSync(block, { asBuffer: true }) as Buffer,
  crc32c: (bytes) => crc32c(bytes),
}

/**
 * Snappy in its framing format (tcp-protocol.md section 8.2). Each write becomes whole chunks at once; a read is decoded as
 * it comes, a chunk of at most 64 KiB at a time.
 */
export class SnappyLayer implements Layer {
  readonly #socket: LayerSocket
  readonly #owner: LayerOwner
  readonly #encoder = new SnappyEncoder(codec)
  readonly #decoder: SnappyDecoder

  constructor(socket: LayerSocket, owner: LayerOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#decoder = new SnappyDecoder(codec, (plain) => owner.data(plain))
  }

  get writableLength(): number {
    return this.#socket.writableLength
  }

  get writableHighWaterMark(): number {
    return this.#socket.writableHighWaterMark
  }

  get full(): boolean {
    return false
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(this.#encoder.encode(bytes))
  }

  push(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.#owner.corrupt(error as Error)
    }
  }

  pushEnd(): void {
    this.#owner.ended()
  }

  socketDrained(): void {
    this.#owner.drained()
  }

  end(): void {
    this.#socket.end()
  }

  pause(): void {
    // Nothing is decoded but what the socket hands over, and that is paused.
  }

  resume(): void {
    // See pause.
  }

  destroy(): void {
    this.#decoder.close()
  }
}
