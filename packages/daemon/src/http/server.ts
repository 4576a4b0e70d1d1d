// NSQ's HTTP conventions on node:http; docs/decisions/0002-http.md says why without a framework.
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { SecureContextOptions, TlsOptions, TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { Dispatcher } from './dispatch.ts'
import { failWaitingBody } from './body.ts'
import { ConnectionLimit } from './connection-limit.ts'
import { Router } from './router.ts'
import type { Route } from './router.ts'
import { listen } from '../net/listen.ts'
import type { BoundAddress } from '../net/listen.ts'
import { remoteAddress } from '../net/remote-address.ts'
import type { Logger } from '../logging/logger.ts'

export interface HttpServerSettings {
  readonly routes: readonly Route[]
  readonly logger: Logger
  /** In log lines: `HTTP` (default) or `HTTPS`. */
  readonly name?: string
  /** Serves HTTPS with this certificate. */
  readonly tls?: TlsOptions
  /** Asked of every connection once its TLS is up, before any request is read; false closes it. Default: all are welcome. */
  readonly acceptTls?: (socket: TLSSocket) => boolean
  /** Every request is answered 403 TLS_REQUIRED with this port (0 if there is no HTTPS listener). */
  readonly tlsRequired?: () => number
  /** How many connections there may be, asked at each; 0 (default): as many as come. One more is answered 503, probes excepted. */
  readonly maxConnections?: () => number
  /** How long close waits for running requests before it cuts them off. Default 5000. */
  readonly closeTimeoutMs?: number
}

// The original has no timeouts. These bound what a client that never finishes its request can hold; answering may take for ever.
const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 60_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 180_000, // longer than usual clients', so that the client is the one to close
  requireHostHeader: false, // checked by the dispatcher, whose answer has a body
}
const CLOSE_TIMEOUT_MS = 5000

/** One listener with a table of routes. `listen` opens it, `close` lets running requests finish. */
export class HttpServer {
  /** The table, so that tests can walk it. */
  readonly routes: readonly Route[]
  readonly #settings: HttpServerSettings
  readonly #server: Server
  readonly #closing = new AbortController()
  #bound: BoundAddress | undefined
  #closed: Promise<void> | undefined

  constructor(settings: HttpServerSettings) {
    this.#settings = settings
    this.routes = settings.routes
    const { logger, maxConnections = () => 0, tlsRequired, tls } = settings
    const limit = new ConnectionLimit(maxConnections)
    const dispatcher = new Dispatcher({
      router: new Router(settings.routes),
      logger,
      closing: this.#closing.signal,
      isSurplus: (socket) => limit.isSurplus(socket),
      ...(tlsRequired && { tlsRequired }),
    })
    const onRequest: RequestListener = (raw, response) => this.#answer(dispatcher, raw, response, false)
    this.#server =
      tls === undefined
        ? createServer(SERVER_OPTIONS, onRequest)
        : createTlsServer({ ...SERVER_OPTIONS, ...tls }, onRequest)
    this.#server.on('checkContinue', (raw: IncomingMessage, response: ServerResponse) => {
      this.#answer(dispatcher, raw, response, true)
    })
    this.#server.on('clientError', refuseGarbage)
    limit.watch(this.#server, tls === undefined ? 'connection' : 'secureConnection')
    const { acceptTls } = settings
    if (acceptTls !== undefined) {
      this.#server.prependListener('secureConnection', (socket: TLSSocket) => {
        if (!acceptTls(socket)) socket.destroy()
      })
    }
    this.#server.on('tlsClientError', (error: Error, socket: Socket) => {
      logger.info(() => `${this.#name}: TLS handshake with ${remoteAddress(socket)} failed - ${error.message}`)
    })
  }

  /** Where it listens. @throws {Error} before `listen` */
  get address(): BoundAddress {
    if (this.#bound === undefined) throw new Error('the HTTP server does not listen')
    return this.#bound
  }

  /**
   * @param address `host:port` or the path of a unix socket
   * @param onFailure told if the listener dies later
   * @throws {ListenError}
   */
  async listen(address: string, onFailure?: (error: Error) => void): Promise<BoundAddress> {
    this.#bound = await listen(this.#server, address)
    this.#server.on('error', (error) => onFailure?.(error))
    this.#settings.logger.info(`${this.#name}: listening on ${this.#bound.text}`)
    return this.#bound
  }

  /** Shows another certificate to those who connect from now on; open connections keep theirs. Only with `tls`. */
  renewTls(material: SecureContextOptions): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(material)
  }

  /**
   * Stops accepting, tells what waits (`request.signal`), lets running requests finish, and closes idle connections. Idempotent.
   * Resolves when no socket is left open.
   */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #name(): string {
    return this.#settings.name ?? 'HTTP'
  }

  #answer(dispatcher: Dispatcher, raw: IncomingMessage, response: ServerResponse, continueExpected: boolean): void {
    void dispatcher.answer(raw, response, continueExpected)
  }

  async #closeOnce(): Promise<void> {
    if (this.#bound === undefined) return
    this.#settings.logger.info(`${this.#name}: closing ${this.#bound.text}`)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#closing.abort()
    const timeoutMs = this.#settings.closeTimeoutMs ?? CLOSE_TIMEOUT_MS
    const timer = setTimeout(() => this.#server.closeAllConnections(), timeoutMs)
    await closed
    clearTimeout(timer)
  }
}

/** What is no HTTP: a plain 400 and the end of the connection. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'HPE_INVALID_EOF_STATE' && failWaitingBody(socket as Socket, error)) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS_OF_ERROR[error.code ?? ''] ?? '400 Bad Request'
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n`
  socket.end(head + status, () => socket.destroy())
}

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
