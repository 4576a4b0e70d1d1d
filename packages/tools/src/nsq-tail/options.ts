// The flags of nsq_tail (tools.md, section 3), and what must hold for them.
import { boolOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { demand } from '../program/refusal.ts'
import { demandSource, SOURCE, sourceRows } from '../source/source-rows.ts'

const SHOWN = 'What is shown'

export const nsqTailTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  ...sourceRows,
  topic: listOption('topic', {
    default: [],
    key: null,
    help: 'topic to show (may be given multiple times)',
    group: SOURCE,
  }),
  channel: stringOption('channel', {
    default: '',
    defaultText: 'one of its own, which ends with it',
    key: null,
    help: 'channel to take the messages from; they are gone from it then',
    group: SOURCE,
  }),
  messageCount: integerOption('n', {
    default: 0,
    key: null,
    help: 'messages to show in all before it ends, waiting for them if it must; 0: no end',
    group: SHOWN,
  }),
  printTopic: boolOption('print-topic', {
    default: false,
    key: null,
    help: 'begin each line with its topic',
    group: SHOWN,
  }),
  printHeaders: boolOption('print-headers', {
    default: false,
    key: null,
    help: 'show the headers of each message in front of it, as JSON; {} where it has none, or its nsqd knows of none',
    group: SHOWN,
    ours: true,
  }),
  color: stringOption('color', {
    default: 'auto',
    key: null,
    help: 'colours, and JSON over several lines: always, never, or auto, which is on a terminal only (unless NO_COLOR is set)',
    group: SHOWN,
    ours: true,
  }),
}

export type NsqTailOptions = Options<typeof nsqTailTable>

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkNsqTailOptions(options: NsqTailOptions): void {
  demandSource(options)
  demand(options.topic.length > 0, '--topic required')
  demand(['auto', 'always', 'never'].includes(options.color), '--color should be auto, always or never')
}
