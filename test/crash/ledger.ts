// What the outside knows: what was acknowledged, handed out, finished and deferred. It judges every delivery by that, and
// says what is missing in the end. Times are milliseconds of Unix time.

import { FAILING } from './dead-letters.ts'

/**
 * What nsqd promises not to forget: what was finished, requeued, handed out or emptied is in the journal 20 ms later
 * (docs/log-format.md), plus what a timer takes to ring. A machine that lets it wait for its processor or disk makes that
 * longer, so it is 20 ms in which nsqd ran: pulses show that.
 */
const WINDOW_MS = 20 + 5
/** Due times are exact to a few milliseconds, and a clock that is read in two processes to a few more. */
const EARLY_SLACK_MS = 10

/** Something that was asked of nsqd and has no answer of its own. */
export interface Request {
  readonly run: number
  /** null: it is not known that nsqd has read it. */
  confirmedAt: number | null
}

interface Requeue extends Request {
  readonly dueAt: number
}

/** Where a message stands in one channel, as far as is known: what was last seen of it. */
interface Place {
  attempts: number
  run: number
  seenAt: number
  /** Whoever had it may finish it, and it may have moved on to another: each of these may count. */
  finishes: Request[]
  requeue: Requeue | null
}

interface Message {
  readonly topic: string
  readonly seq: number
  readonly size: number
  readonly run: number
  readonly tick: number
  /** 0: at once. */
  readonly notBefore: number
  /** It waits for longer than any test takes. */
  readonly lasting: boolean
  /** The tick at which nsqd was known to have taken it. */
  acknowledgedAt: number | null
}

interface ChannelLedger {
  readonly places: Map<Message, Place>
  /** Those that somebody wanted to cancel; confirmedAt: it was. */
  readonly cancels: Map<Message, { confirmedAt: number | null }>
  /** Those that somebody wanted to have before their time; true: that was answered. */
  readonly hurried: Map<Message, boolean>
  /** Those that became dead letters. */
  readonly dead: Map<Message, Letter>
  /** Those of which a crash has left two: nothing more is said of them. */
  readonly doubled: Set<Message>
  /** How many messages there are beyond one of each. */
  extraCount: number
  /** Messages published after this tick are for it. */
  readonly since: number
  emptied: Emptied | null
}

interface Letter {
  readonly id: string
  /** Nothing of the message can be on its way any more. */
  quiet: boolean
}

/** To be told what was answered. */
export interface Answer {
  readonly cancels: boolean
  with(done: boolean): void
}

/** A channel was emptied at some time between two ticks. */
interface Emptied {
  readonly from: number
  /** Infinity until it was answered. */
  to: number
  /** What was acknowledged before is gone: nothing of it waited in the topic. */
  readonly surely: boolean
  readonly request: Request
}

/** How a run of nsqd ended. */
interface RunEnd {
  /** What was in nsqd's memory then is on disk: all of it after a clean stop. */
  readonly safeUntil: number
  /** From when on nothing that was sent can have reached it. */
  readonly at: number
}

export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** The ledger of one data path, over all runs of nsqd on it. */
export class Ledger {
  /** What must not be: each a line. */
  readonly violations: string[] = []
  /** Messages that came once more after they had been finished: how long before the crash, in milliseconds. */
  readonly duplicateAgesMs: number[] = []
  acknowledgedCount = 0
  deliveredCount = 0
  finishedCount = 0
  cancelledCount = 0
  deadCount = 0
  revivedCount = 0

  readonly #messages = new Map<string, Message>()
  readonly #topics = new Map<string, { seq: number; channels: Map<string, ChannelLedger> }>()
  readonly #runEnds: RunEnd[] = []
  /** Of each run that has ended. */
  readonly #lastTicks: number[] = []
  #pulses: { readonly sentAt: number; readonly receivedAt: number }[] = []
  #tick = 0

  /** The number of the run of nsqd that is under way. */
  get run(): number {
    return this.#runEnds.length
  }

  /** All that nsqd had sent has been read. @param at from when on nothing that was sent can have reached it */
  runEnded(at: number, clean: boolean): void {
    // A pulse may be answered in the very turn in which nsqd stood still; the one before it was sent is then past.
    const last = this.#pulses.filter(({ receivedAt }) => receivedAt <= at).at(-2)
    this.#runEnds.push({ at, safeUntil: clean ? Infinity : (last?.sentAt ?? 0) - WINDOW_MS })
    this.#pulses = []
    this.#lastTicks.push(this.#tick)
  }

