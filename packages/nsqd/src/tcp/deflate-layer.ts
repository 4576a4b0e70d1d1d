import { Buffer } from 'node:buffer'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Layer, LayerOwner, LayerSocket } from './layer.ts'

/**
 * Raw deflate, one stream each way (tcp-protocol.md section 8.3). Every write is flushed, so that the peer can read all of it
 * at once. What a read expands to comes in pieces of 16 KiB, the next one only once the last was taken and never while
 * paused: a small read that expands to much holds no more memory than any other.
 */
export class DeflateLayer implements Layer {
  readonly #socket: LayerSocket
  readonly #owner: LayerOwner
  readonly #deflate
  readonly #inflate
  #destroyed = false

  /** @param level 1 (fast) to 9 (small) */
  constructor(socket: LayerSocket, owner: LayerOwner, level: number) {
    this.#socket = socket
    this.#owner = owner
    this.#deflate = createDeflateRaw({ level, flush: constants.Z_SYNC_FLUSH })
    // Clients end their connection without ending the stream: that is no damage.
    this.#inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH })
    this.#deflate.on('data', (bytes: Buffer) => {
      if (socket.write(bytes)) this.#tellOfRoom()
      else this.#deflate.pause()
    })
    this.#deflate.on('end', () => socket.end())
    this.#inflate.on('data', (bytes: Buffer) => owner.data(bytes))
    this.#inflate.on('end', () => owner.ended())
    this.#inflate.on('drain', () => owner.drained())
    for (const stream of [this.#deflate, this.#inflate]) {
      stream.on('error', (error) => {
        if (!this.#destroyed) owner.corrupt(error) // destroyed in the middle of its work: nobody's concern any more
      })
    }
  }

  /** In front of the compressor, in it, and behind it. */
  get writableLength(): number {
    return this.#deflate.writableLength + this.#deflate.readableLength + this.#socket.writableLength
  }

  get writableHighWaterMark(): number {
    return this.#socket.writableHighWaterMark
  }

  get full(): boolean {
    return this.#inflate.writableNeedDrain
  }

  write(bytes: Buffer): boolean {
    this.#deflate.write(bytes, () => this.#tellOfRoom())
    return this.writableLength < this.writableHighWaterMark
  }

  push(chunk: Buffer): void {
    this.#inflate.write(Buffer.from(chunk)) // zlib works on it on another thread, after we return
  }

  pushEnd(): void {
    this.#inflate.end()
  }

  socketDrained(): void {
    this.#deflate.resume()
    this.#tellOfRoom()
  }

  end(): void {
    this.#deflate.end()
  }

  pause(): void {
    this.#inflate.pause()
  }

  resume(): void {
    this.#inflate.resume()
  }

  destroy(): void {
    this.#destroyed = true
    this.#deflate.destroy()
    this.#inflate.destroy()
  }

  /** Called wherever one of the three has become less, unless the socket will tell of it. */
  #tellOfRoom(): void {
    if (!this.#destroyed && this.writableLength < this.writableHighWaterMark) this.#owner.drained()
  }
}
