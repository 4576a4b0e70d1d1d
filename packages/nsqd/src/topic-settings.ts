import type { Durability } from './log/topic-store.ts'
import type { NsqdOptions } from './options.ts'
import { type LimitPolicy, valueFor } from './options-topics.ts'

/** What holds for one topic. */
export interface TopicSettings {
  readonly durability: Durability
  /** Bytes that the topic may hold; 0: no limit. */
  readonly maxBytes: number
  /** How old its oldest waiting message may be; 0: no limit. */
  readonly maxAgeMs: number
  readonly limitPolicy: LimitPolicy
  /** How long, and how much, of what is finished is kept; 0: no matter, both 0: nothing is. */
  readonly retainMs: number
  readonly retainBytes: number
}

/** What was said over HTTP about one topic, and wins over the options. */
export type TopicOverrides = Partial<TopicSettings>

/** What holds for each topic: over HTTP before pattern before option. */
export class AllTopicSettings {
  readonly #options: () => NsqdOptions
  readonly #overrides = new Map<string, TopicOverrides>()

  /** @param options asked anew each time: they may change */
  constructor(options: () => NsqdOptions) {
    this.#options = options
  }

  of(topic: string): TopicSettings {
    const options = this.#options()
    return {
      // --sync-every=1 has always been how one asks for every message to be safe.
      durability:
        valueFor(options.durabilityFor, topic) ??
        (options.durability === 'os' && options.syncEvery === 1 ? 'fsync' : options.durability),
      maxBytes: valueFor(options.maxTopicBytesFor, topic) ?? options.maxTopicBytes,
      maxAgeMs: valueFor(options.maxTopicAgeFor, topic) ?? options.maxTopicAgeMs,
      limitPolicy: valueFor(options.topicLimitPolicyFor, topic) ?? options.topicLimitPolicy,
      retainMs: valueFor(options.retainForTopic, topic) ?? options.retainForMs,
      retainBytes: valueFor(options.retainBytesForTopic, topic) ?? options.retainBytes,
      ...this.#overrides.get(topic),
    }
  }

  overridesOf(topic: string): TopicOverrides {
    return this.#overrides.get(topic) ?? {}
  }

  /** Replaces what was said about a topic. */
  override(topic: string, overrides: TopicOverrides): void {
    if (Object.keys(overrides).length === 0) this.#overrides.delete(topic)
    else this.#overrides.set(topic, overrides)
  }

  /** The topic is gone, and what was said about it. */
  forget(topic: string): void {
    this.#overrides.delete(topic)
  }
}
