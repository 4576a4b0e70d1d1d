// The option whose values are the three promises of a publish, alone and by pattern of topic.
import { optionRow } from '@nsq-ts/daemon'
import type { OptionKind, OptionRow, RowDetails } from '@nsq-ts/daemon'
import type { Durability } from './log/topic-store.ts'

const WORDS: readonly string[] = ['memory', 'os', 'fsync'] satisfies Durability[]

export function durabilityOption(flag: string, details: RowDetails<Durability>): OptionRow<Durability> {
  return optionRow(flag, durabilityKind, details)
}

const durabilityKind: OptionKind<Durability> = {
  typeName: 'string',
  bool: false,
  fromFlag: parseDurability,
  fromConfig: (value) => parseDurability(String(value)),
  toWire: (value) => value,
  show: (value) => value,
}

/** @throws {Error} naming the words that are known */
export function parseDurability(text: string): Durability {
  if (!WORDS.includes(text)) throw new Error(`expected one of ${WORDS.join(', ')}`)
  return text as Durability
}
