// A V2 client as small as can be: many of them must cost the benchmark little.
import { connect } from 'node:net'
import { once } from 'node:events'
import {
  FrameDecoder,
  FrameType,
  identify,
  MAGIC_V2,
  MESSAGE_BODY_OFFSET,
  MESSAGE_ID_OFFSET,
  NOP,
} from '@nsq-ts/protocol'

export class Client {
  /**
   * @param {(id: string, client: Client) => void} onMessage
   * @param settings for IDENTIFY
   */
  static async connect(port, onMessage = () => {}, settings = {}) {
    const client = new Client(connect(port, '127.0.0.1'), onMessage)
    await once(client.socket, 'connect')
    client.socket.setNoDelay(true)
    client.send(MAGIC_V2, identify({ heartbeat_interval: 30_000, ...settings }))
    await client.answer()
    return client
  }

  #decoder = new FrameDecoder()
  #waiting = []
  #onMessage

  constructor(socket, onMessage) {
    this.socket = socket
    this.#onMessage = onMessage
    socket.on('data', (chunk) => this.#decoder.push(chunk, this))
    socket.on('error', (error) => this.#over(error))
    socket.on('close', () => this.#over(new Error('the connection was closed')))
  }

  send(...parts) {
    this.socket.write(Buffer.concat(parts))
  }

  /** The next response, which must not be an error. */
  answer() {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  close() {
    this.socket.destroy()
  }

  onFrame(type, data) {
    if (type === FrameType.message || type === FrameType.headedMessage) {
      this.#onMessage(data.toString('latin1', MESSAGE_ID_OFFSET, MESSAGE_BODY_OFFSET), this)
    } else if (type === FrameType.error) {
      this.#over(new Error(data.toString()))
    } else if (data.toString() === '_heartbeat_') {
      this.send(NOP)
    } else {
      this.#waiting.shift()?.resolve(data.toString())
    }
  }

  #over(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
