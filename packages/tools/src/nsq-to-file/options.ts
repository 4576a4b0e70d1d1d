// The flags of nsq_to_file (tools.md, section 4.1), and what must hold for them. Durations are milliseconds.
import { boolOption, durationOption, integerOption, listOption, parseLogLevel, stringOption } from '@nsq-ts/daemon'
import type { LogLevel, Options } from '@nsq-ts/daemon'
import { demand, Refusal } from '../program/refusal.ts'
import { demandSource, SOURCE, sourceRows } from '../source/source-rows.ts'

const FILES = 'The files'
const ROTATION = 'When a file ends'
const GENERAL = 'General'

export const nsqToFileTable = {
  // Not `version`: a wrong --log-level goes before it.
  showVersion: boolOption('version', { default: false, key: null, help: 'print version string', group: GENERAL }),
  logLevel: stringOption('log-level', {
    default: 'info',
    key: null,
    help: 'how much to log: debug, info, warn, error or fatal',
    group: GENERAL,
  }),
  logPrefix: stringOption('log-prefix', {
    default: '[nsq_to_file] ',
    key: null,
    help: 'start of every log line of its own',
    group: GENERAL,
  }),

  ...sourceRows,
  topic: listOption('topic', {
    default: [],
    defaultText: 'all that nsqlookupd knows',
    key: null,
    help: 'topic to write (may be given multiple times)',
    group: SOURCE,
  }),
  topicPattern: stringOption('topic-pattern', {
    default: '',
    key: null,
    help: 'regular expression: only topics that match, in any part of their names',
    group: SOURCE,
  }),
  topicRefreshMs: durationOption('topic-refresh', {
    default: 60_000,
    key: null,
    help: 'time from one look for new topics to the next',
    group: SOURCE,
  }),
  channel: stringOption('channel', {
    default: 'nsq_to_file',
    key: null,
    help: 'channel to take the messages from',
    group: SOURCE,
  }),
  connectTimeoutMs: durationOption('http-client-connect-timeout', {
    default: 2000,
    key: null,
    help: 'time for a connection to nsqlookupd',
    group: SOURCE,
  }),
  requestTimeoutMs: durationOption('http-client-request-timeout', {
    default: 5000,
    key: null,
    help: 'time for a whole request to nsqlookupd',
    group: SOURCE,
  }),

  outputDir: stringOption('output-dir', { default: '/tmp', key: null, help: 'folder for the files', group: FILES }),
  workDir: stringOption('work-dir', {
    default: '',
    defaultText: 'the output folder',
    key: null,
    help: 'folder for files that are being written; they are moved when they end',
    group: FILES,
  }),
  filenameFormat: stringOption('filename-format', {
    default: '<TOPIC>.<HOST><REV>.<DATETIME>.log',
    key: null,
    help: 'name of a file, folders allowed; <TOPIC>, <HOST>, <PID>, <DATETIME> and <REV> are replaced, and <REV> grows when a file is there already',
    group: FILES,
  }),
  datetimeFormat: stringOption('datetime-format', {
    default: '%Y-%m-%d_%H',
    key: null,
    help: 'what <DATETIME> stands for, in the notation of strftime, local time',
    group: FILES,
  }),
  hostIdentifier: stringOption('host-identifier', {
    default: '',
    defaultText: 'the short host name',
    key: null,
    help: 'what <HOST> stands for; <SHORT_HOST> and <HOSTNAME> are replaced in it',
    group: FILES,
  }),
  gzip: boolOption('gzip', { default: false, key: null, help: 'compress', group: FILES }),
  gzipLevel: integerOption('gzip-level', {
    default: 6,
    key: null,
    help: 'from 1, which is fast, to 9, which is small',
    group: FILES,
  }),
  skipEmptyFiles: boolOption('skip-empty-files', {
    default: false,
    key: null,
    help: 'make no files without messages',
    group: FILES,
  }),

  rotateSize: integerOption('rotate-size', {
    default: 0,
    key: null,
    help: 'end a file when it holds more than so many bytes, before compression; 0: however large',
    group: ROTATION,
  }),
  rotateIntervalMs: durationOption('rotate-interval', {
    default: 0,
    key: null,
    help: 'end a file when it has been open for longer; 0: however long',
    group: ROTATION,
  }),
  syncIntervalMs: durationOption('sync-interval', {
    default: 30_000,
    key: null,
    help: 'longest time until a message is on stable storage and finished; files are looked at for rotation then',
    group: ROTATION,
  }),
}

export type NsqToFileOptions = Options<typeof nsqToFileTable>

/** @throws {Refusal} for arguments that are no flags; the other tools pass them over, here they would be file names */
export function checkLevel(options: NsqToFileOptions, rest: readonly string[]): LogLevel {
  demand(rest.length === 0, `unknown arguments: [${rest.join(' ')}]`)
  try {
    return parseLogLevel(options.logLevel)
  } catch (cause) {
    throw new Refusal('--log-level is invalid', { cause })
  }
}

/** @throws {Refusal} for the first thing that is wrong, in the original's order */
export function checkNsqToFileOptions(options: NsqToFileOptions): RegExp {
  demand(options.channel !== '', '--channel is required')
  demand(options.connectTimeoutMs > 0, '--http-client-connect-timeout should be positive')
  demand(options.requestTimeoutMs > 0, '--http-client-request-timeout should be positive')
  demandSource(options, '--nsqd-tcp-address or --lookupd-http-address required.')
  demand(
    options.gzipLevel >= 1 && options.gzipLevel <= 9,
    `invalid --gzip-level value (${options.gzipLevel}), should be 1-9`,
  )
  demand(options.topic.length > 0 || options.topicPattern !== '', '--topic or --topic-pattern required')
  demand(
    options.topic.length > 0 || options.lookupdHttpAddress.length > 0,
    '--lookupd-http-address must be specified when no --topic specified',
  )
  demand(options.syncIntervalMs > 0, '--sync-interval should be positive')
  demand(options.topicRefreshMs > 0, '--topic-refresh should be positive')
  try {
    return new RegExp(options.topicPattern)
  } catch (cause) {
    throw new Refusal(`--topic-pattern is invalid: ${(cause as Error).message}`, { cause })
  }
}
