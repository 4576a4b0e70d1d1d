import type { Topic } from '../api-types.ts'
import type { Gathered } from '../upstream/gather.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'
import { lookupdChannels, lookupdProducers, lookupdTopicProducers, lookupdTopics } from './lookupd-discovery.ts'
import { nsqdProducers, nsqdTopicProducers, nsqdTopics } from './nsqd-discovery.ts'
import { OneNode } from './one-node.ts'
import { nodeName } from './producer.ts'
import type { Producer } from './producer.ts'
import { statsOf } from './stats.ts'
import type { StatsWanted } from './stats.ts'
import { query } from './upstreams.ts'
import type { Upstreams } from './upstreams.ts'

/** Where to look, as the options say at the moment: they may change while nsqadmin runs (/config). */
export interface ClusterAddresses {
  /** Not empty: nsqlookupds tell who there is. Empty: the nsqds below are all. */
  readonly lookupdHttpAddresses: readonly string[]
  readonly nsqdHttpAddresses: readonly string[]
}

/** The cluster, seen and acted upon as a whole. Nothing is remembered: each call asks the nodes. */
export class Cluster {
  readonly #upstreams: Upstreams
  readonly #addresses: () => ClusterAddresses

  constructor(upstreams: Upstreams, addresses: () => ClusterAddresses) {
    this.#upstreams = upstreams
    this.#addresses = addresses
  }

  /** Empty: nsqds are asked directly. */
  get lookupds(): readonly string[] {
    return this.#addresses().lookupdHttpAddresses
  }

  // Reading. Each throws AllFailedError when nobody answers.

  topics(): Promise<Gathered<string>> {
    const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = this.#addresses()
    return lookupds.length > 0 ? lookupdTopics(this.#upstreams, lookupds) : nsqdTopics(this.#upstreams, nsqds)
  }

  producers(): Promise<Gathered<Producer>> {
    const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = this.#addresses()
    return lookupds.length > 0 ? lookupdProducers(this.#upstreams, lookupds) : nsqdProducers(this.#upstreams, nsqds)
  }

  topicProducers(topic: string): Promise<Gathered<Producer>> {
    const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = this.#addresses()
    return lookupds.length > 0
      ? lookupdTopicProducers(this.#upstreams, lookupds, topic)
      : nsqdTopicProducers(this.#upstreams, nsqds, topic)
  }

  /** The channels that nsqlookupds have registered, whether or not an nsqd has them. */
  registeredChannels(topic: string): Promise<Gathered<string>> {
    return lookupdChannels(this.#upstreams, this.lookupds, topic)
  }

  stats(producers: readonly Producer[], wanted: StatsWanted): Promise<Gathered<Topic>> {
    return statsOf(this.#upstreams, producers, wanted)
  }

  /** One nsqd. The name is taken as it is: whoever had it from a stranger has to see to it that it is one of ours. */
  node(name: string): OneNode {
    return new OneNode(this.#upstreams, name)
  }

  // Acting. Each returns the errors of the servers that did not do it, and throws AllFailedError if the nodes could not be found.

  /** Announces a topic, and a channel if there is one; the nsqds that have the topic get the channel at once. */
  async create(topic: string, channel: string): Promise<UpstreamError[]> {
    const { lookupds } = this
    const errors = await this.#tellLookupds('/topic/create', { topic })
    if (channel === '') return errors
    errors.push(...(await this.#tellLookupds('/channel/create', { topic, channel })))
    const { values: producers, errors: unknown } = await lookupdTopicProducers(this.#upstreams, lookupds, topic)
    return [...errors, ...unknown, ...(await this.#tellNsqds(producers, '/channel/create', { topic, channel }))]
  }

  /** Of a topic, or with a channel of that. */
  async delete(topic: string, channel: string): Promise<UpstreamError[]> {
    // First who has it: once nsqlookupd has forgotten it, nobody knows.
    const { values: producers, errors } = await this.topicProducers(topic)
    const path = channel === '' ? '/topic/delete' : '/channel/delete'
    const unregistered = await this.#tellLookupds(path, { topic, channel })
    return [...errors, ...unregistered, ...(await this.#tellNsqds(producers, path, { topic, channel }))]
  }

  /** Of a topic, or with a channel of that. */
  async act(action: 'pause' | 'unpause' | 'empty', topic: string, channel: string): Promise<UpstreamError[]> {
    const { values: producers, errors } = await this.topicProducers(topic)
    const path = `/${channel === '' ? 'topic' : 'channel'}/${action}`
    return [...errors, ...(await this.#tellNsqds(producers, path, { topic, channel }))]
  }

  /** Hides a node from those who look for the topic, then deletes the topic there, so that nobody publishes to it again. */
  async tombstone(topic: string, node: string): Promise<UpstreamError[]> {
    const errors = await this.#tellLookupds('/topic/tombstone', { topic, node })
    const { values: producers } = await nsqdProducers(this.#upstreams, [node])
    return [...errors, ...(await this.#tellNsqds(producers, '/topic/delete', { topic }))]
  }

  /** Publishes a message on one node. @throws {UpstreamError} */
  async publish(node: string, topic: string, body: Uint8Array, deferMs: number): Promise<void> {
    await this.#upstreams.post(
      'nsqd',
      node,
      `/pub${query({ topic, defer: deferMs === 0 ? '' : String(deferMs) })}`,
      body,
    )
  }

  #tellLookupds(path: string, parameters: Readonly<Record<string, string>>): Promise<UpstreamError[]> {
    return this.#upstreams.postEach('nsqlookupd', this.lookupds, path + query(parameters))
  }

  #tellNsqds(
    producers: readonly Producer[],
    path: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<UpstreamError[]> {
    return this.#upstreams.postEach('nsqd', producers.map(nodeName), path + query(parameters))
  }
}
