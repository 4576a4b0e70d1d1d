import type { Logger } from '@nsq-ts/daemon'
import type { CoreContext } from '../../../src/core/context.ts'
import { deadLetterTopics } from '../../../src/core/dead-letters.ts'
import { NO_RETENTION, type RetentionSettings } from '../../../src/core/retention.ts'
import type { RetryPolicy } from '../../../src/core/retry-policy.ts'
import { Scanner } from '../../../src/core/scanner.ts'
import { TopicRegistry } from '../../../src/core/topic-registry.ts'
import { TurnQueue } from '../../../src/core/turn-queue.ts'
import { BlockPool } from '../../../src/log/block-pool.ts'
import type { LogFiles } from '../../../src/log/files.ts'
import type { Durability } from '../../../src/log/topic-store.ts'
import { TopicStores } from '../../../src/storage/topic-stores.ts'
import { SimClock } from '../../core/support/sim-clock.ts'

export interface BrokerOptions {
  /** Of a topic. */
  readonly durability: (topic: string) => Durability
  readonly memQueueSize: number
  readonly maxBytesPerFile: number
  readonly blockSize: number
  readonly cacheSize: number
  readonly retryPolicy?: (topic: string, channel: string) => RetryPolicy | null
  readonly retention?: RetentionSettings
}

/** What nsqd.dat says. */
export interface SimMetadata {
  readonly topics: readonly {
    readonly name: string
    readonly paused: boolean
    readonly channels: readonly { readonly name: string; readonly paused: boolean }[]
  }[]
}

/** One life of a broker's core, from its start to its end, on a disk that outlives it. */
export class SimBroker {
  readonly clock: SimClock
  readonly registry: TopicRegistry
  readonly stores: TopicStores
  readonly pool: BlockPool
  /** Stretches that were damaged, as logged. */
  readonly logged: string[] = []
  health: Error | null = null
  /** A turn is to be ended. */
  turnRequested = false
  readonly #turn = new TurnQueue(() => {
    this.turnRequested = true
  })

  /** @param since the clock of the life before: time goes on */
  constructor(options: BrokerOptions, files: LogFiles, since: SimClock | null) {
    this.clock = new SimClock()
    if (since !== null) {
      this.clock.nowMs = since.nowMs
      this.clock.skewUs = since.skewUs
    }
    this.pool = new BlockPool(options.blockSize, 4)
    const context: CoreContext = {
      clock: this.clock,
      random: () => 0.5,
      turn: this.#turn,
      scanner: new Scanner(this.clock, this.clock.alarm),
      pool: this.pool,
      onDisk: (error) => (this.health = error),
      retryPolicy: options.retryPolicy,
      retention: () => options.retention ?? NO_RETENTION,
      deadLetters: deadLetterTopics(() => this.registry),
      options: {
        nodeId: 5,
        memQueueSize: options.memQueueSize,
        maxMsgTimeoutMs: 60_000,
        topologyAware: false,
        requeueOnDisconnect: false,
      },
    }
    const log = (line: string): void => void this.logged.push(line)
    const logger = { info: () => {}, warn: log, error: log } as unknown as Logger
    const { cacheSize, durability, maxBytesPerFile, memQueueSize } = options
    this.stores = new TopicStores(
      { files, dataPath: '/data', maxBytesPerFile, memQueueSize, cacheSize, durability },
      this.clock,
      logger,
    )
    this.registry = new TopicRegistry(context, this.stores.open)
  }

  /** As the daemon starts: what is on disk, then what nsqd.dat says. @throws of the file system */
  start(metadata: SimMetadata): void {
    const { registry } = this
    this.stores.restoreAll(registry)
    for (const entry of metadata.topics) {
      const topic = registry.topic(entry.name)
      if (entry.paused) topic.pause()
      for (const { name, paused } of entry.channels) {
        const channel = registry.channel(topic, name)
        if (paused) channel.pause()
      }
    }
    registry.start()
    this.settle()
  }

  metadata(): SimMetadata {
    return {
      topics: Array.from(this.registry.topics(), (topic) => ({
        name: topic.name,
        paused: topic.paused,
        channels: Array.from(topic.channels.values(), ({ name, paused }) => ({ name, paused })),
      })),
    }
  }

  /** Ends turns until nothing is left to do. */
  settle(): void {
    for (let turns = 0; this.turnRequested; turns++) {
      if (turns === 1000) throw new Error('turns do not come to an end')
      this.turnRequested = false
      this.#turn.run()
    }
  }

  advance(ms: number): void {
    this.settle()
    this.clock.advance(ms, () => this.settle())
  }
}
