import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LOG_LEVEL, Logger, openLogDestination, parseLogLevel, silentLogger } from '../src/index.ts'

function recording() {
  const lines: string[] = []
  return { lines, destination: { write: (line: string) => lines.push(line), reopen() {}, close() {} } }
}

describe('lines', () => {
  test('carry prefix, local date and time to the microsecond, level and text', () => {
    const { lines, destination } = recording()
    const logger = new Logger({ prefix: '[nsqd] ', level: LOG_LEVEL.debug, destination })
    logger.debug('d')
    logger.info('ID: 617')
    logger.warn('w')
    logger.error('e')
    logger.fatal('f')
    expect(lines.map((line) => line.replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}/, '<time>'))).toEqual([
      '[nsqd] <time> DEBUG: d\n',
      '[nsqd] <time> INFO: ID: 617\n',
      '[nsqd] <time> WARNING: w\n',
      '[nsqd] <time> ERROR: e\n',
      '[nsqd] <time> FATAL: f\n',
    ])
    const now = new Date()
    expect(lines[0]).toContain(`${now.getFullYear()}/${String(now.getMonth() + 1).padStart(2, '0')}/`)
  })

  test('times never run backwards', () => {
    const { lines, destination } = recording()
    const logger = new Logger({ prefix: '', destination })
    for (let index = 0; index < 2000; index++) logger.info('x')
    const times = lines.map((line) => line.slice(0, 26))
    expect(times).toEqual([...times].sort())
  })

  test('what a peer sends cannot fake a line', () => {
    const { lines, destination } = recording()
    new Logger({ prefix: '', destination }).info('topic a\nFATAL: fake\r\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/INFO: topic a\\nFATAL: fake\\r\\n\n$/)
  })
})

describe('levels', () => {
  test.each([
    ['debug', 5],
    ['info', 4],
    ['WARN', 3],
    ['Error', 2],
    ['fatal', 1],
  ])('at %s, %i of the five levels are written', (word, count) => {
    const { lines, destination } = recording()
    const logger = new Logger({ prefix: '', level: parseLogLevel(word), destination })
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level]('x')
    expect(lines).toHaveLength(count)
  })

  test('may be changed while running, and a line that is off is not even built', () => {
    const { lines, destination } = recording()
    const logger = new Logger({ prefix: '', destination })
    const build = vi.fn<() => string>(() => 'built')
    logger.debug(build)
    expect(build).not.toHaveBeenCalled()
    logger.level = LOG_LEVEL.debug
    logger.debug(build)
    expect(lines).toHaveLength(1)
  })

  test.each(['warning', '2', '', 'toString'])('%j is no level', (word) => {
    expect(() => parseLogLevel(word)).toThrow('invalid log level')
  })

  test('the silent logger takes everything', () => {
    expect(() => silentLogger().fatal('x')).not.toThrow()
  })
})

describe('a log file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsq-log-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is appended to, and opened anew after it was moved away', () => {
    const path = join(folder, 'nsqd.log')
    const destination = openLogDestination(path)
    destination.write('one\n')
    renameSync(path, `${path}.1`)
    destination.write('two\n')
    destination.reopen()
    destination.write('three\n')
    destination.close()
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\n')
    expect(readFileSync(path, 'utf8')).toBe('three\n')
  })

  test('that cannot be opened again stays in use', () => {
    const path = join(folder, 'logs')
    const destination = openLogDestination(path)
    destination.write('one\n')
    rmSync(folder, { recursive: true })
    expect(() => destination.reopen()).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect(() => destination.write('two\n')).not.toThrow()
    destination.close()
    folder = mkdtempSync(join(tmpdir(), 'nsq-log-'))
  })

  test.skipIf(process.platform !== 'linux')('on a full disk loses lines and nothing else', () => {
    const destination = openLogDestination('/dev/full')
    expect(() => destination.write('one\n')).not.toThrow()
    destination.close()
  })
})
