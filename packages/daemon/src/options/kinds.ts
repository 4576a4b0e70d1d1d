// The kinds of options that NSQ's programs have, and the coercions of the config file (nsqd-flags.md, section 4).
import { formatDuration, parseDuration } from './duration.ts'
import { EarlyExit } from './early-exit.ts'
import { parseBool, parseFloat64, parseInteger } from './go-values.ts'
import { optionRow } from './option.ts'
import type { OptionKind, OptionRow, RowDetails } from './option.ts'
import { formatLogLevel, parseLogLevel } from '../logging/log-level.ts'
import type { LogLevel } from '../logging/log-level.ts'
import { wallClockSeconds } from '../logging/timestamp.ts'

export function stringOption(flag: string, details: RowDetails<string>): OptionRow<string> {
  return optionRow(flag, stringKind, details)
}

export function boolOption(flag: string, details: RowDetails<boolean>): OptionRow<boolean> {
  return optionRow(flag, boolKind, details)
}

export function integerOption(flag: string, details: RowDetails<number>): OptionRow<number> {
  return optionRow(flag, integerKind, details)
}

/** The value is in milliseconds; in the config file a bare integer is milliseconds too. */
export function durationOption(flag: string, details: RowDetails<number>): OptionRow<number> {
  return optionRow(flag, durationKind, details)
}

/** Every occurrence of the flag adds one entry; commas do not separate (in a string of the config file they do). */
export function listOption(flag: string, details: RowDetails<readonly string[]>): OptionRow<readonly string[]> {
  return optionRow(flag, listKind, details)
}

/** Numbers, repeated or separated by commas. From flags they come in descending order, from the file as written. */
export function floatListOption(flag: string, details: RowDetails<readonly number[]>): OptionRow<readonly number[]> {
  return optionRow(flag, floatListKind, details)
}

export function logLevelOption(flag: string, details: RowDetails<LogLevel>): OptionRow<LogLevel> {
  return optionRow(flag, logLevelKind, { parsedFirst: true, ...details })
}

const stringKind: OptionKind<string> = {
  typeName: 'string',
  bool: false,
  fromFlag: (text) => text,
  fromConfig(value) {
    if (typeof value === 'string') return value
    throw new Error('expected a string')
  },
  toWire: (value) => value,
  show: (value) => (value === '' ? '' : JSON.stringify(value)),
}

const boolKind: OptionKind<boolean> = {
  typeName: '',
  bool: true,
  fromFlag: parseBool,
  fromConfig(value) {
    if (typeof value === 'boolean') return value
    if (typeof value === 'string') return parseBool(value)
    // The original inverts integers; nobody can rely on that, and 0 and 1 have one sane meaning.
    if (value === 0n) return false
    if (value === 1n) return true
    throw new Error('expected true or false')
  },
  toWire: (value) => value,
  show: (value) => (value ? 'true' : ''),
}

const integerKind: OptionKind<number> = {
  typeName: 'int',
  bool: false,
  fromFlag: parseInteger,
  fromConfig(value) {
    if (typeof value === 'bigint') return Number(value)
    if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return Number(value)
    throw new Error('expected an integer')
  },
  toWire: (value) => value,
  show: (value) => (value === 0 ? '' : String(value)),
}

const durationKind: OptionKind<number> = {
  typeName: 'duration',
  bool: false,
  fromFlag(text) {
    try {
      return parseDuration(text)
    } catch (cause) {
      throw new Error('parse error', { cause })
    }
  },
  fromConfig(value) {
    if (typeof value === 'bigint') return Number(value)
    if (typeof value === 'string') return parseDuration(value)
    throw new Error('expected a duration such as "30s" or an integer of milliseconds')
  },
  toWire: (milliseconds) => Math.round(milliseconds * 1e6),
  show: (value) => (value === 0 ? '' : formatDuration(value)),
}

const listKind: OptionKind<readonly string[]> = {
  typeName: 'value',
  bool: false,
  fromFlag: (text, previous) => [...(previous ?? []), text],
  fromConfig(value) {
    if (typeof value === 'string') return value === '' ? [] : value.split(',')
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
    throw new Error('expected a list of strings')
  },
  toWire: (value) => value,
  show: (value) => value.join(', '),
}

const floatListKind: OptionKind<readonly number[]> = {
  typeName: 'value',
  bool: false,
  fromFlag(text, previous) {
    const added = text.split(',').map((entry) => {
      try {
        return parseFloat64(entry)
      } catch {
        // The original leaves by way of its bare logger here: no usage text, exit code 1.
        throw new EarlyExit(1, { stderr: `${wallClockSeconds()} Could not parse: ${entry}\n` })
      }
    })
    return [...(previous ?? []), ...added].sort((a, b) => b - a)
  },
  fromConfig(value) {
    if (typeof value === 'string') {
      return value === '' ? [] : value.split(',').map((entry) => parseFloat64(entry.trim()))
    }
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'number' || typeof entry === 'bigint')) {
      return value.map(Number)
    }
    throw new Error('expected a list of numbers')
  },
  toWire: (value) => value,
  show: (value) => value.join(', '),
}

const logLevelKind: OptionKind<LogLevel> = {
  typeName: 'value',
  bool: false,
  fromFlag: parseLogLevel,
  fromConfig(value) {
    if (typeof value === 'string') return parseLogLevel(value)
    throw new Error('expected a word')
  },
  toWire: (value) => value,
  show: (value) => formatLogLevel(value),
}
