import { encodeHeaders } from '../log/headers.ts'
import { type DeadPlace, type Failure, FailureReason, type RecordWriter } from '../log/journal-records.ts'
import type { LogKind } from '../log/log.ts'
import { keyIn } from '../log/recovered-messages.ts'
import type { Place, Segment } from '../log/segment.ts'
import type { Durability } from '../log/topic-store.ts'
import type { ChannelJournal } from './channel-journal.ts'
import type { CoreContext } from './context.ts'
import { type DeadLetterTopics, hasBecome, letterOf, type Origin } from './dead-letters.ts'
import { backoffMs, deadLetterTopicName, type RetryPolicy } from './retry-policy.ts'
import type { DueSource } from './scanner.ts'
import { Phase, type TurnTask } from './turn.ts'

/** A dead letter that could not be taken is tried again after this time. */
const RETRY_MS = 1000

/** The channel whose messages fail. */
export interface RetryHost {
  readonly context: CoreContext
  readonly origin: Origin
  readonly journal: ChannelJournal | null
  readonly closed: boolean
  /** How safely its messages are kept. */
  readonly durability: Durability
  /** Puts a message at the end of the line. */
  putBack(segment: Segment, index: number, attempts: number): void
  deferUntil(segment: Segment, index: number, attempts: number, dueMs: number): void
  /** Is done with a message. */
  drop(segment: Segment, index: number): void
  /** The message cannot be read: it is gone, and counted. */
  giveUp(segment: Segment, index: number): void
}

/** A message that becomes a dead letter; nobody else has it. */
interface Dying {
  readonly segment: Segment
  readonly index: number
  readonly attempts: number
  /** Where it is to be; null: that was not said yet. */
  place: DeadPlace | null
  /** An earlier run has announced it: it is not known yet whether it is there. */
  unresolved: boolean
}

/**
 * What becomes of failed deliveries of one channel: they wait, by its policy, and in the end become dead letters.
 *
 * A message moves to its dead-letter topic exactly once, whenever the process dies:
 *
 *   1. the channel's journal says what is to become the message at which position of which topic (`dying`)
 *   2. that message is published, with the id of the origin in its headers
 *   3. once it is as safe as the topic keeps it, the channel finishes the message
 *
 * At a start, a message that was dying is finished if it is found at that position, by the origin's id; else all of it is
 * done once more.
 */
export class Retries implements TurnTask, DueSource {
  wakeAt = Infinity
  heapIndex = -1
  /** Messages that became dead letters since the start. */
  deadCount = 0
  policy: RetryPolicy | null
  readonly #host: RetryHost
  readonly #topics: DeadLetterTopics
  /** Of messages that failed and are not finished, by keyOf. */
  readonly #failures = new Map<number, Failure>()
  #dying: Dying[] = []
  #scheduled = false

  constructor(host: RetryHost, topics: DeadLetterTopics, policy: RetryPolicy | null) {
    this.#host = host
    this.#topics = topics
    this.policy = policy
  }

  /** Messages that are becoming dead letters. */
  get count(): number {
    return this.#dying.length
  }

