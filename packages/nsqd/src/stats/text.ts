// /stats for people. Its columns are the original's to the space: scripts cut them (nsqd-http.md, /stats).
import { formatDuration, versionLine } from '@nsq-ts/daemon'
import type { ClientStats } from './client-stats.ts'
import type { LatencyStats } from './e2e-latency.ts'
import { memoryFigures } from './json.ts'
import type { ChannelStats, StatsReport, TopicStats } from './snapshot.ts'

/** @param nowMs Unix milliseconds, for the age of connections */
export function statsText(report: StatsReport, nowMs: number): string {
  const lines = [
    versionLine('nsqd'),
    `start_time ${rfc3339(report.startTime)}`,
    `uptime ${formatDuration(report.uptimeMs)}`,
    '',
    `Health: ${report.health}`,
    ...memoryLines(report),
    ...topicsLines(report, nowMs),
    ...producersLines(report, nowMs),
  ]
  return `${lines.join('\n')}\n`
}

function memoryLines({ memory }: StatsReport): string[] {
  if (memory === undefined) return []
  return ['', 'Memory:', ...memoryFigures(memory).map(([name, value]) => `   ${name.padEnd(25)}\t${value}`)]
}

function topicsLines({ topics }: StatsReport, nowMs: number): string[] {
  if (topics === null || topics.length === 0) return ['', 'Topics: None']
  // A blank line between topics, none before the first.
  return [
    '',
    'Topics:',
    ...topics.flatMap((topic, index) => [...(index === 0 ? [] : ['']), ...topicLines(topic, nowMs)]),
  ]
}

function producersLines({ producers }: StatsReport, nowMs: number): string[] {
  if (producers === null) return ['', 'Producers: None']
  return ['', 'Producers:', ...producers.map((client) => `   ${clientLine(client, nowMs)}`)]
}

function topicLines(topic: TopicStats, nowMs: number): string[] {
  const line = columns([
    `${topic.paused ? '*P ' : '   '}[${topic.name.padEnd(15)}]`,
    column('depth', topic.depth, 5),
    column('be-depth', topic.backendDepth, 5),
    column('msgs', topic.messageCount, 8),
    `e2e%: ${latencyText(topic.latency)}`,
  ])
  return [line, ...topic.channels.flatMap((channel) => channelLines(channel, nowMs))]
}

function channelLines(channel: ChannelStats, nowMs: number): string[] {
  const line = columns([
    `${channel.paused ? '   *P ' : '      '}[${channel.name.padEnd(25)}]`,
    column('depth', channel.depth, 5),
    column('be-depth', channel.backendDepth, 5),
    column('inflt', channel.inFlightCount, 4),
    column('def', channel.deferredCount, 4),
    column('re-q', channel.requeueCount, 5),
    column('timeout', channel.timeoutCount, 5),
    column('msgs', channel.messageCount, 8),
    `e2e%: ${latencyText(channel.latency)}`,
  ])
  return [line, ...(channel.clients ?? []).map((client) => `        ${clientLine(client, nowMs)}`)]
}

/** Who has published is shown as a producer, also where it stands as a consumer. */
function clientLine(client: ClientStats, nowMs: number): string {
  const port = client.remoteAddress.slice(client.remoteAddress.lastIndexOf(':') + 1)
  const label = `[V2 ${`${client.hostname}:${port === '@' ? '' : port} ${client.userAgent}`.padEnd(21)}]`
  const connected = `connected: ${formatDuration(Math.floor(nowMs / 1000 - client.connectTime) * 1000)}`
  if (client.pubCounts.length > 0) {
    const total = client.pubCounts.reduce((sum, { count }) => sum + count, 0)
    const published = client.pubCounts.map(({ topic, count }) => `${topic}=${count}`)
    return columns([label, column('msgs', total, 8), `topics: ${published.join(',')}`, connected])
  }
  return columns([
    label,
    `state: ${client.state}`,
    column('inflt', client.inFlightCount, 4),
    column('rdy', client.readyCount, 4),
    column('fin', client.finishCount, 8),
    column('re-q', client.requeueCount, 8),
    column('msgs', client.messageCount, 8),
    connected,
  ])
}

function columns(parts: readonly string[]): string {
  return parts.join(' ')
}

function column(name: string, value: number, width: number): string {
  return `${name}: ${String(value).padEnd(width)}`
}

function latencyText({ percentiles }: LatencyStats): string {
  return (percentiles ?? []).map(({ value }) => nanosecondsText(value)).join(', ')
}

function nanosecondsText(value: number): string {
  if (value > 1e9) return `${(value / 1e9).toFixed(1)}s`
  if (value > 1e6) return `${(value / 1e6).toFixed(1)}ms`
  if (value > 1e3) return `${(value / 1e3).toFixed(1)}us`
  return `${value.toFixed(1)}ns`
}

/** Local time with its offset, to the second: `2026-11-21T01:25:45+01:00`, or `Z` for none. */
function rfc3339(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000)
  const offsetMinutes = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offsetMinutes * 60_000).toISOString().slice(0, 19)
  return local + zone(offsetMinutes)
}

function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
  const ahead = Math.abs(offsetMinutes)
  return `${offsetMinutes < 0 ? '-' : '+'}${two(ahead / 60)}:${two(ahead % 60)}`
}
