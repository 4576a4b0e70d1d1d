import { metricsRoute } from '@nsq-ts/daemon'
import type { Route } from '@nsq-ts/daemon'
import type { Watchers } from '../discovery/watchers.ts'
import type { RegistrationDb } from '../registrations/registration-db.ts'
import type { TcpServer } from '../tcp/server.ts'

/** GET /metrics. Everything is read from the state when it is asked for. */
export function nsqlookupdMetricsRoute(db: RegistrationDb, watchers: Watchers, tcp: TcpServer): Route {
  return metricsRoute((prom, registry) => {
    const gauge = (name: string, help: string, read: () => number) => {
      return new prom.Gauge({
        name: `nsqlookupd_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
    }
    gauge('topics', 'Topics known, with or without producers', () => db.counts().topics)
    gauge('channels', 'Channels known, with or without producers', () => db.counts().channels)
    gauge('connections', 'TCP connections', () => tcp.connections.size)
    gauge('producers', 'Identified nsqds', () => db.counts().peers)
    gauge('producers_active', 'Identified nsqds that pinged lately', () => {
      return [...db.peers()].filter((peer) => db.isActive(peer)).length
    })
    gauge('tombstones', 'Producers of a topic that a tombstone hides', () => {
      return [...db.peers()]
        .flatMap((peer) => [...peer.topics.values()])
        .filter((producer) => db.isTombstoned(producer)).length
    })
    gauge('waiting_requests', 'HTTP requests that wait for news', () => watchers.waiting)
    const commands = new prom.Counter({
      name: 'nsqlookupd_commands_total',
      help: 'Commands received over TCP',
      labelNames: ['command'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [command, count] of tcp.commandCounts) this.inc({ command }, count)
      },
    })
    return commands
  })
}
