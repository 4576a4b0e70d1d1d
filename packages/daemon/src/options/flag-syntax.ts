// The grammar of Go's flag package (nsqd-flags.md, section 2): it decides what a command line means, and NSQ's users have such
// command lines. See docs/decisions/0001-flag-parsing.md.
import { EarlyExit } from './early-exit.ts'
import type { OptionRow, OptionTable } from './option.ts'

export interface ParsedFlags {
  /** Field name -> value, for the flags that were given. */
  readonly values: ReadonlyMap<string, unknown>
  /** What follows the first argument that is not a flag, or `--`. */
  readonly rest: readonly string[]
}

/** A wrong command line; the caller adds the usage text and exits with 2. */
export class FlagError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FlagError'
  }
}

/** `-h`, `--help`: the caller prints the usage text and exits with 0. */
export class HelpRequested extends Error {
  constructor() {
    super('help requested')
    this.name = 'HelpRequested'
  }
}

/**
 * Reads flags up to the first argument that is none. A scalar given twice keeps its last value, lists grow.
 * @throws {FlagError} with the original's text
 * @throws {HelpRequested} for `-h` and `--help`, unless the table has such a flag
 */
export function parseFlags(table: OptionTable, args: readonly string[]): ParsedFlags {
  const fields = new Map(Object.entries(table).map(([field, row]) => [row.flag, field]))
  const values = new Map<string, unknown>()
  let index = 0
  for (; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (argument.length < 2 || !argument.startsWith('-')) break
    if (argument === '--') {
      index++
      break
    }
    const { name, inlineValue } = splitFlag(argument)
    const field = fields.get(name)
    const row = field === undefined ? undefined : table[field]
    if (field === undefined || row === undefined) {
      if (name === 'help' || name === 'h') throw new HelpRequested()
      throw new FlagError(`flag provided but not defined: -${name}`)
    }
    let text = inlineValue ?? (row.kind.bool ? 'true' : undefined)
    if (text === undefined) {
      index++
      text = args[index]
      if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`)
    }
    values.set(field, readFlag(row, text, values.get(field)))
  }
  return { values, rest: args.slice(index) }
}

function splitFlag(argument: string): { name: string; inlineValue: string | undefined } {
  const body = argument.slice(argument.startsWith('--') ? 2 : 1)
  if (body === '' || body.startsWith('-') || body.startsWith('=')) throw new FlagError(`bad flag syntax: ${argument}`)
  const equals = body.indexOf('=')
  if (equals === -1) return { name: body, inlineValue: undefined }
  return { name: body.slice(0, equals), inlineValue: body.slice(equals + 1) }
}

function readFlag(row: OptionRow<unknown>, text: string, previous: unknown): unknown {
  try {
    return row.kind.fromFlag(text, previous)
  } catch (error) {
    if (error instanceof EarlyExit) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const quoted = JSON.stringify(text)
    throw new FlagError(
      row.kind.bool
        ? `invalid boolean value ${quoted} for -${row.flag}: ${reason}`
        : `invalid value ${quoted} for flag -${row.flag}: ${reason}`,
      { cause: error },
    )
  }
}
