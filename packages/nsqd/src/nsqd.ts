import type { Server } from 'node:net'
import { join } from 'node:path'
import {
  type BoundAddress,
  type Daemon,
  HttpServer,
  listen,
  type Logger,
  StartError,
  VERSION,
  versionLine,
} from '@nsq-ts/daemon'
import { checkOptionsAfterTls, checkOptionsBeforeTls } from './check-options.ts'
import type { CoreContext } from './core/context.ts'
import { Scanner } from './core/scanner.ts'
import { TopicRegistry } from './core/topic-registry.ts'
import { TurnQueue } from './core/turn-queue.ts'
import { httpRoutes } from './http/routes.ts'
import { BlockPool } from './log/block-pool.ts'
import type { NsqdOptions } from './options.ts'
import { latencyRecorders } from './stats/e2e-latency.ts'
import { DataPathLock } from './storage/data-path-lock.ts'
import { parseMetadata, readMetadataFile } from './storage/metadata.ts'
import { MetadataWriter } from './storage/metadata-writer.ts'
import { systemAlarm, systemClock } from './system-clock.ts'
import type { ClientV2 } from './tcp/client-v2.ts'
import { createTcpServer } from './tcp/tcp-server.ts'

/** The largest segment: 4,400 messages of 200 bytes. Larger ones save little and are given back later. */
const SEGMENT_SIZE = 1024 * 1024
/** Segments kept for reuse: 16 MiB, about what a busy broker turns over in flight. */
const SEGMENTS_KEPT = 16
/** What a connection writes in one go; a full default RDY of 2500 small messages is some of these. */
const OUTPUT_BLOCK_SIZE = 64 * 1024
const OUTPUT_BLOCKS_KEPT = 64
const SWEEP_INTERVAL_MS = 5000

/** Where an nsqd can be reached. */
export interface NsqdAddresses {
  readonly tcp: BoundAddress
  /** Absent when --http-address is empty. */
  readonly http: BoundAddress | undefined
}

/**
 * The broker: owns the topics, the loops and the servers. `start` opens everything or, failing, leaves nothing open;
 * `close` undoes it in reverse.
 */
export class Nsqd implements Daemon {
  readonly logger: Logger
  readonly registry: TopicRegistry
  /** All TCP connections that are open. */
  readonly clients = new Set<ClientV2>()
  /** Unix seconds. */
  readonly startTime: number

