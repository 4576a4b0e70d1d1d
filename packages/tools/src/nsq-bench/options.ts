// The flags of nsq_bench, and what must hold for them. Durations are milliseconds.
import { boolOption, durationOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import { clientOptionFlag } from '../client-options/client-option-flag.ts'
import { demand } from '../program/refusal.ts'
import { STAMP_SIZE } from './time-stamp.ts'

const WHAT = 'What is measured'
const LOAD = 'The load'
const RESULT = 'The result'

const MODES = ['pub', 'sub', 'both', 'latency']

export const nsqBenchTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  mode: stringOption('mode', {
    default: 'both',
    key: null,
    help: 'pub: publish; sub: consume what is there; both: as fast as it goes; latency: single messages at --rate',
    group: WHAT,
  }),
  nsqdTcpAddress: listOption('nsqd-tcp-address', {
    default: [],
    defaultText: '127.0.0.1:4150',
    key: null,
    help: 'TCP address of an nsqd (may be given multiple times)',
    group: WHAT,
  }),
  topic: stringOption('topic', {
    default: 'nsq_bench',
    key: null,
    help: 'topic; what is published and not consumed stays there',
    group: WHAT,
  }),
  channel: stringOption('channel', { default: 'nsq_bench', key: null, help: 'channel to consume', group: WHAT }),
  durationMs: durationOption('duration', { default: 10_000, key: null, help: 'how long', group: WHAT }),
  count: integerOption('count', {
    default: 0,
    key: null,
    help: 'messages after which it ends, should the time not be over before; 0: the time alone counts',
    group: WHAT,
  }),

  messageSize: integerOption('message-size', { default: 200, key: null, help: 'bytes of a message', group: LOAD }),
  batchSize: integerOption('batch-size', {
    default: 200,
    key: null,
    help: 'messages that are published together (MPUB); 1: each by itself',
    group: LOAD,
  }),
  pipeline: integerOption('pipeline', {
    default: 4,
    key: null,
    help: 'publishes on their way at a time, on each connection',
    group: LOAD,
  }),
  connections: integerOption('connections', {
    default: 1,
    key: null,
    help: 'connections to each nsqd, for publishing and for consuming',
    group: LOAD,
  }),
  maxInFlight: integerOption('max-in-flight', {
    default: 2500,
    key: null,
    help: 'most messages in flight to a consumer',
    group: LOAD,
  }),
  rate: integerOption('rate', {
    default: 0,
    defaultText: '1000 with --mode=latency, else as fast as it goes',
    key: null,
    help: 'messages a second that are published in all',
    group: LOAD,
  }),
  consumerOpt: clientOptionFlag('consumer-opt', 'option of the client library for consuming, as name,value', LOAD),
  producerOpt: clientOptionFlag('producer-opt', 'option of the client library for publishing, as name,value', LOAD),

  json: boolOption('json', { default: false, key: null, help: 'print the result as JSON', group: RESULT }),
}

export type NsqBenchOptions = Options<typeof nsqBenchTable>

/** @throws {Refusal} for the first thing that is wrong */
export function checkNsqBenchOptions(options: NsqBenchOptions): void {
  demand(MODES.includes(options.mode), `--mode should be one of ${MODES.join(', ')}`)
  demand(isValidTopicName(options.topic), 'invalid topic name')
  demand(isValidChannelName(options.channel), 'invalid channel name')
  demand(options.durationMs > 0, '--duration should be positive')
  demand(options.count >= 0, '--count should not be negative')
  demand(
    options.messageSize >= STAMP_SIZE,
    `--message-size should be at least ${STAMP_SIZE}: a message says when it was sent`,
  )
  demand(options.batchSize > 0, '--batch-size should be positive')
  demand(options.pipeline > 0, '--pipeline should be positive')
  demand(options.connections > 0, '--connections should be positive')
  demand(options.maxInFlight > 0, '--max-in-flight should be positive')
  demand(options.rate >= 0, '--rate should not be negative')
}
