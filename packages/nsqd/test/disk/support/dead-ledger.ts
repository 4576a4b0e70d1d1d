import type { Frame } from '../../core/support/frame.ts'

/** What a channel with a retry policy owes of a message (ledger.ts), as far as dead letters are concerned. */
export interface DyingEntry {
  /** open: it is owed if it is safe; done: finished; dropped: emptied away; free: it may come or not; dead: a dead letter. */
  state: 'open' | 'done' | 'dropped' | 'free' | 'dead'
  /** What happened to it last is in the journal, or on stable storage. */
  flushed: boolean
  synced: boolean
  attempts: number
  /** After a crash, attempts that were not written down may be told again. */
  fuzzy: boolean
  /** The journal was damaged, and it was being moved to its channel's own log: it may come twice. */
  twice: boolean
  notBefore: number
  /** The time that it was scheduled for, until it was delivered; 0: none. */
  dueAt: number
}

/** A dead letter that was seen. */
interface Letter {
  id: string
  /** open: it has to come until it is finished; done: finished, or sent back; free: it may come, or not. */
  state: 'open' | 'done' | 'free'
  /** That it is done with is in the journal, or on stable storage. */
  flushed: boolean
  synced: boolean
  /** It is on its way back. */
  leaving: boolean
  /** What became of it may have been forgotten. */
  vague: boolean
  /** There may be another one of the same message. */
  doubled: boolean
  /** It was sent back: the message may die once more, and be another letter. */
  revived: boolean
}

/** What may be forgotten after a death. */
export interface Doubts {
  readonly kind: 'kill' | 'cutPower' | 'restart'
  /** Of all that was not promised. */
  readonly doubtful: boolean
  /** Of the topic that the letters are from. */
  readonly lost: boolean
}

/**
 * The dead letters of one channel: each message dies once, is in the dead-letter topic once, and is sent back once; but for
 * what is said of crashes in docs/dead-letters.md. Every method that hears of a broken promise throws.
 */
export class DeadLedger {
  readonly #where: string
  readonly #maxAttempts: number
  readonly #letters = new Map<string, Letter>()
  /** Something was forgotten that nobody was promised: there may be two of a message. */
  #doubts = false

  constructor(where: string, maxAttempts: number) {
    this.#where = where
    this.#maxAttempts = maxAttempts
  }

  /**
   * A letter came: its origin is finished for good, so that there is this one alone, whatever happens.
   * @param anything was forgotten before: what is told of a message may not be all
   * @param durable its origin is finished on stable storage
   */
  delivered(frame: Frame, entry: DyingEntry | undefined, anything: boolean, durable: boolean): void {
    const body = frame.body.toString('latin1')
    const where = `the dead letter ${body.slice(0, body.indexOf('.'))} (id ${frame.id}) of ${this.#where}`
    const known = this.#letters.get(body)
    // A crash came while it was on its way back: it may be here, and there, or in both.
    const isAstray = known?.id === frame.id && known.state === 'free' && known.revived
    if (known?.id === frame.id) {
      if (known.state === 'done') throw new Error(`${where} was done with and comes again`)
      if (isAstray && entry !== undefined) entry.twice = true
      known.state = 'open'
    } else {
      if (known !== undefined && !known.revived && !known.vague && !anything && entry?.twice !== true)
        throw new Error(`${where} is the second one, after ${known.id}`)
      if (entry !== undefined && !anything) this.#judge(where, entry)
      this.#letters.set(body, seen(frame.id))
    }
    if (entry !== undefined && (entry.state === 'open' || entry.state === 'free')) {
      // Where much was forgotten, the message itself may be back as well.
      entry.state = anything || known?.vague === true || isAstray || entry.twice ? 'free' : 'dead'
      entry.flushed = true
      entry.synced = durable
    }
  }

