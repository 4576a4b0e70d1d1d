// The options of nsqadmin: one row each, and nothing else (nsqadmin.md, section 2). Durations are milliseconds.
import { boolOption, commonRows, durationOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'

const ADDRESSES = 'Addresses'
const ACCESS = 'Who may do what'
const UPSTREAM = 'Talking to nsqd and nsqlookupd'
const LIVE = 'Live figures and history'
const GRAPHITE = 'Graphite'

export const nsqadminTable = {
  ...commonRows('nsqadmin'),

  httpAddress: stringOption('http-address', {
    default: '0.0.0.0:4171',
    help: '<addr>:<port> to listen on for HTTP clients',
    group: ADDRESSES,
  }),
  basePath: stringOption('base-path', {
    default: '/',
    help: 'URL base path, where a reverse proxy puts nsqadmin below another site',
    group: ADDRESSES,
  }),
  lookupdHttpAddresses: listOption('lookupd-http-address', {
    default: [],
    key: 'nsqlookupd_http_addresses',
    help: 'nsqlookupd HTTP address (may be given multiple times)',
    group: ADDRESSES,
  }),
  nsqdHttpAddresses: listOption('nsqd-http-address', {
    default: [],
    key: 'nsqd_http_addresses',
    help: 'nsqd HTTP address, where there is no nsqlookupd (may be given multiple times)',
    group: ADDRESSES,
  }),
  devStaticDir: stringOption('dev-static-dir', {
    default: '',
    help: 'serve the page from this folder instead of the built-in one: index.html, and its assets below static/',
    group: ADDRESSES,
  }),

  adminUsers: listOption('admin-user', {
    default: [],
    key: 'admin_users',
    help: 'user that --acl-http-header names and that may act (may be given multiple times); none: everybody may act',
    group: ACCESS,
  }),
  aclHttpHeader: stringOption('acl-http-header', {
    default: 'X-Forwarded-User',
    help: 'header in which a reverse proxy puts the authenticated user; it must remove it from what clients send',
    group: ACCESS,
  }),
  allowConfigFromCidr: stringOption('allow-config-from-cidr', {
    default: '127.0.0.1/8',
    help: 'a CIDR from which HTTP requests to /config are allowed; empty: from everywhere',
    group: ACCESS,
  }),
  notificationHttpEndpoint: stringOption('notification-http-endpoint', {
    default: '',
    help: 'HTTP endpoint (fully qualified) to which a POST is sent for each admin action',
    group: ACCESS,
  }),
  authFile: stringOption('auth-file', {
    default: '',
    help: 'file of users who log in, with their roles, one `nsqadmin auth-line` a line; SIGHUP reads it anew',
    group: ACCESS,
    ours: true,
  }),
  sessionLifetimeMs: durationOption('session-lifetime', {
    default: 12 * 3_600_000,
    min: 60_000,
    help: 'how long a login lasts',
    group: ACCESS,
    ours: true,
  }),

  httpClientConnectTimeoutMs: durationOption('http-client-connect-timeout', {
    default: 2000,
    min: 0,
    help: 'timeout for HTTP connect',
    group: UPSTREAM,
  }),
  httpClientRequestTimeoutMs: durationOption('http-client-request-timeout', {
    default: 5000,
    min: 0,
    help: 'timeout for HTTP request',
    group: UPSTREAM,
  }),
  httpClientTokenFile: stringOption('http-client-token-file', {
    default: '',
    help: 'file with the token that is sent to nsqds, for those with --http-auth-file; it needs their role admin',
    group: UPSTREAM,
    ours: true,
  }),
  tailAuthSecretFile: stringOption('tail-auth-secret-file', {
    default: '',
    help: 'file with the secret that tails send to nsqds that require AUTH (--auth-http-address)',
    group: UPSTREAM,
    ours: true,
  }),
  httpClientTlsInsecureSkipVerify: boolOption('http-client-tls-insecure-skip-verify', {
    default: false,
    help: 'do not verify the certificates of nsqds that require TLS',
    group: UPSTREAM,
  }),
  httpClientTlsRootCaFile: stringOption('http-client-tls-root-ca-file', {
    default: '',
    help: 'path to the CA file for their certificates',
    group: UPSTREAM,
  }),
  httpClientTlsCert: stringOption('http-client-tls-cert', {
    default: '',
    help: 'path to the certificate file that is shown to them',
    group: UPSTREAM,
  }),
  httpClientTlsKey: stringOption('http-client-tls-key', {
    default: '',
    help: 'path to its key file',
    group: UPSTREAM,
  }),

  refreshIntervalMs: durationOption('refresh-interval', {
    default: 2000,
    min: 100,
    max: 60_000,
    help: 'how often the nsqds are asked while somebody watches live figures',
    group: LIVE,
    ours: true,
  }),
  historyIntervalMs: durationOption('history-interval', {
    default: 15_000,
    min: 1000,
    max: 600_000,
    help: 'how often the nsqds are asked otherwise, and the distance between two points of the charts',
    group: LIVE,
    ours: true,
  }),
  historyLengthMs: durationOption('history-length', {
    default: 3_600_000,
    min: 0,
    max: 24 * 3_600_000,
    help: 'how far the charts go back; 0: nothing is kept, and the nsqds are asked only while somebody watches',
    group: LIVE,
    ours: true,
  }),
  historyMaxSeries: integerOption('history-max-series', {
    default: 20_000,
    min: 1,
    max: 1_000_000,
    unit: 'topics, channels and nodes',
    help: 'how many of them have charts; what is found later has none',
    group: LIVE,
    ours: true,
  }),

  graphiteUrl: stringOption('graphite-url', {
    default: '',
    help: 'graphite HTTP address',
    group: GRAPHITE,
  }),
  proxyGraphite: boolOption('proxy-graphite', {
    default: false,
    help: 'proxy HTTP requests to graphite',
    group: GRAPHITE,
  }),
  statsdPrefix: stringOption('statsd-prefix', {
    default: 'nsq.%s',
    help: 'prefix of keys sent to statsd (%s for host replacement, must match nsqd)',
    group: GRAPHITE,
  }),
  statsdCounterFormat: stringOption('statsd-counter-format', {
    default: 'stats.counters.%s.count',
    help: 'how statsd names counters; empty: as they are',
    group: GRAPHITE,
  }),
  statsdGaugeFormat: stringOption('statsd-gauge-format', {
    default: 'stats.gauges.%s',
    help: 'how statsd names gauges; empty: as they are',
    group: GRAPHITE,
  }),
  statsdIntervalMs: durationOption('statsd-interval', {
    default: 60_000,
    help: 'time interval nsqd is configured to push to statsd (must match nsqd)',
    group: GRAPHITE,
  }),
}

export type NsqadminOptions = Options<typeof nsqadminTable>
