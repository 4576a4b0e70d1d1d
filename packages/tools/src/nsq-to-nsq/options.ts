// The flags of nsq_to_nsq (tools.md, section 6), and what must hold for them.
import { boolOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import { clientOptionFlag } from '../client-options/client-option-flag.ts'
import { isMode, MODES } from '../destinations/chooser.ts'
import { demand } from '../program/refusal.ts'
import { demandSource, SOURCE, sourceRows } from '../source/source-rows.ts'

const DESTINATION = 'Where messages go'
const JSON_GROUP = 'JSON'

export const nsqToNsqTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  ...sourceRows,
  topic: listOption('topic', {
    default: [],
    key: null,
    help: 'topic to take messages from (may be given multiple times)',
    group: SOURCE,
  }),
  channel: stringOption('channel', {
    default: 'nsq_to_nsq',
    key: null,
    help: 'channel to take them from',
    group: SOURCE,
  }),

  destinationTopic: stringOption('destination-topic', {
    default: '',
    defaultText: 'that which they come from',
    key: null,
    help: 'topic to publish to',
    group: DESTINATION,
  }),
  destinationNsqdTcpAddress: listOption('destination-nsqd-tcp-address', {
    default: [],
    key: null,
    help: 'TCP address of an nsqd to publish to (may be given multiple times)',
    group: DESTINATION,
  }),
  mode: stringOption('mode', {
    default: 'hostpool',
    key: null,
    help: `which of several destinations gets a message: ${MODES.join(', ')} (the last two: each of them)`,
    group: DESTINATION,
  }),
  producerOpt: clientOptionFlag(
    'producer-opt',
    'option of the client library for publishing, as name,value (may be given multiple times)',
    DESTINATION,
  ),
  statusEvery: integerOption('status-every', {
    default: 250,
    key: null,
    help: 'messages from one line of timings in the log to the next; 0: none',
    group: DESTINATION,
  }),

  whitelistJsonField: listOption('whitelist-json-field', {
    default: [],
    key: null,
    help: 'pass on this field of JSON objects, and only those that are named (may be given multiple times)',
    group: JSON_GROUP,
  }),
  requireJsonField: stringOption('require-json-field', {
    default: '',
    key: null,
    help: 'pass on only JSON objects that have this field',
    group: JSON_GROUP,
  }),
  requireJsonValue: stringOption('require-json-value', {
    default: '',
    key: null,
    help: 'pass on only those in which it has this value',
    group: JSON_GROUP,
  }),
  undecodableTopic: stringOption('undecodable-topic', {
    default: '',
    defaultText: 'none: they are requeued',
    key: null,
    help: 'topic at the destination for messages that a filter is for, but that are no JSON objects',
    group: JSON_GROUP,
    ours: true,
  }),
}

export type NsqToNsqOptions = Options<typeof nsqToNsqTable>

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkNsqToNsqOptions(options: NsqToNsqOptions): void {
  const { topic: topics, channel, destinationTopic, undecodableTopic } = options
  demand(topics.length > 0 && channel !== '', '--topic and --channel are required')
  demand(topics.every(isValidTopicName), '--topic is invalid')
  demand(destinationTopic === '' || isValidTopicName(destinationTopic), '--destination-topic is invalid')
  demand(isValidChannelName(channel), '--channel is invalid')
  demandSource(options)
  demand(options.destinationNsqdTcpAddress.length > 0, '--destination-nsqd-tcp-address required')
  demand(isMode(options.mode), `--mode should be one of ${MODES.join(', ')}`)
  demand(undecodableTopic === '' || isValidTopicName(undecodableTopic), '--undecodable-topic is invalid')
}
