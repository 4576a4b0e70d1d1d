import { TopicExitingError } from '../../../src/core/topic.ts'
import type { Durability } from '../../../src/log/topic-store.ts'
import type { Frame } from '../../core/support/frame.ts'
import { DeadLedger, type DyingEntry } from './dead-ledger.ts'

/** Due times are exact to this, in milliseconds. */
const TOLERANCE_MS = 2
const ATTEMPTS_MAX = 0xffff

export interface LedgerMessage {
  readonly body: string
  /** Wall clock in ms before which it must not be delivered; 0: at once. */
  notBefore: number
  /** That is a time that it was scheduled for: nothing makes it earlier. */
  readonly exact: boolean
  /** Its publisher was told that it is safe. */
  safe: boolean
  /** It waits in its topic: no channel was given it. */
  waiting: boolean
  /** Whether it does was forgotten: it may wait in its topic once more. */
  vague: boolean
  /** It was emptied away from the topic: nothing brings it back. */
  emptied: boolean
  /** It may have been dropped as one of the oldest: it is owed to nobody, even if it is answered only then. */
  droppable: boolean
}

/** What a channel owes of a message. */
interface Entry extends DyingEntry {
  readonly message: LedgerMessage
  /** It comes because its channel was rewound. */
  again: boolean
}

interface Doubts {
  readonly doubtful: boolean
  readonly damaged: boolean
  readonly lost: boolean
}

export class LedgerChannel {
  readonly name: string
  readonly entries = new Map<string, Entry>()
  /** Deliveries after which a message becomes a dead letter; Infinity: it never does. */
  readonly maxAttempts: number
  readonly dead: DeadLedger

  constructor(topic: string, name: string, maxAttempts: number) {
    this.name = name
    this.maxAttempts = maxAttempts
    this.dead = new DeadLedger(`${topic}/${name}`, maxAttempts)
  }

  readonly entryOf = (body: string): Entry | undefined => this.entries.get(body)
}

export class LedgerTopic {
  readonly name: string
  readonly channels = new Map<string, LedgerChannel>()
  readonly messages = new Map<string, LedgerMessage>()

  constructor(name: string) {
    this.name = name
  }
}

/** What a broker has promised, and what it may do. Every method that hears of a broken promise throws. */
export class Ledger {
  readonly topics = new Map<string, LedgerTopic>()
  safeCount = 0
  readonly #durability: (topic: string) => Durability
  readonly #maxAttempts: (channel: string) => number
  readonly #bodiesById = new Map<string, string>()
  /** Something was forgotten, by a power cut or damage, that nobody was promised: what was deleted may be back. */
  #loose = false
  /** Damage was found at some start. */
  #damaged = false

  /** @param maxAttempts deliveries after which a message of that channel becomes a dead letter */
  constructor(durability: (topic: string) => Durability, maxAttempts: (channel: string) => number = () => Infinity) {
    this.#durability = durability
    this.#maxAttempts = maxAttempts
  }

  // ---- topics and channels ----

  topicCreated(name: string): void {
    this.topics.set(name, new LedgerTopic(name))
  }

  topicDeleted(name: string, failed: boolean): void {
    this.topics.delete(name)
    if (failed) this.#loose = true
  }

