import { readConfigFile, readConfigValues } from './config-file.ts'
import { EarlyExit } from './early-exit.ts'
import { FlagError, HelpRequested, parseFlags } from './flag-syntax.ts'
import type { ParsedFlags } from './flag-syntax.ts'
import type { OptionTable, Options } from './option.ts'
import { usage } from './usage.ts'
import { versionLine } from '../version.ts'

export interface ResolveSettings {
  /** Name of the executable in texts: `nsqd`. */
  readonly program: string
  /** What `--version` prints; default `versionLine(program)`. */
  readonly versionText?: string
  /** Follows the usage text of `--help`; whole lines. Default: nothing. */
  readonly examples?: string
  /** Values by field that count as given on the command line, unless `argv` has them too: for a program that hosts this one. */
  readonly flags?: ReadonlyMap<string, unknown>
}

export interface ResolvedOptions<T extends OptionTable> {
  readonly options: Options<T>
  /** Fields that the command line set. */
  readonly given: ReadonlySet<string>
  /** Arguments behind the flags. The daemons ignore them. */
  readonly rest: readonly string[]
}

/**
 * The value of every option: command line before config file before default. A table with a `version` flag answers `--version`,
 * one with a `config` flag reads that TOML file.
 *
 * @param argv the arguments without the program: `process.argv.slice(2)`
 * @throws {EarlyExit} for `--help` and `--version` (0), usage errors (2), and config files that cannot be used (1)
 */
export function resolveOptions<const T extends OptionTable>(
  table: T,
  argv: readonly string[],
  settings: ResolveSettings,
): ResolvedOptions<T> {
  const { program } = settings
  const { values, rest } = parseOrExit(settings, table, argv)
  const flags = new Map([...(settings.flags ?? []), ...values])
  if (flags.get('version') === true) {
    throw new EarlyExit(0, { stdout: `${settings.versionText ?? versionLine(program)}\n` })
  }
  const given = new Set(flags.keys())
  const path = flags.get('config')
  const file = typeof path === 'string' && path !== '' ? readConfigFile(program, path) : {}
  const fromFile = readConfigValues(program, table, file, given)
  const entries = Object.entries(table).map(([field, row]) => {
    if (flags.has(field)) return [field, flags.get(field)]
    return [field, fromFile.has(field) ? fromFile.get(field) : row.default]
  })
  return { options: Object.fromEntries(entries) as Options<T>, given, rest }
}

function parseOrExit(
  { program, examples = '' }: ResolveSettings,
  table: OptionTable,
  argv: readonly string[],
): ParsedFlags {
  try {
    return parseFlags(table, argv)
  } catch (error) {
    if (error instanceof HelpRequested) throw new EarlyExit(0, { stderr: usage(program, table) + examples })
    if (error instanceof FlagError) {
      throw new EarlyExit(2, { stderr: `${error.message}\n${usage(program, table)}` }, { cause: error })
    }
    throw error
  }
}
