import type { ClientV2 } from '../tcp/client-v2.ts'

export interface ClientStats {
  readonly clientId: string
  readonly hostname: string
  readonly userAgent: string
  /** `ip:port`; `@` on a unix socket. */
  readonly remoteAddress: string
  /** 0 before SUB, 3 subscribed, 4 closing. */
  readonly state: number
  readonly readyCount: number
  readonly inFlightCount: number
  readonly messageCount: number
  readonly finishCount: number
  readonly requeueCount: number
  /** Unix seconds. */
  readonly connectTime: number
  readonly sampleRate: number
  readonly topologyZone: string
  readonly topologyRegion: string
  /** What it has published, by topic, in the order of its first publish to each. */
  readonly pubCounts: readonly PubCount[]
  readonly transport: TransportStats
}

export interface PubCount {
  readonly topic: string
  readonly count: number
}

/** What lies between a client's commands and its socket, and who it is to the auth server. */
export interface TransportStats {
  readonly deflate: boolean
  readonly snappy: boolean
  readonly authorized: boolean
  readonly authIdentity: string
  readonly authIdentityUrl: string
  readonly tls: boolean
  /** IANA's name; empty without TLS, as is `tlsVersion`. */
  readonly tlsCipherSuite: string
  readonly tlsVersion: string
}

/** @param topic the only one whose publishes are told; empty: all are */
export function clientStats(client: ClientV2, topic: string): ClientStats {
  const { settings } = client
  const published = [...client.pubCounts].filter(([name]) => topic === '' || name === topic)
  return {
    clientId: settings.clientId,
    hostname: settings.hostname,
    userAgent: settings.userAgent,
    remoteAddress: client.remoteAddress,
    state: client.state,
    readyCount: client.rdyCount,
    inFlightCount: client.inFlightCount,
    messageCount: client.messageCount,
    finishCount: client.finishCount,
    requeueCount: client.requeueCount,
    connectTime: Math.floor(client.connectedAtMs / 1000),
    sampleRate: settings.sampleRate,
    topologyZone: settings.topologyZone,
    topologyRegion: settings.topologyRegion,
    pubCounts: published.map(([name, count]) => ({ topic: name, count })),
    transport: transportStats(client),
  }
}

function transportStats({ transport }: ClientV2): TransportStats {
  const { secured } = transport
  return {
    deflate: transport.deflateLevel > 0,
    snappy: transport.snappy,
    authorized: false,
    authIdentity: '',
    authIdentityUrl: '',
    tls: secured !== null,
    tlsCipherSuite: secured?.cipherSuite ?? '',
    tlsVersion: secured?.version ?? '',
  }
}
