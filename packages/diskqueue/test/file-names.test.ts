import { describe, expect, test } from 'vitest'
import { dataFileName, parseFileName, parseQueueName, queueName } from '../src/index.ts'

describe('file names', () => {
  test.each([
    ['events.diskqueue.meta.dat', { kind: 'metadata', queue: 'events' }],
    ['events:audit.diskqueue.meta.dat', { kind: 'metadata', queue: 'events:audit' }],
    ['events.diskqueue.000000.dat', { kind: 'data', queue: 'events', number: 0 }],
    ['events.diskqueue.1000000.dat', { kind: 'data', queue: 'events', number: 1000000 }],
    ['t#ephemeral:c.diskqueue.000012.dat.bad', { kind: 'bad', queue: 't#ephemeral:c', number: 12 }],
    ['events.diskqueue.meta.dat.5577006791947779410.tmp', { kind: 'temporary', queue: 'events' }],
    ['a.diskqueue.meta.dat.diskqueue.000001.dat', { kind: 'data', queue: 'a.diskqueue.meta.dat', number: 1 }],
  ])('%s is understood', (file, parsed) => {
    expect(parseFileName(file)).toEqual(parsed)
  })

  test.each([
    'nsqd.dat',
    'events.dat',
    '.diskqueue.meta.dat',
    'events.diskqueue.00000.dat',
    'events.diskqueue.0000001.dat',
    'events.diskqueue.99999999999999999999.dat',
    'events.diskqueue.000000.dat.old',
    'events.diskqueue.-00001.dat',
    'events.diskqueue.meta.dat.bad',
    'events.diskqueue.000000.dat\n',
  ])('%j is no file of a queue', (file) => {
    expect(parseFileName(file)).toBeUndefined()
  })

  test('the number of a data file has six digits, or more where it needs them', () => {
    expect(dataFileName('t', 7)).toBe('t.diskqueue.000007.dat')
    expect(dataFileName('t', 1234567)).toBe('t.diskqueue.1234567.dat')
  })

  test('a queue belongs to a topic, or to a channel behind the colon, on Windows the semicolon', () => {
    expect(parseQueueName('events')).toEqual({ topic: 'events' })
    expect(parseQueueName('events:audit')).toEqual({ topic: 'events', channel: 'audit' })
    expect(parseQueueName('events;audit')).toEqual({ topic: 'events', channel: 'audit' })
    expect(queueName('events')).toBe('events')
    expect(queueName('events', 'audit', 'linux')).toBe('events:audit')
    expect(queueName('events', 'audit', 'win32')).toBe('events;audit')
  })
})
