// From names of go-nsq to the options of our client.
import type { ConnectionOptions } from '@nsq-ts/client'
import { formatDuration, parseHostPort, VERSION } from '@nsq-ts/daemon'
import { demand } from '../program/refusal.ts'
import type { ClientOptions, ClientOptionValue } from './client-option.ts'

const READ_TIMEOUT_MS = 60_000
const HEARTBEAT_INTERVAL_MS = 30_000
const USER_AGENT_LIBRARY = 'nsq-ts/0.1.0'
const TLS_VERSIONS: Readonly<Record<string, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>> = {
  'ssl3.0': 'TLSv1', // Node has no SSL 3, and nobody should
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
}

/**
 * What both consumers and producers take.
 * @param tool goes into the user agent
 * @throws {Refusal} for options that contradict each other
 */
export function connectionOptions(tool: string, given: ClientOptions): ConnectionOptions {
  const heartbeatMs = number(given, 'heartbeat_interval') ?? HEARTBEAT_INTERVAL_MS
  const readTimeoutMs = number(given, 'read_timeout') ?? READ_TIMEOUT_MS
  demand(
    heartbeatMs <= readTimeoutMs,
    `HeartbeatInterval ${formatDuration(heartbeatMs)} must be less than ReadTimeout ${formatDuration(readTimeoutMs)}`,
  )
  return defined({
    userAgent: `${tool}/${VERSION} ${USER_AGENT_LIBRARY}`,
    heartbeatInterval: heartbeatMs,
    connectTimeout: number(given, 'dial_timeout') || undefined, // 0 would be no time at all
    clientId: string(given, 'client_id'),
    hostname: string(given, 'hostname'),
    localAddress: parseHostPort(string(given, 'local_addr') ?? '')?.host || undefined,
    topologyRegion: string(given, 'topology_region'),
    topologyZone: string(given, 'topology_zone'),
    authSecret: string(given, 'auth_secret') || undefined,
    outputBufferSize: number(given, 'output_buffer_size'),
    outputBufferTimeout: number(given, 'output_buffer_timeout'),
    frameSizeMax: number(given, 'max_msg_size') || undefined,
    snappy: flag(given, 'snappy'),
    deflate: flag(given, 'deflate') === true ? (number(given, 'deflate_level') ?? true) : undefined,
    tls: flag(given, 'tls_v1') === true ? tlsOptions(given) : undefined,
  })
}

function tlsOptions(given: ClientOptions): NonNullable<Exclude<ConnectionOptions['tls'], boolean>> {
  const insecure = flag(given, 'tls_insecure_skip_verify') === true
  return defined({
    ca: bytes(given, 'tls_root_ca_file'),
    cert: bytes(given, 'tls_cert'),
    key: bytes(given, 'tls_key'),
    rejectUnauthorized: insecure ? false : undefined,
    minVersion: TLS_VERSIONS[string(given, 'tls_min_version') ?? ''],
  })
}

export function number(given: ClientOptions, name: string): number | undefined {
  return only(given, name, (value) => typeof value === 'number')
}

export function string(given: ClientOptions, name: string): string | undefined {
  return only(given, name, (value) => typeof value === 'string')
}

export function flag(given: ClientOptions, name: string): boolean | undefined {
  return only(given, name, (value) => typeof value === 'boolean')
}

function bytes(given: ClientOptions, name: string): Buffer | undefined {
  return only(given, name, (value): value is Buffer => Buffer.isBuffer(value))
}

function only<T extends ClientOptionValue>(
  given: ClientOptions,
  name: string,
  is: (value: ClientOptionValue) => value is T,
): T | undefined {
  const value = given.get(name)
  return value !== undefined && is(value) ? value : undefined
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the fields that are undefined, so that the client's defaults stay. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}
