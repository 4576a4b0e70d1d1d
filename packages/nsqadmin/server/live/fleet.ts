import { parseHostPort } from '@nsq-ts/daemon'
import type { ClusterAddresses } from '../cluster/cluster.ts'
import { lookupdProducers } from '../cluster/lookupd-discovery.ts'
import { nodeName, producerFromInfo } from '../cluster/producer.ts'
import type { Producer } from '../cluster/producer.ts'
import type { Upstreams } from '../cluster/upstreams.ts'
import { markOutOfDate } from '../cluster/versions.ts'
import { AllFailedError, UpstreamError } from '../upstream/upstream-error.ts'
import { NodeWatch } from './node-watch.ts'
import type { Subjects } from './subjects.ts'

/** A node that has gone is shown for so long, then it is forgotten. */
const GONE_SHOWN_MS = 3_600_000

/** The nsqds that are watched. Finding them may fail without any of them being lost from sight. */
export class Fleet {
  readonly nodes = new Map<string, NodeWatch>()
  /** What is wrong with finding them, in whole sentences. */
  warnings: readonly string[] = []
  readonly #upstreams: Upstreams
  readonly #addresses: () => ClusterAddresses
  /** Without nsqlookupd: who answered at an address of --nsqd-http-address. */
  readonly #known = new Map<string, Producer>()

  constructor(upstreams: Upstreams, addresses: () => ClusterAddresses) {
    this.#upstreams = upstreams
    this.#addresses = addresses
  }

  /** Finds out who there is. @param at milliseconds */
  async discover(at: number): Promise<void> {
    const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = this.#addresses()
    if (lookupds.length > 0) await this.#askLookupds(lookupds, at)
    else await this.#askNsqds(nsqds, at)
    for (const [name, node] of this.nodes) {
      if (!node.listed && at - node.listedAt > GONE_SHOWN_MS) this.nodes.delete(name)
    }
  }

  /** Asks one node for its figures. Never rejects. */
  async sample(node: NodeWatch, subjects: Subjects, now: () => number): Promise<void> {
    if (node.busy) return
    node.busy = true
    const startedAt = now()
    try {
      const reader = node.sampler.begin()
      const path = '/stats?format=json&include_clients=false'
      await this.#upstreams.stream('nsqd', node.name, path, (text) => reader.push(text))
      node.answered(reader.end(), now(), now() - startedAt, subjects)
    } catch (error) {
      node.failed(error instanceof Error ? error.message : String(error))
    } finally {
      node.busy = false
    }
  }

  async #askLookupds(lookupds: readonly string[], at: number): Promise<void> {
    try {
      const { values, errors } = await lookupdProducers(this.#upstreams, lookupds)
      this.warnings = errors.map((error) => error.message)
      for (const producer of values) this.#list(producer, at)
      // Who is missing may be known to a nsqlookupd that does not answer.
      if (errors.length === 0) this.#unlistOthers(new Set(values.map(nodeName)))
    } catch (error) {
      if (!(error instanceof AllFailedError)) throw error
      this.warnings = [error.message]
    }
  }

  async #askNsqds(nsqds: readonly string[], at: number): Promise<void> {
    this.warnings = []
    const listed = await Promise.all(nsqds.map((address) => this.#askNsqd(address)))
    markOutOfDate(listed.filter(({ version }) => version !== '')) // who never answered is of no version
    for (const producer of listed) this.#list(producer, at)
    this.#unlistOthers(new Set(listed.map(nodeName)))
  }

  /** Who answers at an address, or did; before he ever does he is called by it. */
  async #askNsqd(address: string): Promise<Producer> {
    try {
      const info = await this.#upstreams.get('nsqd', address, '/info')
      const producer = producerFromInfo({ ...ownAddress(address), ...info }, {})
      this.#known.set(address, producer)
      return producer
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      return this.#known.get(address) ?? producerFromInfo(ownAddress(address), {})
    }
  }

  #list(producer: Producer, at: number): void {
    const known = this.nodes.get(nodeName(producer))
    if (known === undefined) {
      const node = new NodeWatch(producer, at)
      this.nodes.set(node.name, node)
      return
    }
    known.producer = producer
    known.listed = true
    known.listedAt = at
  }

  #unlistOthers(listed: ReadonlySet<string>): void {
    for (const [name, node] of this.nodes) if (!listed.has(name)) node.listed = false
  }
}

function ownAddress(address: string): { broadcast_address: string; hostname: string; http_port: number } {
  const { host = address, port = '0' } = parseHostPort(address) ?? {}
  return { broadcast_address: host, hostname: host, http_port: Number(port) }
}
