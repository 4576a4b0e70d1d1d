import type { Socket } from 'node:net'
import type { ServerTls } from '../tls/server-tls.ts'
import { DeflateLayer } from './deflate-layer.ts'
import type { Layer, LayerOwner } from './layer.ts'
import type { Sink } from './output.ts'
import { SnappyLayer } from './snappy-layer.ts'
import { secure, type SecuredSocket } from './secure.ts'

/** Who has a transport: told what the client sent and what became of the connection. */
export interface TransportOwner extends LayerOwner {
  failed(error: Error): void
  closed(): void
}

/**
 * The way between a connection's commands and the network:
 *
 *   plain         socket
 *   TLS           TLS socket, which has taken the socket over
 *   compressed    layer in front of either
 *
 * In the plain case there is nothing in between: `sink` is the socket, and what it reads goes straight to the owner.
 */
export class Transport {
  readonly #owner: TransportOwner
  #socket: Socket
  #secured: SecuredSocket | null = null
  #layer: Layer | null = null
  #level = 0
  #stopSecuring: (() => void) | null = null

  readonly #onData = (chunk: Buffer): void => this.#owner.data(chunk)
  readonly #onEnd = (): void => (this.#layer === null ? this.#owner.ended() : this.#layer.pushEnd())
  readonly #onDrain = (): void => (this.#layer === null ? this.#owner.drained() : this.#layer.socketDrained())

  constructor(socket: Socket, owner: TransportOwner) {
    this.#socket = socket
    this.#owner = owner
  }

  /** Begins to read. */
  start(): void {
    this.#watch(this.#socket)
    this.#listen(this.#socket)
  }

  /** Where to write to; another one after each upgrade. */
  get sink(): Sink {
    return this.#layer ?? this.#socket
  }

  /** What TLS came to; null on a connection in the clear. */
  get secured(): SecuredSocket | null {
    return this.#secured
  }

  get upgraded(): boolean {
    return this.#secured !== null || this.#layer !== null
  }

  get snappy(): boolean {
    return this.#layer instanceof SnappyLayer
  }

  /** 0: no deflate. */
  get deflateLevel(): number {
    return this.#level
  }

  /**
   * Has the client begin TLS. What it sent before that is not looked at, nothing may be written until `done`.
   * @param done with an error: the connection is still in the clear, and of no more use than to say so.
   */
  startTls(tls: ServerTls, done: (error: Error | null) => void): void {
    const raw = this.#socket
    raw.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain)
    this.#stopSecuring = secure(raw, tls, (error, secured) => {
      this.#stopSecuring = null
      if (secured !== null) {
        this.#secured = secured
        this.#socket = secured.socket
        this.#watch(secured.socket)
        this.#listen(secured.socket)
      }
      done(error)
    })
  }

  startSnappy(): void {
    this.#addLayer(new SnappyLayer(this.#socket, this.#owner))
  }

  /** @param level 1 (fast) to 9 (small) */
  startDeflate(level: number): void {
    this.#level = level
    this.#addLayer(new DeflateLayer(this.#socket, this.#owner, level))
  }

  pause(): void {
    this.#socket.pause()
    this.#layer?.pause()
  }

  resume(): void {
    this.#layer?.resume()
    if (this.#layer === null || !this.#layer.full) this.#socket.resume()
  }

  /** Ends our side once everything was written; what still comes is read. */
  end(): void {
    if (this.#layer === null) this.#socket.end()
    else this.#layer.end()
    this.#socket.resume()
  }

  destroy(): void {
    this.#stopSecuring?.()
    this.#layer?.destroy()
    this.#socket.destroy()
  }

  #addLayer(layer: Layer): void {
    this.#layer = layer
    this.#socket.off('data', this.#onData).on('data', (chunk: Buffer) => {
      layer.push(chunk)
      if (layer.full) this.#socket.pause()
    })
  }

  #watch(socket: Socket): void {
    socket.on('error', (error) => this.#owner.failed(error))
    socket.on('close', () => this.#owner.closed())
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain)
  }
}
