// Real daemons as child processes, on free ports. They are ours, unless NSQ_TEST_NSQD and NSQ_TEST_NSQLOOKUPD name others: the
// suite is the same for any nsqd.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url))

/** True where there is an nsqd to test against. */
export const hasBroker: boolean =
  process.env['NSQ_TEST_NSQD'] !== undefined || existsSync(join(PACKAGES, 'nsqd/dist/main.js'))
/** True where there is an nsqlookupd to test against. */
export const hasLookupd: boolean =
  process.env['NSQ_TEST_NSQLOOKUPD'] !== undefined || existsSync(join(PACKAGES, 'nsqlookupd/dist/main.js'))

export class Daemon implements AsyncDisposable {
  readonly tcpPort: number
  readonly httpPort: number
  readonly #process: ChildProcess
  readonly #folder: string
  output = ''

  constructor(process: ChildProcess, tcpPort: number, httpPort: number, folder: string) {
    this.#process = process
    this.tcpPort = tcpPort
    this.httpPort = httpPort
    this.#folder = folder
    for (const stream of [process.stdout, process.stderr])
      stream?.on('data', (text: Buffer) => (this.output += text.toString()))
  }

  get address(): string {
    return `127.0.0.1:${this.tcpPort}`
  }

  get httpAddress(): string {
    return `127.0.0.1:${this.httpPort}`
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  async http(path: string, method = 'GET', body?: string): Promise<unknown> {
    const response = await fetch(
      `http://${this.httpAddress}${path}`,
      body === undefined ? { method } : { method, body },
    )
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text.startsWith('{') ? JSON.parse(text) : text
  }

  /** Ends the process; its data stay until the last dispose. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasExited) return
    const exited = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** @param flags added to the addresses and the data path */
export function startNsqd(flags: readonly string[] = [], tcpPort?: number): Promise<Daemon> {
  const command = process.env['NSQ_TEST_NSQD'] ?? `${process.execPath} ${join(PACKAGES, 'nsqd/bin/nsqd.js')}`
  return start(command, ['--broadcast-address=127.0.0.1', ...flags], true, tcpPort)
}

export function startNsqlookupd(flags: readonly string[] = []): Promise<Daemon> {
  const command =
    process.env['NSQ_TEST_NSQLOOKUPD'] ?? `${process.execPath} ${join(PACKAGES, 'nsqlookupd/bin/nsqlookupd.js')}`
  return start(command, flags, false)
}

/** Tries again on other ports where one that was free has been taken meanwhile. */
async function start(
  command: string,
  flags: readonly string[],
  hasData: boolean,
  fixedTcpPort?: number,
): Promise<Daemon> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(command, flags, hasData, fixedTcpPort)
    } catch (error) {
      if (tries === 3 || !/EADDRINUSE|address already in use/.test(String(error))) throw error
    }
  }
}

async function startOnce(
  command: string,
  flags: readonly string[],
  hasData: boolean,
  fixedTcpPort: number | undefined,
): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'nsq-client-test-'))
  const tcpPort = fixedTcpPort ?? (await freePort())
  const httpPort = await freePort()
  const [file = '', ...args] = command.split(' ')
  const child = spawn(
    file,
    [
      ...args,
      `--tcp-address=127.0.0.1:${tcpPort}`,
      `--http-address=127.0.0.1:${httpPort}`,
      ...(hasData ? [`--data-path=${folder}`] : []),
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const daemon = new Daemon(child, tcpPort, httpPort, folder)
  // A test that runs into its time limit disposes of nothing.
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  const deadline = performance.now() + 20_000
  for (;;) {
    try {
      await daemon.http('/ping')
      return daemon
    } catch (error) {
      if (daemon.hasExited || performance.now() > deadline) {
        await daemon[Symbol.asyncDispose]()
        throw new Error(`${command} did not start: ${daemon.output}`, { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
