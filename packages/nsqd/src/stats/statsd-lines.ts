// What is told to statsd, and in which order (nsqd-flags.md, section 7.3).
import { isEphemeral } from '@nsq-ts/protocol'
import type { LatencyStats } from './e2e-latency.ts'
import { memoryFigures } from './json.ts'
import type { MemoryStats } from './memory.ts'
import type { ChannelStats, TopicStats } from './snapshot.ts'

/** One figure: `<name>:<value>|<type>`; a counter is what it has grown by since the last push. */
type Line = string

/** Makes the lines of each push. Names are taken literally: dots in them are not replaced. */
export class StatsdLines {
  readonly #prefix: string
  /** Counters as of the last push, by their names; those of what is gone are forgotten. */
  #counters = new Map<string, number>()

  /** @param prefix expanded, with its dot */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  push(topics: readonly TopicStats[], memory: MemoryStats | undefined, excludeEphemeral: boolean): Line[] {
    const before = this.#counters
    this.#counters = new Map()
    const lines: Line[] = []
    const wanted = ({ name }: { readonly name: string }) => !(excludeEphemeral && isEphemeral(name))
    for (const topic of topics.filter(wanted)) {
      this.#topic(lines, before, topic)
      for (const channel of topic.channels.filter(wanted)) this.#channel(lines, before, topic.name, channel)
    }
    if (memory !== undefined) this.#memory(lines, before, memory)
    return lines
  }

  #topic(lines: Line[], before: ReadonlyMap<string, number>, topic: TopicStats): void {
    const name = `topic.${topic.name}`
    this.#count(lines, before, `${name}.message_count`, topic.messageCount)
    this.#count(lines, before, `${name}.message_bytes`, topic.messageBytes)
    this.#gauge(lines, `${name}.depth`, topic.depth)
    this.#gauge(lines, `${name}.backend_depth`, topic.backendDepth)
    this.#countIfAny(lines, before, `${name}.dropped_count`, topic.droppedCount)
    this.#percentiles(lines, name, topic.latency)
  }

  #channel(lines: Line[], before: ReadonlyMap<string, number>, topicName: string, channel: ChannelStats): void {
    const name = `topic.${topicName}.channel.${channel.name}`
    this.#count(lines, before, `${name}.message_count`, channel.messageCount)
    this.#gauge(lines, `${name}.depth`, channel.depth)
    this.#gauge(lines, `${name}.backend_depth`, channel.backendDepth)
    this.#gauge(lines, `${name}.in_flight_count`, channel.inFlightCount)
    this.#gauge(lines, `${name}.deferred_count`, channel.deferredCount)
    this.#count(lines, before, `${name}.requeue_count`, channel.requeueCount)
    this.#count(lines, before, `${name}.timeout_count`, channel.timeoutCount)
    this.#countIfAny(lines, before, `${name}.dropped_count`, channel.droppedCount)
    this.#countIfAny(lines, before, `${name}.lost_count`, channel.lostCount)
    this.#gauge(lines, `${name}.clients`, channel.clientCount)
    this.#percentiles(lines, name, channel.latency)
  }

  #memory(lines: Line[], before: ReadonlyMap<string, number>, memory: MemoryStats): void {
    for (const [name, value] of memoryFigures(memory)) {
      if (name === 'gc_total_runs') this.#count(lines, before, 'mem.gc_runs', value)
      else this.#gauge(lines, `mem.${name}`, value)
    }
  }

  #percentiles(lines: Line[], name: string, { percentiles }: LatencyStats): void {
    for (const { quantile, value } of percentiles ?? []) {
      this.#gauge(lines, `${name}.e2e_processing_latency_${roundHalfToEven(quantile * 100)}`, Math.trunc(value))
    }
  }

  #count(lines: Line[], before: ReadonlyMap<string, number>, name: string, value: number): void {
    this.#counters.set(name, value)
    lines.push(`${this.#prefix}${name}:${value - (before.get(name) ?? 0)}|c`)
  }

  /** A counter of ours: where it counts nothing, the stream is the original's. */
  #countIfAny(lines: Line[], before: ReadonlyMap<string, number>, name: string, value: number): void {
    if (value > 0) this.#count(lines, before, name, value)
  }

  #gauge(lines: Line[], name: string, value: number): void {
    lines.push(`${this.#prefix}${name}:${value}|g`)
  }
}

/** As Go's `%.0f`: 99.9 is 100, 62.5 is 62. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}

/** Lines, each with its LF, in as few datagrams as they fit; a longer line goes alone. */
export function packLines(lines: readonly Line[], packetSize: number): Buffer[] {
  const packets: Buffer[] = []
  let text = ''
  for (const line of lines) {
    const next = `${line}\n`
    if (text !== '' && text.length + next.length > packetSize) {
      packets.push(Buffer.from(text))
      text = ''
    }
    text += next
  }
  if (text !== '') packets.push(Buffer.from(text))
  return packets
}
