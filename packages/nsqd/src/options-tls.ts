// The two TLS options whose values are words of their own.
import { optionRow, parseBool } from '@nsq-ts/daemon'
import type { OptionKind, OptionRow, RowDetails } from '@nsq-ts/daemon'

/** `tcp-https`: TLS on TCP, while plain HTTP stays open. */
export type TlsRequired = 'off' | 'tcp-https' | 'on'

/** Node's names, as tls.createSecureContext takes them. */
export type TlsMinVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

export function tlsRequiredOption(flag: string, details: RowDetails<TlsRequired>): OptionRow<TlsRequired> {
  return optionRow(flag, tlsRequiredKind, { parsedFirst: true, ...details })
}

export function tlsMinVersionOption(flag: string, details: RowDetails<TlsMinVersion>): OptionRow<TlsMinVersion> {
  return optionRow(flag, tlsMinVersionKind, { parsedFirst: true, ...details })
}

const REQUIRED_NUMBERS: Readonly<Record<TlsRequired, number>> = { off: 0, 'tcp-https': 1, on: 2 }

const tlsRequiredKind: OptionKind<TlsRequired> = {
  typeName: 'value',
  bool: true,
  fromFlag: parseTlsRequired,
  fromConfig(value) {
    if (typeof value === 'boolean') return value ? 'on' : 'off'
    if (typeof value === 'string') return parseTlsRequired(value)
    throw new Error("expected true, false or 'tcp-https'")
  },
  toWire: (value) => REQUIRED_NUMBERS[value],
  show: (value) => (value === 'off' ? '' : value),
}

function parseTlsRequired(text: string): TlsRequired {
  if (text.toLowerCase() === 'tcp-https') return 'tcp-https'
  try {
    return parseBool(text) ? 'on' : 'off'
  } catch (cause) {
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`, { cause })
  }
}

interface VersionWord {
  readonly version: TlsMinVersion
  /** The number of the version in the TLS protocol, which `/config` shows. */
  readonly number: number
}

const VERSION_WORDS: Readonly<Record<string, VersionWord>> = {
  'tls1.0': { version: 'TLSv1', number: 0x0301 },
  'tls1.1': { version: 'TLSv1.1', number: 0x0302 },
  'tls1.2': { version: 'TLSv1.2', number: 0x0303 },
  'tls1.3': { version: 'TLSv1.3', number: 0x0304 },
}

const tlsMinVersionKind: OptionKind<TlsMinVersion> = {
  typeName: 'value',
  bool: false,
  fromFlag: parseTlsMinVersion,
  fromConfig(value) {
    if (typeof value === 'string') return parseTlsMinVersion(value)
    throw new Error('expected a word')
  },
  toWire: (value) => Object.values(VERSION_WORDS).find(({ version }) => version === value)?.number,
  show: (value) => Object.keys(VERSION_WORDS).find((word) => VERSION_WORDS[word]?.version === value) ?? '',
}

/** Empty is the default. `ssl3.0`, which the original's help offers, is refused by the original too. */
function parseTlsMinVersion(text: string): TlsMinVersion {
  const word = text.toLowerCase()
  if (word === '') return 'TLSv1'
  const known = VERSION_WORDS[word]
  if (known === undefined) throw new Error(`unknown tlsVersionOption ${JSON.stringify(text)}`)
  return known.version
}
