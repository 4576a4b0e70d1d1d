// Finds nodes through nsqlookupd: the union of what they last said. One that does not answer keeps its last word: a failure of
// discovery takes no node away. What asks them is loaded only by programs that name one.
import { formatAddress, type HostPort } from '../address.ts'
import { LookupError, messageOf } from '../errors.ts'
import { lookupdUrl } from './lookupd-url.ts'
import type { DiscoverySettings } from './options.ts'
import type { Poller, PollerHandler } from './poller.ts'

/** What discovery reports. */
export interface DiscoveryHandler {
  /** @param addresses of all nodes known now */
  onNodes(addresses: string[]): void
  onLookupError(error: LookupError): void
}

export class Discovery implements PollerHandler {
  readonly #urls: readonly URL[]
  readonly #settings: DiscoverySettings
  readonly #handler: DiscoveryHandler
  /** What each of them said. */
  readonly #known = new Map<URL, string[]>()
  #poller: Promise<Poller | undefined> | undefined

  /**
   * Touches no network.
   * @param path asked where an address has none: `/lookup` or `/nodes`
   * @throws {RangeError} when an address is wrong
   */
  constructor(
    lookupd: string | readonly string[],
    path: string,
    query: Readonly<Record<string, string>>,
    settings: DiscoverySettings,
    handler: DiscoveryHandler,
  ) {
    const urls = new Map<string, URL>()
    for (const address of [lookupd].flat()) {
      const url = lookupdUrl(address, path, query)
      urls.set(url.href, url)
    }
    this.#urls = [...urls.values()]
    this.#settings = settings
    this.#handler = handler
  }

  start(): void {
    this.#poller ??= this.#load()
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

  onAnswer(url: URL, nodes: readonly HostPort[]): void {
    this.#known.set(
      url,
      nodes.map(({ host, port }) => formatAddress(host, port)),
    )
    try {
      this.#handler.onNodes(this.#settings.filter([...new Set([...this.#known.values()].flat())]))
    } catch (error) {
      this.onFailure(url, error) // of the program's own filter
    }
  }

  onFailure(url: URL, error: unknown): void {
    this.#handler.onLookupError(new LookupError(url.href, messageOf(error), { cause: error }))
  }

  async #load(): Promise<Poller | undefined> {
    try {
      const { Poller } = await import('./poller.ts')
      return new Poller(this.#urls, this.#settings, this)
    } catch (error) {
      this.onFailure(this.#urls[0]!, error)
      return undefined
    }
  }
}
