import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseClientOption } from '../src/client-options/client-option.ts'
import { connectionOptions } from '../src/client-options/connection-options.ts'
import { consumerOptions } from '../src/client-options/consumer-options.ts'
import { toolsFlagsPage } from '../src/flags-page.ts'
import { mergeHeaders, parseHeaders } from '../src/nsq-to-http/headers.ts'
import { fillUrl, isUrlTemplate } from '../src/nsq-to-http/url-template.ts'
import { highlightJson } from '../src/terminal/highlight-json.ts'

test('the page of flags is made from the tables', () => {
  const page = readFileSync(new URL('../../../docs/tools-flags.md', import.meta.url), 'utf8')
  expect(page).toBe(toolsFlagsPage())
})

test('options of the library, as go-nsq takes and refuses them', () => {
  expect(parseClientOption('client-id,a,b')).toEqual(['client_id', 'a,b'])
  expect(parseClientOption('snappy')).toEqual(['snappy', true])
  expect(parseClientOption('read_timeout,1m30s')).toEqual(['read_timeout', 90_000])
  for (const [option, text] of [
    ['nosuch,1', 'invalid option nosuch'],
    ['max_attempts,many', 'failed to coerce option max_attempts (many) - '],
    ['max_attempts,99999', 'invalid max_attempts ! 99999 > 65535'],
    ['read_timeout,5', 'failed to coerce option read_timeout (5) - time: missing unit in duration "5"'],
    ['read_timeout,50ms', 'invalid read_timeout ! 50ms < 100ms'],
    ['heartbeat_interval,-1', 'failed to coerce option heartbeat_interval (-1) - time: missing unit'],
    ['deflate,maybe', 'failed to coerce option deflate (maybe) - '],
    ['deflate_level,12', 'invalid deflate_level ! 12 > 9'],
    ['tls_min_version,tls9', 'ERROR: tls9 is not a tls version'],
    ['tls_root_ca_file,/no/such', 'ERROR: failed to read /no/such'],
    ['local_addr,2', 'failed to coerce option local_addr (2) - address 2: missing port in address'],
    ['constructor,1', 'invalid option constructor'],
  ] as const) {
    expect(() => parseClientOption(option)).toThrow(text)
  }
})

test('options of the library become those of our client', () => {
  const given = new Map(
    [
      'tls_v1',
      'tls_insecure_skip_verify',
      'deflate',
      'deflate_level,3',
      'auth_secret,s',
      'max_attempts,9',
      'msg_timeout,5s',
    ].map(parseClientOption),
  )
  expect(consumerOptions('nsq_tail', given)).toMatchObject({
    tls: { rejectUnauthorized: false },
    deflate: 3,
    authSecret: 's',
    lookupdToken: 's',
    maxAttempts: 9,
    msgTimeout: 5000,
  })
  expect(consumerOptions('nsq_tail', new Map([['max_backoff_duration', 0]])).backoff).toBe(false)
  expect(() => connectionOptions('nsq_tail', new Map([['read_timeout', 1000]]))).toThrow(
    'HeartbeatInterval 30s must be less than ReadTimeout 1s',
  )
})

test('addresses for GET are printf strings with one place', () => {
  for (const [template, is] of [
    ['http://h/%s', true],
    ['http://h/%%20/%s', true],
    ['http://h/', false],
    ['http://h/%s/%s', false],
    ['http://h/%s?x=%d', false],
    ['http://h/%s%', false],
  ] as const) {
    expect({ template, is: isUrlTemplate(template) }).toEqual({ template, is })
  }
  expect(fillUrl('http://h/%%20/%s', Buffer.from([0x61, 0x20, 0x2f, 0xff, 0x25]))).toBe('http://h/%20/a+%2F%FF%25')
})

test('headers that are given stand in for the defaults, but for Host', () => {
  const headers = mergeHeaders(
    { 'User-Agent': 'x', 'Content-Type': 'y' },
    parseHeaders(['user-agent: me', 'A:b:c', 'host: no']),
  )
  expect(headers).toEqual({ 'Content-Type': 'y', 'user-agent': 'me', A: 'b:c' })
})

test('JSON is laid out without losing a digit, and what is none is left alone', () => {
  // eslint-disable-next-line no-control-regex -- colours
  const shown = (text: string): string | undefined => highlightJson(text)?.replaceAll(/\u001B\[\d+m/g, '')
  expect(shown('{"a":{},"b":[],"c":[1e400,"x, {y}"]}')).toBe(
    '{\n  "a": {},\n  "b": [],\n  "c": [\n    1e400,\n    "x, {y}"\n  ]\n}',
  )
  for (const text of ['12', '{"a"', 'text', '']) expect(shown(text)).toBeUndefined()
})
