// Publishes records in their order, every one to all destinations. One batch is on its way at a time and the next is gathered
// meanwhile; so when something fails it is known how many records of the input are there: those before, and none behind.
import { delay } from '@nsq-ts/daemon'
import { NsqError } from '@nsq-ts/client'
import { Refusal } from '../program/refusal.ts'
import type { RateLimit } from './rate-limit.ts'

/** Where records go; all records of one call, or an error. */
export interface RecordDestination {
  readonly address: string
  publish(topic: string, records: Uint8Array | readonly Uint8Array[]): Promise<void>
}

// About what one answer's time is worth, and well below the sizes that nsqd takes by default (5 MiB).
const BATCH_SIZE_MAX = 1024 * 1024
const BATCH_COUNT_MAX = 10_000
/** Bytes gathered from which on no more input is read. */
const GATHERED_SIZE_MAX = 2 * 1024 * 1024
/** Errors for which one record may be to blame, or the size of them all. */
const RECORD_ERRORS: ReadonlySet<string> = new Set(['E_BAD_MESSAGE', 'E_BAD_BODY'])

export class Feed {
  readonly #topic: string
  readonly #destinations: readonly RecordDestination[]
  readonly #limit: RateLimit
  readonly #stop: AbortSignal
  #gathered: Buffer[] = []
  #gatheredSize = 0
  #publishing: Promise<void> | undefined
  #publishedCount = 0
  #fail!: (error: unknown) => void
  /** Rejects with a {@link Refusal} when a publish fails, whether or not more input comes; never resolves. */
  readonly failed: Promise<never>

  constructor(topic: string, destinations: readonly RecordDestination[], limit: RateLimit, stop: AbortSignal) {
    this.#topic = topic
    this.#destinations = destinations
    this.#limit = limit
    this.#stop = stop
    this.failed = new Promise((_, reject) => (this.#fail = reject))
    this.failed.catch(() => undefined) // who waits for it hears of it
  }

  /** Records that all destinations hold: this many of the input's first ones. */
  get publishedCount(): number {
    return this.#publishedCount
  }

  /** Takes records over. Resolves when there is room for more; after a failure never. */
  async add(records: readonly Buffer[]): Promise<void> {
    for (const record of records) {
      this.#gathered.push(record)
      this.#gatheredSize += record.length
    }
    this.#start()
    if (this.#gatheredSize > GATHERED_SIZE_MAX) await this.#publishing
  }

  /** Resolves when everything is published, or what was on its way when the signal aborted; after a failure never. */
  async drain(): Promise<void> {
    this.#start()
    await this.#publishing
  }

  #start(): void {
    if (this.#publishing !== undefined || this.#gathered.length === 0) return
    this.#publishing = this.#publishUntilFailure()
  }

  /** Never resolves after a failure: `failed` tells of it. */
  async #publishUntilFailure(): Promise<void> {
    try {
      await this.#publishGathered()
      this.#publishing = undefined
    } catch (error) {
      this.#fail(error)
      await new Promise(() => undefined)
    }
  }

  async #publishGathered(): Promise<void> {
    while (this.#gathered.length > 0 && !this.#stop.aborted) {
      const records = this.#gathered
      this.#gathered = []
      this.#gatheredSize = 0
      for (let from = 0; from < records.length && !this.#stop.aborted;) {
        const count = this.#limit.take(batchLength(records, from))
        if (count === 0) await delay(this.#limit.waitMs, this.#stop)
        else await this.#publish(records.slice(from, from + count))
        from += count
      }
    }
  }

  async #publish(records: readonly Buffer[]): Promise<void> {
    const outcomes = await Promise.all(this.#destinations.map((each) => publishInOrder(each, this.#topic, records)))
    this.#publishedCount += Math.min(...outcomes.map(({ stored }) => stored))
    for (const [index, { error }] of outcomes.entries()) {
      if (error === undefined) continue
      const where = this.#destinations[index]?.address ?? ''
      const text = error.message.startsWith(where) ? error.message : `${where}: ${error.message}`
      throw new Refusal(`${text} (${this.#publishedCount} messages were published before)`, { cause: error })
    }
  }
}

/** @returns how many records from `from` on make one batch, at least one */
function batchLength(records: readonly Buffer[], from: number): number {
  let size = 0
  let count = 0
  while (from + count < records.length && count < BATCH_COUNT_MAX) {
    size += records[from + count]?.length ?? 0
    if (count > 0 && size > BATCH_SIZE_MAX) break
    count++
  }
  return count
}

interface Outcome {
  /** Records stored: the first so many. */
  readonly stored: number
  readonly error?: Error
}

/** All at once; and one by one when one of them is refused, so that those before it get there. */
async function publishInOrder(to: RecordDestination, topic: string, records: readonly Buffer[]): Promise<Outcome> {
  try {
    await to.publish(topic, records)
    return { stored: records.length }
  } catch (error) {
    const maySplit = records.length > 1 && error instanceof NsqError && RECORD_ERRORS.has(error.code)
    if (!maySplit) return { stored: 0, error: error as Error }
  }
  for (const [index, record] of records.entries()) {
    try {
      await to.publish(topic, record)
    } catch (error) {
      return { stored: index, error: error as Error }
    }
  }
  return { stored: records.length }
}
