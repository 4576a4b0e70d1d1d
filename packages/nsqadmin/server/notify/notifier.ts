import type { Logger } from '@nsq-ts/daemon'
import { TaskGroup } from '@nsq-ts/daemon'
import { Agent, request } from 'undici'

/** What is told of an action (nsqadmin.md, section 9). */
export interface Notification {
  readonly action: string
  readonly topic: string
  readonly channel?: string
  readonly node?: string
  readonly message_id?: string
  /** Unix seconds. */
  readonly timestamp: number
  readonly user?: string
  readonly remote_ip: string
  readonly user_agent: string
  readonly url: string
  readonly via: string
}

export interface NotifierSettings {
  /** Empty: nobody is told. */
  readonly endpoint: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

// An endpoint that is down for long must not fill the memory; each loss is logged.
const WAITING_MAX = 1000
const CLOSE_MAX_MS = 2000

/** Sends one POST per action, one after the other, and lives on whatever becomes of them. */
export class Notifier {
  readonly #settings: NotifierSettings
  readonly #logger: Logger
  readonly #agent: Agent
  readonly #tasks: TaskGroup
  readonly #waiting: Notification[] = []
  #sending: Promise<void> | undefined

  constructor(settings: NotifierSettings, logger: Logger) {
    this.#settings = settings
    this.#logger = logger
    this.#agent = new Agent({ connect: { timeout: settings.connectTimeoutMs } })
    this.#tasks = new TaskGroup((_name, error) => logger.error(`failed to POST notification - ${String(error)}`))
  }

  send(notification: Notification): void {
    if (this.#settings.endpoint === '') return
    if (this.#waiting.length >= WAITING_MAX) {
      this.#logger.error(`notification of ${notification.action} is lost: ${WAITING_MAX} wait already`)
      return
    }
    this.#waiting.push(notification)
    if (this.#sending !== undefined) return
    this.#tasks.run('notifications', (signal) => (this.#sending = this.#sendAll(signal)))
  }

  /** What waits is sent, if that does not take long. */
  async close(): Promise<void> {
    const timer = setTimeout(() => void this.#tasks.close(), CLOSE_MAX_MS)
    await this.#sending
    clearTimeout(timer)
    await this.#tasks.close()
    await this.#agent.destroy()
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined && !signal.aborted; next = this.#waiting.shift()) {
      await this.#sendOne(next, signal)
    }
    this.#sending = undefined
  }

  async #sendOne(notification: Notification, signal: AbortSignal): Promise<void> {
    const { endpoint, requestTimeoutMs } = this.#settings
    this.#logger.info(`POSTing notification to ${endpoint}`)
    const timeout = requestTimeoutMs > 0 ? [AbortSignal.timeout(requestTimeoutMs)] : []
    try {
      const answer = await request(endpoint, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: { 'content-type': 'application/json', 'user-agent': 'nsqadmin' },
        body: JSON.stringify(notification),
        signal: AbortSignal.any([signal, ...timeout]),
      })
      await answer.body.dump()
      if (answer.statusCode >= 400) this.#logger.warn(`notification was answered ${answer.statusCode}`)
    } catch (error) {
      this.#logger.error(`failed to POST notification - ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
