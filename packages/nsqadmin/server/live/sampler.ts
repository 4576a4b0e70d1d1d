import { TaskGroup } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import type { Fleet } from './fleet.ts'
import { overviewOf } from './overview.ts'
import type { Overview } from './overview.ts'
import { Subjects } from './subjects.ts'

export interface SamplerSettings {
  /** While somebody watches. */
  readonly refreshIntervalMs: number
  /** While nobody does; 0: then nothing is asked. */
  readonly restIntervalMs: number
}

/** Told of every round. */
export type OnSample = (overview: Overview) => void

/** Finding out who there is costs more than asking them how they are, and changes less. */
const DISCOVERY_INTERVAL_MS = 5000

/**
 * Asks all nodes at a steady pace: often while somebody watches, seldom otherwise. A node that answers slowly, or never, holds up
 * nobody: a round ends before the next begins, whoever has answered by then.
 */
export class Sampler {
  readonly #fleet: Fleet
  readonly #settings: SamplerSettings
  readonly #logger: Logger
  readonly #now: () => number
  readonly #subjects: Subjects
  readonly #listeners = new Set<OnSample>()
  readonly #tasks: TaskGroup
  #discoveredAt = Number.NEGATIVE_INFINITY
  #discovering: Promise<void> | undefined
  #watchers = 0
  #wake: () => void = () => {}
  #latest: Overview | undefined

  /** @param now Unix milliseconds that do not jump */
  constructor(fleet: Fleet, settings: SamplerSettings, logger: Logger, now: () => number) {
    this.#fleet = fleet
    this.#settings = settings
    this.#logger = logger
    this.#now = now
    this.#subjects = new Subjects(now())
    this.#tasks = new TaskGroup((name, error) => logger.error(`${name} failed - ${String(error)}`))
  }

  /** Undefined before the first round is over. */
  get latest(): Overview | undefined {
    return this.#latest
  }

  get subjects(): Subjects {
    return this.#subjects
  }

  start(): void {
    this.#tasks.run('watching the cluster', (signal) => this.#loop(signal))
  }

  /** @returns stops telling */
  onSample(listener: OnSample): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Somebody watches, until the returned function is called: a round begins at once, and then every refresh interval. */
  watch(): () => void {
    this.#watchers++
    this.#wake()
    let over = false
    return () => {
      if (!over) this.#watchers--
      over = true
    }
  }

  async close(): Promise<void> {
    const closed = this.#tasks.close()
    this.#wake()
    await closed
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = this.#now()
      if (this.#watchers > 0 || this.#settings.restIntervalMs > 0) await this.#round(signal)
      await this.#pause(startedAt, signal)
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const limitMs = this.#settings.refreshIntervalMs
    if (this.#now() - this.#discoveredAt >= DISCOVERY_INTERVAL_MS) {
      this.#discovering ??= this.#discover()
      // At the very beginning there is nothing to show without it.
      if (this.#fleet.nodes.size > 0) await within(this.#discovering, limitMs / 2, signal)
      else await within(this.#discovering, Math.max(limitMs, 1000), signal)
    }
    const listed = [...this.#fleet.nodes.values()].filter((node) => node.listed)
    const asked = listed.map((node) => this.#fleet.sample(node, this.#subjects, this.#now))
    await within(Promise.all(asked), limitMs / 2, signal)
    if (signal.aborted) return
    const overview = overviewOf(this.#fleet.nodes.values(), this.#subjects, this.#now(), limitMs)
    this.#latest = overview
    for (const listener of this.#listeners) listener(overview)
  }

  async #discover(): Promise<void> {
    try {
      await this.#fleet.discover(this.#now())
    } catch (error) {
      this.#logger.error(`discovery failed - ${String(error)}`)
    } finally {
      this.#discoveredAt = this.#now()
      this.#discovering = undefined
    }
  }

  /** Until it is time for the next round, or somebody comes to watch. */
  async #pause(startedAt: number, signal: AbortSignal): Promise<void> {
    let wakeable = this.#watchers === 0
    while (!signal.aborted) {
      const restMs = this.#settings.restIntervalMs || Number.POSITIVE_INFINITY
      const interval = this.#watchers > 0 ? Math.min(this.#settings.refreshIntervalMs, restMs) : restMs
      if (wakeable && this.#watchers > 0) return
      wakeable = this.#watchers === 0
      const left = startedAt + interval - this.#now()
      if (left <= 0) return
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(left) ? setTimeout(resolve, left) : undefined
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}

/** Waits for it, but not for ever. What comes later is not lost: whoever does it keeps what it found. */
function within(doing: Promise<unknown>, limitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, limitMs)
    signal.addEventListener('abort', finish)
    void doing.then(finish, finish)
  })
}
