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
  | `${'finish' | 'requeue' | 'deliver' | 'cancel' | 'discard'}_message`
  | `${'redrive' | 'stop_redrive' | 'rewind'}_channel`
  | 'change_channel_retries'

export interface AdminAction {
  readonly action: ActionName
  readonly topic: string
  readonly channel?: string
  readonly node?: string
  /** Of the message that it was done to. */
  readonly message?: string
  /** What exactly was asked for, for the log: `max_attempts=5`. */
  readonly detail?: string
}

/** Everything that is done to the cluster through nsqadmin leaves a line in the log and a notification. */
export class AdminActions {
  readonly #notifier: Notifier
  readonly #audit: Logger

  /** @param audit takes lines of any level */
  constructor(notifier: Notifier, audit: Logger) {
    this.#notifier = notifier
    this.#audit = audit
  }

  /** @param warning what did not work of it; empty: all did */
  done(request: FastifyRequest, action: AdminAction, warning = ''): void {
    this.#note(request, action, warning === '' ? 'done' : `done in part: ${warning}`)
    this.#notify(request, action)
  }

  /** Nothing was done. */
  failed(request: FastifyRequest, action: AdminAction, reason: string): void {
    this.#note(request, action, `failed: ${reason}`)
  }

  /** An option of nsqadmin itself was changed: a line, but nobody is notified, as in the original. */
  changedOption(request: FastifyRequest, key: string, value: string): void {
    this.#write(request, 'change_option', [key, value], 'done')
  }

  #note(
    request: FastifyRequest,
    { action, topic, channel, node, message, detail }: AdminAction,
    outcome: string,
  ): void {
    this.#write(request, action, [topic, channel, node, message, detail], outcome)
  }

  #write(request: FastifyRequest, what: string, subject: readonly (string | undefined)[], outcome: string): void {
    const user = request.principal.user ?? basicCredentials(request.headers.authorization)?.user ?? '-'
    const where = subject.filter((part) => part !== undefined && part !== '').map((part) => JSON.stringify(part))
    const who = `by ${JSON.stringify(user)} from ${clientAddress(request)}`
    this.#audit.info(`AUDIT: ${what} ${where.join(' ')} ${who} - ${outcome}`)
  }

  #notify(request: FastifyRequest, { action, topic, channel, node, message }: AdminAction): void {
    const { headers, originalUrl, principal } = request
    // As in the original, the name in a Basic header counts, checked or not; the proxy's header does not.
    const loggedIn = principal.via === 'login' ? principal.user : null
    const user = basicCredentials(headers.authorization)?.user || loggedIn
    this.#notifier.send({
      action,
      topic,
      ...(channel && { channel }),
      ...(node && { node }),
      ...(message && { message_id: message }),
      timestamp: Math.floor(Date.now() / 1000),
      ...(user && { user }),
      remote_ip: clientAddress(request),
      user_agent: headers['user-agent'] ?? '',
      url: `${isHttps(headers) ? 'https' : 'http'}://${headers.host ?? ''}${originalUrl}`,
      via: hostname(),
    })
  }
}
