import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HttpError } from './http-error.ts'

// Long enough for a client to send what it has under way and read the refusal, short enough for one that sends for ever.
const DRAIN_MAX_MS = 2000

/**
 * The body of one request. A client that waits for `100 Continue` gets it when somebody wants the body, and not before, so a refused
 * body is never sent.
 */
export class BodyReader {
  readonly #raw: IncomingMessage
  readonly #response: ServerResponse
  #continueExpected: boolean

  constructor(raw: IncomingMessage, response: ServerResponse, continueExpected: boolean) {
    this.#raw = raw
    this.#response = response
    this.#continueExpected = continueExpected
  }

  /** @throws {HttpError} 413 `tooBig` beyond `sizeMax` bytes; 500 INTERNAL_ERROR when the body ends early */
  read(sizeMax: number, tooBig: string): Promise<Buffer> {
    if (this.#continueExpected) {
      this.#continueExpected = false
      this.#response.writeContinue()
    }
    return new Promise((resolve, reject) => {
      const raw = this.#raw
      const { socket } = raw
      const chunks: Buffer[] = []
      let size = 0
      const onData = (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > sizeMax) finish(() => reject(new HttpError(413, tooBig)))
      }
      const onEnd = () =>
        finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)))
      const onBrokenOff = (cause?: Error) => finish(() => reject(new HttpError(500, 'INTERNAL_ERROR', { cause })))
      const finish = (settle: () => void) => {
        raw.off('data', onData).off('end', onEnd).off('error', onBrokenOff).off('close', onBrokenOff)
        waitingReaders.delete(socket)
        settle()
      }
      raw.on('data', onData).on('end', onEnd).on('error', onBrokenOff).on('close', onBrokenOff)
      waitingReaders.set(socket, onBrokenOff)
    })
  }

  /**
   * Once the answer is decided: what of the body nobody has read is let in and thrown away, for a bounded time. Closing the
   * connection before that would reset it, and with that the answer could be lost to a client that is still sending.
   * @returns settled when the rest is in, or the connection over; undefined when there is no rest to wait for
   */
  discardRest(): Promise<void> | undefined {
    if (this.#raw.complete) return undefined
    if (this.#continueExpected) {
      // The client has not sent it and may never: where the next request begins is unknown.
      this.#response.setHeader('Connection', 'close')
      return undefined
    }
    const { socket } = this.#raw
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), DRAIN_MAX_MS).unref()
      this.#raw.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    this.#raw.resume()
    return socket.readableEnded ? undefined : over // what was cut short has no rest
  }
}

/**
 * Node reports a body that the client cut short by closing its side as an error of the connection, not of the request; here is who
 * waits for that body.
 */
const waitingReaders = new WeakMap<Socket, (cause: Error) => void>()

/** @returns true if a request on this connection was waiting for its body and will answer for the failure */
export function failWaitingBody(socket: Socket, cause: Error): boolean {
  const fail = waitingReaders.get(socket)
  fail?.(cause)
  return fail !== undefined
}
