// The shapes of `/lookup`, `/nodes` and `/debug`, keys in the original's order.
import type { PeerInfo, Producer } from '../registrations/peer.ts'

/** A producer in `/lookup`. */
export function peerJson(info: PeerInfo): object {
  return {
    remote_address: info.remoteAddress,
    hostname: info.hostname,
    broadcast_address: info.broadcastAddress,
    tcp_port: info.tcpPort,
    http_port: info.httpPort,
    version: info.version,
    topology_zone: info.topologyZone,
    topology_region: info.topologyRegion,
  }
}

/** A producer in `/nodes`; the two lists go together. */
export function nodeJson(info: PeerInfo, topics: readonly string[], tombstones: readonly boolean[]): object {
  return { ...peerJson(info), tombstones, topics }
}

const NEVER_NS = -6795364578871345152n // the zero time of Go, which the original shows

/** A producer in `/debug`; times are unix nanoseconds. */
export function debugJson({ peer, tombstonedAtMs }: Producer): object {
  const { info } = peer
  return {
    broadcast_address: info.broadcastAddress,
    hostname: info.hostname,
    http_port: info.httpPort,
    id: info.remoteAddress,
    last_update: nanoseconds(peer.lastUpdateMs),
    tcp_port: info.tcpPort,
    tombstoned: tombstonedAtMs !== undefined,
    tombstoned_at: tombstonedAtMs === undefined ? NEVER_NS : nanoseconds(tombstonedAtMs),
    topology_region: info.topologyRegion,
    topology_zone: info.topologyZone,
    version: info.version,
  }
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e3)) * 1000n // a double holds microseconds of our age exactly, not nanoseconds
}
