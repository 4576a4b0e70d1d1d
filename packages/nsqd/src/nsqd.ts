import type { Server } from 'node:net'
import { join } from 'node:path'
import type { SecureContextOptions } from 'node:tls'
import {
  type BoundAddress,
  type Daemon,
  HttpServer,
  listen,
  type Logger,
  parseHostPort,
  type Route,
  StartError,
  TaskGroup,
  VERSION,
  versionLine,
} from '@nsq-ts/daemon'
import type { AuthServers } from './auth/auth-servers.ts'
import { checkOptionsAfterTls, checkOptionsBeforeTls, checkTlsRequired } from './check-options.ts'
import type { CoreContext, CoreOptions } from './core/context.ts'
import { deadLetterTopics } from './core/dead-letters.ts'
import { Scanner } from './core/scanner.ts'
import { TopicRegistry } from './core/topic-registry.ts'
import { TurnQueue } from './core/turn-queue.ts'
import { Discovery } from './discovery/discovery.ts'
import { Drain } from './drain.ts'
import { effectiveOptions } from './http/effective-options.ts'
import { httpRoutes } from './http/routes.ts'
import { TokenFile } from './http/tokens.ts'
import { CreationLimits } from './limits.ts'
import { BlockPool } from './log/block-pool.ts'
import type { NsqdOptions } from './options.ts'
import { makeRoom } from './make-room.ts'
import { Redrives } from './redrive.ts'
import { AllRetrySettings } from './retry-settings.ts'
import { AllTopicSettings } from './topic-settings.ts'
import type { Durability } from './log/topic-store.ts'
import type { Topic } from './core/topic.ts'
import { latencyRecorders } from './stats/e2e-latency.ts'
import { runStatsd } from './stats/statsd.ts'
import { statsdCollector } from './stats/statsd-collector.ts'
import { DataPathLock, makeDataPath } from './storage/data-path-lock.ts'
import { DiskSpace, isDiskFull } from './storage/disk-space.ts'
import { importDiskQueues } from './storage/import.ts'
import { DiskMeter, measuredFiles } from './storage/measured-files.ts'
import { type Metadata, METADATA_FILE, parseMetadata, readMetadataFile } from './storage/metadata.ts'
import { MetadataWriter } from './storage/metadata-writer.ts'
import { nodeFiles } from './storage/node-files.ts'
import { TopicStores } from './storage/topic-stores.ts'
import { systemAlarm, systemClock } from './system-clock.ts'
import type { ClientV2 } from './tcp/client-v2.ts'
import { createTcpServer } from './tcp/tcp-server.ts'
import { loadClientMaterial } from './tls/material.ts'
import { httpsSettings } from './tls/https-settings.ts'
import { ServerTls } from './tls/server-tls.ts'

/** The largest segment: 4,400 messages of 200 bytes. Larger ones save little and are given back later. */
const SEGMENT_SIZE = 1024 * 1024
/** Segments kept for reuse: 16 MiB, about what a busy broker turns over in flight. */
const SEGMENTS_KEPT = 16
/** What a connection writes in one go; a full default RDY of 2500 small messages is some of these. */
const OUTPUT_BLOCK_SIZE = 64 * 1024
const OUTPUT_BLOCKS_KEPT = 64
const SWEEP_INTERVAL_MS = 5000
const PROGRESS_INTERVAL_MS = 5000

/** Options that have a value for each topic, and may change while nsqd runs. */
const OF_TOPICS = ['maxTopicBytes', 'maxTopicAgeMs', 'topicLimitPolicy', 'retainForMs', 'retainBytes'] as const

/** Where an nsqd can be reached. */
export interface NsqdAddresses {
  readonly tcp: BoundAddress
  /** Absent when --http-address is empty. */
  readonly http: BoundAddress | undefined
  /** Absent when --https-address is empty or there is no certificate. */
  readonly https: BoundAddress | undefined
}

/**
 * The broker: owns the topics, the loops and the servers. `start` opens everything or, failing, leaves nothing open;
 * `close` undoes it in reverse.
 */
