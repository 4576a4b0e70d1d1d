import type { Logger } from '@nsq-ts/daemon'
import type { UpstreamClient } from '../upstream/client.ts'
import { gather } from '../upstream/gather.ts'
import type { Gathered } from '../upstream/gather.ts'
import { answerOf } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

export type UpstreamKind = 'nsqd' | 'nsqlookupd'

export interface UpstreamsSettings {
  /** Of the line for each query: what nobody has just asked for is for debugging only. */
  readonly level: 'info' | 'debug'
  /** Empty: none. */
  readonly nsqdToken: string
}

/** Queries to, and commands for, the servers of a cluster; each is a line in the log. */
export class Upstreams {
  readonly #client: UpstreamClient
  readonly #logger: Logger
  readonly #level: 'info' | 'debug'
  readonly #nsqdToken: string

  constructor(client: UpstreamClient, logger: Logger, settings: UpstreamsSettings) {
    this.#client = client
    this.#logger = logger
    this.#level = settings.level
    this.#nsqdToken = settings.nsqdToken
  }

  /** The answer, without the envelope of old versions. @throws {UpstreamError} */
  async get(kind: UpstreamKind, address: string, path: string): Promise<Json> {
    return answerOf(await this.#client.getJson(this.#querying(kind, address, path), this.#tokenFor(kind)))
  }

  /** The text of the answer, in pieces. @throws {UpstreamError} */
  stream(kind: UpstreamKind, address: string, path: string, onText: (text: string) => void): Promise<void> {
    return this.#client.stream(this.#querying(kind, address, path), this.#tokenFor(kind), onText)
  }

  /** Asks each address the same. @throws {AllFailedError} */
  getEach(kind: UpstreamKind, addresses: readonly string[], path: string): Promise<Gathered<Json>> {
    return gather(kind, addresses, (address) => this.get(kind, address, path))
  }

  /** @throws {UpstreamError} */
  async post(kind: UpstreamKind, address: string, path: string, body?: Uint8Array): Promise<void> {
    await this.#client.post(this.#querying(kind, address, path), this.#tokenFor(kind), body)
  }

  /** A POST that is answered in JSON. @throws {UpstreamError} */
  async postForJson(kind: UpstreamKind, address: string, path: string): Promise<Json> {
    return answerOf(await this.#client.postForJson(this.#querying(kind, address, path), this.#tokenFor(kind)))
  }

  /** Tells each, one after the other; whoever fails does not keep the rest from hearing of it. */
  async postEach(kind: UpstreamKind, addresses: readonly string[], path: string): Promise<UpstreamError[]> {
    const errors: UpstreamError[] = []
    for (const address of addresses) {
      try {
        await this.post(kind, address, path)
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        errors.push(error)
      }
    }
    return errors
  }

  #querying(kind: UpstreamKind, address: string, path: string): string {
    const url = `http://${address}${path}`
    this.#logger[this.#level](() => `CI: querying ${kind} ${url}`)
    return url
  }

  /** nsqlookupds have no use for it, and must not get to know it. */
  #tokenFor(kind: UpstreamKind): string {
    return kind === 'nsqd' ? this.#nsqdToken : ''
  }
}

/** `?topic=a&channel=b`; only what is given. */
export function query(parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
