// What the server sends by itself: one stream of events for the whole page, kept as one state that components subscribe to.
// What was known stays when the stream breaks; how old it is shows in `receivedAt`.
import { useSyncExternalStore } from 'react'
import type {
  LiveChannel,
  LiveNode,
  LiveSnapshot,
  LiveTopic,
  LiveTotals,
  LiveUpdate,
} from '../../../server/api-types.ts'
import { api, apiUrl } from './paths.ts'

/** Everything the stream has told so far. A row is a new object only when it has changed. */
export interface LiveState {
  /** `connecting`: nothing has come yet; `lost`: it did, and has stopped. */
  readonly contact: 'connecting' | 'live' | 'lost'
  /** Unix milliseconds of the sample, by the server's clock; 0: there is none. */
  readonly at: number
  /** `performance.now()` when it came. */
  readonly receivedAt: number
  readonly totals: LiveTotals | null
  readonly nodes: readonly LiveNode[]
  /** By name. */
  readonly topics: readonly LiveTopic[]
  /** The topic that `channels` belong to. */
  readonly channelsOf: string | undefined
  /** By name. */
  readonly channels: readonly LiveChannel[]
  readonly warnings: readonly string[]
}

const NOTHING: LiveState = {
  contact: 'connecting',
  at: 0,
  receivedAt: 0,
  totals: null,
  nodes: [],
  topics: [],
  channelsOf: undefined,
  channels: [],
  warnings: [],
}

/** Without an event for so many intervals, contact is lost: the server sends one each interval, changed or not. */
const SILENT_INTERVALS = 3
const SILENCE_MIN_MS = 10_000
/** EventSource gives up for good when the answer is not a stream (401, 502 of a proxy); we try again. */
const RETRY_MS = 2_000

class LiveStream {
  #state = NOTHING
  #source: EventSource | undefined
  #topic: string | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  readonly #listeners = new Set<() => void>()
  /** Milliseconds between two events, as the server's settings say. */
  intervalMs = 0
  /** Called when the server has refused the stream; it may want a login. */
  onRefused: () => void = () => {}

  readonly getState = (): LiveState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Idempotent. Asks for the channels of one topic, or of none. */
  open(topic: string | undefined): void {
    if (this.#source !== undefined && this.#topic === topic) return
    this.#topic = topic
    this.#connect()
  }

  close(): void {
    clearTimeout(this.#retry)
    clearTimeout(this.#silence)
    this.#source?.close()
    this.#source = undefined
  }

  #connect(): void {
    this.close()
    const topic = this.#topic
    const source = new EventSource(apiUrl(api.live(topic)))
    this.#source = source
    source.addEventListener('snapshot', (event: MessageEvent<string>) => {
      this.#received(fromSnapshot(JSON.parse(event.data) as LiveSnapshot, topic))
    })
    source.addEventListener('update', (event: MessageEvent<string>) => {
      this.#received(updated(this.#state, JSON.parse(event.data) as LiveUpdate))
    })
    source.addEventListener('error', () => {
      if (this.#source !== source) return
      this.#lose()
      if (source.readyState !== EventSource.CLOSED) return // it tries again by itself
      this.onRefused()
      this.#retry = setTimeout(() => this.#connect(), RETRY_MS)
    })
  }

  #received(state: LiveState): void {
    clearTimeout(this.#silence)
    const patienceMs = Math.max(SILENCE_MIN_MS, SILENT_INTERVALS * this.intervalMs)
    this.#silence = setTimeout(() => this.#lose(), patienceMs)
    this.#change(state)
  }

  #lose(): void {
    if (this.#state.contact === 'live') this.#change({ ...this.#state, contact: 'lost' })
  }

  #change(state: LiveState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

export const liveStream = new LiveStream()

export function useLive(): LiveState {
  return useSyncExternalStore(liveStream.subscribe, liveStream.getState)
}

const collator = new Intl.Collator(undefined, { numeric: true })

function fromSnapshot(snapshot: LiveSnapshot, topic: string | undefined): LiveState {
  return {
    contact: 'live',
    at: snapshot.at,
    receivedAt: performance.now(),
    totals: snapshot.at === 0 ? null : snapshot.totals,
    nodes: snapshot.nodes,
    topics: byName(snapshot.topics, topicName),
    channelsOf: topic,
    channels: byName(snapshot.channels, channelName),
    warnings: snapshot.warnings,
  }
}

function updated(state: LiveState, update: LiveUpdate): LiveState {
  return {
    ...state,
    contact: 'live',
    at: update.at,
    receivedAt: performance.now(),
    totals: update.totals,
    nodes: update.nodes,
    topics: merged(state.topics, update.topics, update.topics_gone, topicName),
    channels: merged(state.channels, update.channels, update.channels_gone, channelName),
    warnings: update.warnings,
  }
}

/** Rows keep their place unless some come or go, so that an ordinary update costs no sorting. */
function merged<Row>(
  rows: readonly Row[],
  changed: readonly Row[],
  gone: readonly string[],
  nameOf: (row: Row) => string,
): readonly Row[] {
  if (changed.length === 0 && gone.length === 0) return rows
  const news = new Map(changed.map((row) => [nameOf(row), row]))
  const lost = new Set(gone)
  const kept: Row[] = []
  for (const row of rows) {
    const name = nameOf(row)
    const fresh = news.get(name)
    news.delete(name)
    if (fresh !== undefined) kept.push(fresh)
    else if (!lost.has(name)) kept.push(row)
  }
  return news.size === 0 ? kept : byName([...kept, ...news.values()], nameOf)
}

function byName<Row>(rows: readonly Row[], nameOf: (row: Row) => string): readonly Row[] {
  return rows.toSorted((a, b) => collator.compare(nameOf(a), nameOf(b)))
}

const topicName = (row: LiveTopic): string => row.topic
const channelName = (row: LiveChannel): string => row.channel
