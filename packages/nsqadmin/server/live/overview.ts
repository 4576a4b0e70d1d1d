// The cluster as it is now: the last words of every node, summed up by topic and by channel.
import type { LiveChannel, LiveNode, LiveTopic, LiveTotals, TopicTrouble } from '../api-types.ts'
import { addChannel, addFigures, figuresAt, tenths, worstQuantiles } from './figures.ts'
import type { Quantile, TopicSample } from './node-sample.ts'
import type { NodeWatch } from './node-watch.ts'
import type { ChannelSubject, Subjects, TopicSubject } from './subjects.ts'
import { inOrder, queueTrouble } from './trouble.ts'

/** A topic as one node has it. */
interface Part {
  readonly node: NodeWatch
  readonly topic: TopicSample
}

/** A topic, and what is known of it beyond its row. */
export class TopicView {
  readonly row: LiveTopic
  readonly subject: TopicSubject
  readonly #parts: readonly Part[]

  constructor(row: LiveTopic, subject: TopicSubject, parts: readonly Part[]) {
    this.row = row
    this.subject = subject
    this.#parts = parts
  }

  /** Nanoseconds, the worst node's. */
  get e2e(): Quantile[] | null {
    return worstQuantiles(this.#parts.map(({ topic }) => topic.e2e))
  }

  channelE2e(name: string): Quantile[] | null {
    return worstQuantiles(this.#parts.map(({ topic }) => topic.channels.get(name)?.e2e))
  }

  /** The rows of its channels. */
  channels(): LiveChannel[] {
    return Array.from(this.subject.channels, ([name, channel]) => this.#channelRow(name, channel))
  }

  #channelRow(channel: string, subject: ChannelSubject): LiveChannel {
    const { depth, clients, paused, messages, staleNodes } = subject
    const nodes = this.#parts.filter(({ topic }) => topic.channels.has(channel)).map(({ node }) => node)
    const row: LiveChannel = {
      ...figuresAt(subject.live.rates),
      channel,
      paused,
      nodes: nodes.map(({ name }) => name),
      stale_nodes: nodes.filter(({ stale }) => stale).map(({ name }) => name),
      e2e: this.channelE2e(channel),
      trouble: inOrder(new Set(queueTrouble(subject, depth, clients, paused, staleNodes > 0))),
    }
    addChannel(row, subject)
    row.messages = messages
    return row
  }
}

export interface Overview {
  /** Milliseconds. */
  readonly at: number
  readonly totals: LiveTotals
  readonly nodes: readonly LiveNode[]
  readonly topics: ReadonlyMap<string, TopicView>
}

/** @param slowMs an nsqd that takes longer to answer is shown as slow */
export function overviewOf(nodes: Iterable<NodeWatch>, subjects: Subjects, at: number, slowMs: number): Overview {
  const watched = [...nodes]
  const topics = new Map<string, TopicView>()
  for (const [name, parts] of partsByTopic(watched)) {
    const subject = subjects.topic(name, at)
    topics.set(name, new TopicView(topicRow(name, parts, subject, at), subject, parts))
  }
  for (const name of subjects.topics.keys()) if (!topics.has(name)) subjects.topics.delete(name)
  const names = new Set(watched.map(({ name }) => name))
  for (const name of subjects.nodes.keys()) if (!names.has(name)) subjects.nodes.delete(name)
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

function topicRow(topic: string, parts: readonly Part[], subject: TopicSubject, at: number): LiveTopic {
  const figures = figuresAt(subject.live.read(subject.flows, at))
  const trouble = new Set<TopicTrouble>()
  let topicDepth = 0
  for (const part of parts) {
    topicDepth += part.topic.depth
    figures.backend_depth += part.topic.backendDepth
    figures.messages += part.topic.messages
    for (const [name, channel] of part.topic.channels) subject.channel(name, at).add(channel, part.node.stale, at)
  }
  figures.depth = topicDepth
  const pausedChannels = addChannels(figures, trouble, subject, at)
  const stale = parts.filter(({ node }) => node.stale).map(({ node }) => node.name)
  const paused = parts.some(({ topic }) => topic.paused)
  subject.trend.add(topicDepth, subject.flows.timedOut, at)
  for (const one of queueTrouble(subject, topicDepth, 0, paused, stale.length > 0)) trouble.add(one)
  return {
    ...figures,
    topic,
    topic_depth: topicDepth,
    channels: subject.channels.size,
    paused,
    paused_channels: pausedChannels,
    nodes: parts.map(({ node }) => node.name),
    stale_nodes: stale,
    trouble: inOrder(trouble),
  }
}

/** Adds what the channels have to a topic, and what is wrong with them. @returns how many are paused */
function addChannels(
  figures: ReturnType<typeof figuresAt>,
  trouble: Set<TopicTrouble>,
  topic: TopicSubject,
  at: number,
): number {
  let pausedChannels = 0
  for (const [name, channel] of topic.channels) {
    if (channel.summedAt !== at) {
      topic.channels.delete(name)
      continue
    }
    const { depth, clients, paused, staleNodes } = channel
    channel.live.read(channel.flows, at)
    channel.trend.add(depth, channel.flows.timedOut, at)
    for (const one of queueTrouble(channel, depth, clients, paused, staleNodes > 0)) trouble.add(one)
    addChannel(figures, channel)
    if (paused) pausedChannels++
  }
  return pausedChannels
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
