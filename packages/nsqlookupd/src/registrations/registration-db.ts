// Who produces what (nsqlookupd.md, section 3). All of it is in memory, and rebuilt by the nsqds after a restart. Time comes in by
// hand: no timers here, no sockets.
//
// Invariant: a peer's own maps and the maps by name hold the same producers. Names stay without producers; only deletion over HTTP
// and the last UNREGISTER of something ephemeral remove a name.
import { isEphemeral } from '@nsq-ts/protocol'
import { Peer } from './peer.ts'
import type { PeerInfo, Producer } from './peer.ts'

/** A question whose answer may have changed: `topics`, `nodes`, or with a topic behind the colon. */
export type Subject = 'topics' | 'nodes' | `lookup:${string}` | `channels:${string}`

export interface RegistrationSettings {
  /** Milliseconds, never backwards. */
  readonly now: () => number
  /** A producer silent for longer is inactive. */
  readonly inactiveProducerTimeoutMs: number
  readonly tombstoneLifetimeMs: number
  readonly onChange?: (subject: Subject) => void
}

/** One name with its producers, as `/debug` lists it. */
export interface Registration {
  readonly category: 'client' | 'topic' | 'channel'
  readonly key: string
  readonly subkey: string
}

type Producers = Map<Peer, Producer>

export class RegistrationDb {
  readonly #settings: RegistrationSettings
  readonly #peers = new Set<Peer>()
  readonly #topics = new Map<string, Producers>()
  readonly #channels = new Map<string, Map<string, Producers>>()

  constructor(settings: RegistrationSettings) {
    this.#settings = settings
  }

  // Peers.

