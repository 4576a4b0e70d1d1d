import type { Channel } from './channel.ts'
import type { CoreContext } from './context.ts'
import { type OpenStore, Topic, TopicUnavailableError } from './topic.ts'

/** What happens to topics and channels, for those who write it down or announce it. `channel` is null for the topic's own. */
export interface RegistryListener {
  created(topic: Topic, channel: Channel | null): void
  deleted(topic: Topic, channel: Channel | null): void
}

/** Starts a new topic, at once or when what has to come first is done: until then its messages wait in it. */
export type TopicOpener = (topic: Topic) => void

/**
 * All topics, by name. Creates topics and channels on first use, and deletes what is ephemeral with its last user.
 */
export class TopicRegistry {
  readonly #context: CoreContext
  readonly #topics = new Map<string, Topic>()
  readonly #listeners: RegistryListener[] = []
  readonly #openStore: OpenStore
  #open: TopicOpener = (topic) => topic.start()

  /** @param openStore makes the store of a new topic; without it nothing is kept */
  constructor(context: CoreContext, openStore: OpenStore = () => null) {
    this.#context = context
    this.#openStore = openStore
  }

  listen(listener: RegistryListener): void {
    this.#listeners.push(listener)
  }

  /** Has the topics that `topic` makes from now on started by `open`. */
  openWith(open: TopicOpener): void {
    this.#open = open
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  /** In the order of creation. */
  topics(): IterableIterator<Topic> {
    return this.#topics.values()
  }

  get size(): number {
    return this.#topics.size
  }

  /** The topic of that (valid) name, made if there is none. */
  topic(name: string): Topic {
    return this.#topics.get(name) ?? this.#create(name, this.#open)
  }

  /** The topic of that (valid) name, made if there is none: one that an earlier run left. Nothing goes to its channels before `start`. */
  restore(name: string): Topic {
    return this.#topics.get(name) ?? this.#create(name, () => {})
  }

  /** What an earlier run left of a topic cannot be read: it stays as it is, and in its place is a topic that takes nothing. */
  withhold(name: string, error: Error): void {
    const restored = this.#topics.get(name)
    restored?.abandon()
    const topic = new Topic(this.#context, name)
    topic.unavailable = new TopicUnavailableError(name, error)
    this.#topics.set(name, topic)
    if (restored === undefined) for (const listener of this.#listeners) listener.created(topic, null)
  }

  /** All topics and channels are there that an earlier run had: messages may go to the channels from now on. */
  start(): void {
    for (const topic of this.#topics.values())
      for (const channel of topic.channels.values()) channel.record.resolveDying()
    for (const topic of this.#topics.values()) if (!topic.started) topic.start()
  }

  /** The channel of that (valid) name, made if there is none. */
  channel(topic: Topic, name: string): Channel {
    const existing = topic.channels.get(name)
    if (existing !== undefined) return existing
    const channel = topic.channel(name)
    for (const listener of this.#listeners) listener.created(topic, channel)
    return channel
  }

  deleteChannel(topic: Topic, channel: Channel): void {
    if (topic.channels.get(channel.name) !== channel) return
    topic.deleteChannel(channel)
    for (const listener of this.#listeners) listener.deleted(topic, channel)
    if (topic.ephemeral && topic.channels.size === 0) this.deleteTopic(topic)
  }

  deleteTopic(topic: Topic): void {
    if (this.#topics.get(topic.name) !== topic) return
    this.#topics.delete(topic.name)
    const channels = [...topic.channels.values()]
    topic.close()
    for (const listener of this.#listeners) {
      listener.deleted(topic, null)
      for (const channel of channels) listener.deleted(topic, channel)
    }
  }

  /** A subscriber left: an ephemeral channel goes with its last one. */
  subscriberLeft(topic: Topic, channel: Channel): void {
    if (channel.ephemeral && channel.subscriberCount === 0 && !channel.closed) this.deleteChannel(topic, channel)
  }

  #create(name: string, open: TopicOpener): Topic {
    const topic = new Topic(this.#context, name, this.#openStore)
    this.#topics.set(name, topic)
    for (const listener of this.#listeners) listener.created(topic, null)
    open(topic)
    return topic
  }

  /** Gives back memory that little is left of. */
  sweep(): void {
    for (const topic of this.#topics.values()) topic.sweep()
  }

  /** Has what was written since the last time brought to stable storage. */
  sync(): void {
    for (const topic of this.#topics.values()) topic.sync()
  }

  /** Ends all topics; what is in them is kept on disk. @returns what went wrong, by topic */
  shutDown(): { topic: Topic; error: Error }[] {
    const failures = []
    for (const topic of this.#topics.values()) {
      try {
        topic.shutDown()
      } catch (error) {
        failures.push({ topic, error: error as Error })
      }
    }
    this.#topics.clear()
    return failures
  }
}
