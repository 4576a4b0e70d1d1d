import { connect, type Socket } from 'node:net'
import {
  decodeMessage,
  FrameDecoder,
  FrameType,
  identify,
  MAGIC_V2,
  readDepthHint,
  type WireMessage,
} from '@nsq-ts/protocol'
import { decodeHeadedMessage } from '@nsq-ts/protocol/headed'
import type { MessageHeaders } from '@nsq-ts/protocol/headers'

interface Frame {
  readonly type: number
  readonly data: Buffer
}

/** A connection to nsqd's TCP port that sends what a test says and hands out the frames that come, one after another. */
export class V2Connection {
  readonly socket: Socket
  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  #wake: () => void = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk: Buffer) => {
      this.#decoder.push(chunk, {
        onFrame: (type, data) => this.#frames.push({ type, data: Buffer.from(data) }),
      })
      this.#wake()
    })
    this.socket.on('error', () => undefined) // a reset shows as the end
    this.socket.on('close', () => this.#wake())
    this.send(MAGIC_V2)
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Sends a command and waits for its answer: `OK`, or an error. */
  async command(bytes: string | Uint8Array): Promise<string> {
    this.send(bytes)
    const { data } = await this.#take((frame) => frame.type < FrameType.message)
    return data.toString()
  }

  identify(settings: object): Promise<string> {
    return this.command(identify(settings))
  }

  /** The next message. */
  async message(): Promise<WireMessage> {
    return decodeMessage((await this.#take((frame) => frame.type === FrameType.message)).data)
  }

  /** The next message, with its headers; undefined: it came as a plain one. */
  async headed(): Promise<{ id: string; attempts: number; body: string; headers: MessageHeaders | undefined }> {
    const { data, type } = await this.#take((frame) => frame.type === FrameType.message || isHeaded(frame))
    const message =
      type === FrameType.message ? { ...decodeMessage(data), headers: undefined } : decodeHeadedMessage(data)
    const { attempts, body, headers, id } = message
    return { id, attempts, body: body.toString(), headers }
  }

  /** The next depth hint. */
  async hint(): Promise<number> {
    return readDepthHint((await this.#take((frame) => frame.type === FrameType.depth)).data)
  }

  /** The bodies of the next messages, as text. */
  async bodies(count: number): Promise<string[]> {
    const bodies: string[] = []
    while (bodies.length < count) bodies.push((await this.message()).body.toString('latin1'))
    return bodies
  }

  async #take(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.#frames.findIndex(wanted)
      if (index !== -1) return this.#frames.splice(index, 1)[0]!
      if (this.socket.closed) throw new Error('the connection ended')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function isHeaded({ type }: Frame): boolean {
  return type === FrameType.headedMessage
}
