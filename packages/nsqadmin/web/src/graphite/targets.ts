// What Graphite calls the figures that nsqds send to statsd (--statsd-address), by the flags that say how.
import type { GraphiteSettings } from '../../../server/api-types.ts'

/** What a picture is about. */
export type GraphiteSubject =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'channel'; readonly topic: string; readonly channel: string }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'counter' }

export interface Picture {
  readonly title: string
  readonly key: string
  /** Counters are shown as messages a second. */
  readonly type: 'gauge' | 'counter'
}

const DEPTH: Picture = { title: 'Depth', key: 'depth', type: 'gauge' }
const MESSAGES: Picture = { title: 'Messages a second', key: 'message_count', type: 'counter' }

/** The pictures of a page. */
export const PICTURES: Readonly<Record<GraphiteSubject['kind'], readonly Picture[]>> = {
  topic: [DEPTH, MESSAGES],
  channel: [
    DEPTH,
    MESSAGES,
    { title: 'In flight', key: 'in_flight_count', type: 'gauge' },
    { title: 'Deferred', key: 'deferred_count', type: 'gauge' },
    { title: 'Requeued a second', key: 'requeue_count', type: 'counter' },
    { title: 'Timed out a second', key: 'timeout_count', type: 'counter' },
    { title: 'Consumers', key: 'clients', type: 'gauge' },
  ],
  node: [
    { title: 'Memory', key: '*_bytes', type: 'gauge' },
    { title: 'Pauses of the collector', key: 'gc_pause_*', type: 'gauge' },
    { title: 'Runs of the collector', key: 'gc_runs', type: 'counter' },
    { title: 'Objects on the heap', key: 'heap_objects', type: 'gauge' },
  ],
  counter: [MESSAGES],
}

export interface PictureWanted {
  readonly settings: GraphiteSettings
  readonly subject: GraphiteSubject
  readonly picture: Picture
  /** `2h`: how far back it goes. */
  readonly since: string
  readonly width: number
  readonly height: number
  /** Hexadecimal, six digits. */
  readonly ink: string
}

/** Where the picture is. */
export function pictureUrl({ settings, subject, picture, since, width, height, ink }: PictureWanted): string {
  const query = new URLSearchParams({
    target: targetOf(settings, subject, picture),
    from: `-${since}`,
    until: '-1min',
    width: String(width),
    height: String(height),
    bgcolor: 'ff000000', // transparent
    fgcolor: ink,
    colorList: picture.key === 'depth' || picture.key === 'deferred_count' ? 'red' : 'blue,green,purple,orange',
    yMin: '0',
    lineMode: 'connected',
    drawNullAsZero: 'false',
    hideLegend: String(subject.kind !== 'node'),
  })
  return `${settings.url}/render?${query.toString()}`
}

/** The sum over all nodes; of a node its own. */
export function targetOf(settings: GraphiteSettings, subject: GraphiteSubject, { key, type }: Picture): string {
  const interval = settings.statsd_interval
  const name = formatted(settings, type, `${prefixOf(settings, subject)}${pathOf(subject)}.${key}`)
  const target = subject.kind !== 'node' ? `sumSeries(${name})` : key === 'gc_runs' ? `movingAverage(${name},45)` : name
  const perSecond = type === 'counter' && key !== 'gc_runs' ? `scale(${target},${1 / Math.max(1, interval)})` : target
  return `summarize(${perSecond},"${interval}sec","avg")`
}

function prefixOf({ statsd_prefix }: GraphiteSettings, subject: GraphiteSubject): string {
  const host = subject.kind === 'node' ? subject.node.replaceAll(/[.:]/g, '_') : '*'
  const prefix = statsd_prefix.replaceAll('%s', host)
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`
}

function pathOf(subject: GraphiteSubject): string {
  switch (subject.kind) {
    case 'topic':
      return `topic.${sanitized(subject.topic)}`
    case 'channel':
      return `topic.${sanitized(subject.topic)}.channel.${sanitized(subject.channel)}`
    case 'node':
      return 'mem'
    case 'counter':
      return 'topic.*.channel.*'
    default:
      return subject satisfies never
  }
}

/** As statsd does with names: `billing#ephemeral` is `billingephemeral` there. */
function sanitized(name: string): string {
  return name
    .replaceAll(/\s/g, '_')
    .replaceAll('/', '-')
    .replaceAll(/[^\w.-]/g, '')
}

function formatted(settings: GraphiteSettings, type: Picture['type'], name: string): string {
  const format = type === 'counter' ? settings.statsd_counter_format : settings.statsd_gauge_format
  return format.replaceAll('%s', () => name)
}
