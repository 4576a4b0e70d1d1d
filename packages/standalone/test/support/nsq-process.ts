import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/nsq.js', import.meta.url))

/** All listeners on free ports. */
export const FREE_PORTS = ['nsqd.tcp', 'nsqd.http', 'nsqlookupd.tcp', 'nsqlookupd.http', 'nsqadmin.http'].map(
  (listener) => `--${listener}-address=127.0.0.1:0`,
)

/** `nsq` as a process of its own; killed at the end of the block if it still runs. */
export class NsqProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], cwd?: string) {
    this.#child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
  }

  /** Resolves with the match once standard output has it; rejects when the process ends without. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.stdout.match(pattern)
      if (match !== null) return match
      const ended = await Promise.race([this.#ended, once(this.#child.stdout!, 'data').then(() => undefined)])
      if (ended !== undefined && !pattern.test(this.stdout)) throw new Error(`nsq ended: ${this.stdout}${this.stderr}`)
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals> {
    const [code, signal] = (await this.#ended) as [number | null, NodeJS.Signals | null]
    return code ?? signal!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