export class Nsqd implements Daemon {
  readonly logger: Logger
  readonly registry: TopicRegistry
  readonly limits: CreationLimits
  readonly diskMeter = new DiskMeter()
  readonly discovery: Discovery
  readonly drain: Drain
  /** All TCP connections that are open. */
  readonly clients = new Set<ClientV2>()
  /** Unix seconds. */
  readonly startTime: number
  /** What holds for each topic by itself. */
  readonly topicSettings: AllTopicSettings
  /** What becomes of messages that fail, channel by channel. */
  readonly retrySettings: AllRetrySettings
  readonly redrives: Redrives

  #options: NsqdOptions
  readonly #coreOptions: { -readonly [Key in keyof CoreOptions]: CoreOptions[Key] }
  readonly #clock = systemClock()
  readonly #scanner: Scanner
  readonly #turn: TurnQueue
  readonly #readinessChecks: (() => string | undefined)[] = []
  readonly #stores: TopicStores
  readonly #diskSpace: DiskSpace
  #health = 'OK'
  /** Loops that run in the background. */
  readonly #tasks = new TaskGroup((name, error) => this.logger.error(`${name} failed - ${String(error)}`))
  #lock: DataPathLock | undefined
  #metadata: MetadataWriter | undefined
  #tcpServer: Server | undefined
  #httpServer: HttpServer | undefined
  #httpsServer: HttpServer | undefined
  #tls: ServerTls | undefined
  #authServers: AuthServers | undefined
  #tokens: TokenFile | undefined
  /** Whom we trust as a client. */
  #clientTls: SecureContextOptions | undefined
  #addresses: NsqdAddresses | undefined
  /** What is on disk is what we have in memory: only then is it written back at the end. */
  #restored = false
  #sweep: NodeJS.Timeout | undefined
  #sync: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined
  #importing: Promise<unknown> | undefined
  readonly #closeSignal = new AbortController()

