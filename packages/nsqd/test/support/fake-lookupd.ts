// An nsqlookupd whose behaviour a test decides, and that remembers what it was told.
import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { CommandReader, encodeLookupAnswer } from '@nsq-ts/protocol'

/** What a connection was told: topics, each with its channels. */
export type Registered = Map<string, Set<string>>

/** One connection of an nsqd. */
export interface Heard {
  readonly socket: Socket
  /** The magic, then the lines in their order. */
  readonly lines: string[]
  identity: Record<string, unknown> | undefined
  readonly registered: Registered
}

export interface FakeLookupdSettings {
  /** Default: all of its own. */
  readonly tcpPort?: number
  /** The answer to a line; null: none at all. Default: the identity, and OK. */
  readonly answer?: (line: string) => string | null
  /** Answers GET /channels. Default: those that `channels` has. */
  readonly onChannels?: (topic: string, response: ServerResponse) => void
  readonly broadcastAddress?: string
}

export class FakeLookupd implements AsyncDisposable {
  /** All connections that there ever were. */
  readonly connections: Heard[] = []
  /** What `/channels` knows, by topic. */
  readonly channels = new Map<string, string[]>()
  /** The paths that were asked for over HTTP. */
  readonly asked: string[] = []
  tcpPort = 0
  readonly #settings: FakeLookupdSettings
  readonly #tcp: Server
  readonly #http: HttpServer
  #waiting: (() => void)[] = []

  private constructor(settings: FakeLookupdSettings) {
    this.#settings = settings
    this.#tcp = createServer((socket) => this.#onConnection(socket))
    this.#http = createHttpServer(({ url = '' }, response) => {
      this.asked.push(url)
      const topic = new URL(url, 'http://x').searchParams.get('topic') ?? ''
      if (settings.onChannels !== undefined) settings.onChannels(topic, response)
      else response.end(JSON.stringify({ channels: this.channels.get(topic) ?? [] }))
      this.#happened()
    })
  }

  static async start(settings: FakeLookupdSettings = {}): Promise<FakeLookupd> {
    const fake = new FakeLookupd(settings)
    fake.#tcp.listen(settings.tcpPort ?? 0, '127.0.0.1')
    fake.#http.listen(0, '127.0.0.1')
    await Promise.all([once(fake.#tcp, 'listening'), once(fake.#http, 'listening')])
    fake.tcpPort = (fake.#tcp.address() as AddressInfo).port
    return fake
  }

  get address(): string {
    return `127.0.0.1:${this.tcpPort}`
  }

  /** `--lookupd-tcp-address=` this one. */
  get flag(): string {
    return `--lookupd-tcp-address=${this.address}`
  }

  /** The connections that are open. */
  get open(): Heard[] {
    return this.connections.filter(({ socket }) => !socket.closed)
  }

  /** What the open connections have registered: `topic` and `topic channel`, sorted. */
  get registered(): string[] {
    const names = this.open.flatMap(({ registered }) =>
      [...registered].flatMap(([topic, channels]) => [topic, ...Array.from(channels, (name) => `${topic} ${name}`)]),
    )
    return names.sort()
  }

  /** Resolves when the condition holds; looked at whenever something happens here. */
  async until(holds: (fake: FakeLookupd) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Cuts all connections; new ones are welcome. */
  cut(): void {
    for (const { socket } of this.open) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.all([once(this.#tcp, 'close'), once(this.#http, 'close')])
    this.#tcp.close()
    this.#http.close()
    this.#http.closeAllConnections()
    for (const { socket } of this.connections) socket.destroy()
    await closed
  }

  #onConnection(socket: Socket): void {
    const heard: Heard = { socket, lines: [], identity: undefined, registered: new Map() }
    this.connections.push(heard)
    let awaiting: 'magic' | 'size' | 'body' = 'magic'
    const reader = new CommandReader({
      onLine: (buffer, start, end) => {
        const line = buffer.toString('utf8', start, end)
        heard.lines.push(line)
        if (line === 'IDENTIFY') {
          awaiting = 'size'
          reader.need(4)
          return
        }
        register(heard.registered, line)
        this.#answer(socket, line)
      },
      onBytes: (buffer, start, end) => {
        if (awaiting === 'magic') {
          heard.lines.push(buffer.toString('utf8', start, end))
        } else if (awaiting === 'size') {
          awaiting = 'body'
          reader.need(buffer.readInt32BE(start))
        } else {
          heard.identity = JSON.parse(buffer.toString('utf8', start, end)) as Record<string, unknown>
          this.#answer(socket, 'IDENTIFY')
        }
      },
    })
    reader.need(4)
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk)
      this.#happened()
    })
    socket.on('error', () => {}) // nsqd may go as it likes
    socket.on('close', () => this.#happened())
    this.#happened()
  }

  #answer(socket: Socket, line: string): void {
    const answer = this.#settings.answer === undefined ? this.#usual(line) : this.#settings.answer(line)
    if (answer !== null) socket.write(encodeLookupAnswer(answer === 'identity' ? this.#usual('IDENTIFY') : answer))
  }

  #usual(line: string): string {
    if (line !== 'IDENTIFY') return 'OK'
    const { port } = this.#http.address() as AddressInfo
    const broadcastAddress = this.#settings.broadcastAddress ?? '127.0.0.1'
    return JSON.stringify({
      broadcast_address: broadcastAddress,
      hostname: 'fake',
      http_port: port,
      tcp_port: this.tcpPort,
      version: '1.3.0',
    })
  }

  #happened(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

/** As nsqlookupd does it (nsqlookupd.md, section 4.5). */
function register(registered: Registered, line: string): void {
  const [command, topic = '', channel] = line.split(' ')
  if (command === 'REGISTER') {
    const channels = registered.get(topic) ?? new Set()
    registered.set(topic, channels)
    if (channel !== undefined) channels.add(channel)
  } else if (command === 'UNREGISTER') {
    if (channel === undefined) registered.delete(topic)
    else registered.get(topic)?.delete(channel)
  }
}
