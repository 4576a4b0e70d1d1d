import type { SecureContextOptions } from 'node:tls'
import { formatHostPort } from '@nsq-ts/daemon'
import { type HttpAnswer, HttpGetter } from './http-get.ts'
import type { PeerInfo } from './peer-info.ts'

/** More than a topic can sensibly have: 100,000 channels with long names. */
const ANSWER_SIZE_MAX = 8 * 1024 * 1024
/** Connections to one nsqlookupd, when many topics come at once; others wait for one of these. */
const CONNECTIONS_MAX = 16

export interface ChannelQuerySettings {
  readonly connectTimeoutMs: number
  /** For an nsqlookupd behind a proxy that insists on TLS. */
  readonly tls?: SecureContextOptions | undefined
}

/** Asks nsqlookupds, over HTTP, for the channels that the cluster knows of a topic. */
export class ChannelQuery {
  readonly #http: HttpGetter

  constructor({ connectTimeoutMs, tls }: ChannelQuerySettings) {
    this.#http = new HttpGetter({
      connectionsMax: CONNECTIONS_MAX,
      connectTimeoutMs,
      answerSizeMax: ANSWER_SIZE_MAX,
      tls,
    })
  }

  /**
   * The channels that one nsqlookupd knows of a topic; names as they come, unchecked.
   * @param timeoutMs for the whole of it
   * @throws {Error} when there is no proper answer in time
   */
  async channels({ broadcastAddress, httpPort }: PeerInfo, topic: string, timeoutMs: number): Promise<string[]> {
    const path = `/channels?topic=${encodeURIComponent(topic)}`
    const signal = AbortSignal.timeout(timeoutMs)
    const url = `http://${formatHostPort(broadcastAddress, httpPort)}${path}`
    const answer = await this.#get(url, signal)
    if (answer.status !== 403) return channelsOf(url, answer)
    // Who insists on TLS says so like this (tcp-protocol.md, section 7.2).
    const secureUrl = `https://${formatHostPort(broadcastAddress, httpsPort(url, answer))}${path}`
    return channelsOf(secureUrl, await this.#get(secureUrl, signal))
  }

  /** Ends what is under way. */
  close(): void {
    this.#http.close()
  }

  #get(url: string, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#http.get(url, { accept: 'application/vnd.nsq; version=1.0' }, signal)
  }
}

function channelsOf(url: string, { status, text }: HttpAnswer): string[] {
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  const { channels } = parseObject(url, text)
  if (Array.isArray(channels)) return channels.filter((name) => typeof name === 'string')
  throw new Error(`${url} answered without channels`)
}

function httpsPort(url: string, { status, text }: HttpAnswer): number {
  const { https_port: port } = parseObject(url, text)
  if (typeof port === 'number') return port
  throw new Error(`${url} answered ${status}`)
}

function parseObject(url: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // told below: whether it is no JSON or the wrong JSON makes no difference
  }
  throw new Error(`${url} did not answer with a JSON object`)
}
