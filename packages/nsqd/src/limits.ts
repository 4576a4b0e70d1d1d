import type { Topic } from './core/topic.ts'
import type { TopicRegistry } from './core/topic-registry.ts'

/** A topic or channel that is not made, because there are as many as there may be. */
export class LimitError extends Error {
  /** As HTTP says it. */
  readonly code: 'TOO_MANY_TOPICS' | 'TOO_MANY_CHANNELS'

  constructor(code: 'TOO_MANY_TOPICS' | 'TOO_MANY_CHANNELS', detail: string) {
    super(detail)
    this.name = 'LimitError'
    this.code = code
  }
}

export interface LimitOptions {
  /** 0: as many as anybody likes, as for the next. */
  readonly maxTopics: number
  readonly maxChannelsPerTopic: number
}

/**
 * How many topics and channels clients may make. What exists is never touched, whatever the limit: a start with more of them
 * than that brings them all back.
 */
export class CreationLimits {
  readonly #registry: TopicRegistry
  readonly #options: () => LimitOptions

  /** @param options asked anew each time: they may change */
  constructor(registry: TopicRegistry, options: () => LimitOptions) {
    this.#registry = registry
    this.#options = options
  }

  /** @throws {LimitError} if there is no such topic, and may not be one more */
  checkTopic(name: string): void {
    const { maxTopics } = this.#options()
    if (maxTopics === 0 || this.#registry.size < maxTopics || this.#registry.get(name) !== undefined) return
    throw new LimitError('TOO_MANY_TOPICS', `there are ${maxTopics} topics, and may not be more`)
  }

  /** @throws {LimitError} if the topic has no such channel, and may not have one more */
  checkChannel(topic: Topic, name: string): void {
    const { maxChannelsPerTopic } = this.#options()
    if (maxChannelsPerTopic === 0 || topic.channels.size < maxChannelsPerTopic || topic.channels.has(name)) return
    throw new LimitError(
      'TOO_MANY_CHANNELS',
      `topic ${topic.name} has ${maxChannelsPerTopic} channels, and may not have more`,
    )
  }
}
