import type { LiveNode } from '../api-types.ts'
import { nodeName } from '../cluster/producer.ts'
import type { Producer } from '../cluster/producer.ts'
import { addFlows, flowsSince, publishedSince } from './flows.ts'
import { NodeSampler } from './node-sample.ts'
import type { NodeSample } from './node-sample.ts'
import type { Subjects } from './subjects.ts'

/** One nsqd under watch: what it last said, and when, and why it says nothing now. */
export class NodeWatch {
  /** `broadcast_address:http_port` */
  readonly name: string
  producer: Producer
  readonly sampler = new NodeSampler()
  /** What it last said; kept when it goes. */
  sample: NodeSample | undefined
  /** Milliseconds, as all times here; of the last sample. */
  sampledAt: number | undefined
  tookMs = 0
  /** Why there is no newer sample; empty if there is. */
  failure = ''
  /** It is still looked for. */
  listed = true
  /** When it was last listed. */
  listedAt: number
  /** A question to it is under way. */
  busy = false

  constructor(producer: Producer, at: number) {
    this.name = nodeName(producer)
    this.producer = producer
    this.listedAt = at
  }

  /** @param slowMs an answer that takes longer is a slow one */
  state(slowMs: number): LiveNode['state'] {
    if (!this.listed) return 'gone'
    if (this.failure !== '') return 'down'
    return this.tookMs > slowMs ? 'slow' : 'up'
  }

  /** Its figures are those of before it went. */
  get stale(): boolean {
    return !this.listed || this.failure !== ''
  }

  answered(sample: NodeSample, at: number, tookMs: number, subjects: Subjects): void {
    this.#count(sample, at, subjects)
    this.sample = sample
    this.sampledAt = at
    this.tookMs = tookMs
    this.failure = ''
  }

  failed(reason: string): void {
    this.failure = reason
  }

  /** Adds what has happened since the last sample. The first sample of a node tells nothing of when its messages came. */
  #count(sample: NodeSample, at: number, subjects: Subjects): void {
    const { sample: last, sampledAt } = this
    const node = subjects.node(this.name, at)
    const since = sampledAt ?? at
    const restarted = last !== undefined && last.startTime !== sample.startTime
    for (const [name, topic] of sample.topics) {
      const subject = subjects.topic(name, since)
      const before = restarted ? undefined : last?.topics.get(name)
      for (const [channelName, channel] of topic.channels) {
        const channelSubject = subject.channel(channelName, since)
        if (last === undefined) continue
        const flows = flowsSince(before?.channels.get(channelName), channel)
        addFlows(channelSubject.flows, flows)
        // In a topic, in a node and in the cluster a message comes in once, and is finished in every channel.
        for (const whole of [subject, node, subjects.cluster]) addFlows(whole.flows, { ...flows, in: 0 })
      }
      if (last === undefined) continue
      const published = publishedSince(before, topic)
      for (const whole of [subject, node, subjects.cluster]) whole.flows.in += published
    }
  }
}