  #options: NsqdOptions
  readonly #clock = systemClock()
  readonly #scanner: Scanner
  readonly #turn: TurnQueue
  #lock: DataPathLock | undefined
  #metadata: MetadataWriter | undefined
  #tcpServer: Server | undefined
  #httpServer: HttpServer | undefined
  #addresses: NsqdAddresses | undefined
  #sweep: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  /** @param fail told when a listener dies after the start. */
  constructor(options: NsqdOptions, logger: Logger, fail: (error: Error) => void = () => {}) {
    this.logger = logger
    this.#options = options
    this.#fail = fail
    this.startTime = Math.floor(this.#clock.wallUs() / 1e6)
    this.#turn = new TurnQueue(() => setImmediate(() => this.#turn.run()))
    this.#scanner = new Scanner(this.#clock, systemAlarm)
    this.registry = new TopicRegistry(this.#coreContext())
  }

  readonly #fail: (error: Error) => void

  /** As resolved, and as changed since over HTTP. */
  get options(): NsqdOptions {
    return this.#options
  }

  /** Replaces some options; those that matter at the start only have no effect any more. */
  changeOptions(change: Partial<NsqdOptions>): void {
    this.#options = { ...this.#options, ...change }
    this.logger.level = this.#options.logLevel
  }

  /** @throws {Error} before `start` */
  get addresses(): NsqdAddresses {
    if (this.#addresses === undefined) throw new Error('nsqd is not started')
    return this.#addresses
  }

  /** It is being closed, or is: nothing is taken any more. */
  get closing(): boolean {
    return this.#closed !== undefined
  }

  /** `OK`, or what went wrong when a queue was written to last. */
  get health(): string {
    return 'OK'
  }

  // ---- life ----

  /** @throws {StartError} and leaves nothing open */
  async start(): Promise<void> {
    try {
      await this.#open()
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Writes nsqd.dat now. @throws {Error} of the file system */
  persistMetadata(): void {
    this.#metadata?.write()
  }

  async #open(): Promise<void> {
    const { dataPath } = this.#options
    try {
      this.#lock = DataPathLock.acquire(dataPath === '' ? process.cwd() : dataPath)
    } catch (error) {
      throw new StartError(`failed to instantiate nsqd - ${(error as Error).message}`, { cause: error })
    }
    this.#options = checkOptionsBeforeTls(this.#options)
    checkOptionsAfterTls(this.#options, false)
    this.logger.info(versionLine('nsqd'))
    this.logger.info(`ID: ${this.#options.nodeId}`)
    await this.#listen()
    this.#loadMetadata(join(dataPath, 'nsqd.dat'))
    this.#sweep = setInterval(() => this.registry.sweep(), SWEEP_INTERVAL_MS)
    this.#sweep.unref()
  }

  async #listen(): Promise<void> {
    const { tcpAddress, httpAddress } = this.#options
    try {
      this.#tcpServer = createTcpServer(this.#tcpContext())
      const tcp = await listen(this.#tcpServer, tcpAddress)
      this.#tcpServer.on('error', this.#fail)
      this.logger.info(`TCP: listening on ${tcp.text}`)
      let http: BoundAddress | undefined
      if (httpAddress !== '') {
        const server = new HttpServer({ routes: httpRoutes(this), logger: this.logger })
        http = await server.listen(httpAddress, this.#fail)
        this.#httpServer = server
      }
      this.#addresses = { tcp, http }
    } catch (error) {
      throw new StartError(`failed to instantiate nsqd - ${(error as Error).message}`, { cause: error })
    }
  }

  #loadMetadata(file: string): void {
    const { logger, registry } = this
    try {
      const text = readMetadataFile(file)
      const metadata = text === undefined ? { topics: [] } : parse(text)
      for (const entry of metadata.topics) {
        const topic = registry.topic(entry.name)
        if (entry.paused) topic.pause()
        for (const channelEntry of entry.channels) {
          const channel = registry.channel(topic, channelEntry.name)
          if (channelEntry.paused) channel.pause()
        }
      }
    } catch (error) {
      throw new StartError(`failed to load metadata - ${(error as Error).message}`, { cause: error })
    }
    this.#metadata = new MetadataWriter(file, registry, logger, VERSION)
    registry.listen(this.#metadata)
    try {
      this.#metadata.write()
    } catch (error) {
      throw new StartError(`failed to persist metadata - ${(error as Error).message}`, { cause: error })
    }

    function parse(text: string): ReturnType<typeof parseMetadata> {
      try {
        return parseMetadata(text, (kind, name) => logger.warn(`skipping creation of invalid ${kind} ${name}`))
      } catch (error) {
        throw new Error(`failed to parse metadata in ${file} - ${(error as Error).message}`, { cause: error })
      }
    }
  }

  async #closeOnce(): Promise<void> {
    clearInterval(this.#sweep)
    await this.#closeTcp()
    await this.#httpServer?.close()
    this.#closeMetadata()
    this.logger.info('NSQ: closing topics')
    this.registry.close()
    this.logger.info('NSQ: stopping subsystems')
    this.#scanner.close()
    this.#lock?.release()
    this.logger.info('NSQ: bye')
  }

  async #closeTcp(): Promise<void> {
    const server = this.#tcpServer
    if (server === undefined) return
    if (this.#addresses !== undefined) this.logger.info(`TCP: closing ${this.#addresses.tcp.text}`)
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const client of this.clients) client.destroy()
    await closed
  }

  #closeMetadata(): void {
    try {
      this.#metadata?.write()
    } catch (error) {
      this.logger.error(`failed to persist metadata - ${(error as Error).message}`)
    }
    this.#metadata?.close()
  }

  // ---- wiring ----

  #coreContext(): CoreContext {
    const options = this.#options
    return {
      clock: this.#clock,
      random: Math.random,
      turn: this.#turn,
      scanner: this.#scanner,
      pool: new BlockPool(SEGMENT_SIZE, SEGMENTS_KEPT),
      latency: latencyRecorders(options),
      options: {
        nodeId: options.nodeId,
        memQueueSize: options.memQueueSize,
        maxMsgTimeoutMs: options.maxMsgTimeoutMs,
        topologyAware: options.enableExperiments.includes('topology-aware-consumption'),
        requeueOnDisconnect: options.requeueOnDisconnect,
      },
    }
  }

  #tcpContext(): Parameters<typeof createTcpServer>[0] {
    return {
      clock: this.#clock,
      turn: this.#turn,
      logger: this.logger,
      registry: this.registry,
      outputPool: new BlockPool(OUTPUT_BLOCK_SIZE, OUTPUT_BLOCKS_KEPT),
      clients: this.clients,
      options: this.#options,
      version: VERSION,
    }
  }
}
