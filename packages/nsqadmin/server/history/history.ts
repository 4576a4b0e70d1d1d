import type { HistoryAnswer, HistoryMetric, SparklinesAnswer } from '../api-types.ts'
import type { Quantile } from '../live/node-sample.ts'
import type { Overview, TopicView } from '../live/overview.ts'
import type { Subject, Subjects } from '../live/subjects.ts'
import { Columns } from './columns.ts'
import { METRICS, Series } from './series.ts'
import type { Point } from './series.ts'
import { TAIL_CHANNEL_PREFIX } from '../tail/tail-channel.ts'
import { condense } from './condense.ts'

export interface HistorySettings {
  readonly intervalMs: number
  /** 0: nothing is kept. */
  readonly lengthMs: number
  readonly seriesMax: number
}

/** What has a past of its own. */
export type HistoryKey = 'cluster' | `node ${string}` | `topic ${string}` | `channel ${string} ${string}`

const CLUSTER: HistoryKey = 'cluster'

/**
 * The last hour of everything, in memory: one point each `intervalMs`, in rings of fixed size, for no more than `seriesMax` things.
 * A restart of nsqadmin begins anew.
 */
export class History {
  readonly #settings: HistorySettings
  readonly #slots: number
  readonly #series = new Map<HistoryKey, Series>()
  readonly #columns: Columns
  /** Unix milliseconds, by slot. */
  readonly #times: Float64Array
  /** The number of the last point; positions only grow. */
  #position = -1

  constructor(settings: HistorySettings) {
    this.#settings = settings
    this.#slots = Math.max(1, Math.ceil(settings.lengthMs / settings.intervalMs))
    this.#columns = new Columns(this.#slots)
    this.#times = new Float64Array(settings.lengthMs === 0 ? 0 : this.#slots)
  }

  get size(): number {
    return this.#series.size
  }

  /** Told of every round of the sampler; takes one of them each interval. */
  add(overview: Overview, subjects: Subjects): void {
    if (this.#settings.lengthMs === 0) return
    const last = this.#position < 0 ? Number.NEGATIVE_INFINITY : (this.#times[this.#position % this.#slots] ?? 0)
    // A round may come a little early: it is still this interval's.
    if (overview.at - last < this.#settings.intervalMs * 0.95) return
    this.#position++
    this.#times[this.#position % this.#slots] = overview.at
    this.#addAll(overview, subjects)
    this.#forget()
  }

  /** @param points at most; the whole is condensed to as many. Undefined: nothing is known by this name */
  read(key: HistoryKey, points: number): HistoryAnswer | undefined {
    const series = this.#series.get(key)
    if (series === undefined) return undefined
    const positions = this.#positions()
    const groups = condense(positions, points)
    const read = (metric: HistoryMetric) => groups.map((group) => summary(series, metric, group))
    return {
      interval: this.#settings.intervalMs * (groups.at(-1)?.length ?? 1),
      times: groups.map((group) => this.#timeOf(group.at(-1) ?? 0)),
      series: Object.fromEntries(METRICS.map((metric) => [metric, read(metric)])) as HistoryAnswer['series'],
    }
  }

  /** A small chart for every topic. */
  sparklines(points: number): SparklinesAnswer {
    const groups = condense(this.#positions(), points)
    const topics: SparklinesAnswer['topics'] = {}
    for (const [key, series] of this.#series) {
      if (!key.startsWith('topic ')) continue
      const line = (metric: HistoryMetric) =>
        series.isFlat(metric) ? [] : groups.map((group) => summary(series, metric, group))
      topics[key.slice('topic '.length)] = { depth: line('depth'), rate_in: line('rate_in') }
    }
    const { intervalMs } = this.#settings
    const to = this.#position < 0 ? 0 : this.#timeOf(this.#position)
    return { interval: intervalMs * (groups.at(-1)?.length ?? 1), to, topics }
  }

  #addAll({ at, totals, nodes, topics }: Overview, subjects: Subjects): void {
    const sums = { depth: totals.depth, in_flight: totals.in_flight, deferred: totals.deferred }
    if (nodes.some((node) => !node.trouble.includes('down'))) {
      this.#write(CLUSTER, { ...sums, ...rates(subjects.cluster, at) })
    }
    for (const node of nodes) {
      if (node.trouble.includes('down')) continue
      const point = { depth: node.depth, in_flight: node.in_flight, ...rates(subjects.node(node.node, at), at) }
      this.#write(`node ${node.node}`, point)
    }
    for (const [topic, view] of topics) this.#addTopic(topic, view, at)
  }

  #addTopic(topic: string, view: TopicView, at: number): void {
    const { row, subject } = view
    if (row.stale_nodes.length < row.nodes.length) {
      this.#write(`topic ${topic}`, { ...gauges(row), ...rates(subject, at), ...latency(view.e2e) })
    }
    for (const [name, channel] of subject.channels) {
      if (name.startsWith(TAIL_CHANNEL_PREFIX)) continue // gone in a moment, and never to come again
      if (channel.staleNodes === channel.nodes) continue
      const { depth, inFlight, deferred } = channel
      const figures = gauges({ depth, in_flight: inFlight, deferred })
      this.#write(`channel ${topic} ${name}`, { ...figures, ...rates(channel, at), ...latency(view.channelE2e(name)) })
    }
  }

  #write(key: HistoryKey, point: Point): void {
    let series = this.#series.get(key)
    if (series === undefined) {
      if (this.#series.size >= this.#settings.seriesMax) return
      series = new Series(this.#columns)
      this.#series.set(key, series)
    }
    series.write(this.#position, point)
  }

  /** What was not seen for as long as the rings go back has nothing left to show. */
  #forget(): void {
    for (const [key, series] of this.#series) {
      if (series.lastPosition > this.#position - this.#slots) continue
      this.#series.delete(key)
      series.release()
    }
  }

  #positions(): number[] {
    const length = Math.min(this.#position + 1, this.#slots)
    return Array.from({ length }, (_, index) => this.#position - length + 1 + index)
  }

  #timeOf(position: number): number {
    return Math.round(this.#times[position % this.#slots] ?? 0)
  }
}

/** Several points as one: the worst latency, the mean of everything else; null when nothing is known of any of them. */
function summary(series: Series, metric: HistoryMetric, positions: readonly number[]): number | null {
  const values = positions.map((position) => series.read(metric, position)).filter((value) => value !== null)
  if (values.length === 0) return null
  if (metric === 'e2e_95' || metric === 'e2e_99') return Math.max(...values) || null // zero: not measured
  return Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 100) / 100
}

function gauges({ depth, in_flight, deferred }: { depth: number; in_flight: number; deferred: number }): Point {
  return { depth, in_flight, deferred }
}

function rates({ past, flows }: Subject, at: number): Point {
  const { in: rateIn, out, requeued, timedOut } = past.read(flows, at)
  return { rate_in: rateIn, rate_out: out, rate_requeued: requeued, rate_timed_out: timedOut }
}

/** Nothing is said of what is not measured: reading it gives zero, which a latency never is. */
function latency(e2e: readonly Quantile[] | null): Point {
  if (e2e === null) return {}
  const of = (wanted: number) => e2e.find(({ quantile }) => quantile === wanted)?.value ?? 0
  return { e2e_95: of(0.95), e2e_99: of(0.99) }
}
