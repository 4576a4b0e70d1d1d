import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { executableRuns } from '../../../test/support/executable-runs.ts'
import { ask } from './fixtures/admin.ts'

const bin = fileURLToPath(new URL('../bin/nsqadmin.js', import.meta.url))
const FREE = ['-http-address', '127.0.0.1:0']
const LOOKUPD = '--lookupd-http-address=127.0.0.1:1'

const run = executableRuns(bin)

test.each(['SIGTERM', 'SIGINT'] as const)('logs where it listens, and leaves with 0 on %s', async (signal) => {
  const nsqadmin = run(...FREE, LOOKUPD, LOOKUPD.replace(':1', ':2'))
  const port = await nsqadmin.port('HTTP')
  expect((await ask(port, '/config/nsqlookupd_http_addresses')).json).toEqual(['127.0.0.1:1', '127.0.0.1:2'])
  nsqadmin.child.kill(signal)
  expect(await nsqadmin.ended).toBe(0)
  const texts = nsqadmin.stderr.split('\n').map((line) => line.replace(/^\[nsqadmin\] .{26} /, ''))
  expect(texts[0]).toMatch(/^INFO: nsqadmin v1\.3\.0 \(built w\/.+\)$/)
  expect(
    texts.some((text) => /^INFO: 200 GET \/config\/nsqlookupd_http_addresses \(127\.0\.0\.1:\d+\) /.test(text)),
  ).toBe(true)
  expect(texts).toContain(`INFO: HTTP: closing 127.0.0.1:${port}`)
})

test('a configuration file sets options under the original’s keys, flags win', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-config-'))
  const path = join(folder, 'nsqadmin.cfg')
  writeFileSync(path, 'nsqlookupd_http_addresses = ["127.0.0.1:1"]\nadmin_users = ["a"]\nstatsd_interval = "10s"\n')
  const nsqadmin = run(`--config=${path}`, '--statsd-interval=20s', ...FREE)
  const port = await nsqadmin.port('HTTP')
  expect((await ask(port, '/config/nsqlookupd_http_addresses')).json).toEqual(['127.0.0.1:1'])
  expect((await ask(port, '/config/admin_users')).json).toEqual(['a'])
  expect((await ask(port, '/config/statsd_interval')).json).toBe(20e9)
  rmSync(folder, { recursive: true })
})

test('options that do not fit are a FATAL line and code 1', async () => {
  const nsqadmin = run()
  expect(await nsqadmin.ended).toBe(1)
  expect(nsqadmin.stderr).toMatch(
    /FATAL: failed to instantiate nsqadmin - --nsqd-http-address or --lookupd-http-address required\n/,
  )
})

test('a taken port is a FATAL line and code 1', async () => {
  const port = await run(...FREE, LOOKUPD).port('HTTP')
  const second = run(`--http-address=127.0.0.1:${port}`, LOOKUPD)
  expect(await second.ended).toBe(1)
  expect(second.stderr).toMatch(
    /FATAL: failed to instantiate nsqadmin - listen \(127\.0\.0\.1:\d+\) failed - bind: address already in use\n/,
  )
})

test.each([
  [['--version'], 0, /^nsqadmin v1\.3\.0 \(built w\//, /^$/],
  [['-help'], 0, /^$/, /^Usage of nsqadmin:\n/],
  [['--statsd-interval=5'], 2, /^$/, /^invalid value "5" for flag -statsd-interval: parse error\nUsage/],
  [['auth-line'], 2, /^$/, /^usage: nsqadmin auth-line NAME viewer\|operator\n/],
])('%j leaves with %i', async (args, code, stdout, stderr) => {
  const nsqadmin = run(...args)
  expect(await nsqadmin.ended).toBe(code)
  expect(nsqadmin.stdout).toMatch(stdout)
  expect(nsqadmin.stderr).toMatch(stderr)
})
