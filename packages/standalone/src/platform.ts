import { mkdirSync } from 'node:fs'
import { Logger, openLogDestination, StartError } from '@nsq-ts/daemon'
import type { Daemon, LogLevel } from '@nsq-ts/daemon'
import type { Nsqadmin } from '@nsq-ts/nsqadmin'
import type { NsqadminOptions } from '@nsq-ts/nsqadmin/options'
import { Nsqd } from '@nsq-ts/nsqd'
import type { NsqdAddresses } from '@nsq-ts/nsqd'
import { Nsqlookupd } from '@nsq-ts/nsqlookupd'
import type { PlatformOptions } from './options.ts'
import { explainTakenPort } from './taken-port.ts'
import { reachable } from './reachable.ts'
import type { ReachableAddress } from './reachable.ts'

/** Where the daemons of a platform can be reached from the same machine. */
export interface PlatformAddresses {
  readonly nsqd: { readonly tcp: ReachableAddress; readonly http: ReachableAddress | undefined }
  readonly nsqlookupd: { readonly tcp: ReachableAddress; readonly http: ReachableAddress } | undefined
  /** `path` is its --base-path. */
  readonly nsqadmin: { readonly http: ReachableAddress; readonly path: string } | undefined
}

/**
 * nsqlookupd, nsqd and nsqadmin in this process. They talk to each other over TCP as they would between machines, so that what
 * is seen of them is the same.
 */
export class Platform implements Daemon {
  readonly #options: PlatformOptions
  readonly #logger: Logger
  readonly #fail: (error: Error) => void
  readonly #leave: ((exitCode: number) => void) | undefined
  readonly #ownLoggers: Logger[] = []
  #nsqlookupd: Nsqlookupd | undefined
  #nsqd: Nsqd | undefined
  #nsqadmin: Nsqadmin | undefined
  #closed: Promise<void> | undefined

  /**
   * @param fail told when a listener dies after the start
   * @param leave told when nsqd was drained, with the exit code; default: nsqd alone is closed
   */
  constructor(
    options: PlatformOptions,
    logger: Logger,
    fail: (error: Error) => void,
    leave?: (exitCode: number) => void,
  ) {
    this.#options = options
    this.#logger = logger
    this.#fail = fail
    this.#leave = leave
  }

  /** @throws {Error} before `start` */
  get addresses(): PlatformAddresses {
    if (this.#nsqd === undefined) throw new Error('the platform is not started')
    const { tcp, http }: NsqdAddresses = this.#nsqd.addresses
    const lookupd = this.#nsqlookupd
    const admin = this.#nsqadmin
    return {
      nsqd: { tcp: reachable(tcp), http: http && reachable(http) },
      nsqlookupd: lookupd && { tcp: reachable(lookupd.tcpAddress), http: reachable(lookupd.httpAddress) },
      nsqadmin: admin && { http: reachable(admin.httpAddress), path: admin.basePath },
    }
  }

  /** @throws {StartError} and leaves nothing open */
  async start(): Promise<void> {
    try {
      await this.#startNsqlookupd() // first: nsqd registers with it
      await this.#startNsqd()
      await this.#startNsqadmin()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Idempotent: every caller waits for the same close. Resolves when no socket, timer or file is left open. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  /** SIGHUP: what each daemon does at one. */
  async reload(): Promise<void> {
    for (const logger of this.#ownLoggers) logger.reopen()
    const nsqd: Daemon | undefined = this.#nsqd
    await nsqd?.reload?.()
    await this.#nsqadmin?.reload()
  }

  async #startNsqlookupd(): Promise<void> {
    const options = this.#options.nsqlookupd
    if (options === undefined) return
    const nsqlookupd = new Nsqlookupd(options, this.#loggerFor(options), this.#fail)
    await explainTakenPort('nsqlookupd', options, nsqlookupd.start())
    this.#nsqlookupd = nsqlookupd
  }

  async #startNsqd(): Promise<void> {
    const options = this.#options.nsqd
    makeFolder(options.dataPath)
    const lookupds = this.#nsqlookupd === undefined ? [] : [reachable(this.#nsqlookupd.tcpAddress).text]
    const nsqd = new Nsqd(
      { ...options, lookupdTcpAddresses: [...lookupds, ...options.lookupdTcpAddresses] },
      this.#loggerFor(options),
      this.#fail,
      this.#leave,
    )
    await explainTakenPort('nsqd', options, nsqd.start())
    this.#nsqd = nsqd
  }

  async #startNsqadmin(): Promise<void> {
    const options = this.#options.nsqadmin
    if (options === undefined) return
    const { Nsqadmin } = await import('@nsq-ts/nsqadmin') // brings a web framework, which a broker in a test need not wait for
    const settings = { ...options, ...this.#beside(options) }
    const nsqadmin = new Nsqadmin(settings, this.#loggerFor(options), this.#fail)
    await explainTakenPort('nsqadmin', options, nsqadmin.start())
    this.#nsqadmin = nsqadmin
  }

  /** Where nsqadmin looks, unless it was told: at the daemons of this process. */
  #beside(options: NsqadminOptions): Partial<NsqadminOptions> {
    if (options.lookupdHttpAddresses.length > 0 || options.nsqdHttpAddresses.length > 0) return {}
    const { nsqlookupd, nsqd } = this.addresses
    if (nsqlookupd !== undefined) return { lookupdHttpAddresses: [nsqlookupd.http.text] }
    return nsqd.http === undefined ? {} : { nsqdHttpAddresses: [nsqd.http.text] }
  }

  /** Lines of a daemon go where ours go, with its own prefix, unless it has a log file of its own. */
  #loggerFor(options: { logPrefix: string; logLevel: LogLevel; logFile: string }): Logger {
    const { logPrefix: prefix, logLevel: level, logFile } = options
    if (logFile === '') return this.#logger.derive({ prefix, level })
    try {
      const logger = new Logger({ prefix, level, destination: openLogDestination(logFile) })
      this.#ownLoggers.push(logger)
      return logger
    } catch (cause) {
      throw new StartError(`failed to open log file - ${(cause as Error).message}`, { cause })
    }
  }

  async #closeOnce(): Promise<void> {
    await this.#nsqadmin?.close()
    await this.#nsqd?.close()
    await this.#nsqlookupd?.close()
    for (const logger of this.#ownLoggers) logger.close()
  }
}

function makeFolder(path: string): void {
  if (path === '') return // nsqd's own default: the current folder
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw new StartError(`cannot make the data path ${path} - ${(cause as Error).message}`, { cause })
  }
}
