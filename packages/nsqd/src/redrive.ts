// Dead letters on their way back to the channels that they came from.
import { delay, type Logger, TaskGroup } from '@nsq-ts/daemon'
import type { Channel } from './core/channel.ts'
import { type MessageRef, peekChannel, readContent } from './core/peek.ts'
import { deadLetterTopicName } from './core/retry-policy.ts'
import { type FoundLetter, isLetterOf, type LetterFilter, sendBack } from './core/send-back.ts'
import type { Topic } from './core/topic.ts'
import type { TopicRegistry } from './core/topic-registry.ts'

/** The channel that a dead-letter topic is given when it has none, and letters are to be sent back from it. */
const REDRIVE_CHANNEL = 'redrive'
/** Letters sent back between two looks at anything else. */
const BATCH = 100
const BATCHES_PER_SECOND = 10
/** What failed is tried again after this time. */
const RETRY_MS = 1000

/** Which letters are sent back, from where, and how fast. */
export interface RedriveRequest extends LetterFilter {
  /** Topic and channel that the letters lie in. */
  readonly fromTopic: string
  readonly fromChannel: string
  /** A second; 0: as fast as it goes. */
  readonly rate: number
}

export interface RedriveJob {
  readonly topic: string
  readonly channel: string
  readonly request: RedriveRequest
  sentCount: number
  running: boolean
  /** Why it ended before its end. */
  error: string | undefined
}

export class RedriveError extends Error {
  readonly code: 'NO_DEAD_LETTERS' | 'MISSING_ARG_FROM' | 'FROM_NOT_FOUND' | 'REDRIVE_RUNNING'

  constructor(code: RedriveError['code']) {
    super(code)
    this.name = 'RedriveError'
    this.code = code
  }
}

export interface RedriveSettings {
  readonly registry: TopicRegistry
  readonly logger: Logger
  /** What runs, or no longer does, is to be written down. */
  readonly changed: () => void
}

/**
 * All redrives that run, one a channel at most. Each goes through the letters of a channel of the dead-letter topic, in their
 * order, and takes those that it is for: a letter is finished there once it is safe in the channel that it came from. So a crash
 * in between sends it back twice, and never loses it; what runs is written down, and goes on after a start.
 */
export class Redrives {
  readonly #settings: RedriveSettings
  /** Those that run, and the last one of each channel, by `<topic>/<channel>`. */
  readonly #jobs = new Map<string, { readonly job: RedriveJob; readonly stop: AbortController }>()
  readonly #tasks: TaskGroup

  constructor(settings: RedriveSettings) {
    this.#settings = settings
    this.#tasks = new TaskGroup((name, error) => settings.logger.error(`${name} failed - ${String(error)}`))
  }

  /** The one of that channel that runs, or the last one that ran since the start. */
  of(topic: string, channel: string): RedriveJob | undefined {
    return this.#jobs.get(`${topic}/${channel}`)?.job
  }

  /** What is to go on after a restart. */
  runningOf(topic: string, channel: string): RedriveRequest | undefined {
    const job = this.of(topic, channel)
    return job?.running === true ? job.request : undefined
  }

  /**
   * Sends dead letters back.
   * @param from the channel of the dead-letter topic; empty: the one that it has, or `redrive`, if it has none
   * @throws {RedriveError} NO_DEAD_LETTERS there is no such topic; MISSING_ARG_FROM it has several channels; FROM_NOT_FOUND;
   *   REDRIVE_RUNNING
   */
  start(
    topic: Topic,
    channel: Channel,
    from: string,
    wanted: Pick<RedriveRequest, 'id' | 'contains' | 'reason' | 'rate' | 'beforeMs'>,
  ): RedriveJob {
    if (this.runningOf(topic.name, channel.name) !== undefined) throw new RedriveError('REDRIVE_RUNNING')
    const fromTopic = channel.retries?.topicName ?? deadLetterTopicName(topic.name, channel.name)
    const source = this.#settings.registry.get(fromTopic)
    if (source === undefined) throw new RedriveError('NO_DEAD_LETTERS')
    const fromChannel = this.#channelOf(source, from)
    return this.#begin(topic.name, channel.name, { ...wanted, fromTopic, fromChannel })
  }

  /** Goes on with one that ran when nsqd stopped. */
  resume(topic: string, channel: string, request: RedriveRequest): void {
    this.#begin(topic, channel, request)
  }

