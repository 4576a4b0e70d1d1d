// The flags of nsq_to_http (tools.md, section 5), and what must hold for them. Durations are milliseconds.
import {
  boolOption,
  durationOption,
  integerOption,
  listOption,
  optionRow,
  parseFloat64,
  stringOption,
} from '@nsq-ts/daemon'
import type { OptionKind, Options } from '@nsq-ts/daemon'
import { isMode, MODES } from '../destinations/chooser.ts'
import { demand } from '../program/refusal.ts'
import { demandSource, SOURCE, sourceRows } from '../source/source-rows.ts'
import { parseHeaders } from './headers.ts'
import { isUrlTemplate } from './url-template.ts'

const REQUESTS = 'The requests'

const shareKind: OptionKind<number> = {
  typeName: 'float',
  bool: false,
  fromFlag: parseFloat64,
  fromConfig() {
    throw new Error('not in a config file')
  },
  toWire: (value) => value,
  show: String,
}

export const nsqToHttpTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  ...sourceRows,
  topic: stringOption('topic', { default: '', key: null, help: 'topic to take messages from', group: SOURCE }),
  channel: stringOption('channel', {
    default: 'nsq_to_http',
    key: null,
    help: 'channel to take them from',
    group: SOURCE,
  }),
  sample: optionRow('sample', shareKind, {
    default: 1,
    key: null,
    help: 'share of the messages to pass on, 0 to 1; the others are finished unseen',
    group: SOURCE,
  }),

  get: listOption('get', {
    default: [],
    key: null,
    help: 'address for GET requests; %s is where the message goes, any other % is written %% (may be given multiple times)',
    group: REQUESTS,
  }),
  post: listOption('post', {
    default: [],
    key: null,
    help: 'address for POST requests, whose body is the message (may be given multiple times)',
    group: REQUESTS,
  }),
  contentType: stringOption('content-type', {
    default: 'application/octet-stream',
    key: null,
    help: 'Content-Type of POST requests',
    group: REQUESTS,
  }),
  header: listOption('header', {
    default: [],
    key: null,
    help: "header of each request, as 'Name: value' (may be given multiple times)",
    group: REQUESTS,
  }),
  mode: stringOption('mode', {
    default: 'hostpool',
    key: null,
    help: `which of several addresses gets a message: ${MODES.join(', ')} (the last two: each of them)`,
    group: REQUESTS,
  }),
  concurrency: integerOption('n', { default: 100, key: null, help: 'most requests at a time', group: REQUESTS }),
  connectTimeoutMs: durationOption('http-client-connect-timeout', {
    default: 2000,
    key: null,
    help: 'time for a connection',
    group: REQUESTS,
  }),
  requestTimeoutMs: durationOption('http-client-request-timeout', {
    default: 20_000,
    key: null,
    help: 'time for a whole request',
    group: REQUESTS,
  }),
  statusEvery: integerOption('status-every', {
    default: 250,
    key: null,
    help: 'requests from one line of timings in the log to the next; 0: none',
    group: REQUESTS,
  }),
}

export type NsqToHttpOptions = Options<typeof nsqToHttpTable>

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkNsqToHttpOptions(options: NsqToHttpOptions): void {
  const { get, post, sample } = options
  parseHeaders(options.header)
  demand(options.topic !== '' && options.channel !== '', '--topic and --channel are required')
  demand(
    options.contentType === nsqToHttpTable.contentType.default || post.length > 0,
    '--content-type only used with --post',
  )
  demand(options.contentType !== '', '--content-type requires a value when used')
  demandSource(options)
  demand(get.length > 0 || post.length > 0, '--get or --post required')
  demand(get.length === 0 || post.length === 0, 'use --get or --post not both')
  demand(get.every(isUrlTemplate), 'invalid GET address - must be a printf string')
  demand(sample >= 0 && sample <= 1, 'ERROR: --sample must be between 0.0 and 1.0')
  demand(isMode(options.mode), `--mode should be one of ${MODES.join(', ')}`)
  demand(options.concurrency > 0, '--n should be positive')
  for (const address of post) demand(URL.canParse(address), `invalid POST address ${JSON.stringify(address)}`)
}
