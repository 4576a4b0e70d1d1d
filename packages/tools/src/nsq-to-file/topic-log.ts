// One topic on its way into files: its consumer and its writer.
import type { Logger } from '@nsq-ts/daemon'
import type { Log } from '../program/log.ts'
import { openConsumer } from '../source/open-consumer.ts'
import { runConsumer } from '../source/run-consumer.ts'
import { FileSequence } from './file-sequence.ts'
import type { NsqToFileOptions } from './options.ts'
import { TopicWriter } from './topic-writer.ts'

/** Time for giving back messages after a disk has failed, before the process ends; ms. */
const GIVE_BACK_MAX_MS = 1000

export class TopicLog {
  readonly topic: string
  readonly #consumer: ReturnType<typeof openConsumer>
  readonly #writer: TopicWriter

  /** @throws {Refusal} for names, formats and options that can't be */
  constructor(topic: string, options: NsqToFileOptions, logger: Logger, log: Log) {
    this.topic = topic
    const files = new FileSequence(topic, options, logger)
    const consumer = openConsumer({ tool: 'nsq_to_file', topic, channel: options.channel }, options, log)
    this.#consumer = consumer
    this.#writer = new TopicWriter({ files, flow: consumer, logger, ...options })
    // RDY is spread anew: what was far from starving may starve now.
    consumer.on('connect', () => this.#writer.reconsider())
    consumer.on('disconnect', () => this.#writer.reconsider())
  }

  /** Sync, finish, close the file. */
  hangUp(): void {
    this.#writer.hangUp()
  }

  /**
   * Writes until `stop` aborts, and then whatever there is.
   * @throws {Refusal} when an nsqd can't be reached @throws {Error} of the system when the disk fails
   */
  async run(stop: AbortSignal): Promise<void> {
    const onStop = (): void => this.#writer.stop()
    stop.addEventListener('abort', onStop, { once: true })
    const writing = this.#writer.run()
    const consuming = runConsumer(this.#consumer, stop, (message) => this.#writer.accept(message), {
      concurrency: Infinity,
      manual: true,
    })
    try {
      await Promise.race([consuming, writing])
      this.#writer.end()
      await writing
    } catch (error) {
      consuming.catch(() => undefined) // one reason is enough
      this.#writer.end()
      // So that others get the messages now, and not when their time is over.
      await this.#consumer.close({ timeout: GIVE_BACK_MAX_MS })
      throw error
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }
}
