import { hostname } from 'node:os'
import { HttpServer, ListenError, parseHostPort, pprofRoutes, StartError, VERSION, versionLine } from '@nsq-ts/daemon'
import type { BoundAddress, Logger } from '@nsq-ts/daemon'
import { Watchers } from './discovery/watchers.ts'
import { discoveryRoutes } from './http/discovery-routes.ts'
import { nsqlookupdMetricsRoute } from './http/metrics.ts'
import { registrationRoutes } from './http/registration-routes.ts'
import { serverRoutes } from './http/server-routes.ts'
import type { NsqlookupdOptions } from './options.ts'
import { RegistrationDb } from './registrations/registration-db.ts'
import { TcpServer } from './tcp/server.ts'

/** The options that matter once the program runs. */
export type NsqlookupdSettings = Pick<
  NsqlookupdOptions,
  'tcpAddress' | 'httpAddress' | 'broadcastAddress' | 'inactiveProducerTimeoutMs' | 'tombstoneLifetimeMs'
> &
  Partial<Pick<NsqlookupdOptions, 'maxHttpConnections'>>

/** Discovery: nsqds register over TCP, everybody asks over HTTP. All state is in memory. */
export class Nsqlookupd {
  readonly #settings: NsqlookupdSettings
  readonly #logger: Logger
  readonly #fail: (error: Error) => void
  readonly #db: RegistrationDb
  readonly #watchers: Watchers
  readonly #tcp = new TcpServer()
  readonly #http: HttpServer
  #tcpAddress: BoundAddress | undefined
  #closed: Promise<void> | undefined

  /** @param fail told of a listener that dies after the start */
  constructor(settings: NsqlookupdSettings, logger: Logger, fail: (error: Error) => void) {
    this.#settings = settings
    this.#logger = logger
    this.#fail = fail
    const { inactiveProducerTimeoutMs, tombstoneLifetimeMs } = settings
    this.#db = new RegistrationDb({
      now,
      inactiveProducerTimeoutMs,
      tombstoneLifetimeMs,
      onChange: (subject) => this.#watchers.changed(subject),
    })
    this.#watchers = new Watchers(this.#db, now)
    this.#http = new HttpServer({
      logger,
      maxConnections: () => settings.maxHttpConnections ?? 0,
      routes: [
        ...serverRoutes(this.#db),
        ...discoveryRoutes(this.#watchers),
        ...registrationRoutes(this.#db, logger),
        ...pprofRoutes('/debug/pprof'),
        nsqlookupdMetricsRoute(this.#db, this.#watchers, this.#tcp),
      ],
    })
  }

  /** Where nsqds connect. @throws {Error} before the start */
  get tcpAddress(): BoundAddress {
    if (this.#tcpAddress === undefined) throw new Error('nsqlookupd is not started')
    return this.#tcpAddress
  }

  /** Where HTTP clients connect. @throws {Error} before the start */
  get httpAddress(): BoundAddress {
    return this.#http.address
  }

  /** @throws {StartError} when a listener cannot be opened; nothing is left open then */
  async start(): Promise<void> {
    const { tcpAddress, httpAddress, broadcastAddress } = this.#settings
    this.#logger.info(versionLine('nsqlookupd'))
    try {
      this.#tcpAddress = await this.#tcp.listen(checked(tcpAddress), this.#fail)
      await this.#http.listen(checked(httpAddress), this.#fail)
    } catch (cause) {
      await this.close()
      if (cause instanceof ListenError) {
        throw new StartError(`failed to instantiate nsqlookupd - ${cause.message}`, { cause })
      }
      throw cause
    }
    // Only now: the answer to IDENTIFY names both ports.
    this.#tcp.serve({
      db: this.#db,
      logger: this.#logger,
      identity: {
        broadcast_address: broadcastAddress,
        hostname: hostname(),
        http_port: this.httpAddress.port,
        tcp_port: this.#tcpAddress.port,
        version: VERSION,
      },
    })
  }

  /** HTTP requests that run are answered, then all connections end. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeOnce(): Promise<void> {
    // First those who ask: whoever waits for news must not be told that all producers have gone.
    await this.#http.close()
    await this.#tcp.close()
  }
}

/** Unix milliseconds that never run backwards: a clock that is set must not make every producer inactive. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

/** There are no unix sockets here: a path is a mistake. */
function checked(address: string): string {
  if (parseHostPort(address) === undefined) throw new ListenError(address, 'missing port in address', 'EINVAL')
  return address
}
