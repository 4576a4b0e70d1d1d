// The flags of nsq_stat (tools.md, section 2), and what must hold for them. Durations are milliseconds.
import { boolOption, durationOption, integerOption, listOption, stringOption } from '@nsq-ts/daemon'
import type { Options } from '@nsq-ts/daemon'
import { demand } from '../program/refusal.ts'

const WHAT = 'What is asked, and whom'
const HOW = 'How'

export const nsqStatTable = {
  version: boolOption('version', { default: false, key: null, help: 'print version string', group: 'General' }),
  topic: stringOption('topic', { default: '', key: null, help: 'topic of the channel', group: WHAT }),
  channel: stringOption('channel', { default: '', key: null, help: 'channel to watch', group: WHAT }),
  nsqdHttpAddress: listOption('nsqd-http-address', {
    default: [],
    key: null,
    help: 'HTTP address of an nsqd (may be given multiple times)',
    group: WHAT,
  }),
  lookupdHttpAddress: listOption('lookupd-http-address', {
    default: [],
    key: null,
    help: 'HTTP address of an nsqlookupd that knows them (may be given multiple times)',
    group: WHAT,
  }),
  intervalMs: durationOption('interval', { default: 2000, key: null, help: 'time between two rows', group: HOW }),
  count: integerOption('count', {
    default: 0,
    defaultText: 'no end',
    key: null,
    help: 'rows to print before it ends',
    group: HOW,
  }),
  view: stringOption('view', {
    default: 'auto',
    key: null,
    help: 'rows, one below the other; live, one page that changes, with a line for each nsqd; or auto, live on a terminal',
    group: HOW,
    ours: true,
  }),
  connectTimeoutMs: durationOption('http-client-connect-timeout', {
    default: 2000,
    key: null,
    help: 'time for a connection over HTTP',
    group: HOW,
  }),
  requestTimeoutMs: durationOption('http-client-request-timeout', {
    default: 5000,
    key: null,
    help: 'time for a whole request over HTTP',
    group: HOW,
  }),
}

export type NsqStatOptions = Options<typeof nsqStatTable>

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkNsqStatOptions(options: NsqStatOptions, given: ReadonlySet<string>): void {
  const { nsqdHttpAddress: nsqds, lookupdHttpAddress: lookupds } = options
  demand(options.topic !== '' && options.channel !== '', '--topic and --channel are required')
  demand(options.intervalMs > 0, '--interval should be positive')
  demand(options.connectTimeoutMs > 0, '--http-client-connect-timeout should be positive')
  demand(options.requestTimeoutMs > 0, '--http-client-request-timeout should be positive')
  demand(options.count > 0 || !given.has('count'), '--count should be positive')
  demand(nsqds.length > 0 || lookupds.length > 0, '--nsqd-http-address or --lookupd-http-address required')
  demand(nsqds.length === 0 || lookupds.length === 0, 'use --nsqd-http-address or --lookupd-http-address not both')
  demandNoScheme('nsqd-http-address', nsqds)
  demandNoScheme('lookupd-http-address', lookupds)
  demand(['auto', 'rows', 'live'].includes(options.view), '--view should be auto, rows or live')
}

/** (The original refuses every address that begins with `http`, hosts of that name included.) */
function demandNoScheme(flag: string, addresses: readonly string[]): void {
  const hasScheme = addresses.some((address) => address.includes('://'))
  demand(!hasScheme, `--${flag} error - address should not contain scheme`)
}
