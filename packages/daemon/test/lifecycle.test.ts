import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { type ExecutableRun, executableRunsIn } from '../../../test/support/executable-runs.ts'

const program = fileURLToPath(new URL('fixtures/daemon.mjs', import.meta.url))

const inEnvironment = executableRunsIn(program)
const run = (mode = '', ...args: string[]): ExecutableRun => inEnvironment({ MODE: mode }, ...args)

test.each(['SIGINT', 'SIGTERM'] as const)('%s closes and leaves with 0', async (signal) => {
  const daemon = run()
  await daemon.logged(/started/)
  daemon.child.kill(signal)
  expect(await daemon.ended).toBe(0)
  expect(daemon.stderr).toMatch(/INFO: closed\n$/)
  expect(daemon.stdout).toBe('')
})

test('the same signal twice at once is one wish to stop', async () => {
  const daemon = run()
  await daemon.logged(/started/)
  daemon.child.kill('SIGINT')
  daemon.child.kill('SIGINT')
  expect(await daemon.ended).toBe(0)
})

test('a second signal after more than a second leaves at once with 1', async () => {
  const daemon = run('never closes')
  await daemon.logged(/started/)
  daemon.child.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 1300))
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(1)
})

test('SIGHUP reloads, and an error there ends nothing', async () => {
  const daemon = run('reload fails')
  await daemon.logged(/started/)
  daemon.child.kill('SIGHUP')
  await daemon.logged(/ERROR: reload failed/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(0)
})

test('SIGHUP opens the log file anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsq-daemon-'))
  const path = join(folder, 'testd.log')
  const daemon = run('', '--log-file', path, '--log-prefix=')
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('started'), 20_000)
  renameSync(path, `${path}.1`)
  daemon.child.kill('SIGHUP')
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('reloaded'), 20_000)
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(0)
  expect(readFileSync(path, 'utf8')).toMatch(/INFO: closed\n$/)
  expect(daemon.stderr).toBe('')
  rmSync(folder, { recursive: true })
})

test('SIGUSR1 and SIGUSR2 do nothing, not even open a debugger', async () => {
  const daemon = run()
  await daemon.logged(/started/)
  daemon.child.kill('SIGUSR1')
  daemon.child.kill('SIGUSR2')
  daemon.child.kill('SIGHUP')
  await daemon.logged(/reloaded/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(0)
  expect(daemon.stderr).not.toContain('Debugger')
})

test.each([
  ['refuses', /^\[testd\] .* FATAL: failed to instantiate testd - no reason\n/],
  ['breaks', /^\[testd\] .* FATAL: failed to start testd - TypeError: boom/],
])('a start that %s leaves with 1', async (mode, expected) => {
  const daemon = run(mode, '--log-prefix=other')
  expect(await daemon.ended).toBe(1)
  expect(daemon.stderr).toMatch(expected)
})

test('a create that finds the command line wrong leaves as the command line has it', async () => {
  const daemon = run('knows better')
  expect(await daemon.ended).toBe(2)
  expect(daemon.stderr).toBe('not like this\n')
})

test.each([
  ['fails later', 'listener died'],
  ['throws later', 'unexpected'],
  ['rejects later', 'unexpected'],
])('a daemon that %s closes and leaves with 1', async (mode, text) => {
  const daemon = run(mode)
  expect(await daemon.ended).toBe(1)
  expect(daemon.stderr).toMatch(new RegExp(`FATAL: Error: ${text}`))
  expect(daemon.stderr).toMatch(/INFO: closed\n$/)
})

test('a close that fails leaves with 1', async () => {
  const daemon = run('close fails')
  await daemon.logged(/started/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(1)
  expect(daemon.stderr).toContain('FATAL: failed to stop cleanly - Error: cannot close')
})

test('who reads only the beginning of the usage hears nothing of the rest', async () => {
  const daemon = run('', '--help')
  daemon.child.stderr?.destroy()
  expect(await daemon.ended).toBe(1)
})

test.each([
  ['--version', 0, 'stdout', /^testd v1\.3\.0 \(built w\/[^)]+\)\n$/],
  ['--help', 0, 'stderr', /^Usage of testd:\n/],
  ['--bogus', 2, 'stderr', /^flag provided but not defined: -bogus\nUsage of testd:\n/],
  ['--config=/does/not/exist', 1, 'stderr', /FATAL: failed to load config file \/does\/not\/exist - /],
  ['--log-file=/does/not/exist/log', 1, 'stderr', /FATAL: failed to open log file - /],
] as const)('%s leaves with %i', async (flag, code, stream, text) => {
  const daemon = run('', flag)
  expect(await daemon.ended).toBe(code)
  expect(daemon[stream]).toMatch(text)
  expect(daemon[stream === 'stdout' ? 'stderr' : 'stdout']).toBe('')
})
