// A raw V2 client: bytes go out as given, frames come in as they are. What a client library would hide can be seen and done.
import { connect, type Socket } from 'node:net'
import {
  decodeMessage,
  FrameDecoder,
  FrameType,
  identify,
  MAGIC_V2,
  NOP,
  rdy,
  sub,
  type WireMessage,
} from '@nsq-ts/protocol'
import { within } from './eventually.ts'

const ANSWER_TIMEOUT_MS = 20_000
const HEARTBEAT = '_heartbeat_'

export interface Frame {
  readonly type: number
  /** Its own bytes. */
  readonly data: Buffer
}

export interface V2ClientSettings {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Fields for IDENTIFY, which is sent and answered before `connect` resolves. `false`: nothing is sent, not even the magic. */
  readonly identify?: Readonly<Record<string, unknown>> | false
  /** Heartbeats are answered. Default true. */
  readonly beats?: boolean
  /** Takes messages instead of `nextMessage`; `message.body` is valid until it returns. */
  readonly onMessage?: (message: WireMessage, client: V2Client) => void
}

/** One connection. Frames that nobody awaited yet are kept in order; heartbeats are answered and not shown. */
export class V2Client implements Disposable {
  readonly socket: Socket
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>
  heartbeatCount = 0

  readonly #settings: V2ClientSettings
  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  readonly #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = []
  #error: Error | undefined

  private constructor(socket: Socket, settings: V2ClientSettings) {
    this.socket = socket
    this.#settings = settings
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#decoder.push(chunk, this))
    socket.on('error', (error) => (this.#error = error))
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        const error = new Error('the connection was closed', { cause: this.#error })
        for (const { reject } of this.#waiting.splice(0)) reject(error)
        resolve()
      })
    })
  }

  static async connect(port: number, settings: V2ClientSettings = {}): Promise<V2Client> {
    const socket = connect(port, settings.host ?? '127.0.0.1')
    const client = new V2Client(socket, settings)
    await within(
      ANSWER_TIMEOUT_MS,
      'connect',
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      }),
    )
    if (settings.identify === false) return client
    client.send(MAGIC_V2, identify({ feature_negotiation: true, ...settings.identify }))
    await client.response()
    return client
  }

  /** @returns false when the socket holds so much that the sender should wait for its `drain` */
  send(...parts: readonly Uint8Array[]): boolean {
    return this.socket.write(Buffer.concat(parts))
  }

  async subscribe(topic: string, channel: string, ready: number): Promise<void> {
    this.send(sub(topic, channel), rdy(ready))
    await this.ok()
  }

  /** The next frame, whatever it is. @throws when the connection is closed before it comes */
  nextFrame(): Promise<Frame> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.socket.destroyed) return Promise.reject(new Error('the connection is closed', { cause: this.#error }))
    const arrival = new Promise<Frame>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    return within(ANSWER_TIMEOUT_MS, 'a frame', arrival)
  }

  /** The text of the next frame, which is a response or an error. */
  async response(): Promise<string> {
    const { type, data } = await this.nextFrame()
    if (type === FrameType.message) throw new Error('a message came where a response was awaited')
    return data.toString()
  }

  /** @throws when the next frame is anything but `OK` */
  async ok(): Promise<void> {
    const text = await this.response()
    if (text !== 'OK') throw new Error(`not OK: ${text}`)
  }

  /** The code of the next frame, which is an error. */
  async errorCode(): Promise<string> {
    const { type, data } = await this.nextFrame()
    if (type !== FrameType.error) throw new Error(`no error: ${data.toString()}`)
    return data.toString().split(' ')[0] ?? ''
  }

  async nextMessage(): Promise<WireMessage> {
    const { type, data } = await this.nextFrame()
    if (type !== FrameType.message) throw new Error(`no message: ${data.toString()}`)
    return decodeMessage(data)
  }

  destroy(): void {
    this.socket.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  /** Of FrameDecoder. */
  onFrame(type: number, data: Buffer): void {
    if (type === FrameType.response && data.length === HEARTBEAT.length && data.toString() === HEARTBEAT) {
      this.heartbeatCount++
      if (this.#settings.beats ?? true) this.send(NOP)
      return
    }
    if (type === FrameType.message && this.#settings.onMessage !== undefined) {
      return this.#settings.onMessage(decodeMessage(data), this)
    }
    const frame = { type, data: Buffer.from(data) }
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#frames.push(frame)
    else waiter.resolve(frame)
  }
}