  #judge(where: string, { attempts, fuzzy, state, twice }: DyingEntry): void {
    if (twice) return
    if (state === 'done') throw new Error(`${where} is of a message that was finished`)
    if (state === 'dropped') throw new Error(`${where} is of a message that was emptied away`)
    if (!fuzzy && attempts < this.#maxAttempts) throw new Error(`${where} died after ${attempts} attempts`)
  }

  finished(body: string): void {
    const letter = this.#letters.get(body)
    if (letter === undefined) return
    letter.state = 'done'
    letter.flushed = letter.synced = false
  }

  flushed(): void {
    for (const letter of this.#letters.values()) letter.flushed = true
  }

  synced(): void {
    for (const letter of this.#letters.values()) letter.synced = letter.flushed
  }

  // ---- sent back ----

  leaves(body: string, id: string, entry: DyingEntry | undefined): void {
    this.#letterOf(body, id, entry?.twice === true).leaving = true
  }

  /** It is back in its channel. @param confirmed that is written down on both sides; `durable`: on stable storage */
  sentBack(body: string, entry: DyingEntry | undefined, confirmed: boolean, durable: boolean): void {
    const letter = this.#letters.get(body)!
    // A crash had sent it back already; or what was forgotten may have left the message itself.
    const again = letter.doubled || (letter.state === 'free' && letter.revived) || this.#doubts
    if (again && entry !== undefined) entry.twice = true
    letter.leaving = false
    letter.revived = true
    letter.state = 'done'
    letter.flushed = confirmed
    letter.synced = confirmed && durable
    if (entry !== undefined) revive(entry, confirmed, durable)
  }

  stays(body: string): void {
    this.#letters.get(body)!.leaving = false
  }

  /** Nobody need have seen it before. */
  #letterOf(body: string, id: string, twice: boolean): Letter {
    let letter = this.#letters.get(body)
    if (letter?.id === id) return letter
    // One that a crash may have left here beside it: the message comes once for each.
    const doubled = letter !== undefined && (letter.state === 'free' || letter.revived || this.#doubts || twice)
    if (letter?.state === 'open' && !doubled)
      throw new Error(`${this.#where}: ${id} is the second letter, after ${letter.id}`)
    this.#letters.set(body, (letter = { ...seen(id), doubled }))
    return letter
  }

  // ---- death ----

  restarted({ doubtful, kind, lost }: Doubts, entryOf: (body: string) => DyingEntry | undefined): void {
    if (kind === 'restart' && !doubtful) return
    this.#doubts ||= lost || doubtful
    for (const [body, letter] of this.#letters) {
      const entry = entryOf(body)
      const known = kind === 'cutPower' ? letter.synced : letter.flushed
      if (letter.leaving) {
        // In the one place, or the other, or both; where it was so before, twice in the other.
        if ((letter.state === 'free' || letter.doubled) && entry !== undefined) entry.twice = true
        letter.leaving = false
        letter.revived = true
        letter.state = 'free'
        if (entry?.state === 'dead') entry.state = lost || doubtful ? 'free' : 'open'
        if (entry !== undefined) entry.fuzzy = true
      } else if (lost || doubtful) {
        letter.state = 'free'
        letter.vague = true
      } else if (letter.state === 'done' && !known) {
        letter.state = 'free'
      }
    }
  }

  nothingOwed(): void {
    for (const [body, { id, state }] of this.#letters) {
      if (state === 'open') throw new Error(`the dead letter ${body.slice(0, 20)} (id ${id}) of ${this.#where} is lost`)
    }
  }
}

function seen(id: string): Letter {
  return {
    id,
    state: 'open',
    flushed: false,
    synced: false,
    leaving: false,
    vague: false,
    doubled: false,
    revived: false,
  }
}

/** As if it had never been delivered. */
function revive(entry: DyingEntry, confirmed: boolean, durable: boolean): void {
  if (entry.state === 'dead' || entry.state === 'done') entry.state = 'open' // done: it had come back once already
  if (!entry.twice) entry.attempts = 0
  entry.notBefore = entry.dueAt = 0
  entry.flushed = confirmed
  entry.synced = confirmed && durable
}
