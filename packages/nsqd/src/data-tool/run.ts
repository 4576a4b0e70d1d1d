import {
  boolOption,
  EarlyExit,
  type OptionTable,
  outOfBounds,
  resolveOptions,
  usage,
  versionLine,
} from '@nsq-ts/daemon'
import { type Command, ExitCode, UsageError } from './command.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { inspectCommand } from './inspect.ts'
import { Progress } from './progress.ts'
import { salvageCommand } from './salvage.ts'
import { verifyCommand } from './verify.ts'

const PROGRAM = 'nsq_data'
const COMMANDS: readonly Command[] = [inspectCommand, verifyCommand, exportCommand, importCommand, salvageCommand]
const HELP_WORDS: ReadonlySet<string | undefined> = new Set(['help', '-h', '-help', '--help'])
const VERSION_WORDS: ReadonlySet<string | undefined> = new Set(['version', '-version', '--version'])

export interface ToolStreams {
  /** Standard output. */
  readonly out: (text: string) => void
  /** Standard error. */
  readonly err: (text: string) => void
  /** Standard error is a terminal: progress is shown. */
  readonly isTerminal: boolean
}

/**
 * `nsq_data <command> [flags]`: looks at, checks, and moves what nsqd keeps on disk.
 * @param argv without the program
 */
export async function runDataTool(argv: readonly string[], streams: ToolStreams): Promise<ExitCode> {
  const [word, ...flags] = argv
  if (VERSION_WORDS.has(word)) return say(`${versionLine(PROGRAM)}\n`)
  if (HELP_WORDS.has(word)) {
    const about = COMMANDS.find(({ name }) => name === flags[0])
    return say(about === undefined ? overview() : help(about))
  }
  const command = COMMANDS.find(({ name }) => name === word)
  if (command === undefined) {
    streams.err(word === undefined ? overview() : `${PROGRAM}: unknown command ${word}\n\n${overview()}`)
    return ExitCode.usage
  }
  if (flags.some((flag) => flag !== 'help' && HELP_WORDS.has(flag))) return say(help(command))
  const progress = new Progress(streams.isTerminal ? streams.err : null)
  try {
    return await command.run(optionsOf(command, flags), {
      out: (line) => line_(streams.out, line),
      note: (line) => line_(streams.err, line),
      progress,
    })
  } catch (error) {
    progress.clear()
    return explain(command, error)
  }

  function say(text: string): ExitCode {
    streams.out(text)
    return ExitCode.done
  }

  function line_(write: (text: string) => void, text: string): void {
    progress.clear()
    write(`${text}\n`)
  }

  function explain({ name }: Command, error: unknown): ExitCode {
    if (error instanceof EarlyExit) {
      streams.out(error.stdout)
      streams.err(error.stderr)
      return error.exitCode === 0 ? ExitCode.done : ExitCode.usage
    }
    streams.err(`${PROGRAM} ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    if (!(error instanceof UsageError)) return ExitCode.failed
    streams.err(`Try: ${PROGRAM} ${name} --help\n`)
    return ExitCode.usage
  }
}

/** @throws {EarlyExit | UsageError} */
function optionsOf(command: Command, flags: readonly string[]): Parameters<Command['run']>[0] {
  const { options, rest } = resolveOptions(command.table, flags, { program: `${PROGRAM} ${command.name}` })
  if (rest.length > 0) throw new UsageError(`unexpected argument ${rest[0]}`)
  const problem = outOfBounds(command.table, options)
  if (problem !== undefined) throw new UsageError(problem)
  return options
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    `Usage: ${PROGRAM} <command> [flags]`,
    '',
    ...lines,
    '',
    `${PROGRAM} <command> --help says more, with examples.`,
    'Exit codes: 0 done, 1 could not be done, 2 wrong command line, 3 done, and damage was found.',
    '',
  ].join('\n')
}

function help({ name, summary, description, examples, table }: Command): string {
  const shown: OptionTable = {
    ...table,
    help: boolOption('help', { default: false, key: null, help: 'this', group: '' }),
  }
  const lines = examples.map(([example, meaning]) => `  # ${meaning}\n  ${example}\n`)
  return [
    `${PROGRAM} ${name}: ${summary}`,
    '',
    description.trim(),
    '',
    usage(`${PROGRAM} ${name}`, shown),
    'Examples:',
    ...lines,
  ].join('\n')
}
