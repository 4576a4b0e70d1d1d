import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { decodeMessage, FrameDecoder, FrameType, identify, MAGIC_V2, type WireMessage } from '@nsq-ts/protocol'
import { SnappyDecoder, SnappyEncoder, type SnappyCodec } from '@nsq-ts/protocol/snappy'
import { compressSync, uncompressSync } from 'snappy'

const codec: SnappyCodec = {
  compress: (plain) => compressSync(plain),
  uncompress: (block) => uncompressSync(block, { asBuffer: true }) as Buffer,
  crc32c,
}

interface Frame {
  readonly type: number
  readonly data: Buffer
}

/** A client that goes the way of TLS and compression by itself, as a client library does. */
export class UpgradedConnection {
  socket: Socket | TLSSocket
  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  #encode: (bytes: Uint8Array) => void
  #decode: (chunk: Buffer) => void
  #wake: () => void = () => {}
  #onNextFrame: (data: Buffer) => void = () => {}
  /** Waits for what was received and is not decoded yet: zlib works on a thread, the end of the socket does not wait for it. */
  #drain: (done: () => void) => void = (done) => done()
  ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    this.#encode = (bytes) => this.socket.write(bytes)
    this.#decode = (bytes) => this.#frame(bytes)
    this.#listen()
  }

  /** Sends the magic. */
  static open(port: number): UpgradedConnection {
    const connection = new UpgradedConnection(connectTcp({ port, host: '127.0.0.1', noDelay: true }))
    connection.send(MAGIC_V2)
    return connection
  }

  /** IDENTIFY with these settings, and then what the server granted of them; resolves behind the last OK. */
  static async upgrade(
    port: number,
    settings: { tls_v1?: boolean; snappy?: boolean; deflate?: boolean; deflate_level?: number } & Record<
      string,
      unknown
    >,
    tls: ConnectionOptions = { rejectUnauthorized: false },
  ): Promise<UpgradedConnection> {
    const connection = UpgradedConnection.open(port)
    let granted = { tls_v1: false, snappy: false, deflate: false }
    // What comes behind an answer, in the same chunk even, may be in the next encoding: it begins with the answer.
    const compress = () => {
      if (granted.snappy) connection.startSnappy()
      if (granted.deflate) connection.startDeflate()
    }
    connection.#onNextFrame = (data) => {
      granted = JSON.parse(data.toString()) as typeof granted
      if (!granted.tls_v1) compress()
    }
    await connection.ask(identify({ feature_negotiation: true, ...settings }))
    if (granted.tls_v1) {
      connection.#onNextFrame = compress
      await connection.startTls(tls)
      await connection.expectOk()
    }
    if (granted.snappy || granted.deflate) await connection.expectOk()
    return connection
  }

  send(bytes: Uint8Array | string): void {
    this.#encode(Buffer.from(bytes))
  }

  /** Sends a command and gives its answer. */
  async ask(bytes: Uint8Array | string): Promise<string> {
    this.send(bytes)
    return (await this.#take((frame) => frame.type !== FrameType.message)).data.toString()
  }

  async message(): Promise<WireMessage> {
    return decodeMessage((await this.#take((frame) => frame.type === FrameType.message)).data)
  }

  /** What else comes as answers or errors until the server closes. */
  async untilClosed(): Promise<string[]> {
    while (!this.ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#frames.splice(0).map(({ data }) => data.toString())
  }

  async startTls(options: ConnectionOptions): Promise<void> {
    this.socket.removeAllListeners('data')
    const secured = connectTls({ socket: this.socket, host: '127.0.0.1', ...options })
    this.socket = secured
    this.#listen()
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve)
      secured.once('error', reject)
    })
  }

  startSnappy(): void {
    const encoder = new SnappyEncoder(codec)
    const decoder = new SnappyDecoder(codec, (plain) => this.#frame(plain))
    this.#encode = (bytes) => this.socket.write(encoder.encode(Buffer.from(bytes)))
    this.#decodeAnew((chunk) => decoder.push(chunk))
  }

  startDeflate(): void {
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
    const inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH })
    deflate.on('data', (bytes: Buffer) => this.socket.write(bytes))
    inflate.on('data', (bytes: Buffer) => this.#frame(bytes))
    inflate.on('error', () => undefined) // shows as the end, and so closes it
    this.#drain = (done) => void inflate.once('close', done).end()
    this.#encode = (bytes) => deflate.write(bytes)
    this.#decodeAnew((chunk) => inflate.write(chunk))
  }

  async expectOk(): Promise<void> {
    const { data } = await this.#take(() => true)
    if (data.toString() !== 'OK') throw new Error(`got ${data.toString()} in place of OK`)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #frame(bytes: Buffer): void {
    this.#decoder.push(bytes, {
      onFrame: (type, data) => {
        this.#frames.push({ type, data: Buffer.from(data) })
        const onFrame = this.#onNextFrame
        this.#onNextFrame = () => {}
        onFrame(data)
      },
    })
    this.#wake()
  }

  #decodeAnew(decode: (chunk: Buffer) => void): void {
    this.#decode = decode
    const rest = this.#decoder.takeRest()
    if (rest.length > 0) decode(rest)
  }

  #listen(): void {
    const { socket } = this
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#decode(chunk)
      } catch {
        socket.destroy() // the test did not follow the server into its encoding
      }
    })
    socket.on('error', () => undefined) // a reset shows as the end
    socket.on('close', () => {
      this.#drain(() => {
        this.ended = true
        this.#wake()
      })
    })
  }

  async #take(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.#frames.findIndex(wanted)
      if (index !== -1) return this.#frames.splice(index, 1)[0]!
      if (this.ended) throw new Error('the connection ended')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
