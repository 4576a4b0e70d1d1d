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

type HeldQuantiles = { quantile: number; value: number }[]

/** A channel's figures as they are held here: written over. Classes, so that thousands of them share one shape. */
class HeldChannel implements ChannelSample {
  /** The reading that last found it. */
  reading = 0
  depth = 0
  backendDepth = 0
  inFlight = 0
  deferred = 0
  messages = 0
  requeued = 0
  timedOut = 0
  clients = 0
  paused = false
  e2e: HeldQuantiles | null = null
}

class HeldTopic implements TopicSample {
  reading = 0
  depth = 0
  backendDepth = 0
  messages = 0
  paused = false
  e2e: HeldQuantiles | null = null
  readonly channels = new Map<string, HeldChannel>()
}

/**
 * Makes samples out of the answers of `/stats?format=json&include_clients=false`, as they come. There are two, which take turns: the last
 * one stays as it is while the next is read into the one before. So a round makes next to nothing new: thousands of small objects that live
 * for just one round are the worst that can be done to a heap.
 */
export class NodeSampler {
  #last: Map<string, HeldTopic> = new Map()
  #next: Map<string, HeldTopic> = new Map()
  #reading = 0

  /** Begins to read an answer; an unfinished one is forgotten. @returns takes its text, and makes the sample */
  begin(): SampleReader {
    const reading = ++this.#reading
    const topics = this.#next
    let count = 0
    const reader = new StatsReader((json) => {
      count++
      readTopic(json, topics, reading)
    })
    return {
      push: (chunk) => reader.push(chunk),
      end: () => {
        const stats = reader.end()
        forgetOthers(topics, count, reading)
        this.#next = this.#last
        this.#last = topics
        return {
          version: text(stats['version']),
          health: text(stats['health']) || 'OK',
          startTime: number(stats['start_time']),
          topics,
        }
      },
    }
  }
}

export interface SampleReader {
  /** @throws {SyntaxError} */
  push(chunk: string): void
  /** The sample; it stays as it is until the end of the next but one. @throws {SyntaxError | JsonSyntaxError} when that was no JSON */
  end(): NodeSample
}

/** What was not in this answer is gone. @param count of those that were; when nothing is gone, nothing has to be looked through */
function forgetOthers(held: Map<string, { reading: number }>, count: number, reading: number): void {
  if (held.size === count) return
  for (const [name, one] of held) if (one.reading !== reading) held.delete(name)
}

function readTopic(topic: Json, topics: Map<string, HeldTopic>, reading: number): void {
  const name = text(topic['topic_name'])
  const sample = topics.get(name) ?? new HeldTopic()
  if (sample.reading === 0) topics.set(name, sample)
  sample.reading = reading
  sample.depth = number(topic['depth'])
  sample.backendDepth = number(topic['backend_depth'])
  sample.messages = number(topic['message_count'])
  sample.paused = flag(topic['paused'])
  sample.e2e = quantiles(topic['e2e_processing_latency'], sample.e2e)
  const channels = objectsIn(topic['channels'])
  for (const channel of channels) readChannel(channel, sample.channels, reading)
  forgetOthers(sample.channels, channels.length, reading)
}

function readChannel(channel: Json, channels: Map<string, HeldChannel>, reading: number): void {
  const name = text(channel['channel_name'])
  const sample = channels.get(name) ?? new HeldChannel()
  if (sample.reading === 0) channels.set(name, sample)
  const clients = channel['clients']
  sample.reading = reading
  sample.depth = number(channel['depth'])
  sample.backendDepth = number(channel['backend_depth'])
  sample.inFlight = number(channel['in_flight_count'])
  sample.deferred = number(channel['deferred_count'])
  sample.messages = number(channel['message_count'])
  sample.requeued = number(channel['requeue_count'])
  sample.timedOut = number(channel['timeout_count'])
  // Old versions count clients by listing them only.
  sample.clients = Array.isArray(clients) && clients.length > 0 ? clients.length : number(channel['client_count'])
  sample.paused = flag(channel['paused'])
  sample.e2e = quantiles(channel['e2e_processing_latency'], sample.e2e)
}

/** @param held those of an earlier reading: written over, if there are as many */
function quantiles(latency: unknown, held: HeldQuantiles | null): HeldQuantiles | null {
  const found = objectsIn(objectOf(latency)['percentiles'])
  if (found.length === 0) return null
  const into = held?.length === found.length ? held : found.map(() => ({ quantile: 0, value: 0 }))
  for (const [index, entry] of found.entries()) {
    const one = into[index]!
    one.quantile = number(entry['quantile'])
    one.value = number(entry['value'])
  }
  return into
}
