// Deflate: raw, one endless stream each way, every write ended by a sync flush (nsqd: protocol_v2.go, compress/flate).
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Layer, LayerEnds } from './layer.ts'

export class DeflateLayer implements Layer {
  readonly #deflate
  readonly #inflate

  /** @param level 1 (fast) to 9 (small) */
  constructor(ends: LayerEnds, level: number) {
    this.#deflate = createDeflateRaw({ level, flush: constants.Z_SYNC_FLUSH })
    this.#inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH })
    this.#deflate.on('data', (bytes: Buffer) => ends.toSocket(bytes))
    this.#inflate.on('data', (bytes: Buffer) => ends.toFrames(bytes))
    this.#deflate.on('error', (error) => ends.onLayerError(error))
    this.#inflate.on('error', (error) => ends.onLayerError(error))
  }

  write(bytes: Buffer): void {
    this.#deflate.write(bytes)
  }

  push(chunk: Buffer): void {
    // The chunk is borrowed and zlib works on another thread.
    this.#inflate.write(Buffer.from(chunk))
  }

  finish(done: () => void): void {
    this.#deflate.once('end', done)
    this.#deflate.end()
  }

  destroy(): void {
    for (const stream of [this.#deflate, this.#inflate]) {
      stream.removeAllListeners('data')
      stream.removeAllListeners('error')
      // A zlib stream that is destroyed while its thread works may still fail: that is nobody's concern any more.
      stream.on('error', ignoreAfterDestroy)
      stream.destroy()
    }
  }
}

function ignoreAfterDestroy(): void {
  // the connection is gone, and with it everyone who could act on this
}
