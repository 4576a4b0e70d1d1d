import type { Logger } from '@nsq-ts/daemon'
import type { Channel } from '../core/channel.ts'
import type { RegistryListener, TopicRegistry } from '../core/topic-registry.ts'
import type { Topic } from '../core/topic.ts'
import type { Redrives } from '../redrive.ts'
import type { AllRetrySettings } from '../retry-settings.ts'
import type { AllTopicSettings } from '../topic-settings.ts'
import { type ChannelMetadata, formatMetadata, isPersistent, writeMetadataFile } from './metadata.ts'

/** What was said over HTTP, and is written down with topics and channels. */
export interface MetadataSettings {
  readonly topics: Pick<AllTopicSettings, 'overridesOf'>
  readonly retries: Pick<AllRetrySettings, 'overridesOf'>
  readonly redrives: Pick<Redrives, 'runningOf'>
}

/**
 * Keeps nsqd.dat true: once after any number of creations and deletions in a turn, at once (`write`) where somebody
 * waits for it. A failed write is logged and tried again with the next change.
 */
export class MetadataWriter implements RegistryListener {
  readonly #file: string
  readonly #registry: TopicRegistry
  readonly #logger: Logger
  readonly #version: string
  readonly #settings: MetadataSettings
  #scheduled: NodeJS.Immediate | undefined
  /** Topics or channels were made or deleted since the last time that it was written. */
  #dirty = false
  #closed = false

  constructor(file: string, registry: TopicRegistry, logger: Logger, version: string, settings: MetadataSettings) {
    this.#settings = settings
    this.#file = file
    this.#registry = registry
    this.#logger = logger
    this.#version = version
  }

  created(topic: Topic, channel: Channel | null): void {
    this.#changed(topic, channel)
  }

  deleted(topic: Topic, channel: Channel | null): void {
    this.#changed(topic, channel)
  }

  /** Writes what is true now. @throws {Error} of the file system */
  write(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    this.#logger.info(`NSQ: persisting topic/channel metadata to ${this.#file}`)
    const topics = Array.from(this.#registry.topics(), ({ name, paused, channels }) => {
      return {
        name,
        paused,
        channels: Array.from(channels.values(), (channel) => this.#channel(name, channel)),
        settings: this.#settings.topics.overridesOf(name),
      }
    })
    writeMetadataFile(this.#file, formatMetadata(topics, this.#version))
    this.#dirty = false
  }

  /** As write, where anything was made or deleted since the last time. @throws {Error} of the file system */
  writeChanges(): void {
    if (this.#dirty) this.write()
  }

  /** Nothing is written from now on. */
  close(): void {
    this.#closed = true
    clearImmediate(this.#scheduled)
  }

  #channel(topicName: string, { name, paused }: Channel): ChannelMetadata {
    const { redrives, retries } = this.#settings
    return { name, paused, retry: retries.overridesOf(topicName, name), redrive: redrives.runningOf(topicName, name) }
  }

  #changed(topic: Topic, channel: Channel | null): void {
    if (!isPersistent(topic.name, channel?.name) || this.#closed) return
    this.#dirty = true
    if (this.#scheduled !== undefined) return
    this.#scheduled = setImmediate(() => {
      try {
        this.write()
      } catch (error) {
        this.#logger.error(`failed to persist metadata - ${(error as Error).message}`)
      }
    })
  }
}
