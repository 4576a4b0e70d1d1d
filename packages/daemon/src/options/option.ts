// An option is one row: flag, config key, default, bounds and help stand together, and everything else (flag parsing, the usage
// text, the config file, `/config/:opt`, the Markdown page) reads the row.

/** How the values of an option are read and shown. */
export interface OptionKind<T> {
  /** The word after the flag in the usage text; empty for booleans. */
  readonly typeName: '' | 'string' | 'int' | 'float' | 'duration' | 'value'
  /** True: the flag may stand alone and then means `true`; a value needs `=`. */
  readonly bool: boolean
  /**
   * Reads one occurrence of the flag.
   * @param previous what earlier occurrences gave; lists append to it
   * @throws {Error} whose text follows `invalid value "x" for flag -y: `; an EarlyExit is passed on as it is
   */
  fromFlag(text: string, previous: T | undefined): T
  /**
   * Reads a value of the config file. Integers arrive as bigint, floats as number.
   * @throws {Error} whose text is the reason shown to the user
   */
  fromConfig(value: unknown): T
  /** What `GET /config/:opt` answers: a string goes out as text, everything else as JSON. */
  toWire(value: T): unknown
  /** The default in the usage text and on the Markdown page; empty if there is nothing worth showing. */
  show(value: T): string
}

export interface OptionRow<T> {
  /** Without dashes: `msg-timeout`. */
  readonly flag: string
  readonly kind: OptionKind<T>
  readonly default: T
  /** Key in the config file and in `/config/:opt`; null for what is a flag only. */
  readonly key: string | null
  readonly help: string
  /** Heading on the Markdown page. */
  readonly group: string
  /** Shown instead of the default on the Markdown page, where the default depends on the machine. */
  readonly defaultText?: string
  /** Inclusive bounds, checked by `outOfBounds`; durations in milliseconds. */
  readonly min?: number
  readonly max?: number
  /** Unit of a plain integer: 'bytes', 'messages'... */
  readonly unit?: string
  /** A bad value in the config file is fatal as `failed parsing <key> <value>` (log_level and the TLS words). */
  readonly parsedFirst?: boolean
  /** True: not an option of the original. */
  readonly ours?: boolean
}

// eslint-disable-next-line typescript/no-explicit-any -- rows of every value type stand in one table
export type OptionTable = Readonly<Record<string, OptionRow<any>>>

/** The typed options that a table describes. */
export type Options<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends OptionRow<infer V> ? V : never
}

/** What a row says besides its kind; `key` is derived from the flag unless given. */
export interface RowDetails<T> extends Partial<
  Pick<OptionRow<T>, 'key' | 'defaultText' | 'min' | 'max' | 'unit' | 'parsedFirst' | 'ours'>
> {
  readonly default: T
  readonly help: string
  readonly group: string
}

/** Makes a row of a kind of one's own; the usual kinds have functions in kinds.ts. */
export function optionRow<T>(flag: string, kind: OptionKind<T>, details: RowDetails<T>): OptionRow<T> {
  return { key: flag.replaceAll('-', '_'), ...details, flag, kind }
}
