import { hostname } from 'node:os'
import { Reply, type Route, VERSION } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { healthLine } from '../stats/health.ts'
import { drainReport } from './drain.ts'

/** `/ping`, for load balancers, and `/info`, for nsqadmin and people. */
export function pingAndInfoRoutes(nsqd: Nsqd): Route[] {
  return [
    { method: 'GET', path: '/ping', probe: true, handle: () => ping(nsqd) },
    { method: 'GET', path: '/info', handle: () => info(nsqd) },
  ]
}

function ping(nsqd: Nsqd): Reply {
  const line = healthLine(nsqd.health)
  return new Reply(line, { status: line === 'OK' ? 200 : 500 })
}

/** Ports are those listened on, whatever is announced to nsqlookupd; durations are nanoseconds. `drain` is there during one. */
function info(nsqd: Nsqd): Record<string, unknown> {
  const { addresses, options } = nsqd
  return {
    version: VERSION,
    broadcast_address: options.broadcastAddress,
    hostname: hostname(),
    http_port: addresses.http?.port ?? 0,
    tcp_port: addresses.tcp.port,
    start_time: nsqd.startTime,
    max_heartbeat_interval: Math.round(options.maxHeartbeatIntervalMs * 1e6),
    max_output_buffer_size: options.maxOutputBufferSize,
    max_output_buffer_timeout: Math.round(options.maxOutputBufferTimeoutMs * 1e6),
    max_deflate_level: options.maxDeflateLevel,
    topology_zone: options.topologyZone,
    topology_region: options.topologyRegion,
    ...(nsqd.drain.active && { drain: drainReport(nsqd) }),
  }
}
