import { hostname } from 'node:os'
import type { SecureContextOptions } from 'node:tls'
import { type Logger, TaskGroup, VERSION } from '@nsq-ts/daemon'
import type { Channel } from '../core/channel.ts'
import type { RegistryListener, TopicRegistry } from '../core/topic-registry.ts'
import type { Topic } from '../core/topic.ts'
import { ChannelQuery } from './channel-query.ts'
import { type LookupCommand, registration, registrations, unregistration } from './lookup-command.ts'
import { LookupPeer } from './lookup-peer.ts'
import { findChannels } from './opening.ts'
import { DISCOVERY_TIMING, type DiscoveryTiming } from './timing.ts'

/** The options of nsqd that matter to discovery, under their names in the option table. */
export interface DiscoveryOptions {
  readonly lookupdTcpAddresses: readonly string[]
  readonly maxBodySize: number
  readonly httpClientConnectTimeoutMs: number
  readonly httpClientRequestTimeoutMs: number
}

/** What is announced, under the names in the option table. A port that there is not is 0. */
export interface AnnouncedOptions {
  readonly broadcastAddress: string
  readonly broadcastTcpPort: number
  readonly broadcastHttpPort: number
  readonly topologyRegion: string
  readonly topologyZone: string
}

export interface DiscoverySettings {
  readonly registry: TopicRegistry
  readonly logger: Logger
  readonly options: DiscoveryOptions
  /** Asked at every IDENTIFY, after the start: the ports are only known once nsqd listens. */
  readonly announced: () => AnnouncedOptions
  /** Throws for a channel that may not be made. */
  readonly checkChannel?: (topic: Topic, name: string) => void
  /** Whom to trust, should an nsqlookupd insist on HTTPS. */
  readonly tls?: () => SecureContextOptions | undefined
  readonly timing?: DiscoveryTiming
  readonly random?: () => number
}

/** Somebody who asks about a new topic waits for its channels, but not for long. */
const SHOWN_AFTER_MS = 250

/**
 * nsqd's side of nsqlookupd (nsqd-internals.md, sections 3 and 11): tells every one of them which topics and channels there are,
 * and gives a new topic the channels that the cluster has of it before its first message is handed out. Publishing waits for
 * neither.
 */
export class Discovery implements RegistryListener {
  readonly #settings: DiscoverySettings
  readonly #timing: DiscoveryTiming
  readonly #peers = new Map<string, LookupPeer>()
  /** Peers that are no longer wanted, until they are closed. */
  readonly #leaving = new Set<Promise<void>>()
  /** New topics whose channels are being asked for. */
  readonly #opening = new Map<Topic, Promise<void>>()
  /** Topics that were opened without anybody to ask; made up for when somebody is there. */
  readonly #unasked = new Set<Topic>()
  readonly #tasks: TaskGroup
  #query: ChannelQuery | undefined
  #started = false
  #allTried = false

  constructor(settings: DiscoverySettings) {
    this.#settings = settings
    this.#timing = settings.timing ?? DISCOVERY_TIMING
    this.#tasks = new TaskGroup((name, error) => settings.logger.error(`${name} - ${String(error)}`))
    for (const address of new Set(settings.options.lookupdTcpAddresses)) this.#addPeer(address)
  }

