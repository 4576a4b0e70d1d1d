// An nsqlookupd that says what a test tells it to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export class FakeLookupd implements AsyncDisposable {
  /** Paths and queries asked so far. */
  readonly requests: string[] = []
  readonly headers: IncomingMessage['headers'][] = []
  /** Addresses it knows, `host:port`. */
  nodes: string[] = []
  /** Answers instead of the usual. */
  onRequest: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  readonly #server: Server
  readonly #waiting = new Set<() => void>()

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(request.url ?? '')
      this.headers.push(request.headers)
      if (this.onRequest === undefined) this.answer(response)
      else this.onRequest(request, response)
      for (const wake of this.#waiting) wake()
      this.#waiting.clear()
    })
  }

  static async start(nodes: string[] = []): Promise<FakeLookupd> {
    const fake = new FakeLookupd()
    fake.nodes = nodes
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  answer(response: ServerResponse, headers: Record<string, string> = {}): void {
    const producers = this.nodes.map((node) => {
      const at = node.lastIndexOf(':')
      return { broadcast_address: node.slice(0, at), tcp_port: Number(node.slice(at + 1)) }
    })
    response.writeHead(200, { 'X-NSQ-Content-Type': 'nsq; version=1.0', ...headers })
    response.end(JSON.stringify({ channels: [], producers }))
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