  /** nsqd ran: it answered at `receivedAt` what was sent at `sentAt`. */
  pulse(sentAt: number, receivedAt: number): void {
    this.#pulses.push({ sentAt, receivedAt })
  }

  // ---- topics and channels ----

  topic(topic: string): void {
    this.#topics.set(topic, { seq: 0, channels: new Map() })
  }

  /** The channel is there: nsqd has said so. */
  channel(topic: string, channel: string): void {
    this.#topics.get(topic)!.channels.set(channel, {
      places: new Map(),
      cancels: new Map(),
      hurried: new Map(),
      dead: new Map(),
      doubled: new Set(),
      extraCount: 0,
      since: this.#tick,
      emptied: null,
    })
  }

  channels(topic: string): string[] {
    return [...this.#topics.get(topic)!.channels.keys()]
  }

  /**
   * A channel is about to be emptied.
   * @param surely the topic is known not to be paused: what it had acknowledged is with its channels
   * @returns to be called with the answer
   */
  empties(topic: string, channel: string, surely: boolean): () => void {
    const request: Request = { run: this.run, confirmedAt: null }
    const emptied = { from: this.#tick++, to: Infinity, surely, request }
    this.#channel(topic, channel).emptied = emptied
    return () => {
      request.confirmedAt = now()
      emptied.to = this.#tick
    }
  }

  // ---- publishing ----

  /** A message that is about to be published. @param deferMs counts from now */
  publishes(topic: string, size: number, deferMs: number, lasting = false): Buffer {
    const seq = this.#topics.get(topic)!.seq++
    const notBefore = deferMs === 0 ? 0 : now() + deferMs
    const message = { topic, seq, size, run: this.run, tick: ++this.#tick, notBefore, lasting, acknowledgedAt: null }
    this.#messages.set(keyOf(topic, seq), message)
    return bodyOf(message)
  }

  acknowledged(body: Buffer): void {
    this.#messageOf(body)!.acknowledgedAt = this.#tick
    this.acknowledgedCount++
  }

  // ---- consuming ----

  delivered(topic: string, channel: string, body: Buffer, attempts: number): void {
    this.deliveredCount++
    const message = this.#messageOf(body)
    if (message === undefined || message.topic !== topic || !body.equals(bodyOf(message))) {
      return this.#violation(`${topic}/${channel} got a body that nobody published: ${body.toString('latin1', 0, 60)}`)
    }
    const ledger = this.#channel(topic, channel)
    if (ledger.doubled.has(message)) return
    const place = ledger.places.get(message)
    const name = `${topic}/${channel} message ${message.seq} attempt ${attempts} in run ${this.run}`
    if (ledger.cancels.get(message)?.confirmedAt != null) this.#violation(`${name} came although it had been cancelled`)
    if (ledger.dead.get(message)?.quiet === true) this.#violation(`${name} came although it is a dead letter`)
    if (place === undefined) this.#judgeFirst(name, message, ledger)
    else if (!this.#judgeAgain(name, place, attempts, ledger.hurried.has(message))) return
    // A FIN that is under way may have met this very delivery.
    const finishes = place?.finishes.filter(({ confirmedAt, run }) => run === this.run && confirmedAt === null) ?? []
    ledger.places.set(message, { attempts, run: this.run, seenAt: now(), finishes, requeue: null })
  }

  /** A FIN is about to be sent. @returns what is to be marked once nsqd is known to have read it */
  finishes(topic: string, channel: string, body: Buffer): Request | null {
    const place = this.#placeOf(topic, channel, body)
    if (place === undefined || place.run !== this.run) return null
    this.finishedCount++
    const request: Request = { run: this.run, confirmedAt: null }
    place.finishes.push(request)
    return request
  }

  /** A REQ is about to be sent. As finishes. */
  requeues(topic: string, channel: string, body: Buffer, attempts: number, delayMs: number): Request | null {
    const place = this.#placeOf(topic, channel, body)
    if (place === undefined || place.run !== this.run || place.attempts !== attempts) return null
    const requeue: Requeue = { run: this.run, confirmedAt: null, dueAt: delayMs === 0 ? 0 : now() + delayMs }
    place.requeue = requeue
    return requeue
  }

  /** nsqd refused what was asked: the message was not (or no longer) with whoever asked. */
  refused(topic: string, channel: string, body: Buffer, request: Request): void {
    const place = this.#placeOf(topic, channel, body)!
    place.finishes = place.finishes.filter((finish) => finish !== request)
    if (place.requeue === request) place.requeue = null
  }

  // ---- by hand ----

  /** Somebody is about to cancel a message: from now on it need not come, and once that is answered it must not. */
  cancels(topic: string, channel: string, name: string): Answer {
    const { cancels } = this.#channel(topic, channel)
    const message = this.#messages.get(name)!
    const cancel = cancels.get(message) ?? { confirmedAt: null }
    const isNew = !cancels.has(message)
    cancels.set(message, cancel)
    return {
      cancels: true,
      with: (done) => {
        if (done) this.cancelledCount++
        if (done) cancel.confirmedAt = now()
        else if (isNew) cancels.delete(message)
      },
    }
  }

  /** Somebody is about to have a message delivered now. */
  hurries(topic: string, channel: string, name: string): Answer {
    const { hurried } = this.#channel(topic, channel)
    const message = this.#messages.get(name)!
    if (!hurried.has(message)) hurried.set(message, false)
    return {
      cancels: false,
      with: (done) => {
        if (done) hurried.set(message, true)
      },
    }
  }

  // ---- dead letters ----

  /**
   * All dead letters of a channel that there are.
   * @param quiet nothing of the channel is on its way to a consumer
   */
  letters(
    topic: string,
    channel: string,
    letters: readonly { readonly name: string; readonly id: string; readonly attempts: number }[],
    quiet: boolean,
  ): void {
    const { dead, places } = this.#channel(topic, channel)
    const left = new Set(dead.keys())
    const seen = new Set<Message>()
    for (const { attempts, id, name } of letters) {
      const message = this.#messages.get(name)
      const where = `dead letter ${id} of ${topic}/${channel}, ${name}`
      if (message === undefined) {
        this.#violation(`${where}: nobody published that`)
        continue
      }
      const known = dead.get(message)
      if (seen.has(message)) this.#violation(`${where} is the second one of its message`)
      else if (known !== undefined && known.id !== id) this.#violation(`${where} is another one than ${known.id}`)
      if (attempts !== FAILING.maxAttempts) this.#violation(`${where} died after ${attempts} attempts`)
      const finish = places.get(message)?.finishes.find((each) => this.#isSafe(each))
      if (known === undefined && finish !== undefined) this.#violation(`${where} is of a message that was finished`)
      seen.add(message)
      left.delete(message)
      dead.set(message, { id, quiet: quiet || known?.quiet === true })
    }
    for (const message of left) this.#violation(`LOST: the dead letter of ${topic} ${message.seq} is gone`)
    this.deadCount = Math.max(this.deadCount, dead.size)
  }

  /** A dead letter was sent back. @param copies that there are of it now */
  revived(topic: string, channel: string, name: string, copies: number): void {
    const ledger = this.#channel(topic, channel)
    const message = this.#messages.get(name)!
    this.revivedCount++
    ledger.dead.delete(message)
    ledger.places.delete(message)
    ledger.hurried.set(message, true)
    if (copies < 2) return
    ledger.doubled.add(message)
    ledger.extraCount += copies - 1
  }

  // ---- what is to be there ----

  /** Messages that the channel has to have, waiting, in flight or deferred; and how many it may have at most. */
  bounds(topic: string, channel: string): { required: number; possible: number; lasting: number } {
    const ledger = this.#channel(topic, channel)
    let required = 0
    let possible = ledger.extraCount
    let lasting = 0
    for (const message of this.#messages.values()) {
      if (message.topic !== topic) continue
      if (this.#isRequired(message, ledger)) {
        required++
        if (message.lasting && !ledger.hurried.has(message)) lasting++
      }
      if (!this.#isGone(message, ledger)) possible++
    }
    return { required, possible, lasting }
  }

  /** The messages that still have to come, the lasting ones aside: each with what is known of it. */
  outstanding(topic: string, channel: string): string[] {
    const ledger = this.#channel(topic, channel)
    return [...this.#messages.values()]
      .filter(
        (message) => message.topic === topic && !this.#lasts(message, ledger) && this.#isRequired(message, ledger),
      )
      .map((message) => describe(message, ledger.places.get(message)))
  }

  #isRequired(message: Message, ledger: ChannelLedger): boolean {
    const { cancels, dead, doubled, emptied, places, since } = ledger
    if (cancels.has(message) || dead.has(message) || doubled.has(message)) return false
    if (message.acknowledgedAt === null || message.tick <= since || message.tick <= this.#emptiedTo(emptied))
      return false
    return (places.get(message)?.finishes.length ?? 0) === 0
  }

  #lasts(message: Message, { hurried }: ChannelLedger): boolean {
    return message.lasting && hurried.get(message) !== true
  }

  /** Messages up to this tick may have been forgotten. */
  #emptiedTo(emptied: Emptied | null): number {
    if (emptied === null) return 0
    return Math.min(emptied.to, this.#lastTicks[emptied.request.run] ?? Infinity)
  }

  #isGone(message: Message, { cancels, dead, places }: ChannelLedger): boolean {
    if (dead.has(message) || cancels.get(message)?.confirmedAt != null) return true
    return places.get(message)?.finishes.some((finish) => this.#isSafe(finish)) ?? false
  }

  /** What was asked for was read long enough before the end of its run to be remembered. */
  #isSafe({ confirmedAt, run }: Request): boolean {
    if (confirmedAt === null) return false
    const end = this.#runEnds[run]
    return end === undefined || confirmedAt < end.safeUntil
  }

  // ---- judging ----

  #judgeFirst(name: string, message: Message, { emptied, hurried }: ChannelLedger): void {
    const early = message.notBefore - now()
    if (early > EARLY_SLACK_MS && !hurried.has(message)) this.#violation(`${name} came ${early.toFixed(1)} ms early`)
    // In the run in which a channel was emptied, what was on its way may still arrive.
    const { acknowledgedAt } = message
    if (emptied === null || acknowledgedAt === null || emptied.request.run === this.run) return
    if (hurried.has(message)) return // it may have been a dead letter then
    if (emptied.surely && acknowledgedAt <= emptied.from && this.#isSafe(emptied.request)) {
      this.#violation(`${name} came although the channel had been emptied`)
    }
  }

  /** @returns false for a frame that lay unread while the message went on to others */
  #judgeAgain(name: string, place: Place, attempts: number, hurried: boolean): boolean {
    if (place.run === this.run && attempts < place.attempts) return false
    if (attempts <= place.attempts && this.#isSafe({ run: place.run, confirmedAt: place.seenAt })) {
      this.#violation(`${name} had been seen with attempt ${place.attempts} in run ${place.run}`)
    }
    const { finishes, requeue } = place
    for (const finish of finishes) this.#judgeDuplicate(name, finish)
    if (requeue !== null && this.#isSafe(requeue) && !hurried) {
      const early = requeue.dueAt - now()
      if (early > EARLY_SLACK_MS) this.#violation(`${name} came ${early.toFixed(1)} ms early, after a requeue`)
    }
    return true
  }

  #judgeDuplicate(name: string, finish: Request): void {
    const end = this.#runEnds[finish.run]
    const age = finish.confirmedAt === null ? Number.NaN : (end?.at ?? now()) - finish.confirmedAt
    if (this.#isSafe(finish)) {
      const when =
        end === undefined ? 'before, in this run' : `${age.toFixed(1)} ms before the end of run ${finish.run}`
      this.#violation(`${name} came again; it was finished ${when}`)
    }
    if (finish.confirmedAt !== null) this.duplicateAgesMs.push(age)
  }

  // ---- small things ----

  #placeOf(topic: string, channel: string, body: Buffer): Place | undefined {
    return this.#channel(topic, channel).places.get(this.#messageOf(body)!)
  }

  #channel(topic: string, channel: string): ChannelLedger {
    return this.#topics.get(topic)!.channels.get(channel)!
  }

  #messageOf(body: Buffer): Message | undefined {
    const [topic, seq] = body.toString('latin1', 0, 64).split(' ', 2)
    return this.#messages.get(`${topic} ${seq}`)
  }

  #violation(text: string): void {
    this.violations.push(text)
  }
}

function describe({ notBefore, run, seq }: Message, place: Place | undefined): string {
  const due = notBefore === 0 ? '' : ` for ${new Date(notBefore).toISOString()}`
  const seen = place === undefined ? 'never seen' : `attempt ${place.attempts} in run ${place.run}`
  const requeue = place?.requeue == null ? '' : ', requeued'
  return `${seq} published in run ${run}${due}, ${seen}${requeue}`
}

function keyOf(topic: string, seq: number): string {
  return `${topic} ${seq}`
}

/** The message's name, again and again, up to its size. */
function bodyOf({ topic, seq, size }: Message): Buffer {
  const name = `${keyOf(topic, seq)} `
  return Buffer.alloc(Math.max(size, name.length), name, 'latin1')
}
