// What a new topic waits for: the channels that the rest of the cluster has of it, so that they get its first message too.
import { delay, type Logger } from '@nsq-ts/daemon'
import { isEphemeral, isValidChannelName } from '@nsq-ts/protocol'
import type { ChannelQuery } from './channel-query.ts'
import type { LookupPeer } from './lookup-peer.ts'
import type { DiscoveryTiming } from './timing.ts'

export interface OpeningContext {
  readonly logger: Logger
  readonly timing: DiscoveryTiming
  readonly query: ChannelQuery
  /** For one HTTP request, in milliseconds; 0 is no bound of its own. */
  readonly requestTimeoutMs: number
  /** Aborted when nsqd closes. */
  readonly signal: AbortSignal
}

export interface FoundChannels {
  /** Sorted. */
  readonly names: readonly string[]
  /** At least one nsqlookupd has answered. */
  readonly answered: boolean
}

/**
 * Asks all of the peers for the channels of a topic. Never throws, and never takes longer than the timing allows: whoever does not
 * answer in time is done without.
 */
export async function findChannels(
  context: OpeningContext,
  peers: Iterable<LookupPeer>,
  topic: string,
): Promise<FoundChannels> {
  const { logger, signal } = context
  const errors: string[] = []
  const answers = await Promise.all(
    Array.from(peers, async (peer) => {
      try {
        return await ask(context, peer, topic)
      } catch (error) {
        errors.push((error as Error).message)
        return undefined
      }
    }),
  )
  const asked = errors.length > 0 || answers.some((answer) => answer !== undefined)
  if (!signal.aborted) {
    const what = `for channels to pre-create for topic ${topic}`
    if (!asked) logger.error(`no available nsqlookupd to query ${what}`)
    if (errors.length > 0) logger.warn(`failed to query nsqlookupd ${what} - ${errors.join(', ')}`)
  }
  const names = new Set(answers.flatMap((answer) => answer ?? []))
  return { names: [...names].filter(isToBeMade).sort(), answered: answers.some((answer) => answer !== undefined) }
}

/** An ephemeral channel belongs to the consumers of its node. */
function isToBeMade(name: string): boolean {
  return isValidChannelName(name) && !isEphemeral(name)
}

/** @returns undefined for a peer that is not known well enough to be asked */
async function ask(context: OpeningContext, peer: LookupPeer, topic: string): Promise<string[] | undefined> {
  const { query, timing, requestTimeoutMs } = context
  await firstContact(peer, timing.firstContactMs)
  const { info } = peer
  if (info === undefined) return undefined
  // One that was lost may be back already, or may be asked over HTTP still; but for long it is not waited for.
  const boundMs = peer.connected ? timing.openingMaxMs : timing.lostPeerMs
  return query.channels(info, topic, Math.min(boundMs, requestTimeoutMs === 0 ? boundMs : requestTimeoutMs))
}

async function firstContact(peer: LookupPeer, timeoutMs: number): Promise<void> {
  const over = new AbortController()
  void peer.contacted.then(() => over.abort())
  await delay(timeoutMs, over.signal)
}
