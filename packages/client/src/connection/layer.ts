// A layer between the frames and the socket: compression, or nothing.

/** What a layer calls. */
export interface LayerEnds {
  /** Bytes for the peer. */
  toSocket(bytes: Buffer): void
  /** Bytes from the peer, as it meant them. Borrowed until return. */
  toFrames(bytes: Buffer): void
  /** The stream is broken. */
  onLayerError(error: Error): void
}

/** Encodes what goes out, decodes what comes in. */
export interface Layer {
  /** Encodes `bytes` so that the peer can read all of them now. */
  write(bytes: Buffer): void
  /** Decodes a chunk of the socket's. */
  push(chunk: Buffer): void
  /** Calls `done` when all that was written has gone to the socket. */
  finish(done: () => void): void
  /** Gives up its resources; nothing is called any more. */
  destroy(): void
}

/** Bytes as they are. */
export class PlainLayer implements Layer {
  readonly #ends: LayerEnds

  constructor(ends: LayerEnds) {
    this.#ends = ends
  }

  write(bytes: Buffer): void {
    this.#ends.toSocket(bytes)
  }

  push(chunk: Buffer): void {
    this.#ends.toFrames(chunk)
  }

  finish(done: () => void): void {
    done()
  }

  destroy(): void {
    // nothing is held
  }
}
