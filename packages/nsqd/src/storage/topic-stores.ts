import { join } from 'node:path'
import type { Logger } from '@nsq-ts/daemon'
import { isEphemeral, isValidTopicName } from '@nsq-ts/protocol'
import type { Clock } from '../core/clock.ts'
import { restoreTopic } from '../core/restore-topic.ts'
import type { Topic, OpenStore } from '../core/topic.ts'
import type { TopicRegistry } from '../core/topic-registry.ts'
import { isUnreadable } from '../log/aside.ts'
import type { LogFiles } from '../log/files.ts'
import type { RecoveredTopic } from '../log/recovery.ts'
import { SegmentCache } from '../log/segment-cache.ts'
import {
  DELETED_SUFFIX,
  type Durability,
  type FoundJournals,
  recoverJournal,
  removeFolder,
  TopicStore,
} from '../log/topic-store.ts'

const TOPIC_SUFFIX = '.topic'
/** Segments that were read lately, or will be soon: beside what --mem-queue-size allows. */
const CACHE_SIZE = 64 * 1024 * 1024

export interface TopicStoresSettings {
  readonly files: LogFiles
  readonly dataPath: string
  readonly maxBytesPerFile: number
  readonly memQueueSize: number
  /** Bytes of segments that are in memory only because they were read lately, or will be soon. @default 64 MiB */
  readonly cacheSize?: number
  /** What holds for the topic of that name. */
  durability(topic: string): Durability
}

/** What was found in a topic's folder, until the topic takes it over. */
interface Found {
  readonly names: readonly string[]
  readonly recovered: RecoveredTopic | null
  readonly journals: FoundJournals
}

/** The folders of all topics in the data path. */
export class TopicStores {
  /** Stretches of files that were not what had been written, since the start. */
  damagedCount = 0
  damagedBytes = 0
  /** Topics of which nothing could be read at the start. */
  unavailableCount = 0

  readonly #settings: TopicStoresSettings
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #cache: SegmentCache
  /** Places that were reported: they are met again whenever they are read. */
  readonly #reported = new Set<string>()
  #found: Found | null = null

  constructor(settings: TopicStoresSettings, clock: Clock, logger: Logger) {
    this.#settings = settings
    this.#cache = new SegmentCache(settings.cacheSize ?? CACHE_SIZE)
    this.#clock = clock
    this.#logger = logger
  }

  /** Makes the store of a topic; ephemeral topics have none. */
  readonly open: OpenStore = (topic, snapshot, requestFlush) => {
    if (isEphemeral(topic.name)) return null
    const { files, maxBytesPerFile, memQueueSize } = this.#settings
    const directory = this.#directory(topic.name)
    return new TopicStore(
      {
        files,
        cache: this.#cache,
        maxBytesPerFile,
        residentMax: memQueueSize,
        wallOffsetMs: () => this.#clock.wallUs() / 1000 - this.#clock.now(),
        damaged: this.#damaged,
        kept: this.#kept,
      },
      directory,
      this.#settings.durability(topic.name),
      this.#found?.journals ?? null,
      snapshot,
      requestFlush,
    )
  }

  /**
   * Makes the topics that have a folder, with all that is in it; they are to be started once their channels are known
   * (TopicRegistry.start). Before anything else makes a topic. @throws of the file system
   */
  restoreAll(registry: TopicRegistry): void {
    const { dataPath, files } = this.#settings
    for (const name of files.list(dataPath)) {
      if (name.endsWith(`${TOPIC_SUFFIX}${DELETED_SUFFIX}`)) {
        this.#removeDeleted(join(dataPath, name))
        continue
      }
      const topicName = topicOfDirectory(name)
      if (topicName !== null) this.#restoreIfReadable(registry, topicName)
    }
  }

  /** A topic that cannot be read is nothing that the others should wait for. */
  #restoreIfReadable(registry: TopicRegistry, name: string): void {
    try {
      this.#restore(registry, name)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      this.unavailableCount++
      registry.withhold(name, error as Error)
      this.#logger.error(
        `TOPIC(${name}): is not available: ${this.#directory(name)} cannot be read, and stays as it is - ${(error as Error).message}`,
      )
    }
  }

  #restore(registry: TopicRegistry, name: string): void {
    const { files } = this.#settings
    const directory = this.#directory(name)
    const names = files.list(directory)
    const found = { names, ...recoverJournal(files, directory, names, { damaged: this.#damaged, kept: this.#kept }) }
    this.#found = found
    let topic: Topic
    try {
      topic = registry.restore(name)
    } finally {
      this.#found = null
    }
    restoreTopic(topic, names, found.recovered)
    this.#logger.info(
      `TOPIC(${name}): restored ${topic.channels.size} channels, depth ${topic.depth} from ${directory}`,
    )
  }

  #removeDeleted(directory: string): void {
    try {
      removeFolder(this.#settings.files, directory)
    } catch (error) {
      this.#logger.warn(`failed to remove what is left of a deleted topic - ${(error as Error).message}`)
    }
  }

  #directory(topic: string): string {
    return topicDirectory(this.#settings.dataPath, topic)
  }

  readonly #kept = (path: string, aside: string): void => {
    this.#logger.error(`LOG: ${path}: is damaged, and kept as ${aside}; nsq_data salvage --kept reads it`)
  }

  readonly #damaged = (path: string, offset: number, size: number): void => {
    const place = `${path}:${offset}`
    if (this.#reported.has(place)) return
    this.#reported.add(place)
    this.damagedCount++
    this.damagedBytes += size
    this.#logger.error(`LOG: ${path}: ${size} bytes at ${offset} are damaged and were skipped`)
  }
}

/** The folder of a topic. */
export function topicDirectory(dataPath: string, topic: string): string {
  return join(dataPath, `${topic}${TOPIC_SUFFIX}`)
}

/** The topic whose folder has that name; null: it is no topic's folder. */
export function topicOfDirectory(name: string): string | null {
  const topic = name.slice(0, -TOPIC_SUFFIX.length)
  return name.endsWith(TOPIC_SUFFIX) && isValidTopicName(topic) ? topic : null
}
