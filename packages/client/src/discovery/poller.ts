// Asks every nsqlookupd, again and again, and reports the union of what they last said. One that does not answer keeps its last
// word: a failure of discovery takes no node away.
import { Agent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { formatAddress, HostPort } from '../address.ts'
import { askLookupd } from './lookup-request.ts'
import type { DiscoverySettings } from './options.ts'

/** What a poller reports. */
export interface PollerHandler {
  /** @param addresses of all nodes known now. */
  onNodes(addresses: string[]): void
  onFailure(url: URL, error: unknown): void
}

/** How long one is asked to wait for a change. */
const WAIT_MS = 30_000
/** An answer that took this long was waited for. */
const WAITED_MS = 1000

export class Poller {
  readonly #settings: DiscoverySettings
  readonly #format: typeof formatAddress
  readonly #handler: PollerHandler
  /** What each of them said. */
  readonly #known = new Map<URL, string[]>()
  readonly #agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) }
  readonly #closing = new AbortController()
  /** Ends the pauses of all loops. */
  #hurry = new AbortController()
  readonly #loops: Promise<void>[]

  /** Starts at once. */
  constructor(urls: readonly URL[], settings: DiscoverySettings, format: typeof formatAddress, handler: PollerHandler) {
    this.#settings = settings
    this.#format = format
    this.#handler = handler
    this.#loops = urls.map((url) => this.#pollForEver(url))
  }

  /** Asks all of them soon: a node was lost. */
  hurry(): void {
    this.#hurry.abort()
    this.#hurry = new AbortController()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#hurry.abort()
    await Promise.all(this.#loops)
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  async #pollForEver(url: URL): Promise<void> {
    const { environment, pollIntervalMs, pollJitter, retryDelayMs } = this.#settings
    let failures = 0
    let since: string | undefined
    while (!this.#closing.signal.aborted) {
      try {
        const askedAt = environment.now()
        const token = await this.#ask(url, since)
        failures = 0
        // No pause after a change, nor after it waited for one; but one that answers at once with nothing new gets its rest.
        const waited = token !== undefined && (token !== since || environment.now() - askedAt >= WAITED_MS)
        since = token
        if (waited) continue
      } catch (error) {
        if (this.#closing.signal.aborted) return
        failures++
        since = undefined
        this.#handler.onFailure(url, error)
      }
      const delayMs = pollIntervalMs * (1 + pollJitter * (environment.random() - 0.5))
      await this.#pause(failures === 0 ? delayMs : Math.min(delayMs, retryDelayMs(failures)))
    }
  }

  /** @returns the token to ask again with, where waiting is offered */
  async #ask(url: URL, since: string | undefined): Promise<string | undefined> {
    const asked = new URL(url)
    const waitMs = since === undefined ? 0 : WAIT_MS
    asked.searchParams.set('wait', `${waitMs / 1000}s`) // one that cannot wait takes no notice
    if (since !== undefined) asked.searchParams.set('since', since)
    const timeoutMs = this.#settings.timeoutMs + waitMs
    const agent = this.#agents[url.protocol as 'http:' | 'https:']
    const request = new AbortController()
    const abandon = (): void => request.abort(this.#closing.signal.reason)
    const timer = this.#settings.environment.setTimer(
      () => request.abort(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    this.#closing.signal.addEventListener('abort', abandon)
    try {
      const answer = await askLookupd(asked, agent, this.#settings.token, request.signal)
      if (!this.#closing.signal.aborted) this.#onAnswer(url, answer.nodes)
      return answer.token
    } finally {
      this.#closing.signal.removeEventListener('abort', abandon)
      this.#settings.environment.clearTimer(timer)
    }
  }

  #onAnswer(url: URL, nodes: readonly HostPort[]): void {
    this.#known.set(
      url,
      nodes.map(({ host, port }) => this.#format(host, port)),
    )
    try {
      this.#handler.onNodes(this.#settings.filter([...new Set([...this.#known.values()].flat())]))
    } catch (error) {
      this.#handler.onFailure(url, error) // of the program's own filter
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#hurry
    const { environment } = this.#settings
    return new Promise((resolve) => {
      const done = (): void => {
        environment.clearTimer(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = environment.setTimer(done, delayMs)
      if (signal.aborted || this.#closing.signal.aborted) done()
      else signal.addEventListener('abort', done)
    })
  }
}
