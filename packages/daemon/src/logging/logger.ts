import { formatLogLevel, LOG_LEVEL } from './log-level.ts'
import type { LogLevel } from './log-level.ts'
import { openLogDestination } from './log-file.ts'
import type { LogDestination } from './log-file.ts'
import { wallClockMicroseconds } from './timestamp.ts'

/** A line, or for lines that cost something to build, a function that builds it if the level is on. */
export type LogText = string | (() => string)

export interface LoggerSettings {
  readonly prefix: string
  readonly level?: LogLevel
  /** Default: standard error. */
  readonly destination?: LogDestination
}

/**
 * Writes `<prefix>YYYY/MM/DD HH:MM:SS.uuuuuu LEVEL: text` lines in local time (nsqd-flags.md, section 6). A line below the level
 * costs one comparison. Line ends inside a text are escaped, so that what a peer sends cannot fake a line.
 */
export class Logger {
  /** Lines below it are not written; may be changed at any time. */
  level: LogLevel
  readonly #prefix: string
  readonly #destination: LogDestination

  constructor(settings: LoggerSettings) {
    this.level = settings.level ?? LOG_LEVEL.info
    this.#prefix = settings.prefix
    this.#destination = settings.destination ?? openLogDestination()
  }

  debug(text: LogText): void {
    if (this.level <= LOG_LEVEL.debug) this.#write(LOG_LEVEL.debug, text)
  }

  info(text: LogText): void {
    if (this.level <= LOG_LEVEL.info) this.#write(LOG_LEVEL.info, text)
  }

  warn(text: LogText): void {
    if (this.level <= LOG_LEVEL.warn) this.#write(LOG_LEVEL.warn, text)
  }

  error(text: LogText): void {
    if (this.level <= LOG_LEVEL.error) this.#write(LOG_LEVEL.error, text)
  }

  /** Only logs; whoever calls it ends the process. */
  fatal(text: LogText): void {
    this.#write(LOG_LEVEL.fatal, text)
  }

  /** Opens a log file anew after it was moved away; nothing for standard error. @throws {Error} the old file stays in use */
  reopen(): void {
    this.#destination.reopen()
  }

  /** Lines logged after it go to standard error. */
  close(): void {
    this.#destination.close()
  }

  #write(level: LogLevel, text: LogText): void {
    const line = typeof text === 'string' ? text : text()
    const safe = line.replaceAll('\r', String.raw`\r`).replaceAll('\n', String.raw`\n`)
    this.#destination.write(`${this.#prefix}${wallClockMicroseconds()} ${formatLogLevel(level)}: ${safe}\n`)
  }
}

/** A logger that writes nowhere: for tests and for libraries whose caller gave none. */
export function silentLogger(): Logger {
  return new Logger({ prefix: '', level: LOG_LEVEL.fatal, destination: { write() {}, reopen() {}, close() {} } })
}
