import type { Sink } from './output.ts'

/** What lies between a client's commands and its socket: compression, both ways. */
export interface Layer extends Sink {
  /** Decodes a chunk of the socket's; it is borrowed until return. */
  push(chunk: Buffer): void
  /** The peer has ended its side: once all it sent is decoded, `ended` is called. */
  pushEnd(): void
  /** The socket took all that it held. */
  socketDrained(): void
  /** Ends the socket once all that was written has gone there. */
  end(): void
  /** It holds as much as it should of what came and is not decoded: the socket should wait until `drained`. */
  readonly full: boolean
  /** As far as it decodes by itself: waits with what it has. */
  pause(): void
  resume(): void
  /** Gives up its resources; nothing is called any more. The socket is not its to destroy. */
  destroy(): void
}

/** Who has a layer. */
export interface LayerOwner {
  /** What the peer meant; borrowed until return. */
  data(bytes: Buffer): void
  /** There is nothing more to come. */
  ended(): void
  /** There is room again, for what is to be written or for what comes. */
  drained(): void
  /** What came is no such stream, or a damaged one. */
  corrupt(error: Error): void
}

/** Where a layer writes to. */
export interface LayerSocket extends Sink {
  end(): void
}
