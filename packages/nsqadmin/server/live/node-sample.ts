// What one nsqd said of itself at one moment, cut down to the figures that are watched.
import { StatsReader } from './stats-reader.ts'
import { flag, number, objectOf, objectsIn, text } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

export interface Quantile {
  readonly quantile: number
  /** Nanoseconds. */
  readonly value: number
}

export interface ChannelSample {
  readonly depth: number
  readonly backendDepth: number
  readonly inFlight: number
  readonly deferred: number
  readonly messages: number
  readonly requeued: number
  readonly timedOut: number
  readonly clients: number
  readonly paused: boolean
  /** Null: nothing is measured. */
  readonly e2e: readonly Quantile[] | null
}

export interface TopicSample {
  readonly depth: number
  readonly backendDepth: number
  readonly messages: number
  readonly paused: boolean
  readonly e2e: readonly Quantile[] | null
  readonly channels: ReadonlyMap<string, ChannelSample>
}

export interface NodeSample {
  readonly version: string
  readonly health: string
  /** Unix seconds; another one means that the nsqd was restarted, and counts from 0 again. */
  readonly startTime: number
  readonly topics: ReadonlyMap<string, TopicSample>
}

/** Makes a sample of the answer of `/stats?format=json&include_clients=false`, as it comes. */
export class NodeSampler {
  readonly #topics = new Map<string, TopicSample>()
  readonly #reader = new StatsReader((topic) => this.#topics.set(text(topic['topic_name']), topicSample(topic)))

  /** @throws {SyntaxError} */
  push(chunk: string): void {
    this.#reader.push(chunk)
  }

  /** @throws {SyntaxError | JsonSyntaxError} when that was no JSON */
  end(): NodeSample {
    const stats = this.#reader.end()
    return {
      version: text(stats['version']),
      health: text(stats['health']) || 'OK',
      startTime: number(stats['start_time']),
      topics: this.#topics,
    }
  }
}

function topicSample(topic: Json): TopicSample {
  return {
    depth: number(topic['depth']),
    backendDepth: number(topic['backend_depth']),
    messages: number(topic['message_count']),
    paused: flag(topic['paused']),
    e2e: quantiles(topic['e2e_processing_latency']),
    channels: new Map(objectsIn(topic['channels']).map((one) => [text(one['channel_name']), channelSample(one)])),
  }
}

function channelSample(channel: Json): ChannelSample {
  const clients = channel['clients']
  return {
    depth: number(channel['depth']),
    backendDepth: number(channel['backend_depth']),
    inFlight: number(channel['in_flight_count']),
    deferred: number(channel['deferred_count']),
    messages: number(channel['message_count']),
    requeued: number(channel['requeue_count']),
    timedOut: number(channel['timeout_count']),
    // Old versions count clients by listing them only.
    clients: Array.isArray(clients) && clients.length > 0 ? clients.length : number(channel['client_count']),
    paused: flag(channel['paused']),
    e2e: quantiles(channel['e2e_processing_latency']),
  }
}

function quantiles(latency: unknown): Quantile[] | null {
  const found = objectsIn(objectOf(latency)['percentiles'])
  if (found.length === 0) return null
  return found.map((entry) => ({ quantile: number(entry['quantile']), value: number(entry['value']) }))
}
