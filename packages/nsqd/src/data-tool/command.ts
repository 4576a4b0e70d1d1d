import type { OptionTable, Options } from '@nsq-ts/daemon'
import type { Progress } from './progress.ts'

/** How a run ended, for a shell. */
export const ExitCode = {
  done: 0,
  /** It could not be done; what was there before is as it was. */
  failed: 1,
  /** A wrong command line. */
  usage: 2,
  /** It was done, and damage was found: something could not be read. */
  damage: 3,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** What a command writes to. */
export interface CommandOutput {
  /** For results: standard output. */
  readonly out: (line: string) => void
  /** For notes and findings: standard error. */
  readonly note: (line: string) => void
  readonly progress: Progress
}

/** One of `nsq_data`'s commands. */
export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** What to know before it is run; whole lines. */
  readonly description: string
  /** Command lines, with what they do. */
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  readonly table: T
  /** @throws {Error} whose text is for people: it becomes exit code 1 */
  run(options: Options<T>, output: CommandOutput): Promise<ExitCode>
}

/** Lets a command of any table stand in a list. */
export function command<const T extends OptionTable>(definition: Command<T>): Command {
  return definition
}

/** The command line lacks something. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
