// What is known of one nsqd, by its connection.

/** What an nsqd says of itself in IDENTIFY, and the address it was said from. */
export interface PeerInfo {
  /** `ip:port` of its TCP connection; identifies the connection, as it cannot be spoofed. */
  readonly remoteAddress: string
  readonly hostname: string
  readonly broadcastAddress: string
  readonly tcpPort: number
  readonly httpPort: number
  readonly version: string
  readonly topologyZone: string
  readonly topologyRegion: string
}

/** An identified connection with everything that is registered over it. */
export class Peer {
  readonly info: PeerInfo
  /** Time of the last IDENTIFY or PING, in milliseconds of the registrations' clock. */
  lastUpdateMs: number
  /** Topic -> this peer as a producer of it. */
  readonly topics = new Map<string, Producer>()
  /** Topic -> its channels at this peer. */
  readonly channels = new Map<string, Map<string, Producer>>()

  constructor(info: PeerInfo, nowMs: number) {
    this.info = info
    this.lastUpdateMs = nowMs
  }
}

/** A peer as the producer of one topic or channel. */
export interface Producer {
  readonly peer: Peer
  /** When it was tombstoned for this topic; stays when the tombstone has worn off, undefined if never. */
  tombstonedAtMs: number | undefined
}
