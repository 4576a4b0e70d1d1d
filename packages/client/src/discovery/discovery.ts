// Finds nodes through nsqlookupd. What asks them (poller.ts) is loaded only by programs that name one.
import { formatAddress, type NodeSource } from '../address.ts'
import type { Environment } from '../environment.ts'
import { LookupError, messageOf } from '../errors.ts'
import { lookupdUrl } from './lookupd-url.ts'
import { type DiscoveryOptions, type DiscoverySettings, discoverySettings } from './options.ts'
import type { Poller, PollerHandler } from './poller.ts'

/** What discovery reports. */
export interface DiscoveryHandler {
  /** @param addresses of all nodes known now */
  onNodes(addresses: string[]): void
  onError(error: LookupError): void
}

export class Discovery implements PollerHandler {
  readonly #urls: readonly URL[]
  readonly #settings: DiscoverySettings
  readonly #handler: DiscoveryHandler
  #poller: Promise<Poller | undefined> | undefined

  /**
   * Touches no network.
   * @param options that name no nsqlookupd find nothing
   * @param path asked where an address has none: `/lookup` or `/nodes`
   * @throws {RangeError} when an address is wrong, or naming the option that is
   */
  constructor(
    options: DiscoveryOptions & NodeSource,
    path: string,
    query: Readonly<Record<string, string>>,
    environment: Environment,
    handler: DiscoveryHandler,
  ) {
    const urls = [options.lookupd ?? []].flat().map((address) => lookupdUrl(address, path, query))
    this.#urls = [...new Map(urls.map((url) => [url.href, url])).values()]
    this.#settings = discoverySettings(options, environment)
    this.#handler = handler
  }

  start(): void {
    if (this.#urls.length > 0) this.#poller ??= this.#load()
  }

  /** Asks all of them soon: a node was lost. */
  hurry(): void {
    void this.#poller?.then((poller) => poller?.hurry())
  }

  async close(): Promise<void> {
    const poller = await this.#poller
    await poller?.close()
  }

  // PollerHandler

  onNodes(addresses: string[]): void {
    this.#handler.onNodes(addresses)
  }

  onFailure(url: URL, error: unknown): void {
    this.#handler.onError(new LookupError(url.href, messageOf(error), { cause: error }))
  }

  async #load(): Promise<Poller | undefined> {
    try {
      const { Poller } = await import('./poller.ts')
      return new Poller(this.#urls, this.#settings, formatAddress, this)
    } catch (error) {
      this.onFailure(this.#urls[0]!, error)
      return undefined
    }
  }
}
