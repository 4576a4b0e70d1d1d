// A small nsqd that does what a test tells it to: the double for what a real one would have to be made to do by force. It
// speaks the protocol from the plain side of the packages: a line, a body, an answer.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { type SecureContextOptions, TLSSocket } from 'node:tls'
import { CommandReader, encodeFrame, encodeMessage, FrameType, HEARTBEAT_FRAME, OK_FRAME } from '@nsq-ts/protocol'
import { DeflateLayer } from '../../src/connection/deflate.ts'
import { type Layer, PlainLayer } from '../../src/connection/layer.ts'
import { SnappyLayer } from '../../src/connection/snappy.ts'

/** A command as it came: its words, and the body if it has one; the messages of MPUB and HMPUB one by one. */
export interface Received {
  words: string[]
  body: Buffer
  bodies: Buffer[]
}

export interface FakeOptions {
  /** Members of the answer to IDENTIFY, over the usual ones; null answers a plain OK. */
  features?: Record<string, unknown> | null
  /** TLS is offered with these. */
  tls?: SecureContextOptions & { requestCert?: boolean; rejectUnauthorized?: boolean }
  snappy?: boolean
  deflate?: boolean
  /** AUTH is required, with this secret. */
  secret?: string
  /** Called with each command before the usual answer. Return true to answer it yourself, or not at all. */
  onCommand?: (client: FakeClient, command: Received) => boolean | void
  port?: number
}

const USUAL = { max_rdy_count: 2500, version: '1.3.0', max_msg_timeout: 900_000, msg_timeout: 60_000 }
const WITH_BODY = new Set(['IDENTIFY', 'AUTH', 'PUB', 'DPUB', 'MPUB', 'HPUB', 'HMPUB'])
const OF_SEVERAL = new Set(['MPUB', 'HMPUB'])

export class FakeNsqd implements AsyncDisposable {
  readonly clients: FakeClient[] = []
  readonly options: FakeOptions
  readonly #server: Server
  readonly #waiting = new Set<() => void>()

