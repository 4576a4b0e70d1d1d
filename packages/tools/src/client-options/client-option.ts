// The options of the client library that `--consumer-opt` and `--producer-opt` pass on as `name,value` (client.md, section 1). All
// of go-nsq's names are taken and checked. What our client does of its own accord, or has no need of, is marked and has no effect.
import { readFileSync } from 'node:fs'
import { formatDuration, parseBool, parseDuration, parseFloat64, parseHostPort } from '@nsq-ts/daemon'

/** A value as it was read; durations are milliseconds, files are their bytes. */
export type ClientOptionValue = string | number | boolean | Buffer

/** What was given, by name with underscores; the last of a name counts. */
export type ClientOptions = ReadonlyMap<string, ClientOptionValue>

interface Kind {
  /** @throws {Error} with the reason */
  read(text: string): ClientOptionValue
  readonly show?: (value: number) => string
  readonly min?: number
  readonly max?: number
  /** The reason stands alone, without `failed to coerce option ...`. */
  readonly bareReason?: boolean
}

const text: Kind = { read: (value) => value }
const bool: Kind = { read: parseBoolean }
const address: Kind = { read: readAddress }
const file: Kind = { read: readFile, bareReason: true }

const SECOND_MS = 1000
const MINUTE_MS = 60_000

const KINDS: Readonly<Record<string, Kind>> = {
  dial_timeout: duration(),
  read_timeout: duration(100, 5 * MINUTE_MS),
  write_timeout: duration(100, 5 * MINUTE_MS), // no effect: a peer that takes nothing is noticed by its missing heartbeats
  local_addr: address,
  lookupd_poll_interval: duration(10, 5 * MINUTE_MS),
  lookupd_poll_jitter: { read: parseNumber, min: 0, max: 1 },
  lookupd_poll_timeout: duration(),
  max_requeue_delay: duration(0, 60 * MINUTE_MS),
  default_requeue_delay: duration(0, 60 * MINUTE_MS),
  backoff_strategy: oneOf('backoff strategy', ['', 'exponential', 'full_jitter']),
  max_backoff_duration: duration(0, 60 * MINUTE_MS),
  backoff_multiplier: duration(0, 60 * MINUTE_MS),
  max_attempts: integer(0, 65_535), // the original takes more, and wraps around
  low_rdy_idle_timeout: duration(SECOND_MS, 5 * MINUTE_MS), // no effect, as the next two: our client's turns are shorter
  low_rdy_timeout: duration(SECOND_MS, 5 * MINUTE_MS),
  rdy_redistribute_interval: duration(1, 5 * SECOND_MS),
  client_id: text,
  hostname: text,
  user_agent: text, // no effect: the tool's own goes out
  topology_region: text,
  topology_zone: text,
  heartbeat_interval: duration(),
  sample_rate: integer(0, 99),
  tls_v1: bool,
  tls_root_ca_file: file,
  tls_cert: file,
  tls_key: file,
  tls_insecure_skip_verify: bool,
  tls_min_version: oneOf('tls version', ['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3', 'ssl3.0']),
  deflate: bool,
  deflate_level: integer(1, 9),
  snappy: bool,
  output_buffer_size: integer(),
  output_buffer_timeout: duration(),
  max_in_flight: integer(0), // no effect: --max-in-flight goes before
  msg_timeout: duration(0),
  max_msg_size: integer(0),
  auth_secret: text,
  skip_lookupd_authorization: bool,
}

/**
 * Reads `name,value`; `name` alone means `name,true`. Dashes in a name are underscores.
 * @throws {Error} with the original's texts
 */
export function parseClientOption(option: string): [name: string, value: ClientOptionValue] {
  const comma = option.indexOf(',')
  const given = comma === -1 ? option : option.slice(0, comma)
  const value = comma === -1 ? 'true' : option.slice(comma + 1)
  const name = given.replaceAll('-', '_')
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (kind === undefined) throw new Error(`invalid option ${given}`)
  return [name, checkBounds(name, kind, readValue(name, kind, value))]
}

function readValue(name: string, kind: Kind, value: string): ClientOptionValue {
  try {
    return kind.read(value)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(kind.bareReason ? reason : `failed to coerce option ${name} (${value}) - ${reason}`, { cause })
  }
}

function checkBounds(name: string, kind: Kind, value: ClientOptionValue): ClientOptionValue {
  if (typeof value !== 'number') return value
  const show = kind.show ?? String
  if (kind.min !== undefined && value < kind.min)
    throw new Error(`invalid ${name} ! ${show(value)} < ${show(kind.min)}`)
  if (kind.max !== undefined && value > kind.max)
    throw new Error(`invalid ${name} ! ${show(value)} > ${show(kind.max)}`)
  return value
}

function duration(min?: number, max?: number): Kind {
  return { read: readDuration, show: formatDuration, ...bounds(min, max) }
}

function integer(min?: number, max?: number): Kind {
  return { read: readInteger, ...bounds(min, max) }
}

function bounds(min: number | undefined, max: number | undefined): Pick<Kind, 'min' | 'max'> {
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
}

function oneOf(what: string, words: readonly string[]): Kind {
  return {
    bareReason: true,
    read(value) {
      if (words.includes(value)) return value
      throw new Error(`ERROR: ${value} is not a ${what}`)
    },
  }
}

function readDuration(value: string): number {
  if (/^[+-]?\d+(?:\.\d*)?$/.test(value) && !/^[+-]?0$/.test(value)) {
    throw new Error(`time: missing unit in duration ${JSON.stringify(value)}`)
  }
  return parseDuration(value)
}

function readInteger(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
  return Number(value)
}

function parseNumber(value: string): number {
  try {
    return parseFloat64(value)
  } catch (cause) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`, { cause })
  }
}

function parseBoolean(value: string): boolean {
  try {
    return parseBool(value)
  } catch (cause) {
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`, { cause })
  }
}

function readAddress(value: string): string {
  if (parseHostPort(value) === undefined) throw new Error(`address ${value}: missing port in address`)
  return value
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Error(`ERROR: failed to read ${path}: ${(cause as Error).message}`, { cause })
  }
}
