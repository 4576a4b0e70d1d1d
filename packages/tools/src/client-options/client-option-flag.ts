import { optionRow } from '@nsq-ts/daemon'
import type { OptionKind, OptionRow } from '@nsq-ts/daemon'
import { parseClientOption } from './client-option.ts'
import type { ClientOptions } from './client-option.ts'

/** A flag that may be given many times, each time `name,value`. */
export function clientOptionFlag(flag: string, help: string, group: string): OptionRow<ClientOptions> {
  return optionRow(flag, clientOptionKind, { default: new Map(), key: null, help, group })
}

const clientOptionKind: OptionKind<ClientOptions> = {
  typeName: 'value',
  bool: false,
  fromFlag: (text, previous) => new Map([...(previous ?? []), parseClientOption(text)]),
  fromConfig() {
    throw new Error('not in a config file')
  },
  toWire: (options) => [...options.keys()],
  show: () => '',
}
