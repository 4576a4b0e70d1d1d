import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An HTTP connection on which a test sends exactly the bytes it means, such as a body that never ends. */
export class RawHttp {
  readonly socket: Socket
  #received = ''
  readonly #closed: Promise<void>

  constructor(target: number | string) {
    this.socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target)
    this.socket.on('data', (chunk: Buffer) => (this.#received += chunk.toString('latin1')))
    this.socket.on('error', () => undefined) // a reset shows as the end
    this.#closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  /** One request with this body, and its answer. */
  static async ask(
    target: number | string,
    method: string,
    path: string,
    body: string | Uint8Array = '',
  ): Promise<RawAnswer> {
    using connection = new RawHttp(target)
    const bytes = Buffer.from(body)
    connection.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    connection.send(bytes)
    return await connection.answer() // awaited, since `using` ends the connection at the return
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** POST with a body in these chunks, none of them empty: an empty one ends the body. */
  sendChunked(path: string, chunks: readonly string[]): void {
    this.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    for (const chunk of chunks) this.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    this.send('0\r\n\r\n')
  }

  /** The first answer, once it is whole. @throws {Error} if the connection ends before */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = parseAnswer(this.#received)
      if (answer !== undefined) return answer
      if (this.socket.closed) throw new Error(`the connection ended after ${JSON.stringify(this.#received)}`)
      await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.#closed])
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function parseAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
  const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0)
  if (text.length < bodyEnd) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4, bodyEnd) }
}
