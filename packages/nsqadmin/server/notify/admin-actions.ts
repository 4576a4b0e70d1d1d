import { hostname } from 'node:os'
import type { Logger } from '@nsq-ts/daemon'
import type { FastifyRequest } from 'fastify'
import { basicCredentials } from '../access/basic-auth.ts'
import { clientAddress, isHttps } from '../http/client-address.ts'
import type { Notifier } from './notifier.ts'

export type ActionName =
  | `${'create' | 'delete' | 'pause' | 'unpause' | 'empty'}_${'topic' | 'channel'}`
  | 'tombstone_topic_producer'
  | 'publish_message'
  | 'tail_topic'

export interface AdminAction {
  readonly action: ActionName
  readonly topic: string
  readonly channel?: string
  readonly node?: string
}

/** Everything that is done to the cluster through nsqadmin leaves a line in the log and a notification. */
export class AdminActions {
  readonly #notifier: Notifier
  readonly #logger: Logger

  constructor(notifier: Notifier, logger: Logger) {
    this.#notifier = notifier
    this.#logger = logger
  }

  /** @param warning what did not work of it; empty: all did */
  done(request: FastifyRequest, action: AdminAction, warning = ''): void {
    this.#audit(request, action, warning === '' ? 'done' : `done in part: ${warning}`)
    this.#notify(request, action)
  }

  /** Nothing was done. */
  failed(request: FastifyRequest, action: AdminAction, reason: string): void {
    this.#audit(request, action, `failed: ${reason}`)
  }

  #audit(request: FastifyRequest, action: AdminAction, outcome: string): void {
    const subject = [action.topic, action.channel, action.node].filter((part) => part !== undefined && part !== '')
    const user = request.principal.user ?? basicCredentials(request.headers.authorization)?.user ?? '-'
    const where = subject.map((part) => JSON.stringify(part)).join(' ')
    this.#logger.info(
      `AUDIT: ${action.action} ${where} by ${JSON.stringify(user)} from ${clientAddress(request)} - ${outcome}`,
    )
  }

  #notify(request: FastifyRequest, { action, topic, channel, node }: AdminAction): void {
    const { headers, originalUrl, principal } = request
    // As in the original, the name in a Basic header counts, checked or not; the proxy's header does not.
    const loggedIn = principal.via === 'login' ? principal.user : null
    const user = basicCredentials(headers.authorization)?.user || loggedIn
    this.#notifier.send({
      action,
      topic,
      ...(channel && { channel }),
      ...(node && { node }),
      timestamp: Math.floor(Date.now() / 1000),
      ...(user && { user }),
      remote_ip: clientAddress(request),
      user_agent: headers['user-agent'] ?? '',
      url: `${isHttps(headers) ? 'https' : 'http'}://${headers.host ?? ''}${originalUrl}`,
      via: hostname(),
    })
  }
}
