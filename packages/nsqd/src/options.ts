// The options of nsqd: one row each, and nothing else. Flag, default and config key are the original's (nsqd-flags.md, section 1);
// rows marked `ours` are not in the original. Durations are milliseconds.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { crc32 } from 'node:zlib'
import {
  boolOption,
  commonRows,
  durationOption,
  floatListOption,
  integerOption,
  listOption,
  stringOption,
} from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { durabilityOption } from './options-durability.ts'
import { backoffOption, deadLetterTopicOption } from './options-retries.ts'
import { byChannelOption, byPatternOption, limitPolicyOption } from './options-topics.ts'
import { retain } from './options-retention.ts'
import { tlsMinVersionOption, tlsRequiredOption } from './options-tls.ts'

const MINUTE = 60_000
const NANOSECOND = 1e-6 // the least that is more than nothing
const host = hostname()

const IDENTITY = 'Identity and addresses'
const DISCOVERY = 'Discovery and authorisation'
const STORAGE = 'Queues and storage'
const MESSAGES = 'Messages and commands'
const CLIENTS = 'What clients may negotiate'
const STATISTICS = 'Statistics'
const TLS = 'TLS'
const COMPRESSION = 'Compression'

const durability = durabilityOption('durability', {
  default: 'os',
  help: 'when a publish is answered: when it is in memory, when its bytes are with the kernel (os), or when they are on stable storage (fsync)',
  group: STORAGE,
  ours: true,
})

const maxTopicBytes = integerOption('max-topic-bytes', {
  default: 0,
  min: 0,
  unit: 'bytes',
  help: 'how much a topic may hold that a channel has not finished, counted once for all channels, in segments of up to 1 MiB; 0 is unlimited',
  group: STORAGE,
  ours: true,
})

const maxTopicAge = durationOption('max-topic-age', {
  default: 0,
  min: 0,
  help: 'how old the oldest message may be that waits in a topic or a channel of it, looked at every 5 s; 0 is unlimited',
  group: STORAGE,
  ours: true,
})

const topicLimitPolicy = limitPolicyOption('topic-limit-policy', {
  default: 'refuse',
  help: 'when a topic is at one of these limits: publishes fail (refuse), or its oldest waiting messages are dropped and counted (drop-oldest)',
  group: STORAGE,
  ours: true,
})

const maxAttempts = integerOption('max-attempts', {
  default: 0,
  min: 0,
  max: 10_000,
  help: 'failed deliveries after which a message becomes a dead letter; 0: it never does',
  group: MESSAGES,
  ours: true,
})

const retryBackoff = backoffOption('retry-backoff', {
  default: [],
  help: 'how long a message waits after its first failed delivery, its second..., `1s,10s,1m`; the last one counts from then on; empty: not at all',
  group: MESSAGES,
  ours: true,
})

