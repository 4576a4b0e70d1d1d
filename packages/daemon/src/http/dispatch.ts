// One request: find the route, run it, send what comes of it, log it. Errors are caught here and nowhere else.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { BodyReader } from './body.ts'
import { HttpError } from './http-error.ts'
import { percentDecode } from './percent-decode.ts'
import { redirectReply } from './redirect.ts'
import { errorReply, Reply, replyOf, tlsRequiredReply } from './reply.ts'
import { HttpRequest } from './request.ts'
import type { Match, Router } from './router.ts'
import type { Logger } from '../logging/logger.ts'
import { remoteAddress } from '../net/remote-address.ts'
import { formatDuration } from '../options/duration.ts'

export interface DispatcherSettings {
  readonly router: Router
  readonly logger: Logger
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  readonly tlsRequired?: () => number
  /** The connection is one too many: its request is refused, and it is closed. */
  readonly isSurplus: (socket: Socket) => boolean
}

interface Outcome {
  readonly reply: Reply
  readonly logged: boolean
}

export class Dispatcher {
  readonly #settings: DispatcherSettings

  /** Of the requests whose handlers look at their signal. */
  readonly #waiting = new Set<AbortController>()

  constructor(settings: DispatcherSettings) {
    this.#settings = settings
    settings.closing.addEventListener('abort', () => {
      for (const controller of this.#waiting) controller.abort()
    })
  }

  /** Never rejects. */
  async answer(raw: IncomingMessage, response: ServerResponse, continueExpected: boolean): Promise<void> {
    const startedAt = performance.now()
    const client = remoteAddress(raw.socket)
    const body = new BodyReader(raw, response, continueExpected)
    const { reply, logged } = await this.#outcome(raw, response, body, client)
    if (this.#settings.closing.aborted) response.setHeader('Connection', 'close')
    send(response, reply, body.discardRest())
    if (logged) {
      const { method, url } = raw
      const took = performance.now() - startedAt
      this.#settings.logger.info(() => `${reply.status} ${method} ${url} (${client}) ${formatDuration(took)}`)
    }
  }

  async #outcome(raw: IncomingMessage, response: ServerResponse, body: BodyReader, client: string): Promise<Outcome> {
    const { isSurplus, tlsRequired, router } = this.#settings
    const surplus = isSurplus(raw.socket)
    if (surplus) response.setHeader('Connection', 'close')
    if (raw.httpVersion === '1.1' && raw.headers.host === undefined) {
      response.setHeader('Connection', 'close')
      return unlogged(new Reply('400 Bad Request: missing required Host header', { status: 400 }))
    }
    if (tlsRequired !== undefined) return unlogged(tlsRequiredReply(tlsRequired()))
    const target = requestTarget(raw.url ?? '/')
    const path = percentDecode(target.path)
    if (path === undefined) return unlogged(new Reply('400 Bad Request', { status: 400 }))
    const method = raw.method ?? 'GET'
    const match = router.match(method, path)
    if (surplus && !(match.kind === 'route' && match.route.probe === true)) return unlogged(TOO_MANY_CONNECTIONS)
    if (match.kind !== 'route') return unrouted(match, method, target.query)
    const quiet = match.route.quiet === true
    const openSignal = () => this.#clientSignal(response)
    const request = new HttpRequest({ raw, params: match.params, remoteAddress: client, openSignal, body })
    try {
      return { reply: replyOf(await match.route.handle(request)), logged: !quiet }
    } catch (error) {
      if (error instanceof HttpError) return { reply: errorReply(error), logged: !quiet }
      this.#settings.logger.error(() => `${method} ${raw.url} failed - ${describe(error)}`)
      return { reply: errorReply(new HttpError(500, 'INTERNAL_ERROR')), logged: !quiet }
    }
  }

  /** Aborted by the end of the server and by a client that leaves before it has its answer. */
  #clientSignal(response: ServerResponse): AbortSignal {
    const controller = new AbortController()
    if (this.#settings.closing.aborted || response.destroyed) controller.abort()
    this.#waiting.add(controller)
    response.once('close', () => {
      this.#waiting.delete(controller)
      if (!response.writableFinished) controller.abort()
    })
    return controller.signal
  }
}

const TOO_MANY_CONNECTIONS = errorReply(new HttpError(503, 'TOO_MANY_CONNECTIONS'))

/** A target may also be absolute (`GET http://host/ping`), as proxies send it. */
function requestTarget(url: string): { path: string; query: string } {
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '')
  const start = relative.indexOf('?')
  if (start === -1) return { path: relative === '' ? '/' : relative, query: '' }
  return { path: relative.slice(0, start), query: relative.slice(start) }
}

function unrouted(match: Exclude<Match, { kind: 'route' }>, method: string, query: string): Outcome {
  switch (match.kind) {
    case 'redirect':
      return unlogged(redirectReply(match.path, query, method))
    case 'options':
      return unlogged(new Reply('', { contentType: '', headers: [['Allow', match.allow]] }))
    case 'method-not-allowed': {
      const error = new HttpError(405, 'METHOD_NOT_ALLOWED')
      return { reply: errorReply(error, [['Allow', match.allow]]), logged: true }
    }
    case 'not-found':
      return { reply: errorReply(new HttpError(404, 'NOT_FOUND')), logged: true }
    default:
      return match satisfies never
  }
}

function unlogged(reply: Reply): Outcome {
  return { reply, logged: false }
}

/** @param rest the answer goes out at once, but is ended, which may close the connection, only when this has settled */
function send(response: ServerResponse, reply: Reply, rest: Promise<void> | undefined): void {
  if (response.destroyed) return // the client has gone: nobody reads it
  response.statusCode = reply.status
  if (reply.status === 413) response.statusMessage = 'Request Entity Too Large' // node has the newer name
  for (const [name, value] of reply.headers) response.setHeader(name, value)
  if (reply.contentType !== '') response.setHeader('Content-Type', reply.contentType)
  response.setHeader('Content-Length', Buffer.byteLength(reply.body))
  if (rest === undefined) {
    response.end(reply.body)
    return
  }
  response.flushHeaders()
  if (reply.body.length > 0) response.write(reply.body)
  void rest.then(() => response.end())
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