  /** Ends one that runs; what was sent back stays. @returns false when none runs */
  stop(topic: string, channel: string): boolean {
    const known = this.#jobs.get(`${topic}/${channel}`)
    if (known?.job.running !== true) return false
    known.job.running = false
    known.stop.abort()
    this.#settings.changed()
    return true
  }

  /** What runs goes on after the next start. */
  close(): Promise<void> {
    return this.#tasks.close()
  }

  #channelOf(source: Topic, from: string): string {
    if (from !== '') {
      if (!source.channels.has(from)) throw new RedriveError('FROM_NOT_FOUND')
      return from
    }
    if (source.channels.size > 1) throw new RedriveError('MISSING_ARG_FROM')
    const [only] = source.channels.keys()
    return only ?? this.#settings.registry.channel(source, REDRIVE_CHANNEL).name
  }

  #begin(topic: string, channel: string, request: RedriveRequest): RedriveJob {
    const stop = new AbortController()
    const job: RedriveJob = { topic, channel, request, sentCount: 0, running: true, error: undefined }
    const where = `TOPIC(${topic}): CHANNEL(${channel})`
    this.#jobs.set(`${topic}/${channel}`, { job, stop })
    this.#settings.changed()
    this.#settings.logger.info(`${where}: sending dead letters back from ${request.fromTopic}`)
    this.#tasks.run(`${where}: redrive`, async (closing) => {
      const signal = AbortSignal.any([closing, stop.signal])
      try {
        await this.#run(job, signal)
      } catch (error) {
        job.error = (error as Error).message
      }
      if (closing.aborted) return
      this.#settings.logger.info(`${where}: ${job.sentCount} dead letters were sent back`)
      if (!job.running) return
      job.running = false
      this.#settings.changed()
    })
    return job
  }

  /** Goes through the letters again and again, until none of them is for it: the line moves while it is read. */
  async #run(job: RedriveJob, signal: AbortSignal): Promise<void> {
    await delay(1, signal) // a channel that was just made has its messages after the turn
    for (let sent = -1; sent !== job.sentCount && !signal.aborted;) {
      sent = job.sentCount
      let passedOver = 0
      while (!signal.aborted) {
        const { source, target } = this.#ends(job)
        const refs = peekChannel(source.channel, 'ready', passedOver, batchSize(job.request))
        if (refs.length === 0) break
        const letters = await lettersFor(job, refs)
        passedOver += refs.length - letters.length
        if (letters.length > 0) await this.#send(job, letters, source, target, signal)
        else await new Promise(setImmediate)
      }
    }
  }

  /** @throws {Error} when one of them is gone */
  #ends({ channel, request, topic }: RedriveJob): {
    source: { topic: Topic; channel: Channel }
    target: Channel
  } {
    const { registry } = this.#settings
    const from = registry.get(request.fromTopic)
    const source = from?.channels.get(request.fromChannel)
    const target = registry.get(topic)?.channels.get(channel)
    if (from === undefined || source === undefined) throw new Error('the dead letters are gone')
    if (target === undefined) throw new Error('the channel that they came from is gone')
    return { source: { topic: from, channel: source }, target }
  }

  async #send(
    job: RedriveJob,
    letters: readonly FoundLetter[],
    source: { topic: Topic; channel: Channel },
    target: Channel,
    signal: AbortSignal,
  ): Promise<void> {
    const [sentCount, error] = await new Promise<[number, Error | null]>((resolve) =>
      sendBack(letters, source, target, (...result) => resolve(result)),
    )
    if (error !== null) {
      this.#settings.logger.error(`TOPIC(${job.topic}): failed to send dead letters back - ${error.message}`)
      await delay(RETRY_MS, signal)
      return
    }
    job.sentCount += sentCount
    const { rate } = job.request
    if (rate > 0) await delay((1000 * sentCount) / rate, signal)
  }
}

function batchSize({ rate }: RedriveRequest): number {
  return rate === 0 ? BATCH : Math.max(1, Math.min(BATCH, Math.floor(rate / BATCHES_PER_SECOND)))
}

async function lettersFor(job: RedriveJob, refs: readonly MessageRef[]): Promise<FoundLetter[]> {
  const found: FoundLetter[] = []
  for (const ref of refs) {
    const content = await readContent(ref)
    if (content !== undefined && isLetterOf(job, job.request, content)) found.push({ ref, content })
  }
  return found
}
