// From the command line to the exit code: what main.ts of every tool calls.
import { EarlyExit, endWithReader, resolveOptions, VERSION } from '@nsq-ts/daemon'
import type { Options, OptionTable } from '@nsq-ts/daemon'
import { Log } from './log.ts'
import { Refusal } from './refusal.ts'

export interface ToolContext<T extends OptionTable> {
  readonly options: Options<T>
  /** Fields that the command line set. */
  readonly given: ReadonlySet<string>
  /** Arguments behind the flags; all tools but nsq_to_file ignore them. */
  readonly rest: readonly string[]
  readonly log: Log
  /** Aborts at SIGINT and SIGTERM, and with `stopAtHangup` at SIGHUP: end well, and soon. */
  readonly stop: AbortSignal
}

export interface Tool<T extends OptionTable> {
  /** `nsq_tail` */
  readonly name: string
  readonly table: T
  /** Command lines with a word on each, shown by `--help`. */
  readonly examples: readonly Example[]
  /** True: SIGHUP is a wish to stop. Default: it is left to the tool, or to the system, which ends the process. */
  readonly stopAtHangup?: boolean
  /** Does it all; resolves when it is done. @throws {Refusal} to leave with 1 and a line on standard error */
  run(context: ToolContext<T>): Promise<void>
}

export interface Example {
  readonly what: string
  readonly command: string
}

// As in the daemons: one Ctrl-C may arrive twice within milliseconds, and that is no wish to lose messages.
const REPEATED_SIGNAL_MS = 1000

/**
 * Runs a tool, and ends the process:
 *
 * | event | exit code |
 * |---|---|
 * | done, `--help`, `--version` | 0 |
 * | wrong command line (with the usage text) | 2 |
 * | a {@link Refusal}, or an error nobody expected | 1 |
 * | nobody reads its output any more | 1, without a word |
 * | SIGINT, SIGTERM | 0, when everything has ended well |
 * | another one more than a second later | 1, at once |
 */
export async function runTool<const T extends OptionTable>(tool: Tool<T>): Promise<void> {
  const log = new Log()
  const stopping = new AbortController()
  const fail = (error: unknown): void => {
    log.status('')
    log.line(describe(error))
    process.exit(1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  endWithReader(({ message }) => fail(new Refusal(`failed to write its output - ${message}`)))
  try {
    const { options, given, rest } = resolveOptions(tool.table, process.argv.slice(2), {
      program: tool.name,
      versionText: `${tool.name} v${VERSION}`,
      examples: examplesText(tool),
    })
    listenToSignals(stopping, tool.stopAtHangup === true)
    await tool.run({ options, given, rest, log, stop: stopping.signal })
    log.status('')
    leave(0)
  } catch (error) {
    log.status('')
    if (error instanceof EarlyExit) {
      process.stdout.write(error.stdout)
      process.stderr.write(error.stderr)
      leave(error.exitCode)
      return
    }
    log.line(describe(error))
    leave(1)
  }
}

function listenToSignals(stopping: AbortController, stopAtHangup: boolean): void {
  let firstStopAt: number | undefined
  const onStopSignal = (): void => {
    if (firstStopAt !== undefined && performance.now() - firstStopAt > REPEATED_SIGNAL_MS) process.exit(1)
    firstStopAt ??= performance.now()
    stopping.abort()
  }
  process.on('SIGINT', onStopSignal)
  process.on('SIGTERM', onStopSignal)
  if (stopAtHangup) process.on('SIGHUP', onStopSignal)
}

function examplesText<T extends OptionTable>({ examples }: Tool<T>): string {
  return `\nExamples:\n${examples.map(({ what, command }) => `  # ${what}\n  ${command}\n`).join('')}`
}

/** Leaves when what was written is with the kernel: a text may be longer than a pipe holds. */
function leave(exitCode: number): void {
  process.exitCode = exitCode
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

/** A refusal and what the world did to us in one line; with its stack what is a defect of ours. */
function describe(error: unknown): string {
  if (error instanceof Refusal) return error.message
  return error instanceof Error ? `ERROR: ${error.stack ?? error.message}` : `ERROR: ${String(error)}`
}
