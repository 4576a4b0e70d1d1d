import { boolOption, logLevelOption, stringOption } from './kinds.ts'
import type { OptionRow } from './option.ts'
import { LOG_LEVEL } from '../logging/log-level.ts'
import type { LogLevel } from '../logging/log-level.ts'

export interface CommonRows {
  readonly version: OptionRow<boolean>
  readonly config: OptionRow<string>
  readonly logLevel: OptionRow<LogLevel>
  readonly logPrefix: OptionRow<string>
  readonly logFile: OptionRow<string>
  readonly verbose: OptionRow<boolean>
}

/** The rows that nsqd, nsqlookupd and nsqadmin share; spread them into a daemon's table. */
export function commonRows(program: string): CommonRows {
  const group = 'General'
  return {
    version: boolOption('version', { default: false, key: null, help: 'print version string', group }),
    config: stringOption('config', { default: '', key: null, help: 'path to a TOML config file', group }),
    logLevel: logLevelOption('log-level', {
      default: LOG_LEVEL.info,
      help: 'how much to log: debug, info, warn, error or fatal',
      group,
    }),
    logPrefix: stringOption('log-prefix', { default: `[${program}] `, help: 'start of every log line', group }),
    logFile: stringOption('log-file', {
      default: '',
      help: 'append the log to this file instead of standard error; SIGHUP opens it anew, for log rotation',
      group,
      ours: true,
    }),
    verbose: boolOption('verbose', {
      default: false,
      key: null,
      help: '[deprecated] has no effect, use --log-level',
      group,
    }),
  }
}
