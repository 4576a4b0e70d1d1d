// nsqlookupd as its users run it: the executable in a process of its own.
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

const EXECUTABLE = fileURLToPath(new URL('../../packages/nsqlookupd/bin/nsqlookupd.js', import.meta.url))
const START_TIMEOUT_MS = 20_000

export interface LookupdPorts {
  readonly tcpPort: number
  readonly httpPort: number
}

type Subprocess = ReturnType<typeof spawnNsqlookupd>

/** A running nsqlookupd of 127.0.0.1. `await using` stops it. */
export class NsqlookupdProcess implements AsyncDisposable {
  readonly tcpPort: number
  readonly httpPort: number
  readonly #subprocess: Subprocess
  #log = ''
  #running = true

  private constructor(subprocess: Subprocess, { tcpPort, httpPort }: LookupdPorts) {
    this.tcpPort = tcpPort
    this.httpPort = httpPort
    this.#subprocess = subprocess
    subprocess.stderr.setEncoding('utf8')
    subprocess.stderr.on('data', (text: string) => (this.#log = (this.#log + text).slice(-32_768)))
    void subprocess.then(() => (this.#running = false))
  }

  /** @param ports those of one that was killed; without, free ones @throws when it does not listen in time */
  static async start(ports?: LookupdPorts): Promise<NsqlookupdProcess> {
    const chosen = ports ?? { tcpPort: await freePort(), httpPort: await freePort() }
    const lookupd = new NsqlookupdProcess(spawnNsqlookupd(chosen), chosen)
    try {
      await eventually(() => lookupd.#listens(), { what: 'nsqlookupd listens', timeoutMs: START_TIMEOUT_MS })
    } catch (error) {
      await lookupd.kill()
      throw new Error(`nsqlookupd did not start; its log:\n${lookupd.#log}`, { cause: error })
    }
    return lookupd
  }

  /** The flag for an nsqd that is to register here. */
  get flag(): string {
    return `--lookupd-tcp-address=127.0.0.1:${this.tcpPort}`
  }

  get httpAddress(): string {
    return `127.0.0.1:${this.httpPort}`
  }

  /** GET, as JSON. @throws for any status but 200 */
  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`http://${this.httpAddress}${path}`)
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    return (await answer.json()) as T
  }

  async post(path: string): Promise<void> {
    const answer = await fetch(`http://${this.httpAddress}${path}`, { method: 'POST' })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  }

  /** The TCP ports of the nsqds that it knows, in order. */
  async nodePorts(): Promise<number[]> {
    const { producers } = await this.get<{ producers: { tcp_port: number }[] }>('/nodes')
    return producers.map(({ tcp_port }) => tcp_port).sort((a, b) => a - b)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#subprocess.kill('SIGKILL')
    await this.#subprocess
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subprocess.kill('SIGTERM')
    await this.#subprocess
  }

  #listens(): boolean {
    if (!this.#running) throw new Error('nsqlookupd has left')
    return this.#log.includes('HTTP: listening on') && this.#log.includes('TCP: listening on')
  }
}

function spawnNsqlookupd({ tcpPort, httpPort }: LookupdPorts) {
  const flags = [
    `--tcp-address=127.0.0.1:${tcpPort}`,
    `--http-address=127.0.0.1:${httpPort}`,
    '--broadcast-address=127.0.0.1',
  ]
  return execa(process.execPath, [EXECUTABLE, ...flags], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    forceKillAfterDelay: 10_000,
  })
}
