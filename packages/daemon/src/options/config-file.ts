// The TOML config file. Unknown keys are ignored, as in the original; so is everything inside a [section].
import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'
import { EarlyExit } from './early-exit.ts'
import type { OptionRow, OptionTable } from './option.ts'
import { encodeJson } from '../http/encode-json.ts'
import { wallClockMicroseconds, wallClockSeconds } from '../logging/timestamp.ts'

/** The top level of a config file; integers as bigint, which keeps them apart from floats. */
export type ConfigFile = Readonly<Record<string, unknown>>

/** @throws {EarlyExit} 1, `failed to load config file …`, when the file cannot be read or is not TOML. */
export function readConfigFile(program: string, path: string): ConfigFile {
  try {
    return parse(readFileSync(path, 'utf8'), { integersAsBigInt: true })
  } catch (cause) {
    // A TOML error has the place in further lines; a log line has one.
    const reason = cause instanceof Error ? cause.message.trim().replaceAll(/\s*\n\s*/g, ' ') : String(cause)
    throw fatal(program, `failed to load config file ${path} - ${reason}`, cause)
  }
}

/**
 * The options that the file sets.
 * @param given fields that the command line has set, and whose value in the file does not matter therefore
 * @throws {EarlyExit} 1, for a value that does not fit its option
 */
export function readConfigValues(
  program: string,
  table: OptionTable,
  file: ConfigFile,
  given: ReadonlySet<string>,
): Map<string, unknown> {
  const rows = Object.entries(table).filter(([, row]) => keyIn(file, row) !== undefined)
  // The words that the original reads ahead of all others, each with an error of its own.
  for (const [, row] of rows.filter(([, row]) => row.parsedFirst)) readParsedFirst(program, row, file)
  const values = new Map<string, unknown>()
  for (const [field, row] of rows) {
    const key = keyIn(file, row)
    if (key === undefined || given.has(field)) continue
    values.set(field, coerce(row, file[key]))
  }
  return values
}

/** Under which key the file has the option. One that is not the original's may also be spelled as its flag. */
function keyIn(file: ConfigFile, { flag, key, ours }: OptionRow<unknown>): string | undefined {
  if (key === null) return undefined
  if (Object.hasOwn(file, key)) return key
  return ours === true && Object.hasOwn(file, flag) ? flag : undefined
}

function readParsedFirst(program: string, row: OptionRow<unknown>, file: ConfigFile): void {
  const key = row.key ?? ''
  try {
    row.kind.fromConfig(file[key])
  } catch (cause) {
    throw fatal(program, `failed parsing ${key} ${shown(file[key])}`, cause)
  }
}

function coerce(row: OptionRow<unknown>, value: unknown): unknown {
  try {
    return row.kind.fromConfig(value)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const current = row.kind.show(row.default)
    const text = `ERROR: Resolve failed to coerce value ${shown(value)} (${current}) for field ${fieldName(row.flag)} - ${reason}`
    throw new EarlyExit(1, { stderr: `${wallClockSeconds()} ${text}\n` }, { cause })
  }
}

/** A value of the file in one line. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : encodeJson(value)
}

function fatal(program: string, text: string, cause: unknown): EarlyExit {
  return new EarlyExit(1, { stderr: `[${program}] ${wallClockMicroseconds()} FATAL: ${text}\n` }, { cause })
}

/** `msg-timeout` -> `MsgTimeout`, the way the original names its fields. */
function fieldName(flag: string): string {
  return flag.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