  /** Those that are becoming dead letters. */
  forEach(visit: (segment: Segment, index: number) => void): void {
    for (const { index, segment } of this.#dying) visit(segment, index)
  }

  /** Where dead letters of this channel go. */
  get topicName(): string {
    const { channel, topic } = this.#host.origin
    return this.policy?.deadLetterTopic || deadLetterTopicName(topic, channel)
  }

  /**
   * A delivery failed.
   * @param attempts deliveries so far
   * @param askedMs the delay that the consumer asked for; 0: none
   */
  failed(segment: Segment, index: number, attempts: number, reason: FailureReason, askedMs: number): void {
    const { policy } = this
    if (policy !== null) this.#note(segment, index, reason)
    if (this.isExhausted(attempts)) return this.die(segment, index, attempts)
    const { clock, random } = this.#host.context
    const waitMs = askedMs > 0 || policy === null ? askedMs : backoffMs(policy, attempts, random)
    if (waitMs > 0) this.#host.deferUntil(segment, index, attempts, clock.now() + waitMs)
    else this.#host.putBack(segment, index, attempts)
  }

  /** It was delivered as often as it may be. */
  isExhausted(attempts: number): boolean {
    const { policy } = this
    return policy !== null && policy.maxAttempts > 0 && attempts >= policy.maxAttempts
  }

  /** Has a message become a dead letter; the caller has taken it out of everything else. */
  die(segment: Segment, index: number, attempts: number): void {
    if (!this.#failures.has(keyIn(segment, index))) this.#note(segment, index, FailureReason.unknown)
    this.#dying.push({ segment, index, attempts, place: null, unresolved: false })
    this.#schedule()
  }

  /** The message is finished. */
  forget(segment: Segment, index: number): void {
    if (this.#failures.size > 0) this.#failures.delete(keyIn(segment, index))
  }

  /** The message lies elsewhere from now on. */
  moved(segment: Segment, index: number, place: Place): void {
    const key = keyIn(segment, index)
    const failure = this.#failures.get(key)
    if (failure === undefined) return
    this.#failures.delete(key)
    this.#failures.set(keyIn(place.segment, place.index), failure)
  }

  /** The channel was emptied: forgets all. */
  clear(): void {
    for (const { segment } of this.#dying) segment.release(1)
    this.#dying = []
    this.#failures.clear()
  }

  stop(): void {
    this.#host.context.scanner.forget(this)
  }

  processDue(): number {
    this.#schedule()
    return Infinity
  }

  // ---- moving ----

  endTurn(): void {
    this.#scheduled = false
    if (this.#host.closed) return
    this.resolve()
    const ready: Dying[] = []
    for (const dying of this.#dying.slice()) {
      const { index, segment, unresolved } = dying
      if (unresolved) continue
      if (!segment.resident) this.#load(dying)
      else if (segment.isMissing(index)) this.#giveUp(dying)
      else ready.push(dying)
    }
    if (ready.length > 0) this.#move(ready)
  }

  #load(dying: Dying): void {
    const { segment } = dying
    segment.log.beginReading(segment)
    segment.load((error) => {
      if (error === null && !this.#host.closed) this.#moveNow(dying)
      else this.#later()
      segment.log.endReading(segment)
    })
  }

  /** While its segment is known to be in memory. */
  #moveNow(dying: Dying): void {
    if (!this.#dying.includes(dying)) return // forgotten meanwhile
    if (dying.segment.isMissing(dying.index)) this.#giveUp(dying)
    else this.#move([dying])
  }

  #giveUp(dying: Dying): void {
    this.#remove([dying])
    this.#host.giveUp(dying.segment, dying.index)
  }

  /** Until all of it is done, the journal knows them as dying. */
  #move(batch: readonly Dying[]): void {
    const { context, durability, journal } = this.#host
    try {
      const topic = this.#topics.open(this.topicName, durability)
      const announce = (position: number): void => this.#announce(batch, topic.name, position)
      const letters = batch.map((dying) => this.#letterOf(dying))
      if (!topic.takeAll(letters, announce, () => this.endTurn())) return
    } catch (error) {
      context.onDisk?.(error as Error)
      return this.#later()
    }
    this.#remove(batch)
    this.deadCount += batch.length
    for (const { index, segment } of batch) this.#host.drop(segment, index)
    try {
      // Before anybody can have the dead letter: once it is finished there, this is all that tells that it was.
      journal?.settle()
    } catch {
      // it is tried again with whatever is recorded next
    }
  }

  /** @throws of the file system */
  #announce(batch: readonly Dying[], topic: string, from: number): void {
    const { journal } = this.#host
    let position = from
    for (const dying of batch) {
      dying.place = { topic, position: position++ }
      journal?.dying(dying.segment, dying.index, dying.attempts, dying.place)
    }
    journal?.settle()
  }

  #letterOf({ attempts, index, segment }: Dying): { body: Buffer; headers: Buffer } {
    const failure = this.#failures.get(keyIn(segment, index))!
    const { body, headers } = letterOf(this.#host.origin, segment, index, attempts, failure)
    return { body, headers: encodeHeaders(headers) }
  }

  #remove(batch: readonly Dying[]): void {
    const gone = new Set(batch)
    this.#dying = this.#dying.filter((dying) => !gone.has(dying))
  }

  #later(): void {
    const { clock, scanner } = this.#host.context
    if (!this.#host.closed) scanner.expect(this, clock.now() + RETRY_MS)
  }

  #schedule(): void {
    if (this.#scheduled || this.#host.closed || this.#dying.length === 0) return
    this.#scheduled = true
    this.#host.context.turn.schedule(Phase.commit, this)
  }

  #note(segment: Segment, index: number, reason: FailureReason): void {
    const nowMs = this.#host.context.clock.wallUs() / 1000
    const key = keyIn(segment, index)
    const failure = { firstWallMs: this.#failures.get(key)?.firstWallMs ?? nowMs, lastWallMs: nowMs, reason }
    this.#failures.set(key, failure)
    this.#host.journal?.failed(segment, index, failure)
  }

  // ---- what is written down ----

  /** Describes it in the snapshot of a journal. */
  describe(writer: RecordWriter, channel: number): void {
    for (const { attempts, index, place, segment } of this.#dying) {
      const { kind } = segment.log
      writer.attempts(channel, kind, segment.base + index, attempts)
      if (place !== null) writer.dying(channel, kind, segment.base + index, place)
    }
    for (const [key, failure] of this.#failures) writer.failed(channel, kindOf(key), positionOf(key), failure)
  }

  /** Takes over what an earlier run knew of a message's failures. */
  restoreFailure(segment: Segment, index: number, failure: Failure): void {
    this.#failures.set(keyIn(segment, index), failure)
  }

  /** Takes over a message that was becoming a dead letter. */
  restoreDying(segment: Segment, index: number, attempts: number, place: DeadPlace): void {
    this.#dying.push({ segment, index, attempts, place, unresolved: true })
  }

  /**
   * All topics are there: what has become a dead letter before the crash is finished, the rest becomes one now. What cannot
   * be told, since the disk fails, is told later.
   */
  resolve(): void {
    const unresolved = this.#dying.filter((dying) => dying.unresolved)
    if (unresolved.length === 0) return
    try {
      this.#secure(new Set(unresolved.flatMap(({ place }) => (place === null ? [] : [place.topic]))))
      for (const dying of unresolved) this.#resolve(dying)
    } catch (error) {
      this.#host.context.onDisk?.(error as Error)
      this.#later()
    }
    this.#schedule()
  }

  /** Letters of an earlier run are kept as safely as their origins were, before these are finished. @throws of the file system */
  #secure(topics: ReadonlySet<string>): void {
    for (const name of topics) this.#topics.secure(name, this.#host.durability)
  }

  /** @throws of the file system */
  #resolve(dying: Dying): void {
    const { attempts, index, place, segment } = dying
    if (place !== null && hasBecome(this.#topics, place, this.#host.origin, segment, index)) {
      this.#remove([dying])
      this.#host.drop(segment, index)
    } else if (this.isExhausted(attempts)) {
      if (!this.#failures.has(keyIn(segment, index))) this.#note(segment, index, FailureReason.unknown)
      dying.unresolved = false
    } else {
      this.#remove([dying])
      this.#host.putBack(segment, index, attempts)
    }
  }

  /** Letters that are there already are kept from now on as safely as those that come. */
  keepLetters(): void {
    if (this.policy === null || this.#topics.find(this.topicName) === undefined) return
    try {
      this.#topics.open(this.topicName, this.#host.durability)
    } catch (error) {
      this.#host.context.onDisk?.(error as Error)
    }
  }
}

function kindOf(key: number): LogKind {
  return (key % 4) as LogKind
}

function positionOf(key: number): number {
  return Math.floor(key / 4)
}
