// Taking an nsqd out of service: nothing more comes in, what is here goes out, and then it leaves.
import { formatDuration, type Logger } from '@nsq-ts/daemon'
import type { Topic } from './core/topic.ts'
import type { TopicRegistry } from './core/topic-registry.ts'

/** How often it is looked whether all is gone. */
const LOOK_INTERVAL_MS = 100
const LOG_INTERVAL_MS = 5000
/** Topics that a line of the log names. */
const TOPICS_NAMED_MAX = 5

/** Exit code of an nsqd whose time was over before it was empty. */
export const DRAIN_TIMED_OUT = 3

/** A publish reached an nsqd that is being drained. */
export class DrainingError extends Error {
  readonly code = 'DRAINING'

  constructor() {
    super('draining: this nsqd takes no more messages')
    this.name = 'DrainingError'
  }
}

/** What has not been finished yet, in messages; one that several channels need counts for each. */
export interface Left {
  readonly waiting: number
  readonly inFlight: number
  readonly deferred: number
  /** Topics that have some of it, by name. */
  readonly topics: readonly string[]
}

export interface DrainSettings {
  readonly registry: TopicRegistry
  readonly logger: Logger
  /** Begins or ends to be announced to the cluster. */
  readonly announce: (announced: boolean) => void
  /** All is gone, or the time is over: the process may leave with this exit code. */
  readonly done: (exitCode: number) => void
}

/**
 * A drain that can be begun and called off. While it goes on, `check` refuses publishes, nsqlookupd knows nothing of this
 * nsqd, and consumers are served as ever; when no message is left, or the time is over, `done` is told.
 */
export class Drain {
  readonly #settings: DrainSettings
  #timer: NodeJS.Timeout | undefined
  #startedAtMs = 0
  #timeoutMs = 0
  #loggedAtMs = 0

  constructor(settings: DrainSettings) {
    this.#settings = settings
  }

  get active(): boolean {
    return this.#timer !== undefined
  }

  /** When it began, Unix milliseconds. */
  get startedAtMs(): number {
    return this.#startedAtMs
  }

  /** How long it may take, in milliseconds; 0: as long as it needs. */
  get timeoutMs(): number {
    return this.#timeoutMs
  }

  /** @throws {DrainingError} when nothing may be published */
  check(): void {
    if (this.#timer !== undefined) throw new DrainingError()
  }

  /** Begins; once it goes on, this only gives it another time-out, counted from its beginning. */
  begin(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs
    if (this.active) return
    this.#startedAtMs = Date.now()
    this.#loggedAtMs = performance.now()
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS)
    this.#timer.unref()
    this.#settings.logger.info(`DRAIN: publishes are refused from now on; ${describe(this.left())}`)
    this.#settings.announce(false)
  }

  /** Calls it off: publishes are taken again. */
  cancel(): void {
    if (!this.active) return
    this.close()
    this.#timer = undefined
    this.#settings.logger.info('DRAIN: called off, publishes are taken again')
    this.#settings.announce(true)
  }

  /** No more looking; what was refused stays refused. */
  close(): void {
    clearInterval(this.#timer)
  }

  left(): Left {
    const topics: string[] = []
    let waiting = 0
    let inFlight = 0
    let deferred = 0
    for (const topic of this.#settings.registry.topics()) {
      const of = leftOf(topic)
      if (of.waiting + of.inFlight + of.deferred > 0) topics.push(topic.name)
      waiting += of.waiting
      inFlight += of.inFlight
      deferred += of.deferred
    }
    return { waiting, inFlight, deferred, topics: topics.sort() }
  }

  #look(): void {
    const { done, logger } = this.#settings
    const left = this.left()
    const tookMs = Date.now() - this.#startedAtMs
    if (left.topics.length === 0) {
      logger.info(`DRAIN: empty after ${formatDuration(tookMs)}, leaving`)
      this.close()
      return done(0)
    }
    if (this.#timeoutMs > 0 && tookMs >= this.#timeoutMs) {
      logger.warn(`DRAIN: the time-out of ${formatDuration(this.#timeoutMs)} is over, leaving; ${describe(left)}`)
      this.close()
      return done(DRAIN_TIMED_OUT)
    }
    if (performance.now() - this.#loggedAtMs < LOG_INTERVAL_MS) return
    this.#loggedAtMs = performance.now()
    logger.info(`DRAIN: ${describe(left)}`)
  }
}

function leftOf(topic: Topic): Omit<Left, 'topics'> {
  let { depth: waiting } = topic
  let inFlight = 0
  let deferred = 0
  for (const channel of topic.channels.values()) {
    waiting += channel.depth
    inFlight += channel.inFlightCount
    deferred += channel.deferredCount
  }
  return { waiting, inFlight, deferred }
}

function describe({ deferred, inFlight, topics, waiting }: Left): string {
  const more = topics.length > TOPICS_NAMED_MAX ? ', ...' : ''
  const where = topics.length === 0 ? '' : ` in ${topics.slice(0, TOPICS_NAMED_MAX).join(', ')}${more}`
  return `${waiting} messages wait, ${inFlight} are in flight, ${deferred} deferred${where}`
}