  private constructor(options: FakeOptions) {
    this.options = options
    this.#server = createServer((socket) => {
      this.clients.push(new FakeClient(socket, this))
    })
  }

  static async start(options: FakeOptions = {}): Promise<FakeNsqd> {
    const fake = new FakeNsqd(options)
    await new Promise<void>((resolve) => fake.#server.listen(options.port ?? 0, '127.0.0.1', resolve))
    return fake
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** All commands of all clients, in order, as `WORD parameters`. */
  get commands(): string[] {
    return this.clients.flatMap((client) => client.received.map(({ words }) => words.join(' ')))
  }

  /** Resolves when the condition holds; it is looked at after each command and each close. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** The client that has subscribed, once there is one. */
  async subscriber(index = 0): Promise<FakeClient> {
    const subscribed = (): FakeClient[] => this.clients.filter((client) => client.has('SUB'))
    await this.until(() => subscribed().length > index)
    return subscribed()[index]!
  }

  changed(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

export class FakeClient {
  readonly received: Received[] = []
  readonly #fake: FakeNsqd
  readonly #reader = new CommandReader(this, 64 * 1024)
  #socket: Socket
  #layer: Layer
  #line: string[] = []
  #magicSeen = false
  #wantsSize = false
  #nextId = 1
  isClosed = false

  constructor(socket: Socket, fake: FakeNsqd) {
    this.#fake = fake
    this.#socket = socket
    this.#layer = new PlainLayer(this)
    this.#reader.need(4)
    this.#listen(socket)
  }

  /** True when a command of this name has come. */
  has(word: string): boolean {
    return this.received.some(({ words }) => words[0] === word)
  }

  /** Where the client connected from. */
  get peer(): { address: string; port: number } {
    return { address: this.#socket.remoteAddress!, port: this.#socket.remotePort! }
  }

  /** The count of the last RDY. */
  get rdy(): number {
    return Number(this.received.findLast(({ words }) => words[0] === 'RDY')?.words[1] ?? 0)
  }

  write(bytes: Buffer): void {
    if (!this.isClosed) this.#layer.write(bytes)
  }

  ok(): void {
    this.write(OK_FRAME)
  }

  error(text: string): void {
    this.write(encodeFrame(FrameType.error, text))
  }

  heartbeat(): void {
    this.write(HEARTBEAT_FRAME)
  }

  /** Sends a message. @returns its id */
  deliver(body: string, attempts = 1, id = (this.#nextId++).toString(16).padStart(16, '0')): string {
    const message = encodeMessage({ id, attempts, timestampNs: 1_700_000_000_000_000_000n, body: Buffer.from(body) })
    this.write(encodeFrame(FrameType.message, message))
    return id
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** As a peer that crashed. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  // LayerEnds

  toSocket(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  toFrames(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  onLayerError(error: Error): void {
    this.#socket.destroy(error)
  }

  // CommandHandler

  onLine(buf: Buffer, start: number, end: number): void {
    this.#line = buf.toString('latin1', start, end).split(' ')
    if (WITH_BODY.has(this.#line[0]!)) {
      this.#wantsSize = true
      this.#reader.need(4)
    } else {
      this.#onCommand({ words: this.#line, body: Buffer.alloc(0), bodies: [] })
    }
  }

  onBytes(buf: Buffer, start: number, end: number): void {
    if (!this.#magicSeen) {
      this.#magicSeen = true
    } else if (this.#wantsSize) {
      this.#wantsSize = false
      const size = buf.readInt32BE(start)
      if (size > 0) this.#reader.need(size)
      else this.#onCommand({ words: this.#line, body: Buffer.alloc(0), bodies: [] })
    } else {
      const body = Buffer.from(buf.subarray(start, end))
      this.#onCommand({ words: this.#line, body, bodies: OF_SEVERAL.has(this.#line[0]!) ? splitMpub(body) : [body] })
    }
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#layer.push(chunk))
    socket.on('error', () => {
      // a test made the client break it
    })
    socket.on('close', () => {
      this.isClosed = true
      this.#layer.destroy()
      this.#fake.changed()
    })
  }

  #onCommand(command: Received): void {
    this.received.push(command)
    if (this.#fake.options.onCommand?.(this, command) !== true) this.#answer(command)
    this.#fake.changed()
  }

  #answer({ words, body }: Received): void {
    switch (words[0]) {
      case 'IDENTIFY':
        return this.#identify(JSON.parse(body.toString()) as Record<string, unknown>)
      case 'AUTH':
        if (body.toString() === this.#fake.options.secret) {
          return this.write(encodeFrame(FrameType.response, '{"identity":"","identity_url":"","permission_count":1}'))
        }
        this.error('E_AUTH_FAILED AUTH failed')
        return this.end()
      case 'CLS':
        return this.write(encodeFrame(FrameType.response, 'CLOSE_WAIT'))
      case 'SUB':
      case 'PUB':
      case 'MPUB':
      case 'DPUB':
      case 'HPUB':
      case 'HMPUB':
        return this.ok()
      default:
      // the others have no answer
    }
  }

  #identify(asked: Record<string, unknown>): void {
    const { features, tls, snappy, deflate, secret } = this.#fake.options
    if (features === null) return this.ok()
    const granted = {
      tls_v1: asked['tls_v1'] === true && tls !== undefined,
      snappy: asked['snappy'] === true && snappy === true,
      deflate: asked['deflate'] === true && deflate === true,
    }
    const answer = { ...USUAL, deflate_level: 6, ...granted, auth_required: secret !== undefined, ...features }
    this.write(encodeFrame(FrameType.response, JSON.stringify(answer)))
    const compress = (): void => {
      if (!granted.snappy && !granted.deflate) return
      this.#layer = granted.snappy ? new SnappyLayer(this) : new DeflateLayer(this, 6)
      this.ok()
    }
    if (!granted.tls_v1) return compress()
    this.#startTls(compress)
  }

  #startTls(then: () => void): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    const secure = new TLSSocket(plain, { isServer: true, ...this.#fake.options.tls })
    this.#socket = secure
    this.#listen(secure)
    secure.once('secure', () => {
      this.ok()
      then()
    })
  }
}

function splitMpub(body: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  for (let offset = 4; offset < body.length;) {
    const size = body.readInt32BE(offset)
    bodies.push(body.subarray(offset + 4, offset + 4 + size))
    offset += 4 + size
  }
  return bodies
}
