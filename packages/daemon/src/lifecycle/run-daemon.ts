// From the command line to the exit code: what main.ts of every daemon calls.
import { EarlyExit } from '../options/early-exit.ts'
import type { OptionTable, Options } from '../options/option.ts'
import { resolveOptions } from '../options/resolve.ts'
import { openLogDestination } from '../logging/log-file.ts'
import type { LogLevel } from '../logging/log-level.ts'
import { Logger } from '../logging/logger.ts'
import { StartError } from './daemon.ts'
import type { Daemon } from './daemon.ts'
import { endWithReader } from './reader-gone.ts'
import { superviseDaemon } from './supervise.ts'

export interface DaemonContext<T extends OptionTable> {
  readonly options: Options<T>
  /** Fields that the command line set. */
  readonly given: ReadonlySet<string>
  readonly logger: Logger
  /** For a failure after the start that the daemon cannot live with (a listener died): FATAL, clean stop, exit code 1. */
  readonly fail: (error: Error) => void
  /** For a daemon that has done what it was told to: clean stop, this exit code. */
  readonly leave: (exitCode: number) => void
}

export interface DaemonProgram<T extends OptionTable> {
  /** `nsqd` */
  readonly name: string
  readonly table: T
  /** Default: the process's own arguments. */
  readonly argv?: readonly string[]
  /** @throws {EarlyExit} before anything is open, for what only shows here to be a wrong command line */
  create(context: DaemonContext<T>): Daemon | Promise<Daemon>
}

/** The options that a table must have to be run: those of `commonRows`. */
interface LogOptions {
  readonly logLevel: LogLevel
  readonly logPrefix: string
  readonly logFile: string
}

/**
 * Runs a daemon until a signal ends it, and then the process:
 *
 * | event | what happens | exit code |
 * |---|---|---|
 * | `--help`, `--version` | text | 0 |
 * | wrong command line | text and usage | 2 |
 * | unusable config file or options, failed start | FATAL line | 1 |
 * | SIGINT, SIGTERM | clean stop | 0 |
 * | another one more than a second later | leaves at once, nothing is saved | 1 |
 * | SIGHUP | log reopened, `reload`; never ends the process | |
 * | SIGUSR1, SIGUSR2 | nothing | |
 * | `leave` | clean stop | the given one |
 * | `fail`, uncaught error | FATAL line, clean stop of at most 10 s | 1 |
 *
 * Never resolves: it ends the process.
 */
export async function runDaemon<const T extends OptionTable>(program: DaemonProgram<T>): Promise<void> {
  const { name, table } = program
  try {
    const { options, given } = resolveOptions(table, program.argv ?? process.argv.slice(2), { program: name })
    const logger = openLogger(options as unknown as LogOptions)
    const startLogger = new Logger({ prefix: `[${name}] ` }) // the original's, whatever --log-prefix says
    await superviseDaemon({
      name,
      logger,
      startLogger,
      create: (fail, leave) => program.create({ options, given, logger, fail, leave }),
    })
  } catch (error) {
    giveUp(name, error)
  }
}

function openLogger(options: LogOptions): Logger {
  const { logPrefix: prefix, logLevel: level, logFile } = options
  if (logFile === '') return new Logger({ prefix, level })
  try {
    return new Logger({ prefix, level, destination: openLogDestination(logFile) })
  } catch (cause) {
    throw new StartError(`failed to open log file - ${(cause as Error).message}`, { cause })
  }
}

function giveUp(name: string, error: unknown): void {
  if (error instanceof EarlyExit) {
    // The usage text may be longer than a pipe holds: let the streams drain instead of process.exit.
    endWithReader()
    process.stdout.write(error.stdout)
    process.stderr.write(error.stderr)
    process.exitCode = error.exitCode
    return
  }
  new Logger({ prefix: `[${name}] ` }).fatal(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