  /**
   * @param fail told when a listener dies after the start.
   * @param leave told when a drain is over, with the exit code: closes this nsqd and what is around it. Default: closes it
   */
  constructor(
    options: NsqdOptions,
    logger: Logger,
    fail: (error: Error) => void = () => {},
    leave?: (exitCode: number) => void,
  ) {
    this.logger = logger
    this.#options = options
    this.#coreOptions = {
      nodeId: options.nodeId,
      memQueueSize: options.memQueueSize,
      maxMsgTimeoutMs: options.maxMsgTimeoutMs,
      topologyAware: options.enableExperiments.includes('topology-aware-consumption'),
      requeueOnDisconnect: options.requeueOnDisconnect,
    }
    this.topicSettings = new AllTopicSettings(() => this.#options)
    this.retrySettings = new AllRetrySettings(() => this.#options)
    this.#fail = fail
    this.startTime = Math.floor(this.#clock.wallUs() / 1e6)
    this.#turn = new TurnQueue(() => setImmediate(() => this.#turn.run()))
    this.#scanner = new Scanner(this.#clock, systemAlarm)
    this.#stores = new TopicStores(this.#storeSettings(), this.#clock, logger)
    this.#diskSpace = new DiskSpace({
      directory: this.#dataPath,
      reserve: options.diskReserve,
      makeRoom: () => makeRoom(this.registry, logger),
      changed: (full) => {
        if (full) logger.warn(`DISK: less than ${this.#options.diskReserve} bytes are free; publishes are refused`)
        else logger.info('DISK: there is space again; publishes are taken')
      },
    })
    this.registry = new TopicRegistry(this.#coreContext(), this.#stores.open)
    this.limits = new CreationLimits(this.registry, () => this.#options)
    this.discovery = new Discovery({
      registry: this.registry,
      logger,
      options,
      announced: () => effectiveOptions(this),
      checkChannel: (topic, name) => this.limits.checkChannel(topic, name),
      tls: () => this.#clientTls,
    })
    this.redrives = new Redrives({
      registry: this.registry,
      logger,
      changed: () => this.#persistQuietly(),
    })
    this.addReadinessCheck(() => this.discovery.notTried())
    this.drain = new Drain({
      registry: this.registry,
      logger,
      announce: (announced) => this.discovery.setAddresses(announced ? this.#options.lookupdTcpAddresses : []),
      done: leave ?? (() => void this.close()),
    })
    this.addReadinessCheck(() => (this.drain.active ? 'draining' : undefined))
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
    if (change.lookupdTcpAddresses !== undefined && !this.drain.active)
      this.discovery.setAddresses(change.lookupdTcpAddresses)
    this.#coreOptions.requeueOnDisconnect = this.#options.requeueOnDisconnect
    if (change.diskReserve !== undefined) this.#diskSpace.changeReserve(change.diskReserve)
    if (OF_TOPICS.some((option) => option in change)) {
      const lasting = [...this.registry.topics()].filter(({ ephemeral }) => !ephemeral)
      for (const topic of lasting) this.#applyLimits(topic)
    }
  }

  /** @throws {Error} before `start` */
  get addresses(): NsqdAddresses {
    if (this.#addresses === undefined) throw new Error('nsqd is not started')
    return this.#addresses
  }

  /** What was found in files of the log, since the start, that is not what was written; and topics of which nothing could be read. */
  get damage(): { readonly count: number; readonly bytes: number; readonly topics: number } {
    const topics = [...this.registry.topics()].filter(({ unavailable }) => unavailable !== null).length
    return { count: this.#stores.damagedCount, bytes: this.#stores.damagedBytes, topics }
  }

  /** It is being closed, or is: nothing is taken any more. */
  get closing(): boolean {
    return this.#closed !== undefined
  }

  /** Unix milliseconds, of the clock that due times are kept by. */
  get wallMs(): number {
    return this.#clock.wallUs() / 1000
  }

  /** A time of that clock, from one of the core's. */
  toWallMs(coreMs: number): number {
    return this.wallMs + (coreMs - this.#clock.now())
  }

  /** `OK`, or what went wrong when a queue was written to last. */
  get health(): string {
    return this.#diskSpace.full ? 'no space left on device' : this.#health
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

  /** Why no messages should be sent here, at this moment; empty when all is well. */
  notReady(): string[] {
    const checks = [
      () => (this.#restored ? undefined : 'the topics are not restored yet'),
      () => (this.#closed === undefined ? undefined : 'stopping'),
      () => (this.health === 'OK' ? undefined : this.health),
      ...this.#readinessChecks,
    ]
    return checks.map((check) => check()).filter((reason) => reason !== undefined)
  }

  /** Adds a reason not to be ready: what `check` returns, while it returns one. */
  addReadinessCheck(check: () => string | undefined): void {
    this.#readinessChecks.push(check)
  }

  /** SIGHUP: reads the certificate and the tokens again. */
  reload(): void {
    this.#tls?.reload()
    try {
      this.#tokens?.reload()
    } catch (error) {
      this.logger.error(`HTTP: the tokens were not reloaded, the old ones stay - ${(error as Error).message}`)
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

  /** Writes nsqd.dat now if it lacks a topic or channel that was made or deleted. @throws {Error} of the file system */
  persistNewMetadata(): void {
    this.#metadata?.writeChanges()
  }

  /** Has what was changed in `topicSettings` take effect. @throws of the file system; then it has none */
  applyTopicSettings(topic: Topic): void {
    topic.changeDurability(this.topicSettings.of(topic.name).durability)
    this.#applyLimits(topic)
  }

  #applyLimits(topic: Topic): void {
    const settings = this.topicSettings.of(topic.name)
    topic.limits.change(settings)
    topic.retention.change(settings)
  }

  async #open(): Promise<void> {
    if (makeDataPath(this.#dataPath)) this.logger.info(`made the data path ${this.#dataPath}`)
    try {
      this.#lock = DataPathLock.acquire(this.#dataPath)
    } catch (error) {
      throw new StartError(`failed to instantiate nsqd - ${(error as Error).message}`, { cause: error })
    }
    this.#options = checkOptionsBeforeTls(this.#options)
    await this.#loadTls()
    checkOptionsAfterTls(this.#options)
    this.#loadTokens()
    this.logger.info(versionLine('nsqd'))
    this.logger.info(`ID: ${this.#options.nodeId}`)
    const metadataFile = join(this.#dataPath, METADATA_FILE)
    const metadata = this.#readMetadata(metadataFile)
    await this.#import(metadata)
    this.registry.openWith((topic) => this.discovery.open(topic))
    this.#takeOverrides(metadata)
    this.#restoreTopics()
    this.#resumeRedrives(metadata) // before nsqd.dat is written anew: it says what runs
    this.#applyMetadata(metadata, metadataFile)
    this.registry.start()
    this.#restored = true
    await this.#listen()
    this.#diskSpace.start()
    this.#sync = setInterval(() => this.registry.sync(), this.#options.syncTimeoutMs)
    this.#sync.unref()
    this.registry.listen(this.discovery)
    this.discovery.start()
    this.#sweep = setInterval(() => this.registry.sweep(), SWEEP_INTERVAL_MS)
    this.#sweep.unref()
    await this.#tls?.watch()
    this.#startStatsd()
  }

  #resumeRedrives({ topics }: Metadata): void {
    for (const { channels, name } of topics) {
      for (const channel of channels) if (channel.redrive) this.redrives.resume(name, channel.name, channel.redrive)
    }
  }

  #persistQuietly(): void {
    try {
      this.#metadata?.write()
    } catch (error) {
      this.logger.error(`failed to persist metadata - ${(error as Error).message}`)
    }
  }

  /** What was said over HTTP holds from the beginning on. */
  #takeOverrides({ topics }: Metadata): void {
    for (const { channels, name, settings } of topics) {
      this.topicSettings.override(name, settings ?? {})
      for (const channel of channels) this.retrySettings.override(name, channel.name, channel.retry ?? {})
    }
  }

  async #loadTls(): Promise<void> {
    this.#tls = loading('TLS config', () => ServerTls.load(this.#options, this.logger))
    checkTlsRequired(this.#options, this.#tls !== undefined)
    this.#clientTls = loading('client TLS config', () => loadClientMaterial(this.#options))
    this.#authServers = await authServersOf(this.#options, this.#clientTls)

    function loading<T>(what: string, load: () => T): T {
      try {
        return load()
      } catch (error) {
        const reason = `failed to build ${what} - ${(error as Error).message}`
        throw new StartError(`failed to instantiate nsqd - ${reason}`, { cause: error })
      }
    }
  }

  #loadTokens(): void {
    const { httpAuthFile } = this.#options
    try {
      if (httpAuthFile !== '') this.#tokens = new TokenFile(httpAuthFile)
    } catch (error) {
      const reason = `failed to load --http-auth-file - ${(error as Error).message.trim().replaceAll(/\s*\n\s*/g, ' ')}`
      throw new StartError(`failed to instantiate nsqd - ${reason}`, { cause: error })
    }
  }

  async #listen(): Promise<void> {
    const { tcpAddress, httpAddress } = this.#options
    try {
      this.#tcpServer = createTcpServer(this.#tcpContext())
      const tcp = await listen(this.#tcpServer, tcpAddress)
      this.#tcpServer.on('error', this.#fail)
      this.logger.info(`TCP: listening on ${tcp.text}`)
      const routes = httpRoutes(this, this.#tokens)
      const http = httpAddress === '' ? undefined : await this.#listenHttp(routes, httpAddress)
      const https = this.#tls === undefined ? undefined : await this.#listenHttps(routes, this.#tls)
      this.#addresses = { tcp, http, https }
    } catch (error) {
      throw new StartError(`failed to instantiate nsqd - ${(error as Error).message}`, { cause: error })
    }
  }

  #startStatsd(): void {
    const { statsdAddress: address, statsdIntervalMs: intervalMs } = this.#options
    if (address === '') return
    const collect = statsdCollector(this)
    this.#tasks.run('statsd', (signal) => runStatsd({ address, intervalMs, collect, logger: this.logger }, signal))
  }

  get #dataPath(): string {
    return this.#options.dataPath === '' ? process.cwd() : this.#options.dataPath
  }

  /** Takes over what the original left in the data path, before anybody can connect: it may take a while. */
  async #import(metadata: Metadata): Promise<void> {
    const { logger } = this
    this.#importing = importDiskQueues({
      files: nodeFiles,
      from: this.#dataPath,
      to: this.#dataPath,
      metadata,
      maxBytesPerFile: this.#options.maxBytesPerFile,
      setAside: true,
      log: logger,
      progress: everySoOften((topic: string, messages: number) =>
        logger.info(`IMPORT: TOPIC(${topic}): ${messages} messages so far`),
      ),
      signal: this.#closeSignal.signal,
    })
    try {
      await this.#importing
      this.#closeSignal.signal.throwIfAborted()
    } catch (error) {
      throw new StartError(`failed to take over the disk queues in ${this.#dataPath} - ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  #restoreTopics(): void {
    try {
      this.#stores.restoreAll(this.registry)
    } catch (error) {
      throw new StartError(`failed to restore topics - ${(error as Error).message}`, { cause: error })
    }
  }

  async #listenHttp(routes: readonly Route[], address: string): Promise<BoundAddress> {
    const { tlsRequired } = this.#options
    const httpsPort = () => this.#addresses?.https?.port ?? 0
    const server = new HttpServer({
      routes,
      logger: this.logger,
      maxConnections: () => this.#options.maxHttpConnections,
      ...(tlsRequired === 'on' && { tlsRequired: httpsPort }),
    })
    const bound = await server.listen(address, this.#fail)
    this.#httpServer = server
    return bound
  }

  async #listenHttps(routes: readonly Route[], tls: ServerTls): Promise<BoundAddress | undefined> {
    const address = this.#options.httpsAddress
    if (address === '') return undefined
    if (parseHostPort(address) === undefined) {
      throw new Error(`listen (${address}) failed - listen tcp: address ${address}: missing port in address`)
    }
    const server = new HttpServer({
      routes,
      logger: this.logger,
      name: 'HTTPS',
      maxConnections: () => this.#options.maxHttpConnections,
      ...httpsSettings(tls),
    })
    const bound = await server.listen(address, this.#fail)
    this.#httpsServer = server
    tls.listen((material) => server.renewTls(material))
    return bound
  }

  #readMetadata(file: string): Metadata {
    const { logger } = this
    try {
      const text = readMetadataFile(file)
      return text === undefined ? { topics: [] } : parse(text)
    } catch (error) {
      throw new StartError(`failed to load metadata - ${(error as Error).message}`, { cause: error })
    }

    function parse(text: string): Metadata {
      try {
        return parseMetadata(text, (kind, name) => logger.warn(`skipping creation of invalid ${kind} ${name}`))
      } catch (error) {
        throw new Error(`failed to parse metadata in ${file} - ${(error as Error).message}`, { cause: error })
      }
    }
  }

  #applyMetadata(metadata: Metadata, file: string): void {
    const { logger, registry } = this
    for (const entry of metadata.topics) {
      const topic = registry.restore(entry.name)
      if (entry.paused && !topic.paused) topic.pause()
      for (const channelEntry of entry.channels) {
        const channel = registry.channel(topic, channelEntry.name)
        if (channelEntry.paused) channel.pause()
      }
    }
    this.#metadata = new MetadataWriter(file, registry, logger, VERSION, {
      topics: this.topicSettings,
      retries: this.retrySettings,
      redrives: this.redrives,
    })
    registry.listen({
      created() {},
      deleted: (topic, channel) => {
        if (channel === null) this.topicSettings.forget(topic.name)
        this.retrySettings.forget(topic.name, channel?.name)
      },
    })
    registry.listen(this.#metadata)
    try {
      this.#metadata.write()
    } catch (error) {
      throw new StartError(`failed to persist metadata - ${(error as Error).message}`, { cause: error })
    }
  }

  async #closeOnce(): Promise<void> {
    this.#closeSignal.abort()
    this.drain.close()
    await this.#importing?.catch(() => undefined) // whoever starts us hears of it
    clearInterval(this.#sweep)
    clearInterval(this.#sync)
    this.#diskSpace.close()
    await this.#closeTcp()
    await Promise.all([this.#httpServer?.close(), this.#httpsServer?.close()])
    this.#tls?.close()
    await this.#authServers?.close()
    await this.redrives.close()
    const discoveryClosed = this.discovery.close() // data first: an nsqlookupd that hangs must not hold up that
    this.#closeMetadata()
    if (this.#restored) this.#closeTopics()
    this.logger.info('NSQ: stopping subsystems')
    await this.#tasks.close()
    await discoveryClosed
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

  #closeTopics(): void {
    this.logger.info('NSQ: closing topics')
    for (const { topic, error } of this.registry.shutDown()) {
      this.logger.error(`TOPIC(${topic.name}): failed to close - ${error.message}`)
    }
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
    return {
      clock: this.#clock,
      random: Math.random,
      turn: this.#turn,
      scanner: this.#scanner,
      pool: new BlockPool(SEGMENT_SIZE, SEGMENTS_KEPT),
      latency: latencyRecorders(this.#options),
      onDisk: (error) => (this.#health = error === null ? 'OK' : error.message),
      refuse: () => this.#refuse(),
      limits: (topic) => this.topicSettings.of(topic),
      retention: (topic) => this.topicSettings.of(topic),
      makeRoom: (error) => isDiskFull(error) && makeRoom(this.registry, this.logger),
      retryPolicy: (topic, channel) => this.retrySettings.of(topic, channel),
      deadLetters: deadLetterTopics(() => this.registry),
      options: this.#coreOptions,
    }
  }

  /** @throws {Error} when nothing may be published now */
  #refuse(): void {
    this.drain.check()
    this.#diskSpace.check()
  }

  #storeSettings(): ConstructorParameters<typeof TopicStores>[0] {
    const { maxBytesPerFile, memQueueSize } = this.#options
    const durability = (topic: string): Durability => this.topicSettings.of(topic).durability
    const files = measuredFiles(nodeFiles, this.diskMeter)
    return { files, dataPath: this.#dataPath, maxBytesPerFile, memQueueSize, durability }
  }

  #tcpContext(): Parameters<typeof createTcpServer>[0] {
    return {
      clock: this.#clock,
      turn: this.#turn,
      logger: this.logger,
      registry: this.registry,
      outputPool: new BlockPool(OUTPUT_BLOCK_SIZE, OUTPUT_BLOCKS_KEPT),
      clients: this.clients,
      tls: this.#tls,
      authServers: this.#authServers,
      limits: this.limits,
      refuse: () => this.drain.check(),
      options: this.#options,
      maxConnections: () => this.#options.maxConnections,
      maxDeferMs: () => this.#options.maxDeferMs,
      version: VERSION,
    }
  }
}

async function authServersOf(options: NsqdOptions, tls: SecureContextOptions): Promise<AuthServers | undefined> {
  if (options.authHttpAddresses.length === 0) return undefined
  // An HTTP client is 10 MB on the heap, which every collection of garbage goes through: a fifth of the cost of a publish.
  const { AuthServers } = await import('./auth/auth-servers.ts')
  const settings = {
    addresses: options.authHttpAddresses,
    method: options.authHttpRequestMethod === 'post' ? ('post' as const) : ('get' as const),
    connectTimeoutMs: options.httpClientConnectTimeoutMs,
    requestTimeoutMs: options.httpClientRequestTimeoutMs,
    tls,
  }
  return new AuthServers(settings, Math.random)
}

/** Calls `report` at most every few seconds. */
function everySoOften<T extends unknown[]>(report: (...values: T) => void): (...values: T) => void {
  let last = performance.now()
  return (...values) => {
    const now = performance.now()
    if (now - last < PROGRESS_INTERVAL_MS) return
    last = now
    report(...values)
  }
}
