// The cluster as it is now: the last words of every node, summed up by topic and by channel.
import type { LiveChannel, LiveNode, LiveTopic, LiveTotals, TopicTrouble } from '../api-types.ts'
import { addChannel, addFigures, figuresAt, tenths, worstQuantiles } from './figures.ts'
import type { Quantile, TopicSample } from './node-sample.ts'
import type { NodeWatch } from './node-watch.ts'
import type { Subject, Subjects, TopicSubject } from './subjects.ts'
import { allTrouble, queueTrouble } from './trouble.ts'

/** A topic with its channels. */
export interface TopicView {
  readonly row: LiveTopic
  readonly subject: TopicSubject
  readonly channels: ReadonlyMap<string, ChannelView>
  /** Nanoseconds, the worst node's. */
  readonly e2e: readonly Quantile[] | null
}

export interface ChannelView {
  readonly row: LiveChannel
  readonly subject: Subject
}

export interface Overview {
  /** Milliseconds. */
  readonly at: number
  readonly totals: LiveTotals
  readonly nodes: readonly LiveNode[]
  readonly topics: ReadonlyMap<string, TopicView>
}

interface Part {
  readonly node: NodeWatch
  readonly topic: TopicSample
}

/** @param slowMs an nsqd that takes longer to answer is shown as slow */
export function overviewOf(nodes: Iterable<NodeWatch>, subjects: Subjects, at: number, slowMs: number): Overview {
  const watched = [...nodes]
  const topics = new Map<string, TopicView>()
  for (const [name, parts] of partsByTopic(watched)) {
    topics.set(name, topicView(name, parts, subjects.topic(name, at), at))
  }
  for (const name of subjects.topics.keys()) if (!topics.has(name)) subjects.topics.delete(name)
  const liveNodes = watched.map((node) => nodeRow(node, subjects, at, slowMs)).sort(byName)
  return { at, nodes: liveNodes, topics, totals: totalsOf(liveNodes, topics, subjects, at) }
}

function partsByTopic(nodes: readonly NodeWatch[]): Map<string, Part[]> {
  const parts = new Map<string, Part[]>()
  for (const node of nodes) {
    for (const [name, topic] of node.sample?.topics ?? []) {
      const same = parts.get(name)
      if (same === undefined) parts.set(name, [{ node, topic }])
      else same.push({ node, topic })
    }
  }
  return parts
}

function topicView(name: string, parts: readonly Part[], subject: TopicSubject, at: number): TopicView {
  const channels = channelViews(parts, subject, at)
  const figures = figuresAt(subject.live.read(subject.flows, at))
  for (const { row } of channels.values()) addFigures(figures, row)
  let topicDepth = 0
  let messages = 0
  let e2e: Quantile[] | null = null
  for (const { topic } of parts) {
    topicDepth += topic.depth
    figures.backend_depth += topic.backendDepth
    messages += topic.messages
    e2e = worstQuantiles(e2e, topic.e2e)
  }
  figures.depth += topicDepth
  const stale = parts.filter(({ node }) => node.stale).map(({ node }) => node.name)
  const paused = parts.some(({ topic }) => topic.paused)
  const ownQueue = { depth: topicDepth, clients: 0, paused, stale: stale.length > 0 }
  subject.trend.add(topicDepth, subject.flows.timedOut, at)
  const row = {
    ...figures,
    topic: name,
    messages,
    topic_depth: topicDepth,
    channels: channels.size,
    paused,
    paused_channels: count(channels.values(), (channel) => channel.row.paused),
    nodes: parts.map(({ node }) => node.name),
    stale_nodes: stale,
    trouble: allTrouble([
      queueTrouble(subject, ownQueue),
      ...Array.from(channels.values(), ({ row }): TopicTrouble[] => row.trouble),
    ]),
  }
  return { row, subject, channels, e2e }
}

