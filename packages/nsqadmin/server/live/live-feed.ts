import type { LiveTotals } from '../api-types.ts'
import { figuresAt } from './figures.ts'
import type { Fleet } from './fleet.ts'
import { noFlows } from './flows.ts'
import type { Overview } from './overview.ts'
import type { Sampler } from './sampler.ts'

/** An event, its data as JSON text already: what goes to many is written once. */
export interface FeedEvent {
  readonly event: 'snapshot' | 'update'
  readonly data: string
}

/** Somebody who watches. `send` answers false when it could not be taken: then the next one is a whole snapshot. */
export interface Watcher {
  /** Whose channels are wanted as well. */
  readonly topic: string | undefined
  send(event: FeedEvent): boolean
}

interface Watching {
  readonly watcher: Watcher
  /** What it has of its topic's channels. */
  channels: Rows
  /** It has everything up to the last event. */
  upToDate: boolean
}

/** Rows as JSON texts, by name: as long as the text is the same nothing has to be sent. */
type Rows = ReadonlyMap<string, string>

const NO_ROWS: Rows = new Map()

/** Turns rounds of the sampler into events: a snapshot for who begins to watch, then what has changed. */
export class LiveFeed {
  readonly #sampler: Sampler
  readonly #fleet: Fleet
  readonly #watching = new Set<Watching>()
  #topics: Rows = NO_ROWS

  constructor(sampler: Sampler, fleet: Fleet) {
    this.#sampler = sampler
    this.#fleet = fleet
    sampler.onSample((overview) => this.#onSample(overview))
  }

  get watchers(): number {
    return this.#watching.size
  }

  /** It is one of the nodes that are watched. */
  knows(node: string): boolean {
    return this.#fleet.nodes.has(node)
  }

  /** As of the last round; zeros before the first. */
  get totals(): LiveTotals {
    return this.#sampler.latest?.totals ?? NO_TOTALS
  }

  /** Messages a second that were published to a topic of late; 0 where nothing is known. */
  rateOf(topic: string): number {
    return this.#sampler.latest?.topics.get(topic)?.row.rate_in ?? 0
  }

  /** @returns ends it */
  watch(watcher: Watcher): () => void {
    const watching: Watching = { watcher, channels: NO_ROWS, upToDate: false }
    this.#watching.add(watching)
    const stop = this.#sampler.watch()
    const { latest } = this.#sampler
    if (latest === undefined) watcher.send({ event: 'snapshot', data: EMPTY })
    else this.#sendSnapshot(watching, latest)
    return () => {
      this.#watching.delete(watching)
      stop()
    }
  }

  #onSample(overview: Overview): void {
    if (this.#watching.size === 0) return
    const before = this.#topics
    this.#topics = topicRows(overview)
    const topics = difference('topics', before, this.#topics)
    const common = this.#common(overview)
    for (const watching of this.#watching) {
      if (watching.upToDate) this.#sendUpdate(watching, overview, common, topics)
      else this.#sendSnapshot(watching, overview)
    }
  }

  #sendUpdate(watching: Watching, overview: Overview, common: string, topics: string): void {
    const before = watching.channels
    watching.channels = channelRows(overview, watching.watcher.topic)
    const channels = difference('channels', before, watching.channels)
    watching.upToDate = watching.watcher.send({ event: 'update', data: `{${common},${topics},${channels}}` })
  }

  #sendSnapshot(watching: Watching, overview: Overview): void {
    // Who begins between two rounds must get what the next update is counted from.
    if (this.#topics.size === 0 || this.#watching.size === 1) this.#topics = topicRows(overview)
    watching.channels = channelRows(overview, watching.watcher.topic)
    const topics = `"topics":[${[...this.#topics.values()].join(',')}]`
    const channels = `"channels":[${[...watching.channels.values()].join(',')}]`
    const data = `{${this.#common(overview)},${topics},${channels}}`
    watching.upToDate = watching.watcher.send({ event: 'snapshot', data })
  }

  #common({ at, totals, nodes }: Overview): string {
    return JSON.stringify({ at: Math.round(at), totals, nodes, warnings: this.#fleet.warnings }).slice(1, -1)
  }
}

function topicRows({ topics }: Overview): Rows {
  return new Map(Array.from(topics, ([name, { row }]) => [name, JSON.stringify(row)]))
}

function channelRows({ topics }: Overview, topic: string | undefined): Rows {
  const channels = topic === undefined ? undefined : topics.get(topic)?.channels()
  return new Map(channels?.map((row) => [row.channel, JSON.stringify(row)]))
}

/** `"topics":[rows that are new or different],"topics_gone":[names]` */
function difference(name: string, before: Rows, now: Rows): string {
  const changed: string[] = []
  for (const [key, row] of now) if (before.get(key) !== row) changed.push(row)
  const gone = [...before.keys()].filter((key) => !now.has(key))
  return `"${name}":[${changed.join(',')}],"${name}_gone":${JSON.stringify(gone)}`
}

const NO_TOTALS: LiveTotals = { ...figuresAt(noFlows()), topics: 0, channels: 0, nodes: 0, nodes_down: 0 }
const EMPTY = JSON.stringify({ at: 0, totals: NO_TOTALS, nodes: [], topics: [], channels: [], warnings: [] })
