import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { LOG_LEVEL, listen, ListenError, parseHostPort, StartError, versionLine } from '@nsq-ts/daemon'
import type { BoundAddress, Daemon, Logger } from '@nsq-ts/daemon'
import type { FastifyInstance } from 'fastify'
import { Access } from './access/access.ts'
import { AuthFileError } from './access/auth-file.ts'
import { checkOptions } from './check-options.ts'
import { Cluster } from './cluster/cluster.ts'
import { Upstreams } from './cluster/upstreams.ts'
import { History } from './history/history.ts'
import { createApp } from './http/app.ts'
import { Fleet } from './live/fleet.ts'
import { LiveFeed } from './live/live-feed.ts'
import { Sampler } from './live/sampler.ts'
import { AdminActions } from './notify/admin-actions.ts'
import { Notifier } from './notify/notifier.ts'
import type { NsqadminOptions } from './options.ts'
import { Settings } from './settings.ts'
import { UpstreamClient } from './upstream/client.ts'

const CLOSE_MAX_MS = 5000

/** Cluster view and administration: an HTTP API, and the page that uses it. */
export class Nsqadmin implements Daemon {
  readonly #settings: Settings
  readonly #logger: Logger
  readonly #fail: (error: Error) => void
  readonly #access: Access
  readonly #notifier: Notifier
  readonly #server: Server = createServer({ keepAliveTimeout: 75_000 })
  #client: UpstreamClient | undefined
  #sampler: Sampler | undefined
  #app: FastifyInstance | undefined
  #bound: BoundAddress | undefined
  #closed: Promise<void> | undefined

  /** @param fail told of a listener that dies after the start */
  constructor(options: NsqadminOptions, logger: Logger, fail: (error: Error) => void) {
    this.#settings = new Settings(options, logger)
    this.#logger = logger
    this.#fail = fail
    this.#access = new Access(options)
    this.#notifier = new Notifier(
      {
        endpoint: options.notificationHttpEndpoint,
        connectTimeoutMs: options.httpClientConnectTimeoutMs,
        requestTimeoutMs: options.httpClientRequestTimeoutMs,
      },
      logger,
    )
  }

  /** Where it listens. @throws {Error} before the start */
  get httpAddress(): BoundAddress {
    if (this.#bound === undefined) throw new Error('nsqadmin is not started')
    return this.#bound
  }

  /** `/`, or `/admin`: where the page and the API are on it. */
  get basePath(): string {
    return this.#settings.current.basePath
  }

  /** @throws {StartError} when the options do not fit or the listener cannot be opened; nothing is left open then */
  async start(): Promise<void> {
    try {
      await this.#startOnce()
    } catch (cause) {
      await this.close()
      if (cause instanceof ListenError || cause instanceof AuthFileError) {
        throw new StartError(`failed to instantiate nsqadmin - ${cause.message}`, { cause })
      }
      throw cause
    }
  }

  /** SIGHUP: the users of --auth-file. */
  async reload(): Promise<void> {
    await this.#access.load()
  }

  /** Event streams end, requests that run are answered, what waits to be notified is sent. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #startOnce(): Promise<void> {
    const options = this.#settings.current
    const checked = await checkOptions(options)
    await this.#access.load()
    this.#logger.info(versionLine('nsqadmin'))
    const client = new UpstreamClient({
      connectTimeoutMs: options.httpClientConnectTimeoutMs,
      requestTimeoutMs: options.httpClientRequestTimeoutMs,
      tls: checked.tls,
    })
    this.#client = client
    const { basePath } = options
    const { nsqdToken } = checked
    // Whatever --log-level says: who did what is not to be lost by asking for less noise.
    const audit = this.#logger.derive({ prefix: options.logPrefix, level: LOG_LEVEL.info })
    const addresses = () => this.#settings.current
    const watching = new Upstreams(client, this.#logger, { level: 'debug', nsqdToken })
    const fleet = new Fleet(watching, addresses)
    const history = new History({
      intervalMs: options.historyIntervalMs,
      lengthMs: options.historyLengthMs,
      seriesMax: options.historyMaxSeries,
    })
    const sampler = new Sampler(
      fleet,
      {
        refreshIntervalMs: options.refreshIntervalMs,
        restIntervalMs: options.historyLengthMs === 0 ? 0 : options.historyIntervalMs,
      },
      this.#logger,
      steadyClock,
    )
    sampler.onSample((overview) => history.add(overview, sampler.subjects))
    this.#sampler = sampler
    this.#app = await createApp(this.#server, {
      settings: this.#settings,
      checked,
      cluster: new Cluster(new Upstreams(client, this.#logger, { level: 'info', nsqdToken }), addresses),
      feed: new LiveFeed(sampler, fleet),
      history,
      client,
      access: this.#access,
      actions: new AdminActions(this.#notifier, audit),
      audit,
      logger: this.#logger,
      at: (path) => (basePath === '/' ? path : path === '/' ? basePath : basePath + path),
    })
    this.#bound = await listen(this.#server, tcpOnly(options.httpAddress))
    this.#server.on('error', this.#fail)
    this.#logger.info(`HTTP: listening on ${this.#bound.text}`)
    sampler.start()
  }

  async #closeOnce(): Promise<void> {
    await this.#sampler?.close()
    await this.#closeServer()
    await this.#client?.close()
    await this.#notifier.close()
  }

  async #closeServer(): Promise<void> {
    if (this.#bound === undefined) {
      await this.#app?.close()
      return
    }
    this.#logger.info(`HTTP: closing ${this.#bound.text}`)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#app?.close() // ends the event streams
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MAX_MS)
    await closed
    clearTimeout(timer)
  }
}

/** Unix milliseconds that never run backwards: rates are made of differences. */
function steadyClock(): number {
  return performance.timeOrigin + performance.now()
}

/** There are no unix sockets here: a path is a mistake. */
function tcpOnly(address: string): string {
  if (parseHostPort(address) === undefined) throw new ListenError(address, 'missing port in address', 'EINVAL')
  return address
}
