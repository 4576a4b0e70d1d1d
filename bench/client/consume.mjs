import { connect, FRAME, IDENTIFY } from './connection.mjs'

// data of a message frame: [ timestamp: 8 ][ attempts: 2 ][ id: 16 ][ body ]
const ID_OFFSET = 10
const ID_SIZE = 16
const FIN_SIZE = 'FIN '.length + ID_SIZE + 1
const BLOCK_SIZE = 65_536

/**
 * Consumes over `connections` connections, finishing each message, until `messages` were seen or `seconds` are over.
 * @returns {Promise<{ done: number, ops: number }>} messages finished, and how many of them a second, up to the last one
 */
export async function consume({ port, topic, channel, connections, rdy, seconds, messages = Infinity }) {
  const startedAt = process.hrtime.bigint()
  let lastAt = startedAt
  let done = 0
  const consumers = []
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000)
    const onTurn = (finished) => {
      lastAt = process.hrtime.bigint()
      done += finished
      if (done < messages) return
      clearTimeout(timer)
      resolve()
    }
    for (let i = 0; i < connections; i++) consumers.push(new Consumer(port, onTurn, reject))
    Promise.all(consumers.map((consumer) => consumer.start(topic, channel, rdy))).catch(reject)
  })
  for (const consumer of consumers) consumer.close()
  return { done, ops: done / (Number(lastAt - startedAt) / 1e9) }
}

/** One connection; the FINs of a turn leave in one write. */
class Consumer {
  #port
  #onTurn
  #onError
  #socket
  #out = Buffer.allocUnsafe(BLOCK_SIZE)
  #end = 0
  #finished = 0

  constructor(port, onTurn, onError) {
    this.#port = port
    this.#onTurn = onTurn
    this.#onError = onError
  }

  async start(topic, channel, rdy) {
    this.#socket = await connect(this.#port, {
      onFrame: (type, buffer, start) => type === FRAME.message && this.#finish(buffer, start + ID_OFFSET),
      onTurn: () => this.#endTurn(),
      onError: this.#onError,
    })
    this.#socket.write(Buffer.concat([IDENTIFY, Buffer.from(`SUB ${topic} ${channel}\nRDY ${rdy}\n`)]))
  }

  close() {
    this.#socket?.destroy()
  }

  #finish(buffer, idAt) {
    if (this.#end + FIN_SIZE > BLOCK_SIZE) this.#flush()
    const out = this.#out
    const at = this.#end
    out[at] = 0x46 // F
    out[at + 1] = 0x49 // I
    out[at + 2] = 0x4e // N
    out[at + 3] = 0x20
    buffer.copy(out, at + 4, idAt, idAt + ID_SIZE)
    out[at + FIN_SIZE - 1] = 0x0a
    this.#end = at + FIN_SIZE
    this.#finished++
  }

  #endTurn() {
    if (this.#finished === 0) return
    this.#flush()
    const finished = this.#finished
    this.#finished = 0
    this.#onTurn(finished)
  }

  #flush() {
    this.#socket.write(this.#out.subarray(0, this.#end))
    this.#out = Buffer.allocUnsafe(BLOCK_SIZE)
    this.#end = 0
  }
}
