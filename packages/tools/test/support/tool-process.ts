// A utility as its users run it: the executable in a process of its own.
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { eventually, within } from '../../../../test/support/eventually.ts'

const END_TIMEOUT_MS = 20_000

export interface ToolSettings {
  readonly env?: Record<string, string>
  /** Commands of a shell that come before it: limits, for example. */
  readonly shell?: string
}

/** Paths of the executables, by name. */
export function executable(name: string): string {
  return fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url))
}

/** A running tool. `await using` kills it. */
export class ToolProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #closed: Promise<unknown>
  #stdout = ''
  #stderr = ''

  constructor(name: string, args: readonly string[], { env, shell }: ToolSettings = {}) {
    const command = [process.execPath, executable(name), ...args]
    const [file = '', ...rest] =
      shell === undefined ? command : ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...command]
    this.#child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.#child.stdin.on('error', () => undefined) // it may leave before it has read all
    this.#child.stdout.on('data', (text: Buffer) => (this.#stdout += text.toString()))
    this.#child.stderr.on('data', (text: Buffer) => (this.#stderr += text.toString()))
    this.#closed = once(this.#child, 'close')
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Whole lines on standard output. */
  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1)
  }

  /** The last line on standard error, without its time. */
  get lastWords(): string {
    return (this.#stderr.trimEnd().split('\n').at(-1) ?? '').replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '')
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  write(input: string | Buffer): void {
    this.#child.stdin.write(input)
  }

  endInput(input = ''): void {
    this.#child.stdin.end(input)
  }

  /** The reader of its standard output goes away. */
  breakStdout(): void {
    this.#child.stdout.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, or the signal that ended it, once it has ended. @throws when it does not */
  async ended(): Promise<number | string> {
    await within(END_TIMEOUT_MS, `it ends; it said:\n${this.#stderr.slice(-2000)}`, this.#closed)
    return this.#child.exitCode ?? this.#child.signalCode ?? 'nothing'
  }

  /** A signal, and the end. */
  quit(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.signal(signal)
    return this.ended()
  }

  /** Waits for something in its log. */
  async says(text: string): Promise<void> {
    await eventually(() => this.#stderr.includes(text), { what: `${text}; it said:\n${this.#stderr.slice(-2000)}` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.signal('SIGKILL')
    await this.#closed
  }
}

/** Runs a tool to its end. */
export async function runToEnd(
  name: string,
  args: readonly string[],
  { input = '', ...settings }: ToolSettings & { input?: string } = {},
): Promise<ToolProcess & { code: number | string }> {
  const tool = new ToolProcess(name, args, settings)
  tool.endInput(input)
  try {
    return Object.assign(tool, { code: await tool.ended() })
  } finally {
    await tool[Symbol.asyncDispose]()
  }
}
