import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { executableRuns } from '../../../test/support/executable-runs.ts'
import { LookupClient } from './fixtures/lookup-client.ts'

const bin = fileURLToPath(new URL('../bin/nsqlookupd.js', import.meta.url))
const FREE = ['--tcp-address=127.0.0.1:0', '-http-address', '127.0.0.1:0']

const run = executableRuns(bin)

test.each(['SIGTERM', 'SIGINT'] as const)('logs where it listens, and leaves with 0 on %s', async (signal) => {
  const nsqlookupd = run(...FREE)
  const [tcp, http] = [await nsqlookupd.port('TCP'), await nsqlookupd.port('HTTP')]
  using client = new LookupClient(tcp)
  await client.identify()
  nsqlookupd.child.kill(signal)
  expect(await nsqlookupd.ended).toBe(0)
  expect(await client.untilEnd()).toEqual([])
  const texts = nsqlookupd.stderr.split('\n').map((line) => line.replace(/^\[nsqlookupd\] .{26} /, ''))
  expect(texts[0]).toMatch(/^INFO: nsqlookupd v1\.3\.0 \(built w\/.+\)$/)
  expect(texts).toEqual(
    expect.arrayContaining([`INFO: TCP: closing 127.0.0.1:${tcp}`, `INFO: HTTP: closing 127.0.0.1:${http}`]),
  )
})

test('a configuration file sets options, flags win', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsqlookupd-'))
  const path = join(folder, 'nsqlookupd.cfg')
  writeFileSync(path, 'log_prefix = "[from file] "\nbroadcast_address = "file.example"\nhttp_address = "127.0.0.1:1"\n')
  const nsqlookupd = run(`--config=${path}`, ...FREE)
  using client = new LookupClient(await nsqlookupd.port('TCP'))
  expect(await client.identify()).toMatchObject({ broadcast_address: 'file.example' })
  expect(nsqlookupd.stderr.startsWith('[from file] ')).toBe(true)
  rmSync(folder, { recursive: true })
})

test('a taken port is a FATAL line and code 1', async () => {
  const first = run(...FREE)
  const port = await first.port('TCP')
  const second = run(`--tcp-address=127.0.0.1:${port}`)
  expect(await second.ended).toBe(1)
  expect(second.stderr).toMatch(
    /FATAL: failed to instantiate nsqlookupd - listen \(127\.0\.0\.1:\d+\) failed - bind: address already in use\n/,
  )
})

test.each([
  [['--version'], 0, /^nsqlookupd v1\.3\.0 \(built w\//, /^$/],
  [['-help'], 0, /^$/, /^Usage of nsqlookupd:\n/],
  [
    ['--inactive-producer-timeout=5'],
    2,
    /^$/,
    /^invalid value "5" for flag -inactive-producer-timeout: parse error\nUsage/,
  ],
  [['--log-level=warning'], 2, /^$/, /^invalid value "warning" for flag -log-level: /],
])('%j leaves with %i', async (args, code, stdout, stderr) => {
  const nsqlookupd = run(...args)
  expect(await nsqlookupd.ended).toBe(code)
  expect(nsqlookupd.stdout).toMatch(stdout)
  expect(nsqlookupd.stderr).toMatch(stderr)
})
