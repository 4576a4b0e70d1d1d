// Options that several commands have.
import { integerOption, stringOption } from '@nsq-ts/daemon'
import { nsqdTable } from '../options.ts'
import { UsageError } from './command.ts'

const GROUP = 'Options'

export const dataPathRow = stringOption('data-path', {
  default: '',
  defaultText: 'the current directory',
  key: null,
  help: "nsqd's data path (default: the current directory)",
  group: GROUP,
})

export const maxBytesPerFileRow = integerOption('max-bytes-per-file', {
  default: nsqdTable.maxBytesPerFile.default,
  min: 1,
  key: null,
  help: 'size of a data file, in bytes, as nsqd has it',
  group: GROUP,
})

export const maxMsgSizeRow = integerOption('max-msg-size', {
  default: nsqdTable.maxMsgSize.default,
  min: 1,
  key: null,
  help: 'the --max-msg-size, in bytes, of the nsqd that will read it',
  group: GROUP,
})

export function folderRow(flag: 'from' | 'to', help: string): ReturnType<typeof stringOption> {
  return stringOption(flag, { default: '', key: null, help, group: GROUP })
}

/** @throws {UsageError} */
export function required(flag: string, value: string): string {
  if (value === '') throw new UsageError(`--${flag} is missing`)
  return value
}

export function orHere(path: string): string {
  return path === '' ? '.' : path
}