  /** nsqd listens: from now on it is announced. */
  start(): void {
    this.#started = true
    for (const peer of this.#peers.values()) peer.start()
  }

  /**
   * Names the nsqlookupds that have been neither reached nor found out of reach since the start: a consumer could not find this
   * nsqd there yet. undefined once each has been tried, and ever after: one that is added while nsqd runs takes nothing back.
   */
  notTried(): string | undefined {
    if (this.#allTried) return undefined
    const untried = [...this.#peers.values()].filter(({ tried }) => !tried).map(({ address }) => address)
    if (untried.length > 0) return `nsqlookupd not tried yet: ${untried.join(', ')}`
    this.#allTried = this.#started
    return undefined
  }

  /** Replaces the list of nsqlookupds: connects to those that are new, and leaves those that are no longer in it. */
  setAddresses(addresses: readonly string[]): void {
    if (this.#tasks.signal.aborted) return
    for (const address of this.#peers.keys()) if (!addresses.includes(address)) this.#removePeer(address)
    for (const address of addresses) if (!this.#peers.has(address)) this.#addPeer(address)
  }

  /** What was not said yet is still said, within a bound; then all connections end. Idempotent. */
  async close(): Promise<void> {
    const tasks = this.#tasks.close()
    this.#query?.close() // topics that wait for it start as they are
    await Promise.all([tasks, ...Array.from(this.#peers.values(), (peer) => peer.close()), ...this.#leaving])
    if (this.#started) this.#settings.logger.info('LOOKUP: closing')
    this.#started = false
  }

  // ---- topics that begin ----

  /** Starts a new topic once it has the channels that the cluster knows of it, or those that can be had in time. */
  open(topic: Topic): void {
    if (this.#peers.size === 0 || this.#tasks.signal.aborted) return topic.start()
    this.#tasks.run(`opening topic ${topic.name}`, () => {
      const opening = this.#openOnce(topic)
      this.#opening.set(topic, opening)
      return opening
    })
  }

  /** Resolves when the topic has started; undefined when it has. */
  opened(topic: Topic): Promise<void> | undefined {
    return this.#opening.get(topic)
  }

  /**
   * For those who show what there is: resolves when all topics that are new by now have started, or a quarter of a second is over.
   * Whoever publishes to a new topic and then looks finds its channels, as he does with the original, where the publisher waits.
   */
  async settled(): Promise<void> {
    if (this.#opening.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHOWN_AFTER_MS)))
    await Promise.race([enough, Promise.all(this.#opening.values())])
    clearTimeout(timer)
  }

  async #openOnce(topic: Topic): Promise<void> {
    try {
      await this.#prepare(topic)
    } finally {
      topic.start()
      await new Promise(setImmediate) // what waited in it is handed out at the end of the turn
      this.#opening.delete(topic)
    }
  }

  async #prepare(topic: Topic): Promise<void> {
    const { names, answered } = await this.#findChannels(topic, this.#peers.values())
    this.#makeChannels(topic, names)
    if (!answered && !topic.closed) this.#unasked.add(topic)
  }

  /** An nsqlookupd is there: topics that began without the answer of any are given the channels that it knows. */
  #makeUp(peer: LookupPeer): void {
    if (this.#unasked.size === 0) return
    const topics = [...this.#unasked]
    this.#unasked.clear()
    this.#tasks.run(`channels from ${peer.address}`, async (signal) => {
      let answers = true
      for (const topic of topics) {
        if (topic.closed) continue
        if (signal.aborted) return
        if (answers) {
          const { names, answered } = await this.#findChannels(topic, [peer])
          this.#makeChannels(topic, names)
          answers = answered // one that fails will fail for all of them
        }
        if (!answers && !topic.closed) this.#unasked.add(topic)
      }
    })
  }

  /** Paused meanwhile: what waits in the topic goes to all of them, not to the first alone. */
  #makeChannels(topic: Topic, names: readonly string[]): void {
    const missing = names.filter((name) => !topic.channels.has(name))
    if (topic.closed || missing.length === 0) return
    const wasPaused = topic.paused
    topic.pause()
    for (const name of missing) this.#makeChannel(topic, name)
    if (!wasPaused) topic.unpause()
  }

  #makeChannel(topic: Topic, name: string): void {
    const { checkChannel, logger, registry } = this.#settings
    try {
      checkChannel?.(topic, name)
    } catch (error) {
      logger.warn(`channel ${name} of topic ${topic.name} is not pre-created - ${(error as Error).message}`)
      return
    }
    registry.channel(topic, name)
  }

  #findChannels(topic: Topic, peers: Iterable<LookupPeer>): ReturnType<typeof findChannels> {
    const { logger, options, tls } = this.#settings
    const { httpClientConnectTimeoutMs, httpClientRequestTimeoutMs } = options
    this.#query ??= new ChannelQuery({ connectTimeoutMs: httpClientConnectTimeoutMs, tls: tls?.() })
    const context = {
      logger,
      timing: this.#timing,
      query: this.#query,
      requestTimeoutMs: httpClientRequestTimeoutMs,
      signal: this.#tasks.signal,
    }
    return findChannels(context, peers, topic.name)
  }

  // ---- what there is: of RegistryListener ----

  created(topic: Topic, channel: Channel | null): void {
    this.#tell(registration(topic.name, channel?.name))
  }

  deleted(topic: Topic, channel: Channel | null): void {
    if (channel === null) this.#unasked.delete(topic)
    this.#tell(unregistration(topic.name, channel?.name))
  }

  #tell(command: LookupCommand): void {
    for (const peer of this.#peers.values()) peer.tell(command)
  }

  // ---- peers ----

  #addPeer(address: string): void {
    const { announced, logger, options, random, registry } = this.#settings
    logger.info(`LOOKUP(${address}): adding peer`)
    const peer = new LookupPeer(address, {
      logger,
      timing: this.#timing,
      random: random ?? Math.random,
      answerSizeMax: options.maxBodySize,
      identity: () => identityOf(announced()),
      everything: () => registrations(registry),
      onAlive: (alive) => this.#makeUp(alive),
    })
    this.#peers.set(address, peer)
    if (this.#started) peer.start()
  }

  #removePeer(address: string): void {
    const peer = this.#peers.get(address)
    if (peer === undefined) return
    this.#settings.logger.info(`LOOKUP(${address}): removing peer`)
    this.#peers.delete(address)
    const leaving = peer.close().finally(() => this.#leaving.delete(leaving))
    this.#leaving.add(leaving)
  }
}

/** Keys in the original's order. */
function identityOf(options: AnnouncedOptions): Record<string, string | number> {
  return {
    broadcast_address: options.broadcastAddress,
    hostname: hostname(),
    http_port: options.broadcastHttpPort,
    tcp_port: options.broadcastTcpPort,
    topology_region: options.topologyRegion,
    topology_zone: options.topologyZone,
    version: VERSION,
  }
}
