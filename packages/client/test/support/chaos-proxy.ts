// A TCP proxy that mistreats its connections: cuts, resets, delays and half-opens them, by dice that a seed decides.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export type Fault = 'cut' | 'reset' | 'delay' | 'half-open'
const FAULTS: readonly Fault[] = ['cut', 'reset', 'delay', 'half-open']

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Pair {
  client: Socket
  server: Socket
  /** Those whose bytes wait. */
  held: Set<Socket>
  /** Bytes were lost: nothing may pass any more, or the stream would have a hole, which TCP never makes. */
  isHalfOpen: boolean
}

export class ChaosProxy implements AsyncDisposable {
  /** Faults done so far, by kind. */
  readonly faults: Record<Fault, number> = { cut: 0, reset: 0, delay: 0, 'half-open': 0 }
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #random: () => number

  private constructor(targetPort: number, random: () => number) {
    this.#random = random
    this.#server = createServer((client) => this.#join(client, targetPort))
  }

  static async start(targetPort: number, seed: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(targetPort, seededRandom(seed))
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0)
  }

  /** Does one fault to each of some connections. */
  strike(): void {
    for (const pair of this.#pairs) {
      if (!pair.isHalfOpen && this.#random() < 0.3) this.#do(FAULTS[Math.floor(this.#random() * FAULTS.length)]!, pair)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #join(client: Socket, targetPort: number): void {
    const server = connect(targetPort, '127.0.0.1')
    const pair: Pair = { client, server, held: new Set(), isHalfOpen: false }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true)
      from.pipe(to)
      from.on('error', () => this.#end(pair))
      from.on('close', () => this.#end(pair))
    }
  }

  #do(fault: Fault, pair: Pair): void {
    const one = this.#random() < 0.5 ? pair.client : pair.server
    const other = one === pair.client ? pair.server : pair.client
    // Let go twice, its bytes would pass twice, which TCP never does.
    if (fault === 'delay' && pair.held.has(one)) return
    this.faults[fault]++
    switch (fault) {
      case 'cut':
        return this.#end(pair)
      case 'reset':
        one.resetAndDestroy()
        return this.#end(pair)
      case 'delay':
        pair.held.add(one)
        one.unpipe(other)
        setTimeout(
          () => {
            pair.held.delete(one)
            if (!pair.isHalfOpen) one.pipe(other)
          },
          20 + this.#random() * 60,
        )
        return
      case 'half-open':
        // What one says is lost from here on; the other hears nothing and sees no end, for a while.
        pair.isHalfOpen = true
        one.unpipe(other)
        one.resume()
        setTimeout(() => this.#end(pair), 300)
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }
}
