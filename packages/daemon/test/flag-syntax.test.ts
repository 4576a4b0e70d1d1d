import { describe, expect, test } from 'vitest'
import {
  boolOption,
  durationOption,
  floatListOption,
  integerOption,
  listOption,
  logLevelOption,
  stringOption,
} from '../src/index.ts'
import { EarlyExit, resolveOptions } from '../src/index.ts'

const about = { help: 'help text', group: 'All' }
const table = {
  version: boolOption('version', { ...about, default: false, key: null }),
  config: stringOption('config', { ...about, default: '', key: null }),
  name: stringOption('name', { ...about, default: 'nobody' }),
  size: integerOption('size', { ...about, default: 5 }),
  waitMs: durationOption('wait', { ...about, default: 1000 }),
  deflate: boolOption('deflate', { ...about, default: true }),
  verbose: boolOption('verbose', { ...about, default: false }),
  peers: listOption('peer', { ...about, default: [], key: 'peers' }),
  percentiles: floatListOption('percentile', { ...about, default: [] }),
  logLevel: logLevelOption('log-level', { ...about, default: 2 }),
}

function read(...argv: string[]) {
  return resolveOptions(table, argv, { program: 'prog' })
}

function exitOf(...argv: string[]): EarlyExit {
  try {
    read(...argv)
  } catch (error) {
    if (error instanceof EarlyExit) return error
    throw error
  }
  throw new Error('expected an early exit')
}

describe('flags', () => {
  test.each([
    [['-size=7'], { size: 7 }],
    [['--size', '7'], { size: 7 }],
    [['--size', '-7'], { size: -7 }],
    [['-size', '0x10'], { size: 16 }],
    [['-size=1_000'], { size: 1000 }],
    [['-size=010'], { size: 8 }],
    [['-size=0o17', '-name', '0b1'], { size: 15, name: '0b1' }],
    [['-size=0b101'], { size: 5 }],
    [['-name='], { name: '' }],
    [['-name=a=b'], { name: 'a=b' }],
    [['-name', '--size=3'], { name: '--size=3', size: 5 }],
    [['-wait=1m30s'], { waitMs: 90_000 }],
    [['-deflate=false', '-verbose'], { deflate: false, verbose: true }],
    [['-deflate=F', '-verbose=T'], { deflate: false, verbose: true }],
    [['-size=1', '-size=2'], { size: 2 }],
    [['-peer=a,b', '-peer', 'c'], { peers: ['a,b', 'c'] }],
    [['-percentile=0.5,0.99', '-percentile=1'], { percentiles: [1, 0.99, 0.5] }],
    [['-log-level=WARN'], { logLevel: 3 }],
  ])('%j', (argv, expected) => {
    expect(read(...argv).options).toMatchObject(expected)
  })

  test.each([
    [
      ['-verbose', 'false', '-size=9'],
      ['false', '-size=9'],
    ],
    [
      ['-size=4', '-', '-size=9'],
      ['-', '-size=9'],
    ],
    [['--', '-size=9'], ['-size=9']],
    [
      ['', '-size=9'],
      ['', '-size=9'],
    ],
  ])('%j stop at the first argument that is no flag', (argv, rest) => {
    const result = read(...argv)
    expect(result.rest).toEqual(rest)
    expect(result.options.size).not.toBe(9)
  })

  test('what was given is told apart from what is the default', () => {
    expect([...read('-size=5', '-peer=a').given]).toEqual(['size', 'peers'])
  })
})

describe('usage errors', () => {
  test.each([
    [['-bogus'], 'flag provided but not defined: -bogus'],
    [['--bogus=1', '-size=x'], 'flag provided but not defined: -bogus'],
    [['-size'], 'flag needs an argument: -size'],
    [['-size=abc'], 'invalid value "abc" for flag -size: parse error'],
    [['-size=08'], 'invalid value "08" for flag -size: parse error'],
    [['-size=1__0'], 'invalid value "1__0" for flag -size: parse error'],
    [['-size='], 'invalid value "" for flag -size: parse error'],
    [['-size=9223372036854775808'], 'invalid value "9223372036854775808" for flag -size: value out of range'],
    [['-deflate=maybe'], 'invalid boolean value "maybe" for -deflate: parse error'],
    [['-wait=5'], 'invalid value "5" for flag -wait: parse error'],
    [['---size=1'], 'bad flag syntax: ---size=1'],
    [['--=1'], 'bad flag syntax: --=1'],
    [
      ['-log-level=bogus'],
      `invalid value "bogus" for flag -log-level: invalid log level 'bogus' (debug, info, warn, error, fatal)`,
    ],
    [
      ['-log-level=warning'],
      `invalid value "warning" for flag -log-level: invalid log level 'warning' (debug, info, warn, error, fatal)`,
    ],
  ])('%j: %s', (argv, text) => {
    const exit = exitOf(...argv)
    expect(exit.exitCode).toBe(2)
    expect(exit.stdout).toBe('')
    expect(exit.stderr.startsWith(`${text}\nUsage of prog:\n`)).toBe(true)
  })

  test('64 bits are enough for the largest integer', () => {
    expect(read('-size=-9223372036854775808').options.size).toBe(-(2 ** 63))
  })

  test('a percentile that is no number leaves with 1 and no usage', () => {
    const exit = exitOf('-percentile=0.5,abc')
    expect(exit.exitCode).toBe(1)
    expect(exit.stderr).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Could not parse: abc\n$/)
  })
})

describe('--help and --version', () => {
  test.each(['-h', '--help', '-help'])('%s prints the usage on standard error and leaves with 0', (flag) => {
    const exit = exitOf('-size=7', flag, '-bogus')
    expect(exit.exitCode).toBe(0)
    expect(exit.stdout).toBe('')
    expect(exit.stderr).toBe(
      [
        'Usage of prog:',
        '  -config string',
        '    \thelp text',
        '  -deflate',
        '    \thelp text (default true)',
        '  -log-level value',
        '    \thelp text (default INFO)',
        '  -name string',
        '    \thelp text (default "nobody")',
        '  -peer value',
        '    \thelp text',
        '  -percentile value',
        '    \thelp text',
        '  -size int',
        '    \thelp text (default 5)',
        '  -verbose',
        '    \thelp text',
        '  -version',
        '    \thelp text',
        '  -wait duration',
        '    \thelp text (default 1s)',
        '',
      ].join('\n'),
    )
  })

  test('--version prints one line on standard output and leaves with 0', () => {
    const exit = exitOf('--version', '--config=/does/not/exist')
    expect(exit.exitCode).toBe(0)
    expect(exit.stderr).toBe('')
    expect(exit.stdout).toMatch(/^prog v1\.3\.0 \(built w\/[^)]+\)\n$/)
  })

  test('a usage error counts more than --version', () => {
    expect(exitOf('--version', '--bogus').exitCode).toBe(2)
  })
})
