import { formatHostPort } from '@nsq-ts/daemon'

/**
 * What --statsd-prefix comes to: every `%s` becomes the broadcast address and HTTP port, with `.` and `:` as `_`, and a dot ends it
 * (nsqd-flags.md, section 6): `nsq.%s` -> `nsq.127_0_0_1_4151.`. An empty prefix stays empty.
 */
export function expandStatsdPrefix(prefix: string, broadcastAddress: string, broadcastHttpPort: number): string {
  if (prefix === '') return ''
  const host = formatHostPort(broadcastAddress, broadcastHttpPort).replaceAll(/[.:]/g, '_')
  const expanded = prefix.replaceAll('%s', () => host)
  return expanded.endsWith('.') ? expanded : `${expanded}.`
}
