// The flags of to_nsq (tools.md, section 7), and what must hold for them.
import { boolOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { clientOptionFlag } from '../client-options/client-option-flag.ts'
import { demand } from '../program/refusal.ts'

const INPUT = 'The input'
const DESTINATION = 'Where messages go'

export const toNsqTable = {
  version: boolOption('version', {
    default: false,
    key: null,
    help: 'print version string',
    group: 'General',
    ours: true,
  }),
  topic: stringOption('topic', { default: '', key: null, help: 'topic to publish to', group: DESTINATION }),
  nsqdTcpAddress: listOption('nsqd-tcp-address', {
    default: [],
    key: null,
    help: 'TCP address of an nsqd; each gets every message (may be given multiple times)',
    group: DESTINATION,
  }),
  producerOpt: clientOptionFlag(
    'producer-opt',
    'option of the client library for publishing, as name,value (may be given multiple times)',
    DESTINATION,
  ),
  delimiter: stringOption('delimiter', {
    default: '\n',
    key: null,
    help: 'byte at which the input is cut',
    group: INPUT,
  }),
  rate: integerOption('rate', {
    default: 0,
    key: null,
    help: 'most messages a second; 0 and less: as fast as it goes',
    group: INPUT,
  }),
}

export type ToNsqOptions = Options<typeof toNsqTable>

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkToNsqOptions(options: ToNsqOptions): void {
  demand(options.topic !== '', '--topic required')
  demand(Buffer.byteLength(options.delimiter) === 1, '--delimiter must be a single byte')
  demand(options.nsqdTcpAddress.length > 0, '--nsqd-tcp-address required')
}
