import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'

const program = fileURLToPath(new URL('fixtures/daemon.mjs', import.meta.url))

/** The daemon as a process of its own. */
class Run {
  readonly child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals | null>
  stdout = ''
  stderr = ''

  constructor(mode: string, args: string[]) {
    this.child = spawn(process.execPath, [program, ...args], { env: { ...process.env, MODE: mode } })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(signal ?? code))
    })
  }

  /** Resolves once the text is in the log; rejects when the process ends without it. */
  async logged(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      const ended = await Promise.race([
        this.ended,
        new Promise<undefined>((resolve) => this.child.stderr?.once('data', () => resolve(undefined))),
      ])
      if (ended !== undefined && !this.stderr.includes(text)) throw new Error(`ended with ${ended}: ${this.stderr}`)
    }
  }
}

const runs: Run[] = []
function run(mode = '', ...args: string[]): Run {
  const started = new Run(mode, args)
  runs.push(started)
  return started
}

afterEach(async () => {
  for (const { child, ended } of runs.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s closes and leaves with 0', async (signal) => {
  const daemon = run()
  await daemon.logged('started')
  daemon.child.kill(signal)
  expect(await daemon.ended).toBe(0)
  expect(daemon.stderr).toMatch(/INFO: closed\n$/)
  expect(daemon.stdout).toBe('')
})

test('the same signal twice at once is one wish to stop', async () => {
  const daemon = run()
  await daemon.logged('started')
  daemon.child.kill('SIGINT')
  daemon.child.kill('SIGINT')
  expect(await daemon.ended).toBe(0)
})

test('a second signal after more than a second leaves at once with 1', async () => {
  const daemon = run('never closes')
  await daemon.logged('started')
  daemon.child.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 1300))
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(1)
})

test('SIGHUP reloads, and an error there ends nothing', async () => {
  const daemon = run('reload fails')
  await daemon.logged('started')
  daemon.child.kill('SIGHUP')
  await daemon.logged('ERROR: reload failed')
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
  await daemon.logged('started')
  daemon.child.kill('SIGUSR1')
  daemon.child.kill('SIGUSR2')
  daemon.child.kill('SIGHUP')
  await daemon.logged('reloaded')
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
  await daemon.logged('started')
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toBe(1)
  expect(daemon.stderr).toContain('FATAL: failed to stop cleanly - Error: cannot close')
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