function channelViews(parts: readonly Part[], topic: TopicSubject, at: number): Map<string, ChannelView> {
  const views = new Map<string, ChannelView>()
  for (const { node, topic: sample } of parts) {
    for (const [name, channel] of sample.channels) {
      let view = views.get(name)
      if (view === undefined) {
        const subject = topic.channel(name, at)
        view = { subject, row: emptyRow(name, subject, at) }
        views.set(name, view)
      }
      const { row } = view
      addChannel(row, channel)
      row.messages += channel.messages
      row.paused ||= channel.paused
      row.e2e = worstQuantiles(row.e2e, channel.e2e)
      row.nodes.push(node.name)
      if (node.stale) row.stale_nodes.push(node.name)
    }
  }
  for (const { row, subject } of views.values()) {
    subject.trend.add(row.depth, subject.flows.timedOut, at)
    row.trouble = queueTrouble(subject, { ...row, stale: row.stale_nodes.length > 0 })
  }
  for (const name of topic.channels.keys()) if (!views.has(name)) topic.channels.delete(name)
  return views
}

function emptyRow(channel: string, subject: Subject, at: number): LiveChannel {
  const figures = figuresAt(subject.live.read(subject.flows, at))
  return { ...figures, channel, paused: false, nodes: [], stale_nodes: [], e2e: null, trouble: [] }
}

function nodeRow(node: NodeWatch, subjects: Subjects, at: number, slowMs: number): LiveNode {
  const { producer, sample, sampledAt } = node
  const subject = subjects.node(node.name, at)
  const rates = subject.live.read(subject.flows, at)
  const state = node.state(slowMs)
  const health = sample?.health ?? 'OK'
  const trouble: LiveNode['trouble'] = []
  if (state === 'down' || state === 'gone') trouble.push('down')
  if (state === 'slow') trouble.push('slow')
  if (health !== 'OK') trouble.push('disk')
  if (producer.out_of_date) trouble.push('out-of-date')
  const topics = [...(sample?.topics.values() ?? [])]
  const channels = topics.flatMap((topic) => [...topic.channels.values()])
  const sum = <T>(all: readonly T[], figure: (one: T) => number) => all.reduce((total, one) => total + figure(one), 0)
  return {
    node: node.name,
    hostname: producer.hostname,
    version: producer.version || (sample?.version ?? ''),
    topology_region: producer.topology_region ?? '',
    topology_zone: producer.topology_zone ?? '',
    state,
    reason: reasonOf(node, state),
    age: sampledAt === undefined ? null : Math.round(at - sampledAt),
    took: Math.round(node.tookMs),
    health,
    start_time: sample?.startTime ?? 0,
    out_of_date: producer.out_of_date,
    topics: topics.length,
    channels: channels.length,
    clients: sum(channels, (channel) => channel.clients),
    depth: sum(topics, (topic) => topic.depth) + sum(channels, (channel) => channel.depth),
    in_flight: sum(channels, (channel) => channel.inFlight),
    rate_in: tenths(rates.in),
    rate_out: tenths(rates.out),
    trouble,
  }
}

function reasonOf(node: NodeWatch, state: LiveNode['state']): string {
  switch (state) {
    case 'up':
      return ''
    case 'slow':
      return `It took ${Math.round(node.tookMs)} ms to answer.`
    case 'down':
      return `It does not answer: ${node.failure}`
    case 'gone':
      return 'No nsqlookupd lists it any more.'
    default:
      return state satisfies never
  }
}

function totalsOf(
  nodes: readonly LiveNode[],
  topics: ReadonlyMap<string, TopicView>,
  { cluster }: Subjects,
  at: number,
): LiveTotals {
  const figures = figuresAt(cluster.live.read(cluster.flows, at))
  let channels = 0
  for (const { row } of topics.values()) {
    addFigures(figures, row)
    channels += row.channels
  }
  const down = count(nodes, (node) => node.trouble.includes('down'))
  return { ...figures, topics: topics.size, channels, nodes: nodes.length, nodes_down: down }
}

function count<T>(all: Iterable<T>, counts: (one: T) => boolean): number {
  let found = 0
  for (const one of all) if (counts(one)) found++
  return found
}

function byName(a: LiveNode, b: LiveNode): number {
  return a.node < b.node ? -1 : 1
}