  channelCreated(topicName: string, name: string): void {
    const topic = this.topics.get(topicName)!
    const channel = new LedgerChannel(topicName, name, this.#maxAttempts(name))
    topic.channels.set(name, channel)
    for (const message of topic.messages.values())
      if (message.waiting) channel.entries.set(message.body, entryOf(message))
  }

  channelDeleted(topicName: string, name: string, failed: boolean): void {
    this.topics.get(topicName)!.channels.delete(name)
    if (failed) this.#loose = true
  }

  channelEmptied(topicName: string, name: string, failed: boolean): void {
    const channel = this.#channel(topicName, name)
    for (const entry of channel.entries.values()) {
      if (entry.message.waiting) continue // still the topic's
      const mayBeDead = channel.maxAttempts < Infinity && (entry.attempts > 0 || entry.fuzzy)
      const vague = failed || entry.message.vague || mayBeDead
      if (entry.state === 'open' || entry.state === 'free') mark(entry, vague ? 'free' : 'dropped')
    }
  }

  topicEmptied(topicName: string, failed: boolean): void {
    if (failed) this.#loose = true // what waited may wait again, for a channel that is yet to be made
    const topic = this.topics.get(topicName)!
    for (const channel of topic.channels.values()) {
      for (const entry of channel.entries.values()) {
        if (!entry.message.waiting || entry.state === 'done') continue
        mark(entry, failed || entry.message.vague ? 'free' : 'dropped')
      }
    }
    for (const message of topic.messages.values()) {
      message.emptied ||= message.waiting && !failed && !message.vague
      message.waiting = false
    }
  }

  /** All that was published went to the channels. */
  distributed(topicName: string): void {
    for (const message of this.topics.get(topicName)?.messages.values() ?? []) message.waiting = message.vague = false
  }

  /** A channel is not there any more after a start: so it was new, and nothing is owed to it. */
  channelGone(topic: LedgerTopic, channel: LedgerChannel): void {
    this.nothingOwed(topic, channel)
    topic.channels.delete(channel.name)
  }

  topicGone(topic: LedgerTopic): void {
    for (const message of topic.messages.values()) {
      if (message.safe && message.waiting) throw new Error(`topic ${topic.name} is gone, and with it ${named(message)}`)
    }
    this.topics.delete(topic.name)
  }

  unexpected(what: string): void {
    if (!this.#loose) throw new Error(what)
  }

  // ---- messages ----

  published(topicName: string, bytes: Buffer, notBefore: number, exact = false): LedgerMessage {
    const topic = this.topics.get(topicName)!
    const message = {
      body: bytes.toString('latin1'),
      notBefore,
      exact,
      safe: false,
      waiting: true,
      vague: false,
      emptied: false,
      droppable: false,
    }
    topic.messages.set(message.body, message)
    for (const channel of topic.channels.values()) channel.entries.set(message.body, entryOf(message))
    return message
  }

  /** @param failing the disk fails now and then; else a publish does not fail either */
  answered(messages: readonly LedgerMessage[], error: Error | null, failing: boolean): void {
    const deleted = error instanceof TopicExitingError
    if (error !== null && !failing && !deleted)
      throw new Error('a publish failed on a disk that works', { cause: error })
    for (const message of messages) message.safe = error === null && !message.droppable
    if (error === null) this.safeCount++
  }

  delivered(topicName: string, channelName: string, frame: Frame, nowMs: number): void {
    const body = frame.body.toString('latin1')
    const where = `${short(body)} (id ${frame.id}) in ${topicName}/${channelName}`
    const message = this.topics.get(topicName)?.messages.get(body)
    if (message === undefined && !this.#loose) throw new Error(`nobody published ${where}`)
    const id = `${topicName} ${frame.id}`
    const known = this.#bodiesById.get(id)
    if (known !== undefined && known !== body && this.#isQueued(topicName, known))
      throw new Error(`${where} has the id of ${short(known)}`)
    this.#bodiesById.set(id, body)
    if (message === undefined) return
    const { entries, maxAttempts } = this.#channel(topicName, channelName)
    let entry = entries.get(body)
    if (entry === undefined) {
      if (!this.#loose) throw new Error(`${where} was published before there was that channel`)
      // It is back from before: whatever happened to the message then.
      const doubts = { state: 'free', fuzzy: true, attempts: ATTEMPTS_MAX, notBefore: 0, dueAt: 0 } as const
      const twice = this.#damaged
      entries.set(body, (entry = { ...entryOf(message), ...doubts, twice }))
    }
    if (entry.state === 'done') throw new Error(`${where} was finished and comes again`)
    if (entry.state === 'dead') throw new Error(`${where} became a dead letter and comes again`)
    if (frame.attempts > maxAttempts)
      throw new Error(`${where} comes with attempts ${frame.attempts}, of ${maxAttempts}`)
    if (entry.state === 'dropped') throw new Error(`${where} was emptied away and comes again`)
    if (nowMs < entry.notBefore - TOLERANCE_MS && !entry.twice)
      throw new Error(`${where} comes ${entry.notBefore - nowMs} ms too early`)
    const expected = entry.attempts + 1
    const right =
      entry.fuzzy || entry.twice ? frame.attempts >= 1 && frame.attempts <= expected : frame.attempts === expected
    if (!right) throw new Error(`${where} comes with attempts ${frame.attempts}, not ${expected}`)
    entry.dueAt = 0
    entry.attempts = Math.max(entry.attempts, frame.attempts)
    if (!entry.twice) entry.attempts = frame.attempts
    entry.fuzzy = false
    touched(entry)
  }

  finished(topicName: string, channelName: string, frame: Frame): void {
    const entry = this.#entry(topicName, channelName, frame)
    if (entry !== undefined) mark(entry, entry.twice ? 'free' : 'done')
  }

  /**
   * A channel was rewound: what it was done with comes once more, as if never delivered.
   * @param confirmed that was answered
   */
  rewound(topicName: string, channelName: string, bodies: readonly string[], confirmed: boolean): void {
    const topic = this.topics.get(topicName)!
    const { entries } = this.#channel(topicName, channelName)
    for (const body of bodies) {
      const message = topic.messages.get(body)
      if (message === undefined && !this.#loose) throw new Error(`nobody published ${short(body)}`)
      if (message === undefined) continue
      if (message.emptied) throw new Error(`${short(body)} was emptied away and is to come again`)
      message.waiting = message.vague = false // a channel has read as far: it is the channels' now, for sure
      const known = entries.get(body)
      if (known?.state === 'open') continue
      const entry = { ...entryOf(message), notBefore: 0, dueAt: 0, again: true }
      entry.state = confirmed ? 'open' : 'free'
      entry.twice = known?.twice ?? false
      if (known?.state === 'free' || !confirmed) {
        entry.fuzzy = true
        entry.attempts = ATTEMPTS_MAX // it may have been there all along
      }
      entry.flushed = confirmed
      entry.synced = confirmed && this.#durability(topicName) === 'fsync'
      entries.set(body, entry)
    }
  }

  /** It was cancelled before it was delivered. @param confirmed that was answered */
  cancelled(topicName: string, channelName: string, body: string, confirmed: boolean): void {
    const entry = this.#channel(topicName, channelName).entries.get(body)
    if (entry === undefined) return
    mark(entry, confirmed && !entry.twice ? 'done' : 'free')
    if (!confirmed) return
    entry.flushed = true
    entry.synced = this.#durability(topicName) === 'fsync'
  }

  /** It was sent off before its time. @param confirmed that was answered */
  hurried(topicName: string, channelName: string, body: string, confirmed: boolean): void {
    const entry = this.#channel(topicName, channelName).entries.get(body)
    if (entry === undefined) return
    touched(entry)
    entry.notBefore = entry.dueAt = 0
    if (!confirmed) return
    entry.flushed = true
    entry.synced = this.#durability(topicName) === 'fsync'
  }

  deferred(topicName: string, channelName: string, frame: Frame, dueMs: number): void {
    const entry = this.#entry(topicName, channelName, frame)
    if (entry === undefined) return
    entry.notBefore = dueMs
    touched(entry)
  }

  // ---- dead letters ----

  /** Of that channel of whatever topic the message is from; undefined: there is no such channel any more. */
  graveOf(channelName: string, body: string): { topic: LedgerTopic; channel: LedgerChannel } | undefined {
    for (const topic of this.topics.values()) {
      const channel = topic.channels.get(channelName)
      if (channel !== undefined && topic.messages.has(body)) return { topic, channel }
    }
    return undefined
  }

  letterDelivered(channelName: string, frame: Frame): void {
    const body = frame.body.toString('latin1')
    const [serial] = body.split('.', 1)
    if (!frame.body.equals(Buffer.alloc(frame.body.length, `${serial}.`)))
      throw new Error(`a dead letter of ${channelName} has a body that nobody published: ${body.slice(0, 60)}`)
    const grave = this.graveOf(channelName, body)
    if (grave === undefined) return
    const { channel, topic } = grave
    channel.dead.delivered(frame, channel.entries.get(body), this.#loose, this.#durability(topic.name) === 'fsync')
  }

  letterFinished(channelName: string, frame: Frame): void {
    const body = frame.body.toString('latin1')
    this.graveOf(channelName, body)?.channel.dead.finished(body)
  }

  /** What happened so far was written to the journal. */
  flushed(): void {
    this.forEachChannel((_, { dead }) => dead.flushed())
    this.#forEachEntry((entry) => (entry.flushed = true))
  }

  synced(): void {
    this.forEachChannel((_, { dead }) => dead.synced())
    this.#forEachEntry((entry) => (entry.synced = entry.flushed))
  }

  /**
   * @param failed the disk failed before: what was not promised to publishers may be forgotten
   * @param damaged it was found damaged: the same, and what was to be moved may come twice
   */
  restarted(kind: 'kill' | 'cutPower' | 'restart', failed: boolean, damaged: boolean): void {
    const doubtful = failed || damaged
    this.#damaged ||= damaged
    if (kind === 'restart' && !doubtful) return
    const isLost = ({ name }: LedgerTopic): boolean => {
      const durability = this.#durability(name)
      return durability === 'memory' || (kind === 'cutPower' && durability === 'os')
    }
    const topics = [...this.topics.values()]
    if (doubtful || topics.some(isLost)) this.#loose = true
    for (const topic of topics) {
      const lost = isLost(topic)
      for (const { dead, entries, entryOf } of topic.channels.values()) {
        dead.restarted({ kind, lost, doubtful: this.#loose || doubtful }, entryOf)
        for (const entry of entries.values()) this.#doubt(entry, kind, { doubtful, damaged, lost })
      }
      for (const message of topic.messages.values()) {
        if (doubtful || lost) message.vague = true
        if (doubtful || lost) message.emptied = false
        if (lost) message.safe = false
      }
    }
  }

  #doubt(entry: Entry, kind: 'kill' | 'cutPower' | 'restart', { damaged, doubtful, lost }: Doubts): void {
    const known = kind === 'cutPower' ? entry.synced : entry.flushed
    if (lost || ((entry.state !== 'open' || entry.again) && (doubtful || !known))) entry.state = 'free'
    entry.fuzzy ||= this.#loose || !known
    entry.twice ||= damaged
    if (this.#loose) entry.attempts = ATTEMPTS_MAX // a channel of that name that was deleted may be back
    if (doubtful || lost || !known) entry.notBefore = entry.dueAt
  }

  /** The oldest messages of a topic were dropped: nobody knows here which of those that waited. */
  oldestDropped(topicName: string): void {
    const topic = this.topics.get(topicName)!
    for (const message of topic.messages.values()) {
      message.safe = false
      message.droppable = true
    }
    for (const { entries } of topic.channels.values()) {
      for (const entry of entries.values()) if (entry.state === 'open') mark(entry, 'free')
    }
  }

  nothingOwed(topic: LedgerTopic, { dead, entries, name }: LedgerChannel): void {
    dead.nothingOwed()
    for (const { message, state } of entries.values()) {
      if (state === 'open' && message.safe)
        throw new Error(
          `${topic.name}/${name} has lost ${named(message)}, delivered ${entries.get(message.body)!.attempts} times`,
        )
    }
  }

  forEachChannel(visit: (topic: LedgerTopic, channel: LedgerChannel) => void): void {
    for (const topic of Array.from(this.topics.values()))
      for (const channel of Array.from(topic.channels.values())) visit(topic, channel)
  }

  /** The wall clock was set back, from `nowMs`: delays that had not begun end earlier by it; what had become due, is. */
  clockSetBack(ms: number, nowMs: number): void {
    this.#forEachEntry((entry) => {
      if (entry.dueAt <= nowMs) entry.dueAt = 0
      if (entry.dueAt === 0) entry.notBefore -= ms
    })
    for (const topic of this.topics.values()) {
      for (const message of topic.messages.values()) if (!message.exact) message.notBefore -= ms
    }
  }

  #forEachEntry(visit: (entry: Entry) => void): void {
    this.forEachChannel((_, channel) => channel.entries.forEach(visit))
  }

  /** The clock may go back, and an id come again, but not while the other message is there: for all we know, if it is safe. */
  #isQueued(topicName: string, body: string): boolean {
    const { channels, messages } = this.topics.get(topicName)!
    const message = messages.get(body)
    if (message?.safe !== true) return false
    if (message.waiting) return true
    return Array.from(channels.values()).some(({ entries }) => entries.get(body)?.state === 'open')
  }

  #channel(topicName: string, name: string): LedgerChannel {
    return this.topics.get(topicName)!.channels.get(name)!
  }

  /** Undefined for what is back although it was deleted, if that may be. */
  #entry(topicName: string, channelName: string, frame: Frame): Entry | undefined {
    return this.#channel(topicName, channelName).entries.get(frame.body.toString('latin1'))
  }
}

function entryOf(message: LedgerMessage): Entry {
  const { exact, notBefore } = message
  const dueAt = exact ? notBefore : 0
  return {
    message,
    state: 'open',
    flushed: false,
    synced: false,
    attempts: 0,
    fuzzy: false,
    twice: false,
    notBefore,
    dueAt,
    again: false,
  }
}

function mark(entry: Entry, state: Entry['state']): void {
  entry.state = state
  touched(entry)
}

function touched(entry: Entry): void {
  entry.flushed = entry.synced = false
}

function short(body: string): string {
  return `message ${body.slice(0, body.indexOf('.'))}`
}

function named(message: LedgerMessage): string {
  return short(message.body)
}
