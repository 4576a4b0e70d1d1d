// What nsqd's figures are at one moment: the one source of /stats in both forms, of statsd and of /metrics. Nothing runs in
// between while a snapshot is taken, so its figures agree with each other.
import type { Channel } from '../core/channel.ts'
import type { Retained } from '../core/retention.ts'
import type { RetryPolicy } from '../core/retry-policy.ts'
import type { TopicRegistry } from '../core/topic-registry.ts'
import type { Topic } from '../core/topic.ts'
import { ClientV2 } from '../tcp/client-v2.ts'
import { backendDepth } from './backend-depth.ts'
import { type ClientStats, clientStats } from './client-stats.ts'
import { type LatencyStats, latencyStats, LatencyWindow } from './e2e-latency.ts'
import type { MemoryStats } from './memory.ts'

export interface SnapshotFilter {
  /** Empty: all topics. */
  readonly topic: string
  /** Empty: all channels; else topics without that channel are left out. */
  readonly channel: string
  readonly includeClients: boolean
  /** Of the time from publish to FIN; each above 0 and at most 1. */
  readonly percentiles: readonly number[]
}

export interface Snapshot {
  /** By name. Null when the filter names a topic that does not exist. */
  readonly topics: readonly TopicStats[] | null
  /** Connections that have published. Null when there are none, clients are left out, or `topics` is null. */
  readonly producers: readonly ClientStats[] | null
}

/** A snapshot with what else /stats shows. */
export interface StatsReport extends Snapshot {
  readonly health: string
  /** Unix seconds. */
  readonly startTime: number
  readonly uptimeMs: number
  readonly memory: MemoryStats | undefined
}

export interface TopicStats {
  readonly name: string
  /** By name. */
  readonly channels: readonly ChannelStats[]
  /** Messages that wait in the topic itself, those on disk included. */
  readonly depth: number
  readonly backendDepth: number
  readonly messageCount: number
  readonly messageBytes: number
  /** Dropped while they waited in the topic, since it was at its limits. */
  readonly droppedCount: number
  /** What is finished and kept to be delivered again; null: nothing is to be. */
  readonly retained: Retained | null
  readonly paused: boolean
  readonly latency: LatencyStats
}

export interface ChannelStats {
  readonly name: string
  /** Messages that wait to be handed out, those on disk included; in flight and deferred ones are not. */
  readonly depth: number
  readonly backendDepth: number
  readonly inFlightCount: number
  readonly deferredCount: number
  readonly messageCount: number
  readonly zoneLocalCount: number
  readonly regionLocalCount: number
  readonly globalCount: number
  readonly requeueCount: number
  readonly timeoutCount: number
  /** Dropped while they waited here, since the topic was at its limits. */
  readonly droppedCount: number
  /** What became of those that failed; null: nothing but another delivery. */
  readonly retryPolicy: RetryPolicy | null
  /** Messages that became dead letters. */
  readonly deadLetterCount: number
  /** Could not be read back from disk, and were given up. */
  readonly lostCount: number
  readonly clientCount: number
  /** Null when clients are left out. */
  readonly clients: readonly ClientStats[] | null
  readonly paused: boolean
  readonly latency: LatencyStats
}

export function takeSnapshot(registry: TopicRegistry, clients: Iterable<ClientV2>, filter: SnapshotFilter): Snapshot {
  const topics = selectTopics(registry, filter)
  if (topics === null) return { topics, producers: null }
  const producers = filter.includeClients ? producersOf(clients, filter) : []
  return {
    topics: topics.map((topic) => topicStats(topic, filter)),
    producers: producers.length === 0 ? null : producers,
  }
}

function selectTopics(registry: TopicRegistry, filter: SnapshotFilter): Topic[] | null {
  if (filter.topic !== '') {
    const topic = registry.get(filter.topic)
    if (topic === undefined) return null
    return hasChannel(topic, filter) ? [topic] : []
  }
  return [...registry.topics()].filter((topic) => hasChannel(topic, filter)).sort(byName)
}

function hasChannel(topic: Topic, filter: SnapshotFilter): boolean {
  return filter.channel === '' || topic.channels.has(filter.channel)
}

function topicStats(topic: Topic, filter: SnapshotFilter): TopicStats {
  const channels = [...topic.channels.values()]
  const shown = filter.channel === '' ? channels : channels.filter(({ name }) => name === filter.channel)
  return {
    name: topic.name,
    channels: shown.sort(byName).map((channel) => channelStats(channel, filter)),
    depth: topic.depth,
    backendDepth: backendDepth(topic),
    messageCount: topic.messageCount,
    messageBytes: topic.messageBytes,
    droppedCount: topic.droppedCount,
    retained: topic.retention.active ? topic.retention.retained : null,
    paused: topic.paused,
    latency: latencyStats(latencyWindows(channels), filter.percentiles),
  }
}

function channelStats(channel: Channel, filter: SnapshotFilter): ChannelStats {
  return {
    name: channel.name,
    depth: channel.depth,
    backendDepth: backendDepth(channel),
    inFlightCount: channel.inFlightCount,
    deferredCount: channel.deferredCount,
    messageCount: channel.messageCount,
    zoneLocalCount: channel.zoneLocalCount,
    regionLocalCount: channel.regionLocalCount,
    globalCount: channel.globalCount,
    requeueCount: channel.requeueCount,
    timeoutCount: channel.timeoutCount,
    droppedCount: channel.droppedCount,
    retryPolicy: policyShown(channel),
    deadLetterCount: channel.retries?.deadCount ?? 0,
    lostCount: channel.lostCount,
    clientCount: channel.subscriberCount,
    clients: filter.includeClients ? clientsOf(channel, filter) : null,
    paused: channel.paused,
    latency: latencyStats(latencyWindows([channel]), filter.percentiles),
  }
}

/** With the name of the topic that dead letters go to. */
function policyShown({ retries }: Channel): RetryPolicy | null {
  return retries?.policy ? { ...retries.policy, deadLetterTopic: retries.topicName } : null
}

function latencyWindows(channels: readonly Channel[]): LatencyWindow[] {
  return channels.map(({ latency }) => latency).filter((latency) => latency instanceof LatencyWindow)
}

/** Subscribers that are no connection are counted, but there is nothing to tell of them. */
function clientsOf(channel: Channel, filter: SnapshotFilter): ClientStats[] {
  const clients = [...channel.subscribers()].filter((subscriber) => subscriber instanceof ClientV2)
  return clients.map((client) => clientStats(client, filter.topic))
}

function producersOf(clients: Iterable<ClientV2>, filter: SnapshotFilter): ClientStats[] {
  const producers = [...clients].filter(({ pubCounts }) => pubCounts.size > 0)
  return producers.map((client) => clientStats(client, filter.topic))
}

/** Names are ASCII: their order is that of their bytes. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
