// The options of nsqlookupd: one row each, and nothing else (nsqlookupd.md, section 2.1). Durations are milliseconds.
import { hostname } from 'node:os'
import { commonRows, durationOption, integerOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'

const ADDRESSES = 'Addresses'
const LIFETIMES = 'How long producers are listed'

export const nsqlookupdTable = {
  ...commonRows('nsqlookupd'),

  tcpAddress: stringOption('tcp-address', {
    default: '0.0.0.0:4160',
    help: '<addr>:<port> to listen on for nsqd',
    group: ADDRESSES,
  }),
  httpAddress: stringOption('http-address', {
    default: '0.0.0.0:4161',
    help: '<addr>:<port> to listen on for HTTP clients',
    group: ADDRESSES,
  }),
  broadcastAddress: stringOption('broadcast-address', {
    default: hostname(),
    defaultText: 'the host name',
    help: 'address told to every nsqd, which asks it over HTTP for the channels of a new topic',
    group: ADDRESSES,
  }),
  maxHttpConnections: integerOption('max-http-connections', {
    default: 0,
    min: 0,
    help: 'maximum number of HTTP connections; one more is answered 503 and closed, probes excepted; 0 is unlimited',
    group: ADDRESSES,
    ours: true,
  }),

  inactiveProducerTimeoutMs: durationOption('inactive-producer-timeout', {
    default: 300_000,
    min: 0,
    help: 'a producer that has not pinged for longer is left out of answers until it does',
    group: LIFETIMES,
  }),
  tombstoneLifetimeMs: durationOption('tombstone-lifetime', {
    default: 45_000,
    min: 0,
    help: 'how long a tombstone hides a producer of a topic',
    group: LIFETIMES,
  }),
}

export type NsqlookupdOptions = Options<typeof nsqlookupdTable>
