import { hostname } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { formatDatetime } from '../src/nsq-to-file/datetime.ts'
import { FileName, withRevision } from '../src/nsq-to-file/file-name.ts'

const ZONE = process.env['TZ']
afterEach(() => {
  if (ZONE === undefined) delete process.env['TZ']
  else process.env['TZ'] = ZONE
})

test('the conversions of a date, and what is none stays', () => {
  process.env['TZ'] = 'UTC'
  const date = new Date('2026-03-01T00:04:09Z')
  for (const [format, text] of [
    ['%Y-%m-%d_%H', '2026-03-01_00'],
    ['%y %b %B %a %A', '26 Mar March Sun Sunday'],
    ['%I:%M:%S %p', '12:04:09 AM'],
    ['%z %Z', '+0000 UTC'],
    ['100%% %j %', '100% %j %'],
    ['v2-%H-Jan', 'v2-00-Jan'], // literal text is not a date
  ] as const) {
    expect({ format, text: formatDatetime(format, date) }).toEqual({ format, text })
  }
})

test('dates are local', () => {
  process.env['TZ'] = 'Asia/Kolkata'
  expect(formatDatetime('%d %H:%M %z', new Date('2026-03-01T20:00:00Z'))).toBe('02 01:30 +0530')
  process.env['TZ'] = 'Europe/Berlin'
  expect(formatDatetime('%Z', new Date('2026-01-01T00:00:00Z'))).toBe('CET')
  process.env['TZ'] = 'America/New_York'
  expect(formatDatetime('%Z', new Date('2026-07-01T00:00:00Z'))).toBe('EDT')
  process.env['TZ'] = 'America/Sao_Paulo'
  expect(formatDatetime('%Z', new Date('2026-01-01T00:00:00Z'))).toBe('-03')
  process.env['TZ'] = 'America/St_Johns'
  expect(formatDatetime('%z', new Date('2026-01-01T00:00:00Z'))).toBe('-0330')
})

const OPTIONS = {
  filenameFormat: '<TOPIC>.<HOST><REV>.<DATETIME>.log',
  datetimeFormat: '%Y',
  hostIdentifier: '',
  gzip: false,
}
const SHORT = hostname().split('.', 1)[0]

test('all places in a format are filled, and a topic is never taken for a place', () => {
  const name = (changes: object, topic = 't', needsRevision = true): string => {
    return withRevision(new FileName(topic, { ...OPTIONS, ...changes }, needsRevision).at(0), 7)
  }
  const year = new Date(0).getFullYear()
  expect(name({})).toBe(`t.${SHORT}-000007.${year}.log`)
  expect(name({}, 't', false)).toBe(`t.${SHORT}.${year}.log`)
  expect(name({ gzip: true })).toBe(`t.${SHORT}-000007.${year}.log.gz`)
  expect(name({ gzip: true, filenameFormat: 'x<REV>.gz' })).toBe('x-000007.gz')
  expect(name({ hostIdentifier: 'a-<SHORT_HOST>-<HOSTNAME>' })).toBe(`t.a-${SHORT}-${hostname()}-000007.${year}.log`)
  expect(name({ filenameFormat: '<TOPIC>/<PID>/<TOPIC><REV>' })).toBe(`t/${process.pid}/t-000007`)
  expect(name({ filenameFormat: '<TOPIC><REV>' }, '$&')).toBe('$&-000007')
})

test('a format without a place for the revision is refused where one is needed', () => {
  expect(() => new FileName('t', { ...OPTIONS, filenameFormat: 'x' }, true)).toThrow('missing <REV>')
})
