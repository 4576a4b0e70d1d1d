import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  boolOption,
  durationOption,
  floatListOption,
  integerOption,
  listOption,
  logLevelOption,
  stringOption,
} from '../src/index.ts'
import { EarlyExit, outOfBounds, resolveOptions } from '../src/index.ts'

const about = { help: 'help text', group: 'All' }
const table = {
  config: stringOption('config', { ...about, default: '', key: null }),
  nodeId: integerOption('node-id', { ...about, default: 5, key: 'id', min: 0, max: 9 }),
  logPrefix: stringOption('log-prefix', { ...about, default: '[x] ' }),
  waitMs: durationOption('wait-time', { ...about, default: 1000 }),
  snappy: boolOption('snappy', { ...about, default: true }),
  verbose: boolOption('verbose', { ...about, default: false, key: null }),
  peers: listOption('peer', { ...about, default: ['default:1'], key: 'peers' }),
  percentiles: floatListOption('percentile', { ...about, default: [] }),
  logLevel: logLevelOption('log-level', { ...about, default: 2 }),
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsq-options-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function read(toml: string, ...argv: string[]) {
  const path = join(folder, 'prog.cfg')
  writeFileSync(path, toml)
  return resolveOptions(table, [`--config=${path}`, ...argv], { program: 'prog' }).options
}

function exitOf(action: () => unknown): EarlyExit {
  try {
    action()
  } catch (error) {
    if (error instanceof EarlyExit) return error
    throw error
  }
  throw new Error('expected an early exit')
}

describe('values', () => {
  test.each([
    ['id = 7', { nodeId: 7 }],
    ['id = "7"', { nodeId: 7 }],
    ['id = 0x10', { nodeId: 16 }],
    ['log_prefix = "hello "', { logPrefix: 'hello ' }],
    ['wait_time = "1m"', { waitMs: 60_000 }],
    ['wait_time = 1500', { waitMs: 1500 }],
    ['snappy = false', { snappy: false }],
    ['snappy = "F"', { snappy: false }],
    ['snappy = 0', { snappy: false }],
    ['snappy = 1', { snappy: true }],
    ['peers = ["a:1", "b:2"]', { peers: ['a:1', 'b:2'] }],
    ['peers = "a:1,b:2"', { peers: ['a:1', 'b:2'] }],
    ['peers = []', { peers: [] }],
    ['peers = ""', { peers: [] }],
    ['percentile = [0.5, 1, 0.99]', { percentiles: [0.5, 1, 0.99] }],
    ['percentile = "0.5, 0.9"', { percentiles: [0.5, 0.9] }],
    ['log_level = "DEBUG"', { logLevel: 1 }],
  ])('%s', (toml, expected) => {
    expect(read(toml)).toMatchObject(expected)
  })

  test.each([
    'id = 1.5',
    'id = "many"',
    'id = true',
    'id = { a = 1 }',
    'log_prefix = 5',
    'wait_time = 1.5',
    'wait_time = "5"',
    'snappy = 2',
    'snappy = "maybe"',
    'peers = [1]',
    'peers = 5',
    'percentile = ["x"]',
    'percentile = "x"',
    'log_prefix = 2020-01-01T00:00:00Z',
  ])('%s cannot be coerced: exit code 1', (toml) => {
    const exit = exitOf(() => read(toml))
    expect(exit.exitCode).toBe(1)
    expect(exit.stderr).toMatch(
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d ERROR: Resolve failed to coerce value .* for field \w+ - .+\n$/,
    )
  })

  test.each(['log_level = "loud"', 'log_level = 1'])('%s is fatal by itself', (toml) => {
    const exit = exitOf(() => read(toml, '--log-level=info'))
    expect(exit.exitCode).toBe(1)
    expect(exit.stderr).toMatch(/^\[prog\] .* FATAL: failed parsing log_level (loud|1)\n$/)
  })
})

describe('precedence', () => {
  test('a flag wins over the file, the file over the default', () => {
    const options = read('id = 7\nwait_time = "2s"\npeers = ["a:1"]', '--node-id=8', '--peer=b:2')
    expect(options).toMatchObject({ nodeId: 8, waitMs: 2000, peers: ['b:2'], snappy: true })
  })

  test('a flag set to its default still wins', () => {
    expect(read('snappy = false', '--snappy').snappy).toBe(true)
  })

  test('a bad value in the file does not matter where the flag was given', () => {
    expect(read('id = "many"', '--node-id=8').nodeId).toBe(8)
  })

  test('unknown keys, dashed keys, flag-only keys and sections are ignored', () => {
    const toml = 'colour = "red"\nlog-prefix = "x"\nnode_id = 3\nverbose = true\nconfig = 5\n[prog]\nid = 9\n'
    expect(read(toml)).toMatchObject({ nodeId: 5, logPrefix: '[x] ', verbose: false })
  })
})

describe('files that cannot be used', () => {
  test('a missing file is fatal', () => {
    const exit = exitOf(() => resolveOptions(table, ['--config', join(folder, 'none')], { program: 'prog' }))
    expect(exit.exitCode).toBe(1)
    expect(exit.stderr).toMatch(/^\[prog\] .*\.\d{6} FATAL: failed to load config file .*none - .+\n$/)
  })

  test('what is no TOML is fatal, in one line', () => {
    const exit = exitOf(() => read('id = = 5'))
    expect(exit.exitCode).toBe(1)
    expect(exit.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(exit.stderr).toMatch(/FATAL: failed to load config file/)
  })
})

test('outOfBounds names the first option outside its bounds', () => {
  expect(outOfBounds(table, read('id = 9'))).toBeUndefined()
  expect(outOfBounds(table, read('id = 10'))).toBe('--node-id must be at most 9')
  expect(outOfBounds(table, read('id = -1'))).toBe('--node-id must be at least 0')
})
