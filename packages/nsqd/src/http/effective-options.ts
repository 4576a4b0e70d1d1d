import type { Nsqd } from '../nsqd.ts'
import type { NsqdOptions } from '../options.ts'
import { expandStatsdPrefix } from '../stats/statsd-prefix.ts'

/**
 * The options with what is only known once the listeners are open: the ports that are announced, and the prefix of statsd keys,
 * which names one of them. A unix socket and a listener that is off have port 0.
 */
export function effectiveOptions(nsqd: Nsqd): NsqdOptions {
  const { addresses, options } = nsqd
  const broadcastTcpPort = options.broadcastTcpPort || portToAnnounce(addresses.tcp.port)
  const broadcastHttpPort = options.broadcastHttpPort || portToAnnounce(addresses.http?.port ?? 0)
  const statsdPrefix = expandStatsdPrefix(options.statsdPrefix, options.broadcastAddress, broadcastHttpPort)
  return { ...options, broadcastTcpPort, broadcastHttpPort, statsdPrefix }
}

function portToAnnounce(port: number): number {
  return Math.max(0, port)
}
