// How nodes are looked for.
import type { Duration } from '../duration.ts'
import type { Environment } from '../environment.ts'
import { durationOption, numberOption, requireRange } from '../option-value.ts'
import { reconnectDelayMs } from '../reconnect-delay.ts'

/** Options of discovery. Durations are milliseconds or text such as `'5s'`. */
export interface DiscoveryOptions {
  /** How often each nsqlookupd is asked; one that offers to be asked to wait is always being asked. Default 60s. */
  lookupdPollInterval?: Duration
  /** Part of the interval, 0 to 1, that chance adds or takes away. Default 0.3. */
  lookupdPollJitter?: number
  /** How long one answer may take. Default 10s. */
  lookupdTimeout?: Duration
  /** Sent as bearer token to nsqlookupd. Default: none. */
  lookupdToken?: string
  /** Chooses among the addresses found. Default: all. */
  filterNodes?: (addresses: string[]) => string[]
}

/** Options with every default filled in. */
export interface DiscoverySettings {
  pollIntervalMs: number
  pollJitter: number
  /** Wait after so many failures in a row, unless the interval is shorter. */
  retryDelayMs: (failures: number) => number
  timeoutMs: number
  token: string | undefined
  filter: (addresses: string[]) => string[]
  environment: Environment
}

/** @throws {RangeError} naming the option that is wrong */
export function discoverySettings(options: DiscoveryOptions, environment: Environment): DiscoverySettings {
  const pollIntervalMs = durationOption(options, 'lookupdPollInterval', 60_000)
  requireRange('lookupdPollInterval', pollIntervalMs, 10, 3_600_000)
  return {
    pollIntervalMs,
    pollJitter: numberOption(options, 'lookupdPollJitter', 0.3, 0, 1),
    retryDelayMs: (failures) => reconnectDelayMs(failures + 3, environment),
    timeoutMs: durationOption(options, 'lookupdTimeout', 10_000),
    token: options.lookupdToken,
    filter: options.filterNodes ?? ((addresses) => addresses),
    environment,
  }
}
