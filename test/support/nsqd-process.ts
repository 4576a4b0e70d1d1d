// nsqd as its users run it: the executable in a process of its own, on free ports, with a data path that goes with it.
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { eventually } from './eventually.ts'
import { V2Client, type V2ClientSettings } from './v2-client.ts'

const EXECUTABLE = fileURLToPath(new URL('../../packages/nsqd/bin/nsqd.js', import.meta.url))
const START_TIMEOUT_MS = 20_000
/** nsqd has this long to leave after a SIGTERM; then it is killed, and `stop` fails. */
const STOP_TIMEOUT_MS = 20_000
/** Characters of the log that are kept for whoever looks into a failure. */
const LOG_KEPT = 32_768
/** What only an error that nobody caught leaves in a log: a FATAL line, or a stack. */
const CRASH = /FATAL|Uncaught|uncaught|^ {4}at /m

/** What /stats says of one channel; counts of messages. */
export interface ChannelStats {
  channel_name: string
  paused: boolean
  depth: number
  backend_depth: number
  in_flight_count: number
  deferred_count: number
  message_count: number
  requeue_count: number
  timeout_count: number
  client_count: number
  clients: { remote_address: string; state: number; in_flight_count: number; ready_count: number }[]
}

export interface TopicStats {
  topic_name: string
  paused: boolean
  depth: number
  message_count: number
  channels: ChannelStats[]
}

export interface HttpAnswer {
  status: number
  text: string
}

export interface NsqdProcessSettings {
  /** An existing folder, which stays when nsqd goes. Default: one of its own, removed in the end. */
  readonly dataPath?: string
}

type Subprocess = ReturnType<typeof spawnNsqd>

/** A running nsqd. `await using` stops it, and removes the data path that was made for it. */
export class NsqdProcess implements AsyncDisposable {
  readonly dataPath: string
  readonly pid: number
  tcpPort = 0
  httpPort = 0

  readonly #subprocess: Subprocess
  readonly #ownsDataPath: boolean
  readonly #clients = new Set<V2Client>()
  #log = ''
  #crash: string | undefined
  #exit: { exitCode: number | undefined; signal: string | undefined } | undefined

  private constructor(subprocess: Subprocess, dataPath: string, ownsDataPath: boolean) {
    this.#subprocess = subprocess
    this.dataPath = dataPath
    this.#ownsDataPath = ownsDataPath
    this.pid = subprocess.pid ?? -1
    subprocess.stderr.setEncoding('utf8')
    subprocess.stderr.on('data', (text: string) => this.#read(text))
    void subprocess.then(({ exitCode, signal }) => (this.#exit = { exitCode, signal }))
  }

  /** @param flags beside those for addresses and data path @throws when it does not listen in time; with its log */
  static async start(flags: readonly string[] = [], settings: NsqdProcessSettings = {}): Promise<NsqdProcess> {
    const nsqd = await NsqdProcess.spawn(flags, settings)
    try {
      await nsqd.listening()
    } catch (error) {
      await nsqd[Symbol.asyncDispose]()
      throw new Error(`nsqd did not start; its log:\n${nsqd.log}`, { cause: error })
    }
    return nsqd
  }

  /** As start, for those who do not wait until it listens. */
  static async spawn(flags: readonly string[], settings: NsqdProcessSettings = {}): Promise<NsqdProcess> {
    const dataPath = settings.dataPath ?? (await mkdtemp(join(tmpdir(), 'nsqd-')))
    return new NsqdProcess(spawnNsqd(dataPath, flags), dataPath, settings.dataPath === undefined)
  }

  /** Resolves when it can be talked to, with all that it found restored. @throws when it leaves, or takes too long */
  listening(): Promise<void> {
    return eventually(() => this.#findPorts(), { what: 'nsqd listens', timeoutMs: START_TIMEOUT_MS, intervalMs: 5 })
  }

  /** The last of what it logged. */
  get log(): string {
    return this.#log
  }

  /** The part of the log that shows a crash; undefined as long as there was none. */
  get crash(): string | undefined {
    return this.#crash
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  // ---- talking to it ----

  /** A raw client that goes away with nsqd, unless it went before. */
  async connect(settings: V2ClientSettings = {}): Promise<V2Client> {
    const client = await V2Client.connect(this.tcpPort, settings)
    this.#clients.add(client)
    void client.closed.then(() => this.#clients.delete(client))
    return client
  }

  /** @param body sent as it is; a POST without one has an empty body */
  async http(method: 'GET' | 'POST' | 'PUT', path: string, body?: string | Buffer): Promise<HttpAnswer> {
    const init = body === undefined ? { method } : { method, body }
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, init)
    return { status: answer.status, text: await answer.text() }
  }

  /** Everything less important than errors is logged no more: for tests that would fill the log. */
  async hush(): Promise<void> {
    await this.http('PUT', '/config/log_level', 'error')
  }

  async topics(): Promise<TopicStats[]> {
    const { text } = await this.http('GET', '/stats?format=json&include_mem=false')
    return (JSON.parse(text) as { topics: TopicStats[] }).topics
  }

  /** @throws when there is no such channel */
  async channel(topicName: string, channelName: string): Promise<ChannelStats> {
    const topic = (await this.topics()).find(({ topic_name }) => topic_name === topicName)
    const channel = topic?.channels.find(({ channel_name }) => channel_name === channelName)
    if (channel === undefined) throw new Error(`no channel ${channelName} of topic ${topicName}`)
    return channel
  }

  // ---- what it takes (Linux) ----

  /** Resident memory in bytes. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }

  /** Sockets that it has open; data files come and go by other rules. */
  async openSocketCount(): Promise<number> {
    const folder = `/proc/${this.pid}/fd`
    const targets = await Promise.all(
      (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => 'closed meanwhile')),
    )
    return targets.filter((target) => target.startsWith('socket:')).length
  }

  // ---- the end ----

  /** SIGTERM, and no waiting. */
  terminate(): void {
    this.#subprocess.kill('SIGTERM')
  }

  /** SIGTERM, as an operator would. @returns the exit code @throws when it does not leave in time */
  async stop(): Promise<number | undefined> {
    for (const client of this.#clients) client.destroy()
    if (this.running) this.terminate()
    await eventually(() => !this.running, { what: 'nsqd leaves', timeoutMs: STOP_TIMEOUT_MS })
    return this.#exit?.exitCode
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#subprocess.kill('SIGKILL')
    await this.#subprocess
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.running) await this.stop()
    } finally {
      await this.kill()
      if (this.#ownsDataPath) await rm(this.dataPath, { recursive: true, force: true })
    }
  }

  #read(text: string): void {
    this.#log = (this.#log + text).slice(-LOG_KEPT)
    if (CRASH.test(text)) this.#crash ??= this.#log
  }

  #findPorts(): boolean {
    if (!this.running) throw new Error('nsqd has left')
    this.tcpPort = Number(/TCP: listening on \S+:(\d+)/.exec(this.#log)?.[1] ?? 0)
    this.httpPort = Number(/HTTP: listening on \S+:(\d+)/.exec(this.#log)?.[1] ?? 0)
    return this.tcpPort > 0 && this.httpPort > 0 && this.#log.includes('persisting topic/channel metadata')
  }
}

function spawnNsqd(dataPath: string, flags: readonly string[]) {
  const addresses = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
  return execa(process.execPath, [EXECUTABLE, ...addresses, `--data-path=${dataPath}`, ...flags], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    buffer: false,
    reject: false,
  })
}
