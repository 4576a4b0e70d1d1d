import { optionByKey, resolveOptions } from '@nsq-ts/daemon'
import { describe, expect, test } from 'vitest'
import { checkOptionsAfterTls, checkOptionsBeforeTls, checkTlsRequired } from '../src/check-options.ts'
import { nsqdTable } from '../src/options.ts'

function optionsOf(...argv: string[]) {
  return resolveOptions(nsqdTable, argv, { program: 'nsqd' }).options
}

function wire(key: string, ...argv: string[]) {
  return optionByKey(nsqdTable, optionsOf(...argv), key)?.wire
}

/** The FATAL text that these flags end in; undefined if they are fine. */
function refusal(argv: string[], tlsLoaded = false): string | undefined {
  try {
    const options = checkOptionsBeforeTls(optionsOf(...argv))
    checkTlsRequired(options, tlsLoaded)
    checkOptionsAfterTls(options)
    return undefined
  } catch (error) {
    return (error as Error).message.replace('failed to instantiate nsqd - ', '')
  }
}

describe('the table', () => {
  test('names its fields after the flags, and says the unit of durations', () => {
    const exceptions: Record<string, string> = {
      'lookupd-tcp-address': 'lookupdTcpAddresses',
      'auth-http-address': 'authHttpAddresses',
      'enable-experiment': 'enableExperiments',
      'e2e-processing-latency-percentile': 'e2eProcessingLatencyPercentiles',
    }
    for (const [field, row] of Object.entries(nsqdTable)) {
      const camel = row.flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      const expected = exceptions[row.flag] ?? (row.kind.typeName === 'duration' ? `${camel}Ms` : camel)
      expect(field).toBe(expected)
    }
  })

  test('has every flag once, and every config key once', () => {
    const rows = Object.values(nsqdTable)
    expect(new Set(rows.map((row) => row.flag)).size).toBe(rows.length)
    const keys = rows.map((row) => row.key).filter((key) => key !== null)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test.each([
    ['tcp_address', '0.0.0.0:4150'],
    ['msg_timeout', 60_000_000_000],
    ['max_req_timeout', 3_600_000_000_000],
    ['log_level', 2],
    ['tls_required', 0],
    ['tls_min_version', 769],
    ['nsqlookupd_tcp_addresses', []],
    ['e2e_processing_latency_percentiles', []],
    ['enable_experiment', []],
    ['mem_queue_size', 10_000],
    ['deflate', true],
    ['statsd_prefix', 'nsq.%s'],
  ])('/config/%s answers the default %j', (key, value) => {
    expect(wire(key)).toEqual(value)
  })

  test.each(['node_id', 'verbose', 'config', 'version', 'worker_id', 'client_timeout', 'LOG_LEVEL'])(
    '/config/%s is no option',
    (key) => {
      expect(optionByKey(nsqdTable, optionsOf(), key)).toBeUndefined()
    },
  )
})

describe('TLS words', () => {
  test.each([
    [['--tls-required'], 2],
    [['--tls-required=true'], 2],
    [['--tls-required=0'], 0],
    [['--tls-required=TCP-HTTPS'], 1],
    [['--tls-required', 'tcp-https'], 2], // a bool flag takes its value behind `=` only; what follows ends the flags
  ])('%j is %i', (argv, number) => {
    expect(wire('tls_required', ...argv)).toBe(number)
  })

  test.each([
    ['tls1.0', 769],
    ['TLS1.1', 770],
    ['tls1.2', 771],
    ['tls1.3', 772],
    ['', 769],
  ])('--tls-min-version=%s is %i', (word, number) => {
    expect(wire('tls_min_version', `--tls-min-version=${word}`)).toBe(number)
  })

  test.each([
    ['--tls-min-version=ssl3.0', 'invalid value "ssl3.0" for flag -tls-min-version: unknown tlsVersionOption "ssl3.0"'],
    [
      '--tls-required=bogus',
      'invalid boolean value "bogus" for -tls-required: strconv.ParseBool: parsing "bogus": invalid syntax',
    ],
  ])('%s is a usage error', (flag, text) => {
    expect(() => optionsOf(flag)).toThrow(
      expect.objectContaining({ exitCode: 2, stderr: expect.stringContaining(text) }),
    )
  })
})

describe('checks before the start', () => {
  test.each([
    [['--max-deflate-level=0', '--node-id=9999'], '--max-deflate-level must be [1,9]'],
    [['--max-deflate-level=10'], '--max-deflate-level must be [1,9]'],
    [['--node-id=1024'], '--node-id must be [0,1024)'],
    [['--node-id=-1'], '--node-id must be [0,1024)'],
    [['--tls-required=true'], 'cannot require TLS client connections without TLS key and cert'],
    [['--tls-client-auth-policy=require'], 'cannot require TLS client connections without TLS key and cert'],
    [['--auth-http-request-method=put'], '--auth-http-request-method must be post or get'],
    [['--auth-http-request-method=GET'], '--auth-http-request-method must be post or get'],
    [['--e2e-processing-latency-percentile=0.5,1.5'], 'invalid E2E processing latency percentile: 1.5'],
    [['--e2e-processing-latency-percentile=0'], 'invalid E2E processing latency percentile: 0'],
    [['--mem-queue-size=-1'], '--mem-queue-size must be at least 0'],
    [['--sync-timeout=0'], '--sync-timeout must be at least 1ns'],
    [['--statsd-address=127.0.0.1:8125', '--statsd-interval=1s'], '--statsd-interval must be more than 1s'],
  ])('%j do not start', (argv, text) => {
    expect(refusal(argv)).toBe(text)
  })

  test.each([
    [[], false],
    [['--statsd-interval=1s'], false],
    [['--mem-queue-size=0', '--sync-timeout=100us', '--node-id=1023', '--max-deflate-level=9'], false],
    [['--tls-required'], true],
    [['--e2e-processing-latency-percentile=1.0', '--auth-http-request-method=post'], false],
  ])('%j start', (argv, tlsLoaded) => {
    expect(refusal(argv, tlsLoaded)).toBeUndefined()
  })

  test('a policy for client certificates makes TLS required, unless something was said', () => {
    expect(checkOptionsBeforeTls(optionsOf('--tls-client-auth-policy=require')).tlsRequired).toBe('on')
    expect(
      checkOptionsBeforeTls(optionsOf('--tls-client-auth-policy=require', '--tls-required=tcp-https')).tlsRequired,
    ).toBe('tcp-https')
  })
})
