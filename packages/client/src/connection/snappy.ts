// Snappy in its framing format, by two packages that only those who ask for it have to install: importing this file fails
// without them.
import { crc32c } from '@node-rs/crc32'
import { type SnappyCodec, SnappyDecoder, SnappyEncoder } from '@nsq-ts/protocol/snappy'
import { compressSync, uncompressSync } from 'snappy'
import type { Layer, LayerEnds } from './layer.ts'

const codec: SnappyCodec = {
  compress: (plain) => compressSync(plain),
  uncompress: (block) => uncompressSync(block, { asBuffer: true }) as Buffer,
  crc32c: (bytes) => crc32c(bytes),
}

export class SnappyLayer implements Layer {
  readonly #ends: LayerEnds
  readonly #encoder = new SnappyEncoder(codec)
  readonly #decoder: SnappyDecoder

  constructor(ends: LayerEnds) {
    this.#ends = ends
    this.#decoder = new SnappyDecoder(codec, (plain) => ends.toFrames(plain))
  }

  write(bytes: Buffer): void {
    this.#ends.toSocket(this.#encoder.encode(bytes))
  }

  push(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.#ends.onLayerError(error as Error)
    }
  }

  finish(done: () => void): void {
    done()
  }

  destroy(): void {
    this.#decoder.close()
  }
}
