import { Buffer } from 'node:buffer'
import { Socket, type SocketConstructorOpts } from 'node:net'

/** Bytes of one read at most; what is not whole by then is copied, so that more of it saves little. */
const READ_SIZE = 131_072

/** All reads of the process go here: each is over, and what it brought has been taken, before the next one begins. */
const readBuffer = Buffer.allocUnsafeSlow(READ_SIZE)

/** What a server's sockets have inside, which node gives no name to. */
interface HandleOwner {
  _handle: object | null
}

/**
 * A connection that a server has accepted, reading into memory that all of them share: the bytes of a `data` event are borrowed
 * until its listeners return. Left to itself node allocates 64 KiB for each read; a fifth of what publishing costs
 * went there, and into the collections that this brought on.
 */
export class AcceptedSocket extends Socket {
  /** @param accepted by a server with `pauseOnConnect`; nothing was read of it, and it is of no use afterwards */
  constructor(accepted: Socket) {
    const owner = accepted as unknown as HandleOwner
    super({
      handle: owner._handle,
      allowHalfOpen: accepted.allowHalfOpen,
      highWaterMark: accepted.writableHighWaterMark,
      readable: true,
      writable: true,
      onread: { buffer: readBuffer, callback: (size: number) => this.#emitData(size) },
    } as unknown as SocketConstructorOpts)
    owner._handle = null
    // The server counts the connection until then: it closes after its last one.
    this.once('close', () => accepted.destroy())
  }

  #emitData(size: number): boolean {
    this.emit('data', readBuffer.subarray(0, size))
    return true // reads on, unless a listener has paused it
  }
}
