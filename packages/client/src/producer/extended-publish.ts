// A publish that is more than bytes for a topic: traced, on several nodes, or with what only an nsqd of this project takes
// (docs/protocol-extensions.md): headers, a time of its own, one delay for several messages. Loaded by the first such call; what it
// needs of what all producers have comes in through the host, since a bundler would cut what both import in pieces.
import { tracingChannel } from 'node:diagnostics_channel'
import { encodeHeaders, type HeadedBody, headersFault, hmpub, hpub, type PublishTime } from '@nsq-ts/protocol/headers'
import type { UnsupportedError } from '../errors.ts'
import type { durationOption } from '../option-value.ts'
import type { ProducerOptions, ProducerSettings, PublishCall, PublishOptions } from './options.ts'
import type { ProducerNode } from './producer-node.ts'
import type { Extra, Publish, ReplicaGroup } from './publish.ts'

/** One body, or several: encoded. */
export type Bodies = Uint8Array | readonly Uint8Array[]

/** The producer, and what it has loaded. */
export interface ExtendedPublishHost {
  readonly settings: Pick<ProducerSettings, 'replicas' | 'replicasMax' | 'dropHeaders'>
  readonly aroundPublish: ProducerOptions<never>['aroundPublish']
  readonly durationOption: typeof durationOption
  readonly UnsupportedError: typeof UnsupportedError
  enqueue(topic: string, bodies: Bodies, options: PublishOptions, extra?: Extra, group?: ReplicaGroup): Promise<void>
}

/** Its channels are those of diagnostics.ts: what makes them one is the name. */
const tracing = tracingChannel<object>('nsq.publish')

/** As {@link Producer.publish}. @throws {TypeError | RangeError} for an option that is wrong */
export function publishExtended(
  host: ExtendedPublishHost,
  topic: string,
  bodies: Bodies,
  options: PublishOptions,
): Promise<void> {
  const { aroundPublish } = host
  if (aroundPublish === undefined && !tracing.hasSubscribers) return publishCopies(host, topic, bodies, options)
  const call: PublishCall = {
    topic,
    messages: countOf(bodies),
    bytes: bodies instanceof Uint8Array ? bodies.length : bodies.reduce((size, body) => size + body.length, 0),
    deferMs: host.durationOption(options, 'defer', 0),
    headers: { ...options.headers },
  }
  const next = async (): Promise<void> => publishCopies(host, topic, bodies, { ...options, headers: call.headers })
  return tracing.tracePromise(async () => (aroundPublish === undefined ? next() : aroundPublish(call, next)), call)
}

async function publishCopies(
  host: ExtendedPublishHost,
  topic: string,
  bodies: Bodies,
  options: PublishOptions,
): Promise<void> {
  const { replicas = host.settings.replicas } = options
  if (!(replicas >= 1 && replicas <= host.settings.replicasMax)) {
    throw new RangeError(`replicas: ${replicas} is not within 1..${host.settings.replicasMax}`)
  }
  const extra = extraOf(host, bodies, options)
  const group: ReplicaGroup | undefined = replicas === 1 ? undefined : { nodes: new Set() }
  try {
    const copies = Array.from({ length: replicas }, () => host.enqueue(topic, bodies, options, extra, group))
    await Promise.all(copies)
  } catch (error) {
    throw extra === undefined ? error : extra.explain(error)
  }
}

/** @returns undefined for what any server takes */
function extraOf(host: ExtendedPublishHost, bodies: Bodies, options: PublishOptions): Extension | undefined {
  const { at } = options
  const deferMs = Math.ceil(host.durationOption(options, 'defer', 0))
  const count = countOf(bodies)
  if (at !== undefined && deferMs > 0) throw new TypeError('at and defer exclude each other')
  const block = blockOf(options.headers)
  if (at !== undefined) return new Extension(host, block, count, { dueWallMs: wallMsOf(at) })
  const isPlainDelay = deferMs === 0 || (count === 1 && deferMs <= HOUR_MS)
  if (block.length === 0 && isPlainDelay) return undefined
  return new Extension(host, block, count, deferMs > 0 ? { delayMs: deferMs } : undefined)
}

class Extension implements Extra {
  readonly block: Uint8Array
  readonly size: number
  readonly isTimed: boolean
  readonly #host: ExtendedPublishHost
  readonly #count: number
  readonly #when: PublishTime | undefined
  /** It went as what any server takes. */
  #isReduced = false

  constructor(host: ExtendedPublishHost, block: Uint8Array, count: number, when: PublishTime | undefined) {
    this.#host = host
    this.block = block
    this.#count = count
    this.#when = when
    this.size = block.length * count
    this.isTimed = when !== undefined
  }

  nodesFor(publish: Publish, nodes: readonly ProducerNode[]): readonly ProducerNode[] {
    const able = nodes.filter((node) => node.isExtended)
    if (able.length > 0) return able
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      publish.settle(new this.#host.UnsupportedError(refusal))
      return able
    }
    this.#isReduced = true
    publish.extra = undefined
    publish.deferMs = this.#delayMs()
    return nodes
  }

  encode(batch: readonly Publish[]): Buffer {
    const messages = batch.flatMap(headedBodies)
    const { topic } = batch[0]!
    return messages.length === 1 ? hpub(topic, messages[0]!, this.#when) : hmpub(topic, messages, this.#when)
  }

  /** Tells what a server means that has no bound of its own to tell of. */
  explain(error: unknown): unknown {
    const isRefusedDelay = this.#isReduced && (error as { code?: unknown }).code === 'E_INVALID'
    if (!isRefusedDelay) return error
    return new this.#host.UnsupportedError('the server takes no message so far ahead', { cause: error })
  }

  /** Why no server whatever can have it. */
  #refusal(): string | undefined {
    if (this.block.length > 0 && !this.#host.settings.dropHeaders) return 'no server at hand takes headers'
    if (this.isTimed && this.#count > 1) return 'no server at hand takes several messages for later at once'
    return undefined
  }

  #delayMs(): number {
    if (this.#when === undefined) return 0
    return 'delayMs' in this.#when ? this.#when.delayMs : Math.max(0, Math.ceil(this.#when.dueWallMs - Date.now()))
  }
}

/** As in producer.ts. */
const HOUR_MS = 3_600_000
const NO_BLOCK = new Uint8Array(0)

function countOf(bodies: Bodies): number {
  return bodies instanceof Uint8Array ? 1 : bodies.length
}

function headedBodies({ body, extra }: Publish): HeadedBody[] {
  const block = extra?.block ?? NO_BLOCK
  return body instanceof Uint8Array ? [{ block, body }] : body.map((each) => ({ block, body: each }))
}

/** Names come in lower case, as they do over HTTP. */
function blockOf(headers: PublishOptions['headers']): Uint8Array {
  if (headers === undefined) return NO_BLOCK
  const lowered = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const fault = headersFault(lowered)
  if (fault !== undefined) throw new RangeError(`headers: ${fault}`)
  return encodeHeaders(lowered)
}

function wallMsOf(at: Date | number): number {
  const wallMs = Math.ceil(Number(at))
  if (!Number.isSafeInteger(wallMs) || wallMs < 0)
    throw new RangeError(`at: ${String(at)} is no Date, nor Unix milliseconds`)
  return wallMs
}
