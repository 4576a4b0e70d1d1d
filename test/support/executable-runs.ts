import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach } from 'vitest'

/** An executable that was started: what it has written so far, and how it ended. */
export class ExecutableRun {
  readonly child: ChildProcess
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  stdout = ''
  stderr = ''

  constructor(bin: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [bin, ...args])
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(signal ?? code))
    })
  }

  /** The port in the line `<name>: listening on …` of its log, once it is there. */
  async port(name: 'TCP' | 'HTTP'): Promise<number> {
    const line = new RegExp(`INFO: ${name}: listening on \\S+:(\\d+)\n`)
    while (!line.test(this.stderr)) await new Promise((resolve) => this.child.stderr?.once('data', resolve))
    return Number(line.exec(this.stderr)?.[1])
  }
}

/** Runs of an executable, each of which ends with its test at the latest. Called once, at the top of a test file. */
export function executableRuns(bin: string): (...args: string[]) => ExecutableRun {
  const runs: ExecutableRun[] = []
  afterEach(async () => {
    for (const { child, ended } of runs.splice(0)) {
      child.kill('SIGKILL')
      await ended
    }
  })
  return (...args) => {
    const started = new ExecutableRun(bin, args)
    runs.push(started)
    return started
  }
}
