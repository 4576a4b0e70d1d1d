// /stats?format=json: the names and the order of the keys are the original's, and so is which are left out (nsqd-http.md, /stats).
import { VERSION } from '@nsq-ts/daemon'
import type { Retained } from '../core/retention.ts'
import { formatTimeMs } from '../http/time.ts'
import { shownRetry } from '../storage/retry-overrides.ts'
import type { ClientStats } from './client-stats.ts'
import type { LatencyStats } from './e2e-latency.ts'
import type { MemoryStats } from './memory.ts'
import type { ChannelStats, StatsReport, TopicStats } from './snapshot.ts'

type Json = Readonly<Record<string, unknown>>

/** A value for JSON.stringify, which leaves out what is undefined. */
export function statsJson(report: StatsReport): Json {
  return {
    version: VERSION,
    health: report.health,
    start_time: report.startTime,
    topics: report.topics?.map(topicJson) ?? null,
    memory: report.memory && memoryJson(report.memory),
    producers: report.producers?.map(clientJson) ?? null,
  }
}

function topicJson(topic: TopicStats): Json {
  return {
    topic_name: topic.name,
    channels: topic.channels.map(channelJson),
    depth: topic.depth,
    backend_depth: topic.backendDepth,
    message_count: topic.messageCount,
    message_bytes: topic.messageBytes,
    dropped_count: topic.droppedCount || undefined,
    retained: topic.retained === null ? undefined : retainedJson(topic.retained),
    paused: topic.paused,
    e2e_processing_latency: latencyJson(topic.latency),
  }
}

function retainedJson({ bytes, messages, oldestMs }: Retained): Json {
  return { messages, bytes, oldest: oldestMs === null ? null : formatTimeMs(oldestMs) }
}

function channelJson(channel: ChannelStats): Json {
  return {
    channel_name: channel.name,
    depth: channel.depth,
    backend_depth: channel.backendDepth,
    in_flight_count: channel.inFlightCount,
    deferred_count: channel.deferredCount,
    message_count: channel.messageCount,
    zone_local_msg_count: channel.zoneLocalCount || undefined,
    region_local_msg_count: channel.regionLocalCount || undefined,
    global_msg_count: channel.globalCount || undefined,
    requeue_count: channel.requeueCount,
    timeout_count: channel.timeoutCount,
    dropped_count: channel.droppedCount || undefined,
    retry_policy: channel.retryPolicy === null ? undefined : shownRetry(channel.retryPolicy),
    dead_letter_count: channel.deadLetterCount || undefined,
    lost_count: channel.lostCount || undefined,
    client_count: channel.clientCount,
    clients: channel.clients?.map(clientJson) ?? null,
    paused: channel.paused,
    e2e_processing_latency: latencyJson(channel.latency),
  }
}

function clientJson(client: ClientStats): Json {
  const { transport } = client
  return {
    client_id: client.clientId,
    hostname: client.hostname,
    version: 'V2',
    remote_address: client.remoteAddress,
    state: client.state,
    ready_count: client.readyCount,
    in_flight_count: client.inFlightCount,
    message_count: client.messageCount,
    finish_count: client.finishCount,
    requeue_count: client.requeueCount,
    connect_ts: client.connectTime,
    sample_rate: client.sampleRate,
    deflate: transport.deflate,
    snappy: transport.snappy,
    user_agent: client.userAgent,
    authed: transport.authorized || undefined,
    auth_identity: transport.authIdentity || undefined,
    auth_identity_url: transport.authIdentityUrl || undefined,
    topology_zone: client.topologyZone,
    topology_region: client.topologyRegion,
    pub_counts: client.pubCounts.length > 0 ? client.pubCounts : undefined,
    tls: transport.tls,
    tls_cipher_suite: transport.tlsCipherSuite,
    tls_version: transport.tlsVersion,
    tls_negotiated_protocol: '',
    tls_negotiated_protocol_is_mutual: transport.tls,
  }
}

function latencyJson({ count, percentiles }: LatencyStats): Json {
  return { count, percentiles }
}

function memoryJson(memory: MemoryStats): Json {
  return Object.fromEntries(memoryFigures(memory))
}

/** The memory figures under their names, in order. */
export function memoryFigures(memory: MemoryStats): (readonly [string, number])[] {
  return [
    ['heap_objects', memory.heapObjects],
    ['heap_idle_bytes', memory.heapIdleBytes],
    ['heap_in_use_bytes', memory.heapInUseBytes],
    ['heap_released_bytes', memory.heapReleasedBytes],
    ['gc_pause_usec_100', memory.gcPauseUs100],
    ['gc_pause_usec_99', memory.gcPauseUs99],
    ['gc_pause_usec_95', memory.gcPauseUs95],
    ['next_gc_bytes', memory.nextGcBytes],
    ['gc_total_runs', memory.gcTotalRuns],
  ]
}
