// The waiting half of discovery: questions that are answered when the answer changes. Whoever waits for the same thing shares one
// group, which looks at the registrations once a change, however many wait.
import { viewOf } from './view.ts'
import type { View } from './view.ts'
import type { RegistrationDb, Subject } from '../registrations/registration-db.ts'

/** Beyond so many waiting requests a further one is answered at once, which makes it an ordinary poll. */
export const WAITING_MAX = 10_000
/** A group looks again at most this often; whoever was answered asks again with the new token, and misses nothing. */
const LOOK_INTERVAL_MS = 50
const TIMER_MAX_MS = 3_600_000

interface Waiter {
  readonly token: string
  readonly answer: (view: View) => void
}

interface Group {
  readonly subject: Subject
  readonly waiters: Set<Waiter>
  /** Kept until something changes. */
  view: View | undefined
  lookedAtMs: number
  /** For the next look: after a change, or when time alone changes the answer. */
  timer: NodeJS.Timeout | undefined
  lookDue: boolean
}

export class Watchers {
  readonly #db: RegistrationDb
  readonly #now: () => number
  readonly #groups = new Map<Subject, Group>()
  #waiting = 0

  /** @param now the clock of the registrations, in milliseconds */
  constructor(db: RegistrationDb, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** Something about the subject may be answered differently now. Cheap where nobody waits. */
  changed(subject: Subject): void {
    const group = this.#groups.get(subject)
    if (group === undefined) return
    group.view = undefined
    if (group.lookDue) return
    group.lookDue = true
    // Not in this turn: a peer that registers much, or leaves, changes much at once.
    this.#lookIn(group, Math.max(0, group.lookedAtMs + LOOK_INTERVAL_MS - this.#now()))
  }

  /**
   * The answer as soon as its token differs from `token`, at the latest after `waitMs`, or when the signal aborts.
   * @param token undefined for whoever has none yet: answered at once
   */
  async wait(subject: Subject, token: string | undefined, waitMs: number, signal: AbortSignal): Promise<View> {
    const current = this.#view(subject)
    if (current.token !== token || waitMs <= 0 || signal.aborted || this.#waiting >= WAITING_MAX) return current
    const group = this.#group(subject, current)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        token,
        answer: (view) => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          this.#leave(group, waiter)
          resolve(view)
        },
      }
      const onAbort = () => waiter.answer(this.#view(subject))
      const timer = setTimeout(onAbort, waitMs)
      signal.addEventListener('abort', onAbort)
      group.waiters.add(waiter)
      this.#waiting++
    })
  }

  #view(subject: Subject): View {
    const kept = this.#groups.get(subject)?.view
    if (kept !== undefined && this.#now() < kept.expiresAtMs) return kept
    return viewOf(this.#db, subject)
  }

  #group(subject: Subject, view: View): Group {
    const known = this.#groups.get(subject)
    if (known !== undefined) return known
    const group: Group = {
      subject,
      waiters: new Set(),
      view,
      lookedAtMs: this.#now(), // who asks again at once waits a moment with all others for what comes next
      timer: undefined,
      lookDue: false,
    }
    this.#groups.set(subject, group)
    this.#awaitExpiry(group, view)
    return group
  }

  #leave(group: Group, waiter: Waiter): void {
    group.waiters.delete(waiter)
    this.#waiting--
    if (group.waiters.size > 0) return
    clearTimeout(group.timer)
    this.#groups.delete(group.subject)
  }

  #look(group: Group): void {
    group.lookDue = false
    group.lookedAtMs = this.#now()
    const view = viewOf(this.#db, group.subject)
    group.view = view
    this.#awaitExpiry(group, view)
    for (const waiter of group.waiters) if (waiter.token !== view.token) waiter.answer(view)
  }

  #awaitExpiry(group: Group, view: View): void {
    if (view.expiresAtMs === Infinity) return
    this.#lookIn(group, Math.min(Math.ceil(view.expiresAtMs - this.#now()), TIMER_MAX_MS))
  }

  #lookIn(group: Group, delayMs: number): void {
    clearTimeout(group.timer)
    group.timer = setTimeout(() => this.#look(group), delayMs)
  }
}
