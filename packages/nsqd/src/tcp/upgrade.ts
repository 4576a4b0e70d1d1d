import { ProtocolError } from '@nsq-ts/protocol'
import type { ClientV2 } from './client-v2.ts'
import type { TcpContext } from './tcp-context.ts'

/** What IDENTIFY granted beyond the plain connection. */
export interface Grant {
  readonly tls: boolean
  readonly snappy: boolean
  /** 0: no deflate. */
  readonly deflateLevel: number
}

/**
 * The way from a plain connection to what was granted (tcp-protocol.md section 8). Each step begins behind the answer to the
 * one before it, and is answered in its own encoding:
 *
 *   JSON ─▶ TLS handshake ─▶ OK ─▶ snappy or deflate ─▶ OK ─▶ commands
 *
 * No heartbeat is sent meanwhile, as it would fall between the encodings; the handshake has a limit of its own.
 */
export class Upgrade {
  readonly #client: ClientV2
  readonly #grant: Grant
  readonly #context: TcpContext
  readonly #done: () => void

  constructor(client: ClientV2, grant: Grant, context: TcpContext, done: () => void) {
    this.#client = client
    this.#grant = grant
    this.#context = context
    this.#done = done
  }

  start(): void {
    this.#client.output.flush()
    this.#client.heartbeat.stop()
    if (this.#grant.tls) this.#startTls()
    else this.#startCompression()
  }

  #startTls(): void {
    const client = this.#client
    this.#log('TLS')
    client.transport.startTls(this.#context.tls!, (error) => {
      if (client.closed) return
      if (error !== null) {
        client.fail(new ProtocolError('E_IDENTIFY_FAILED', `IDENTIFY failed ${error.message}`, { cause: error.cause }))
        return
      }
      this.#proceed()
      this.#startCompression()
    })
  }

  #startCompression(): void {
    const { transport } = this.#client
    const { deflateLevel, snappy } = this.#grant
    if (snappy) {
      this.#log('snappy')
      transport.startSnappy()
      this.#proceed()
    } else if (deflateLevel > 0) {
      this.#log(`deflate (level ${deflateLevel})`)
      transport.startDeflate(deflateLevel)
      this.#proceed()
    }
    this.#client.heartbeat.start(this.#client.heartbeat.intervalMs)
    this.#done()
  }

  /** The step is taken: says so through it. */
  #proceed(): void {
    const { output, transport } = this.#client
    output.replaceSink(transport.sink)
    this.#client.answerOk()
    output.flush()
  }

  #log(to: string): void {
    this.#context.logger.info(() => `PROTOCOL(V2): [${this.#client.remoteAddress}] upgrading connection to ${to}`)
  }
}
