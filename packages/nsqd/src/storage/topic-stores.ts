import { join } from 'node:path'
import type { Logger } from '@nsq-ts/daemon'
import { isEphemeral, isValidTopicName } from '@nsq-ts/protocol'
import type { Clock } from '../core/clock.ts'
import { restoreTopic } from '../core/restore-topic.ts'
import type { Topic, OpenStore } from '../core/topic.ts'
import type { TopicRegistry } from '../core/topic-registry.ts'
import type { LogFiles } from '../log/files.ts'
import { journalPath } from '../log/journal.ts'
import type { RecoveredTopic } from '../log/recovery.ts'
import { SegmentCache } from '../log/segment-cache.ts'
import { DELETED_SUFFIX, type Durability, recoverJournal, removeFolder, TopicStore } from '../log/topic-store.ts'

const TOPIC_SUFFIX = '.topic'
/** Segments that were read lately, or will be soon: beside what --mem-queue-size allows. */
const CACHE_SIZE = 64 * 1024 * 1024

export interface TopicStoresSettings {
  readonly files: LogFiles
  readonly dataPath: string
  readonly maxBytesPerFile: number
  readonly memQueueSize: number
  /** What holds for the topic of that name. */
  durability(topic: string): Durability
}

/** What was found in a topic's folder, until the topic takes it over. */
interface Found {
  readonly names: readonly string[]
  readonly recovered: RecoveredTopic | null
  readonly numbers: readonly number[]
}

/** The folders of all topics in the data path. */
export class TopicStores {
  /** Stretches of files that were not what had been written, since the start. */
  damagedCount = 0
  damagedBytes = 0

  readonly #settings: TopicStoresSettings
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #cache = new SegmentCache(CACHE_SIZE)
  readonly #found = new Map<string, Found>()

  constructor(settings: TopicStoresSettings, clock: Clock, logger: Logger) {
    this.#settings = settings
    this.#clock = clock
    this.#logger = logger
  }

  /** Makes the store of a topic; ephemeral topics have none. */
  readonly open: OpenStore = (topic, snapshot, requestFlush) => {
    if (isEphemeral(topic.name)) return null
    const { files, maxBytesPerFile, memQueueSize } = this.#settings
    const directory = this.#directory(topic.name)
    const found = this.#look(directory)
    if (found !== null) this.#found.set(topic.name, found)
    return new TopicStore(
      {
        files,
        cache: this.#cache,
        maxBytesPerFile,
        residentMax: memQueueSize,
        wallOffsetMs: () => this.#clock.wallUs() / 1000 - this.#clock.now(),
        damaged: this.#damaged,
      },
      directory,
      this.#settings.durability(topic.name),
      found?.numbers[0] ?? 0,
      snapshot,
      requestFlush,
    )
  }

  /**
   * Makes the topics that have a folder, with all that is in it.
   * @param isPaused nsqd.dat says that the topic of that name is paused: what waits in it stays there
   * @throws of the file system
   */
  restoreAll(registry: TopicRegistry, isPaused: (topic: string) => boolean): void {
    const { dataPath, files } = this.#settings
    for (const name of files.list(dataPath)) {
      if (name.endsWith(`${TOPIC_SUFFIX}${DELETED_SUFFIX}`)) {
        removeFolder(files, join(dataPath, name))
        continue
      }
      const topicName = topicOfDirectory(name)
      if (topicName === null) continue
      const topic = registry.restoredTopic(topicName)
      if (isPaused(topicName)) topic.pause() // while nothing is in it that a pause would hand out first
      this.#restore(topic)
    }
  }

  #restore(topic: Topic): void {
    const found = this.#found.get(topic.name)
    this.#found.delete(topic.name)
    if (found === undefined) return
    restoreTopic(topic, found.names, found.recovered)
    const { files } = this.#settings
    const store = topic.store!
    store.beginJournal()
    for (const number of found.numbers) files.remove(journalPath(store.directory, number))
    const { depth, channels } = topic
    this.#logger.info(
      `TOPIC(${topic.name}): restored ${channels.size} channels, depth ${depth} from ${store.directory}`,
    )
  }

  #look(directory: string): Found | null {
    const { files } = this.#settings
    const names = files.list(directory)
    if (names.length === 0) return null
    return { names, ...recoverJournal(files, directory, names, this.#damaged) }
  }

  #directory(topic: string): string {
    return topicDirectory(this.#settings.dataPath, topic)
  }

  readonly #damaged = (path: string, offset: number, size: number): void => {
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
