import { isDeadLetterTopic, type RetryPolicy } from './core/retry-policy.ts'
import type { NsqdOptions } from './options.ts'
import { valueFor } from './options-topics.ts'

/** What was said over HTTP about one channel, and wins over the options. */
export type RetryOverrides = Partial<RetryPolicy>

/** What becomes of failing messages, channel by channel: over HTTP before pattern before option. */
export class AllRetrySettings {
  readonly #options: () => NsqdOptions
  /** By topic, by channel. */
  readonly #overrides = new Map<string, Map<string, RetryOverrides>>()

  /** @param options as they are at the moment */
  constructor(options: () => NsqdOptions) {
    this.#options = options
  }

  /** null: what fails goes back to the line, as ever. */
  of(topic: string, channel: string): RetryPolicy | null {
    const policy = { ...this.#fromOptions(topic, channel), ...this.overridesOf(topic, channel) }
    return policy.maxAttempts > 0 || policy.backoffMs.length > 0 ? policy : null
  }

  overridesOf(topic: string, channel: string): RetryOverrides {
    return this.#overrides.get(topic)?.get(channel) ?? {}
  }

  /** Replaces what was said about a channel. */
  override(topic: string, channel: string, overrides: RetryOverrides): void {
    let channels = this.#overrides.get(topic)
    if (channels === undefined) this.#overrides.set(topic, (channels = new Map<string, RetryOverrides>()))
    if (Object.keys(overrides).length > 0) channels.set(channel, overrides)
    else channels.delete(channel)
    if (channels.size === 0) this.#overrides.delete(topic)
  }

  /** The topic, or one channel of it, is gone, and what was said about it. */
  forget(topic: string, channel: string | undefined): void {
    if (channel === undefined) this.#overrides.delete(topic)
    else this.override(topic, channel, {})
  }

  /** A pattern such as `*` is meant for channels, not for those that read their dead letters. */
  #fromOptions(topic: string, channel: string): RetryPolicy {
    const options = this.#options()
    const jitter = options.retryJitter / 100
    if (isDeadLetterTopic(topic)) return { maxAttempts: 0, deadLetterTopic: '', backoffMs: [], jitter }
    const name = `${topic}/${channel}`
    const deadLetterTopic = valueFor(options.deadLetterTopicFor, name) ?? ''
    return {
      maxAttempts: valueFor(options.maxAttemptsFor, name) ?? options.maxAttempts,
      deadLetterTopic: deadLetterTopic === topic ? '' : deadLetterTopic, // a pattern may fit the graveyard itself
      backoffMs: valueFor(options.retryBackoffFor, name) ?? options.retryBackoff,
      jitter,
    }
  }
}