  /** IDENTIFY. */
  addPeer(info: PeerInfo): Peer {
    const peer = new Peer(info, this.#settings.now())
    this.#peers.add(peer)
    this.#changed('nodes')
    return peer
  }

  /** PING: keeps the peer active, or makes it so again. @returns milliseconds since the one before */
  touch(peer: Peer): number {
    const wasActive = this.isActive(peer)
    const nowMs = this.#settings.now()
    const elapsedMs = nowMs - peer.lastUpdateMs
    peer.lastUpdateMs = nowMs
    if (!wasActive) this.#peerChanged(peer)
    return elapsedMs
  }

  /** The connection has ended: its producers go, the names stay. @returns what it was registered for */
  removePeer(peer: Peer): Registration[] {
    if (!this.#peers.delete(peer)) return []
    const registrations = registrationsOf(peer)
    for (const topic of peer.topics.keys()) this.#topics.get(topic)?.delete(peer)
    for (const [topic, channels] of peer.channels) {
      for (const channel of channels.keys()) this.#channels.get(topic)?.get(channel)?.delete(peer)
    }
    this.#peerChanged(peer)
    peer.topics.clear()
    peer.channels.clear()
    return registrations
  }

  // Registering.

  /** REGISTER topic. An entry that is there is kept as it is, tombstone included. @returns whether it is new */
  registerTopic(peer: Peer, topic: string): boolean {
    const producers = this.#topicProducers(topic)
    if (producers.has(peer)) return false
    const producer: Producer = { peer, tombstonedAtMs: undefined }
    producers.set(peer, producer)
    peer.topics.set(topic, producer)
    this.#changed(`lookup:${topic}`, 'nodes')
    return true
  }

  /** REGISTER topic channel, its channel half. @returns whether it is new */
  registerChannel(peer: Peer, topic: string, channel: string): boolean {
    const producers = this.#channelProducers(topic, channel)
    if (producers.has(peer)) return false
    const producer: Producer = { peer, tombstonedAtMs: undefined }
    producers.set(peer, producer)
    const own = peer.channels.get(topic)
    if (own === undefined) peer.channels.set(topic, new Map([[channel, producer]]))
    else own.set(channel, producer)
    return true
  }

  /** UNREGISTER topic channel. An ephemeral channel goes with its last producer. @returns whether it was registered */
  unregisterChannel(peer: Peer, topic: string, channel: string): boolean {
    const removed = this.#removeFromChannel(peer, topic, channel)
    const left = this.#channels.get(topic)?.get(channel)
    if (left?.size === 0 && isEphemeral(channel)) this.deleteChannel(topic, channel)
    return removed
  }

  /**
   * UNREGISTER topic: the peer leaves all its channels of the topic too. An ephemeral topic goes with its last producer; names of
   * channels stay, ephemeral ones too.
   */
  unregisterTopic(peer: Peer, topic: string): { readonly removed: boolean; readonly channels: readonly string[] } {
    const channels = [...(peer.channels.get(topic)?.keys() ?? [])]
    for (const channel of channels) this.#removeFromChannel(peer, topic, channel)
    const producers = this.#topics.get(topic)
    const removed = producers?.delete(peer) ?? false
    peer.topics.delete(topic)
    if (removed) this.#changed(`lookup:${topic}`, 'nodes')
    if (producers?.size === 0 && isEphemeral(topic)) {
      this.#topics.delete(topic)
      this.#changed('topics', `lookup:${topic}`)
    }
    return { removed, channels }
  }

  // What operators do over HTTP.

  createTopic(topic: string): void {
    this.#topicProducers(topic)
  }

  createChannel(topic: string, channel: string): void {
    this.#channelProducers(topic, channel)
    this.#topicProducers(topic)
  }

  /** Forgets a topic with its channels and all their producers; nsqds are not told. */
  deleteTopic(topic: string): void {
    for (const channel of this.channels(topic)) this.deleteChannel(topic, channel)
    const producers = this.#topics.get(topic)
    if (producers === undefined) return
    for (const peer of producers.keys()) peer.topics.delete(topic)
    this.#topics.delete(topic)
    this.#changed('topics', `lookup:${topic}`, 'nodes')
  }

  /** @returns false if there is no such channel */
  deleteChannel(topic: string, channel: string): boolean {
    const channels = this.#channels.get(topic)
    const producers = channels?.get(channel)
    if (channels === undefined || producers === undefined) return false
    for (const peer of producers.keys()) forgetChannel(peer, topic, channel)
    channels.delete(channel)
    if (channels.size === 0) this.#channels.delete(topic)
    this.#changed(`channels:${topic}`, `lookup:${topic}`)
    return true
  }

  /**
   * Hides the producers of a topic at a node for a while.
   * @param isNode tells the peers that are meant
   * @returns how many were hidden
   */
  tombstone(topic: string, isNode: (info: PeerInfo) => boolean): number {
    let count = 0
    for (const producer of this.producers(topic)) {
      if (!isNode(producer.peer.info)) continue
      producer.tombstonedAtMs = this.#settings.now()
      count++
    }
    if (count > 0) this.#changed(`lookup:${topic}`, 'nodes')
    return count
  }

  // Questions. Lists of names are sorted, so that the same state gives the same answer.

  topics(): string[] {
    return [...this.#topics.keys()].sort()
  }

  hasTopic(topic: string): boolean {
    return this.#topics.has(topic)
  }

  channels(topic: string): string[] {
    return [...(this.#channels.get(topic)?.keys() ?? [])].sort()
  }

  /** Every identified connection, the inactive ones too. */
  peers(): Iterable<Peer> {
    return this.#peers
  }

  /** The producers of a topic, whether they are listed or not. */
  producers(topic: string): Iterable<Producer> {
    return this.#topics.get(topic)?.values() ?? []
  }

  /** Every name that has producers, with them. */
  *registrations(): Iterable<readonly [Registration, Iterable<Producer>]> {
    if (this.#peers.size > 0) {
      const clients = [...this.#peers].map((peer): Producer => ({ peer, tombstonedAtMs: undefined }))
      yield [{ category: 'client', key: '', subkey: '' }, clients]
    }
    for (const [key, producers] of this.#topics) {
      if (producers.size > 0) yield [{ category: 'topic', key, subkey: '' }, producers.values()]
    }
    for (const [key, channels] of this.#channels) {
      for (const [subkey, producers] of channels) {
        if (producers.size > 0) yield [{ category: 'channel', key, subkey }, producers.values()]
      }
    }
  }

  /** How many topics, and channels of all topics, there are. */
  counts(): { readonly topics: number; readonly channels: number; readonly peers: number } {
    let channels = 0
    for (const ofTopic of this.#channels.values()) channels += ofTopic.size
    return { topics: this.#topics.size, channels, peers: this.#peers.size }
  }

  /** Pinged lately enough to be listed. */
  isActive(peer: Peer): boolean {
    return this.#settings.now() <= this.inactiveAfterMs(peer)
  }

  /** The last moment at which the peer is active unless it pings. */
  inactiveAfterMs(peer: Peer): number {
    return peer.lastUpdateMs + this.#settings.inactiveProducerTimeoutMs
  }

  /** Hidden from `/lookup` at the moment. */
  isTombstoned(producer: Producer): boolean {
    return this.#settings.now() < this.tombstonedUntilMs(producer)
  }

  /** The first moment at which no tombstone hides the producer; -Infinity if it never had one. */
  tombstonedUntilMs(producer: Producer): number {
    if (producer.tombstonedAtMs === undefined) return Number.NEGATIVE_INFINITY
    return producer.tombstonedAtMs + this.#settings.tombstoneLifetimeMs
  }

  #topicProducers(topic: string): Producers {
    let producers = this.#topics.get(topic)
    if (producers === undefined) {
      producers = new Map()
      this.#topics.set(topic, producers)
      this.#changed('topics', `lookup:${topic}`)
    }
    return producers
  }

  #channelProducers(topic: string, channel: string): Producers {
    let channels = this.#channels.get(topic)
    if (channels === undefined) {
      channels = new Map()
      this.#channels.set(topic, channels)
    }
    let producers = channels.get(channel)
    if (producers === undefined) {
      producers = new Map()
      channels.set(channel, producers)
      this.#changed(`channels:${topic}`, `lookup:${topic}`)
    }
    return producers
  }

  #removeFromChannel(peer: Peer, topic: string, channel: string): boolean {
    forgetChannel(peer, topic, channel)
    return this.#channels.get(topic)?.get(channel)?.delete(peer) ?? false
  }

  /** The peer came, went, or is listed differently. */
  #peerChanged(peer: Peer): void {
    this.#changed('nodes')
    for (const topic of peer.topics.keys()) this.#changed(`lookup:${topic}`)
  }

  #changed(...subjects: Subject[]): void {
    const { onChange } = this.#settings
    if (onChange !== undefined) for (const subject of subjects) onChange(subject)
  }
}

function registrationsOf(peer: Peer): Registration[] {
  const registrations: Registration[] = [{ category: 'client', key: '', subkey: '' }]
  for (const key of peer.topics.keys()) registrations.push({ category: 'topic', key, subkey: '' })
  for (const [key, channels] of peer.channels) {
    for (const subkey of channels.keys()) registrations.push({ category: 'channel', key, subkey })
  }
  return registrations
}

function forgetChannel(peer: Peer, topic: string, channel: string): void {
  const channels = peer.channels.get(topic)
  channels?.delete(channel)
  if (channels?.size === 0) peer.channels.delete(topic)
}
