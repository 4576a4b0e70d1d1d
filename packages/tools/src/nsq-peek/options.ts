// The flags of nsq_peek, which is ours, and what must hold for them.
import { boolOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { demand } from '../program/refusal.ts'

const SOURCE = 'Where the messages are'
const CHOICE = 'Which of them'
const SHOWN = 'What is shown'
const REDRIVE = 'Sending dead letters back'

export const nsqPeekTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  nsqdHttpAddress: stringOption('nsqd-http-address', {
    default: '127.0.0.1:4151',
    key: null,
    help: 'HTTP address of an nsqd of nsq-ts',
    group: SOURCE,
  }),
  httpToken: stringOption('http-token', {
    default: '',
    key: null,
    help: 'token with the role admin, where nsqd has --http-auth-file',
    group: SOURCE,
  }),
  topic: stringOption('topic', { default: '', key: null, help: 'topic to look into', group: SOURCE }),
  channel: stringOption('channel', {
    default: '',
    defaultText: 'what waits in the topic itself',
    key: null,
    help: 'channel to look into',
    group: SOURCE,
  }),
  dead: boolOption('dead', {
    default: false,
    key: null,
    help: 'look at the dead letters of the channel instead',
    group: SOURCE,
  }),
  state: stringOption('state', {
    default: 'ready',
    key: null,
    help: 'ready, in_flight or deferred',
    group: CHOICE,
  }),
  count: integerOption('n', {
    default: 10,
    min: 0,
    key: null,
    help: 'messages to show at most; 0: all',
    group: CHOICE,
  }),
  offset: integerOption('offset', {
    default: 0,
    min: 0,
    key: null,
    help: 'messages to pass over first',
    group: CHOICE,
  }),
  contains: stringOption('contains', {
    default: '',
    key: null,
    help: 'only those whose body has this text in it',
    group: CHOICE,
  }),
  where: listOption('where', {
    default: [],
    key: null,
    help: 'only those whose body is JSON with this value at this path, customer.id=7 or items[0].name=tea (may be given multiple times; all must hold)',
    group: CHOICE,
  }),
  json: boolOption('json', {
    default: false,
    key: null,
    help: 'a line of JSON for each message, with the whole body, as base64 where it is no text',
    group: SHOWN,
  }),
  redrive: boolOption('redrive', {
    default: false,
    key: null,
    help: 'send the dead letters of the channel back to it, all or those that --contains names, and wait until that is done',
    group: REDRIVE,
  }),
  rate: integerOption('rate', {
    default: 0,
    min: 0,
    key: null,
    help: 'so many of them a second; 0: as fast as it goes',
    group: REDRIVE,
  }),
}

export type NsqPeekOptions = Options<typeof nsqPeekTable>

/** @throws {Refusal} for the first thing that is wrong */
export function checkNsqPeekOptions(options: NsqPeekOptions): void {
  const { channel, count, dead, offset, rate, redrive, state, topic, where } = options
  demand(topic !== '', '--topic required')
  demand(['ready', 'in_flight', 'deferred'].includes(state), '--state should be ready, in_flight or deferred')
  demand(count >= 0 && offset >= 0 && rate >= 0, '-n, --offset and --rate should not be negative')
  demand(channel !== '' || !(dead || redrive), '--channel required: dead letters are those of a channel')
  demand(!redrive || where.length === 0, '--redrive does not go with --where: nsqd picks by --contains')
}
