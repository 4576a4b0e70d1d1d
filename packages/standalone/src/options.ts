// The options of nsq: a few of its own, and those of every daemon that it runs, as --nsqd.<flag>, --nsqlookupd.<flag>
// and --nsqadmin.<flag>.
import { commonRows, LOG_LEVEL, optionRow, resolveOptions, stringOption } from '@nsq-ts/daemon'
import type { LogLevel, OptionTable, Options } from '@nsq-ts/daemon'
import { nsqadminTable } from '@nsq-ts/nsqadmin/options'
import type { NsqadminOptions } from '@nsq-ts/nsqadmin/options'
import { nsqdTable } from '@nsq-ts/nsqd'
import type { NsqdOptions } from '@nsq-ts/nsqd'
import { nsqlookupdTable } from '@nsq-ts/nsqlookupd'
import type { NsqlookupdOptions } from '@nsq-ts/nsqlookupd'

const { version, logLevel, logPrefix, logFile } = commonRows('nsq')

const ownTable = {
  version,
  // Whoever looks at a terminal has the addresses there; what he wants to see beyond them is what goes wrong.
  logLevel: { ...logLevel, default: LOG_LEVEL.warn as LogLevel },
  logPrefix,
  logFile,
  dataPath: stringOption('data-path', {
    default: './nsq-data',
    help: 'folder for messages and metadata; made if it is missing',
    group: 'General',
    ours: true,
  }),
}

/** All flags that `nsq` knows. */
export const nsqTable: OptionTable = {
  ...ownTable,
  ...prefixed('nsqd', nsqdTable),
  ...prefixed('nsqlookupd', nsqlookupdTable),
  ...prefixed('nsqadmin', nsqadminTable),
}

/** What the daemons of one process are started with. */
export interface PlatformOptions {
  readonly nsqd: NsqdOptions
  /** Absent: there is none. */
  readonly nsqlookupd: NsqlookupdOptions | undefined
  /** Absent: there is none. Without addresses of its own it looks at the daemons beside it. */
  readonly nsqadmin: NsqadminOptions | undefined
}

/**
 * The options of each daemon: its own flags, over its own config file (`--nsqd.config`), over what nsq says for all of them.
 * @param options as resolved from nsqTable
 * @param given the fields among them that were on the command line
 * @throws {EarlyExit} 1, for a config file that cannot be used
 */
export function platformOptions(options: Options<OptionTable>, given: ReadonlySet<string>): PlatformOptions {
  const { dataPath, logLevel } = options as Options<typeof ownTable>
  const flags = (daemon: string) => flagsOf(daemon, options, given)
  const nsqd = flags('nsqd')
  // A data path on the command line is nearer than one in a config file, though it is not nsqd's own flag.
  if (given.has('dataPath') && !nsqd.has('dataPath')) nsqd.set('dataPath', dataPath)
  return {
    nsqd: daemonOptions('nsqd', nsqdTable, nsqd, { logLevel, dataPath }),
    nsqlookupd: daemonOptions('nsqlookupd', nsqlookupdTable, flags('nsqlookupd'), { logLevel }),
    nsqadmin: listening(daemonOptions('nsqadmin', nsqadminTable, flags('nsqadmin'), { logLevel })),
  }
}

/** Without an address to listen on there is no page. */
function listening(options: NsqadminOptions): NsqadminOptions | undefined {
  return options.httpAddress === '' ? undefined : options
}

/** @param defaults instead of those in its table */
function daemonOptions<T extends OptionTable>(
  daemon: string,
  table: T,
  flags: ReadonlyMap<string, unknown>,
  defaults: Partial<Options<T>>,
): Options<T> {
  const rows = Object.entries(table).map(([field, row]) => {
    return [field, field in defaults ? { ...row, default: defaults[field] } : row] as const
  })
  return resolveOptions(Object.fromEntries(rows) as T, [], { program: daemon, flags }).options
}

function prefixed(daemon: string, table: OptionTable): OptionTable {
  const rows = Object.entries(table).filter(([field]) => field !== 'version')
  return Object.fromEntries(
    rows.map(([field, row]) => [
      `${daemon}.${field}`,
      optionRow(`${daemon}.${row.flag}`, row.kind, { ...row, key: null }),
    ]),
  )
}

function flagsOf(daemon: string, options: Options<OptionTable>, given: ReadonlySet<string>): Map<string, unknown> {
  const fields = [...given].filter((field) => field.startsWith(`${daemon}.`))
  return new Map(fields.map((field) => [field.slice(daemon.length + 1), options[field]]))
}