export const nsqdTable = {
  ...commonRows('nsqd'),

  nodeId: integerOption('node-id', {
    default: nodeIdOfHost(host),
    defaultText: 'a hash of the host name',
    key: 'id',
    help: "this node's part of message ids, 0 to 1023; give every node of a cluster its own",
    group: IDENTITY,
  }),
  workerId: boolOption('worker-id', {
    default: false,
    key: null,
    help: '[deprecated] has no effect, use --node-id',
    group: IDENTITY,
  }),
  tcpAddress: stringOption('tcp-address', {
    default: '0.0.0.0:4150',
    help: 'address for TCP clients, <addr>:<port> or the path of a unix socket',
    group: IDENTITY,
  }),
  httpAddress: stringOption('http-address', {
    default: '0.0.0.0:4151',
    help: 'address for HTTP clients, <addr>:<port> or the path of a unix socket; empty disables',
    group: IDENTITY,
  }),
  httpsAddress: stringOption('https-address', {
    default: '0.0.0.0:4152',
    help: 'address for HTTPS clients, <addr>:<port>; used only with a TLS certificate; empty disables',
    group: IDENTITY,
  }),
  broadcastAddress: stringOption('broadcast-address', {
    default: host,
    defaultText: 'the host name',
    help: 'address announced to nsqlookupd',
    group: IDENTITY,
  }),
  broadcastTcpPort: integerOption('broadcast-tcp-port', {
    default: 0,
    min: 0,
    max: 65_535,
    help: 'TCP port announced to nsqlookupd; 0 is the one that this nsqd listens on',
    group: IDENTITY,
  }),
  broadcastHttpPort: integerOption('broadcast-http-port', {
    default: 0,
    min: 0,
    max: 65_535,
    help: 'HTTP port announced to nsqlookupd; 0 is the one that this nsqd listens on',
    group: IDENTITY,
  }),

  lookupdTcpAddresses: listOption('lookupd-tcp-address', {
    default: [],
    key: 'nsqlookupd_tcp_addresses',
    help: 'TCP address of an nsqlookupd (may be given multiple times)',
    group: DISCOVERY,
  }),
  authHttpAddresses: listOption('auth-http-address', {
    default: [],
    key: 'auth_http_addresses',
    help: '<addr>:<port> or full URL of an auth server (may be given multiple times)',
    group: DISCOVERY,
  }),
  authHttpRequestMethod: stringOption('auth-http-request-method', {
    default: 'get',
    help: 'HTTP method of auth requests, get or post',
    group: DISCOVERY,
  }),
  httpClientConnectTimeoutMs: durationOption('http-client-connect-timeout', {
    default: 2000,
    min: 0,
    help: 'timeout for connecting to nsqlookupd and auth servers over HTTP',
    group: DISCOVERY,
  }),
  httpClientRequestTimeoutMs: durationOption('http-client-request-timeout', {
    default: 5000,
    min: 0,
    help: 'timeout for a whole HTTP request to them',
    group: DISCOVERY,
  }),
  httpAuthFile: stringOption('http-auth-file', {
    default: '',
    help: 'TOML file of tokens with roles (read, publish, admin) that HTTP requests need; empty: none is needed',
    group: DISCOVERY,
    ours: true,
  }),
  topologyRegion: stringOption('topology-region', {
    default: '',
    help: 'region of this nsqd, for topology aware consumption',
    group: DISCOVERY,
  }),
  topologyZone: stringOption('topology-zone', {
    default: '',
    help: 'availability zone of this nsqd, for topology aware consumption',
    group: DISCOVERY,
  }),
  enableExperiments: listOption('enable-experiment', {
    default: [],
    key: 'enable_experiment',
    help: 'experimental feature to enable (may be given multiple times): topology-aware-consumption',
    group: DISCOVERY,
  }),

  dataPath: stringOption('data-path', {
    default: '',
    defaultText: 'the current directory',
    help: 'folder for messages and metadata; made if it is missing, its parents are not',
    group: STORAGE,
  }),
  memQueueSize: integerOption('mem-queue-size', {
    default: 10_000,
    min: 0,
    unit: 'messages',
    help: 'how many messages of a topic to keep in memory; what comes beyond is on disk only',
    group: STORAGE,
  }),
  durability,
  durabilityFor: byPatternOption('durability-for', durability, {
    help: '--durability of the topics that fit a pattern, `metrics.*=memory` (may be given multiple times; a table in the config file)',
    group: STORAGE,
  }),
  diskReserve: integerOption('disk-reserve', {
    default: 67_108_864,
    min: 0,
    unit: 'bytes',
    help: 'space on the disk of the data path that publishes leave free, so that what is queued can still be worked off',
    group: STORAGE,
    ours: true,
  }),
  maxTopicBytes,
  maxTopicBytesFor: byPatternOption('max-topic-bytes-for', maxTopicBytes, {
    help: '--max-topic-bytes of the topics that fit a pattern, as --durability-for',
    group: STORAGE,
  }),
  maxTopicAgeMs: maxTopicAge,
  maxTopicAgeFor: byPatternOption('max-topic-age-for', maxTopicAge, {
    help: '--max-topic-age of the topics that fit a pattern, as --durability-for',
    group: STORAGE,
  }),
  ...retain(STORAGE),
  topicLimitPolicy,
  topicLimitPolicyFor: byPatternOption('topic-limit-policy-for', topicLimitPolicy, {
    help: '--topic-limit-policy of the topics that fit a pattern, as --durability-for',
    group: STORAGE,
  }),
  maxBytesPerFile: integerOption('max-bytes-per-file', {
    default: 104_857_600,
    min: 1,
    unit: 'bytes',
    help: 'size at which a data file is finished and the next begun',
    group: STORAGE,
  }),
  syncEvery: integerOption('sync-every', {
    default: 2500,
    min: 1,
    unit: 'messages',
    help: '1: every publish is synced before it is answered, as --durability=fsync; accepted otherwise, see --sync-timeout',
    group: STORAGE,
  }),
  syncTimeoutMs: durationOption('sync-timeout', {
    default: 2000,
    min: NANOSECOND,
    help: 'how long written messages may wait for a sync to disk (with --durability=os)',
    group: STORAGE,
  }),
  requeueOnDisconnect: boolOption('requeue-on-disconnect', {
    default: false,
    help: 'put back at once what a client had in flight when its connection ends, instead of waiting for the timeout',
    group: STORAGE,
    ours: true,
  }),
  queueScanWorkerPoolMax: integerOption('queue-scan-worker-pool-max', {
    default: 4,
    min: 1,
    help: 'accepted for compatibility: one timer serves all channels',
    group: STORAGE,
  }),
  queueScanSelectionCount: integerOption('queue-scan-selection-count', {
    default: 20,
    min: 0,
    help: 'accepted for compatibility: one timer serves all channels',
    group: STORAGE,
  }),

  msgTimeoutMs: durationOption('msg-timeout', {
    default: MINUTE,
    min: NANOSECOND,
    help: 'how long a client may take for a message before it is given out again, unless the client asks otherwise',
    group: MESSAGES,
  }),
  maxMsgTimeoutMs: durationOption('max-msg-timeout', {
    default: 15 * MINUTE,
    min: NANOSECOND,
    help: 'the most a client may ask for, TOUCH included',
    group: MESSAGES,
  }),
  maxMsgSize: integerOption('max-msg-size', {
    default: 1_048_576,
    min: 1,
    unit: 'bytes',
    help: 'maximum size of a single message',
    group: MESSAGES,
  }),
  maxHeaderBytes: integerOption('max-header-bytes', {
    default: 8192,
    min: 0,
    max: 1_048_576,
    unit: 'bytes',
    help: 'maximum size of the headers of a single message, as JSON, beside its body; 0: no message may have any',
    group: MESSAGES,
    ours: true,
  }),
  maxReqTimeoutMs: durationOption('max-req-timeout', {
    default: 60 * MINUTE,
    min: 0,
    help: 'maximum delay of REQ, DPUB and defer',
    group: MESSAGES,
  }),
  drainTimeoutMs: durationOption('drain-timeout', {
    default: 0,
    min: 0,
    help: 'how long PUT /config/drain may take; then nsqd leaves with exit code 3, what is left stays on disk; 0 is unlimited',
    group: MESSAGES,
    ours: true,
  }),
  maxAttempts,
  maxAttemptsFor: byChannelOption('max-attempts-for', maxAttempts, {
    help: '--max-attempts of the channels that fit a pattern, `orders/*=5` (may be given multiple times; a table in the config file)',
    group: MESSAGES,
  }),
  deadLetterTopicFor: byChannelOption(
    'dead-letter-topic-for',
    deadLetterTopicOption('', { default: '', help: '', group: '' }),
    {
      help: 'topic of the dead letters of the channels that fit a pattern, as --max-attempts-for; else <topic>.<channel>.dlq',
      group: MESSAGES,
    },
  ),
  retryBackoff,
  retryBackoffFor: byChannelOption('retry-backoff-for', retryBackoff, {
    help: '--retry-backoff of the channels that fit a pattern, as --max-attempts-for',
    group: MESSAGES,
  }),
  retryJitter: integerOption('retry-jitter', {
    default: 10,
    min: 0,
    max: 100,
    unit: 'percent',
    help: 'by how much each of these waits is longer or shorter, at random',
    group: MESSAGES,
    ours: true,
  }),
  maxDeferMs: durationOption('max-defer', {
    default: 720 * 60 * MINUTE,
    min: 0,
    help: 'how far ahead /pub and /mpub may schedule a message, by at=<time> or defer=<duration>',
    group: MESSAGES,
    ours: true,
  }),
  maxBodySize: integerOption('max-body-size', {
    default: 5_242_880,
    min: 1,
    unit: 'bytes',
    help: 'maximum size of the body of a command (MPUB, IDENTIFY...)',
    group: MESSAGES,
  }),

  maxHeartbeatIntervalMs: durationOption('max-heartbeat-interval', {
    default: MINUTE,
    min: NANOSECOND,
    help: 'maximum time between heartbeats that a client may ask for',
    group: CLIENTS,
  }),
  maxRdyCount: integerOption('max-rdy-count', {
    default: 2500,
    min: 0,
    help: 'maximum RDY count of a client',
    group: CLIENTS,
  }),
  maxOutputBufferSize: integerOption('max-output-buffer-size', {
    default: 65_536,
    min: 0,
    unit: 'bytes',
    help: 'maximum output buffer that a client may ask for',
    group: CLIENTS,
  }),
  maxOutputBufferTimeoutMs: durationOption('max-output-buffer-timeout', {
    default: 30_000,
    min: 0,
    help: 'maximum time between flushes that a client may ask for',
    group: CLIENTS,
  }),
  minOutputBufferTimeoutMs: durationOption('min-output-buffer-timeout', {
    default: 25,
    min: 0,
    help: 'minimum time between flushes that a client may ask for',
    group: CLIENTS,
  }),
  outputBufferTimeoutMs: durationOption('output-buffer-timeout', {
    default: 250,
    min: 0,
    help: 'the most that a message may wait in the output buffer, unless the client asks otherwise',
    group: CLIENTS,
  }),
  maxChannelConsumers: integerOption('max-channel-consumers', {
    default: 0,
    min: 0,
    help: 'maximum number of consumers of a channel; 0 is unlimited',
    group: CLIENTS,
  }),
  maxConnections: integerOption('max-connections', {
    default: 0,
    min: 0,
    help: 'maximum number of TCP connections; one more is told so and closed; 0 is unlimited',
    group: CLIENTS,
    ours: true,
  }),
  maxHttpConnections: integerOption('max-http-connections', {
    default: 0,
    min: 0,
    help: 'maximum number of HTTP connections, and as many of HTTPS; one more is answered 503 and closed, probes excepted; 0 is unlimited',
    group: CLIENTS,
    ours: true,
  }),
  maxTopics: integerOption('max-topics', {
    default: 0,
    min: 0,
    help: 'maximum number of topics that clients may bring about; 0 is unlimited',
    group: CLIENTS,
    ours: true,
  }),
  maxChannelsPerTopic: integerOption('max-channels-per-topic', {
    default: 0,
    min: 0,
    help: 'maximum number of channels of a topic that clients may bring about; 0 is unlimited',
    group: CLIENTS,
    ours: true,
  }),

  statsdAddress: stringOption('statsd-address', {
    default: '',
    help: 'UDP <addr>:<port> of a statsd daemon; empty is off',
    group: STATISTICS,
  }),
  statsdIntervalMs: durationOption('statsd-interval', {
    default: MINUTE,
    help: 'time between pushes to statsd; more than a second',
    group: STATISTICS,
  }),
  statsdMemStats: boolOption('statsd-mem-stats', {
    default: true,
    help: 'send memory and garbage collection figures to statsd',
    group: STATISTICS,
  }),
  statsdPrefix: stringOption('statsd-prefix', {
    default: 'nsq.%s',
    help: 'prefix of all keys sent to statsd; %s stands for the broadcast address and HTTP port',
    group: STATISTICS,
  }),
  statsdUdpPacketSize: integerOption('statsd-udp-packet-size', {
    default: 508,
    min: 1,
    unit: 'bytes',
    help: 'size of the datagrams to statsd',
    group: STATISTICS,
  }),
  statsdExcludeEphemeral: boolOption('statsd-exclude-ephemeral', {
    default: false,
    help: 'leave out ephemeral topics and channels',
    group: STATISTICS,
  }),
  e2eProcessingLatencyPercentiles: floatListOption('e2e-processing-latency-percentile', {
    default: [],
    key: 'e2e_processing_latency_percentiles',
    help: 'percentile of end to end latency to track, above 0 and at most 1.0 (may be given multiple times or comma separated)',
    group: STATISTICS,
  }),
  e2eProcessingLatencyWindowTimeMs: durationOption('e2e-processing-latency-window-time', {
    default: 10 * MINUTE,
    min: NANOSECOND,
    help: 'how far back these percentiles look',
    group: STATISTICS,
  }),

  tlsCert: stringOption('tls-cert', { default: '', help: 'path to the certificate file', group: TLS }),
  tlsKey: stringOption('tls-key', { default: '', help: 'path to the key file', group: TLS }),
  tlsClientAuthPolicy: stringOption('tls-client-auth-policy', {
    default: '',
    help: "certificates of clients: 'require' or 'require-verify'; implies --tls-required",
    group: TLS,
  }),
  tlsRootCaFile: stringOption('tls-root-ca-file', {
    default: '',
    help: 'path to the certificate authority file, for client certificates and for outgoing https',
    group: TLS,
  }),
  tlsRequired: tlsRequiredOption('tls-required', {
    default: 'off',
    help: "require TLS of clients (true, false, or 'tcp-https' to leave plain HTTP open)",
    group: TLS,
  }),
  tlsMinVersion: tlsMinVersionOption('tls-min-version', {
    default: 'TLSv1',
    help: "lowest TLS version accepted: 'tls1.0', 'tls1.1', 'tls1.2' or 'tls1.3'",
    group: TLS,
  }),

  deflate: boolOption('deflate', { default: true, help: 'let clients negotiate deflate', group: COMPRESSION }),
  maxDeflateLevel: integerOption('max-deflate-level', {
    default: 6,
    help: 'highest deflate level that a client may negotiate, 1 to 9',
    group: COMPRESSION,
  }),
  snappy: boolOption('snappy', { default: true, help: 'let clients negotiate snappy', group: COMPRESSION }),
}

export type NsqdOptions = Options<typeof nsqdTable>

/** The original's default: nodes keep the ids they had under it. */
function nodeIdOfHost(name: string): number {
  return crc32(createHash('md5').update(name).digest()) % 1024
}
