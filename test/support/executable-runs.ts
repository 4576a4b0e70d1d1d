import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach } from 'vitest'

/** An executable that was started: what it has written so far, and how it ended. */
export class ExecutableRun {
  readonly child: ChildProcess
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  stdout = ''
  stderr = ''

  constructor(bin: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env } })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(signal ?? code))
    })
  }

  /** Resolves once a line of its log has the text; rejects when the process ends without it. */
  async logged(text: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = text.exec(this.stderr)
      if (found !== null) return found
      const ended = await Promise.race([
        this.ended,
        new Promise<undefined>((resolve) => this.child.stderr?.once('data', () => resolve(undefined))),
      ])
      if (ended !== undefined && !text.test(this.stderr)) throw new Error(`ended with ${ended}: ${this.stderr}`)
    }
  }

  /** The port in the line `<name>: listening on …` of its log, once it is there. */
  async port(name: 'TCP' | 'HTTP'): Promise<number> {
    const found = await this.logged(new RegExp(`INFO: ${name}: listening on \\S+:(\\d+)\n`))
    return Number(found[1])
  }
}

/** Runs of an executable, each of which ends with its test at the latest. Called once, at the top of a test file. */
export function executableRuns(bin: string): (...args: string[]) => ExecutableRun {
  const run = executableRunsIn(bin)
  return (...args) => run({}, ...args)
}

/** As executableRuns, with variables of the environment for each run. */
export function executableRunsIn(
  bin: string,
): (env: Readonly<Record<string, string>>, ...args: string[]) => ExecutableRun {
  const runs: ExecutableRun[] = []
  afterEach(async () => {
    for (const { child, ended } of runs.splice(0)) {
      child.kill('SIGKILL')
      await ended
    }
  })
  return (env, ...args) => {
    const started = new ExecutableRun(bin, args, env)
    runs.push(started)
    return started
  }
}
