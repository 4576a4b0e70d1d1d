// The topics that are written: those that were named, or, from time to time, all that nsqlookupd has come to know.
import { delay } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import type { JsonClient } from '../cluster/get-json.ts'
import { lookupTopics } from '../cluster/lookupd.ts'
import type { Log } from '../program/log.ts'
import { demand, Refusal } from '../program/refusal.ts'
import { timerMs } from '../program/timer.ts'
import type { NsqToFileOptions } from './options.ts'
import { TopicLog } from './topic-log.ts'

export class TopicLogs {
  readonly #options: NsqToFileOptions
  readonly #pattern: RegExp
  readonly #logger: Logger
  readonly #log: Log
  readonly #running = new Map<string, TopicLog>()
  readonly #skipped = new Set<string>()
  readonly #ends: Promise<void>[] = []
  #fail!: (error: unknown) => void

  constructor(options: NsqToFileOptions, pattern: RegExp, logger: Logger, log: Log) {
    this.#options = options
    this.#pattern = pattern
    this.#logger = logger
    this.#log = log
  }

  hangUp(): void {
    for (const topicLog of this.#running.values()) topicLog.hangUp()
  }

  /**
   * Writes until `stop` aborts, and then whatever there is.
   * @throws {Refusal} when no topic that was named could be begun with, or a disk fails
   */
  async run(stop: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => (this.#fail = reject))
    await Promise.race([this.#runAll(stop), failed])
  }

  async #runAll(stop: AbortSignal): Promise<void> {
    const { topic: topics, topicRefreshMs } = this.#options
    for (const topic of new Set(topics)) this.#begin(topic, stop)
    if (topics.length > 0) {
      demand(this.#running.size > 0, 'no topic is written')
    } else {
      const client = await this.#openClient(stop)
      while (await delay(timerMs(topicRefreshMs), stop)) {
        for (const topic of await this.#lookUp(client)) this.#begin(topic, stop)
      }
      await client.close()
    }
    await Promise.all(this.#ends)
  }

  async #openClient(stop: AbortSignal): Promise<JsonClient> {
    const { JsonClient } = await import('../cluster/get-json.ts') // a fifth of a second that most need not wait for
    const { connectTimeoutMs: connectMs, requestTimeoutMs: requestMs } = this.#options
    return new JsonClient({ connectMs, requestMs }, stop)
  }

  async #lookUp(client: JsonClient): Promise<readonly string[]> {
    const { found, errors } = await lookupTopics(client, this.#options.lookupdHttpAddress)
    for (const { message } of errors) this.#logger.error(`could not retrieve topic list: ${message}`)
    return found
  }

  #begin(topic: string, stop: AbortSignal): void {
    if (this.#running.has(topic) || this.#skipped.has(topic)) return
    if (!this.#pattern.test(topic)) {
      this.#skipped.add(topic)
      this.#logger.warn(`skipping topic ${topic} (doesn't match pattern ${this.#options.topicPattern})`)
      return
    }
    const { channel } = this.#options
    const logger = this.#logger.derive({ prefix: this.#options.logPrefix, level: this.#logger.level })
    try {
      const topicLog = new TopicLog(topic, this.#options, logger, this.#log)
      this.#running.set(topic, topicLog)
      this.#ends.push(topicLog.run(stop).catch((error: unknown) => this.#onFailure(topic, channel, error)))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#logger.error(`couldn't create logger for new topic ${topic}: ${error.message}`)
    }
  }

  #onFailure(topic: string, channel: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#fail(new Refusal(`FATAL: [${topic}/${channel}] ${text}`, { cause: error }))
  }
}
