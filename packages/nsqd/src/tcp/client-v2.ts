import type { Socket } from 'node:net'
import { CLOSE_WAIT_FRAME, HEARTBEAT_FRAME, OK_FRAME, type ProtocolError, encodeErrorFrame } from '@nsq-ts/protocol'
import { encodeDepthHint, encodeFrame, FrameType } from '@nsq-ts/protocol'
import { ClientAuth } from '../auth/client-auth.ts'
import type { Channel } from '../core/channel.ts'
import type { Lane } from '../core/in-flight.ts'
import { Locality, type Subscriber } from '../core/subscriber.ts'
import type { Topic } from '../core/topic.ts'
import { Answers } from './answers.ts'
import { State } from './client-state.ts'
import { Heartbeat } from './heartbeat.ts'
import { Output } from './output.ts'
import { ProtocolV2 } from './protocol-v2.ts'
import type { TcpContext } from './tcp-context.ts'
import { Transport } from './transport.ts'
import { Upgrade, type Grant } from './upgrade.ts'

/** How long a connection that we closed may take to read what we sent last before it is cut. */
const LINGER_MS = 1000

/** What a client told of itself and settled with us (IDENTIFY); times in milliseconds. */
export interface ClientSettings {
  clientId: string
  hostname: string
  userAgent: string
  msgTimeoutMs: number
  sampleRate: number
  /** Bytes; told to the client, and shown. We write at the end of each turn, which is never later than asked for. */
  outputBufferSize: number
  /** 0: none. As outputBufferSize. */
  outputBufferTimeoutMs: number
  topologyRegion: string
  topologyZone: string
  /** Extensions that were granted (docs/protocol-extensions.md). */
  messageHeaders: boolean
  depthHint: boolean
}

/**
 * A client's connection: its socket, what is to be written to it, its heartbeats, and, once it has subscribed, its place
 * in a channel. What it says is interpreted by ProtocolV2.
 */
export class ClientV2 implements Subscriber {
  readonly id: number
  /** `ip:port`; `@` on a unix socket. */
  readonly remoteAddress: string
  readonly connectedAtMs: number
  /** Without a port; empty on a unix socket. */
  readonly remoteIp: string
  readonly settings: ClientSettings
  readonly output: Output
  readonly answers: Answers
  readonly transport: Transport
  readonly heartbeat: Heartbeat
  /** Null where nobody is asked for permission. */
  readonly auth: ClientAuth | null

  state: State = State.init
  rdyCount = 0
  locality: Locality = Locality.global
  messageCount = 0
  finishCount = 0
  requeueCount = 0
  /** Messages published, by topic. */
  readonly pubCounts = new Map<string, number>()

  topic: Topic | null = null
  channel: Channel | null = null
  lane: Lane | null = null

  readonly #context: TcpContext
  readonly #protocol: ProtocolV2
  /** What has to wait until everything was answered that was asked: the end, or an upgrade. Nothing is read meanwhile. */
  #whenAnswered: (() => void) | null = null
  /** What comes is not to be read for now. */
  #held = false
  #closed = false
  #linger: NodeJS.Timeout | undefined

  constructor(context: TcpContext, socket: Socket, id: number) {
    this.#context = context
    this.id = id
    const ip = socket.remoteAddress ?? ''
    this.remoteIp = ip.replace(/^::ffff:/, '')
    this.remoteAddress =
      ip === '' ? '@' : ip.includes(':') ? `[${ip}]:${socket.remotePort}` : `${ip}:${socket.remotePort}`
    this.connectedAtMs = context.clock.wallUs() / 1000
    this.settings = {
      clientId: ip,
      hostname: ip,
      userAgent: '',
      msgTimeoutMs: context.options.msgTimeoutMs,
      sampleRate: 0,
      outputBufferSize: OUTPUT_BUFFER_SIZE_DEFAULT,
      outputBufferTimeoutMs: context.options.outputBufferTimeoutMs,
      topologyRegion: '',
      topologyZone: '',
      messageHeaders: false,
      depthHint: false,
    }
    this.transport = new Transport(socket, {
      data: (bytes) => this.#read(bytes),
      ended: () => this.#end(),
      drained: () => this.#drained(),
      corrupt: (error) => this.#corrupt(error),
      failed: (error) => this.#failed(error),
      closed: () => this.destroy(),
    })
    this.output = new Output(context.turn, context.outputPool, socket)
    this.answers = new Answers(
      this.output,
      (error) => this.#tell(error),
      () => this.#answered(),
    )
    this.heartbeat = new Heartbeat({
      beat: () => this.#beat(),
      expire: () => this.#expire(),
    })
    this.auth =
      context.authServers === undefined ? null : new ClientAuth(context.authServers, () => context.clock.now())
    this.#protocol = new ProtocolV2(context, this)
  }

  /** Begins to read. */
  start(): void {
    this.transport.start()
    this.heartbeat.start(this.heartbeat.intervalMs)
  }

  get inFlightCount(): number {
    return this.lane?.count ?? 0
  }

  get closed(): boolean {
    return this.#closed
  }

  // ---- as a subscriber ----

  get readyCount(): number {
    return this.state === State.subscribed && !this.output.congested ? this.rdyCount : 0
  }

  get msgTimeoutMs(): number {
    return this.settings.msgTimeoutMs
  }

  get sampleRate(): number {
    return this.settings.sampleRate
  }

  get wantsHeaders(): boolean {
    return this.settings.messageHeaders
  }

  get wantsDepth(): boolean {
    return this.settings.depthHint
  }

  send(bytes: Buffer, start: number, end: number, count: number): void {
    this.messageCount += count
    this.output.write(bytes, start, end)
  }

  sendAgain(bytes: Buffer, start: number, end: number, attempts: number): void {
    this.messageCount++
    this.output.writeMessageAgain(bytes, start, end, attempts)
  }

  sendHeaded(bytes: Buffer, start: number, end: number, attempts: number, headers: Buffer): void {
    this.messageCount++
    this.output.writeHeadedMessage(bytes, start, end, attempts, headers)
  }

  hintDepth(depth: number): void {
    const frame = encodeDepthHint(depth)
    this.output.write(frame, 0, frame.length)
  }

  channelClosed(): void {
    this.destroy()
  }

  // ---- answers ----

  answerOk(): void {
    this.answers.constant(OK_FRAME)
  }

  answerCloseWait(): void {
    this.answers.constant(CLOSE_WAIT_FRAME)
  }

  answer(data: string): void {
    this.answers.frame(encodeFrame(FrameType.response, data))
  }

  /** Tells the client of its mistake; a fatal one ends the connection. */
  fail(error: ProtocolError): void {
    const cause = error.cause instanceof Error ? ` - ${error.cause.message}` : ''
    this.#context.logger.error(() => `[${this.remoteAddress}] - ${error.code} ${error.message}${cause}`)
    if (error.fatal) this.#protocol.close()
    this.answers.error(error)
  }

  #tell(error: ProtocolError): void {
    const frame = encodeErrorFrame(error.code, error.detail)
    this.output.write(frame, 0, frame.length)
    if (error.fatal) this.#closeGently()
  }

  /** Brings the connection to what IDENTIFY granted, once the answer to that is on its way; `done` goes on reading. */
  upgrade(grant: Grant, done: () => void): void {
    const upgrade = new Upgrade(this, grant, this.#context, done)
    if (this.answers.waiting) this.#whenAnswered = () => upgrade.start()
    else upgrade.start()
  }

  /** Stops reading, and watching the client's silence, until `release`. */
  hold(): void {
    this.#held = true
    this.transport.pause()
    this.heartbeat.stop()
  }

  release(): void {
    this.#held = false
    this.heartbeat.start(this.heartbeat.intervalMs)
    if (!this.output.congested) this.transport.resume()
  }

  // ---- the end ----

  /** Closes once everything was answered and written. */
  finish(): void {
    this.#protocol.close()
    if (this.answers.waiting) this.#whenAnswered = () => this.#closeGently()
    else this.#closeGently()
  }

  #answered(): void {
    const next = this.#whenAnswered
    this.#whenAnswered = null
    next?.()
  }

  /** What still comes is read and thrown away, so that what was written last arrives. */
  #closeGently(): void {
    if (this.#closed) return
    this.output.flush()
    this.#leave()
    this.transport.end()
    this.#linger = setTimeout(() => this.transport.destroy(), LINGER_MS)
  }

  /** Closes at once. */
  destroy(): void {
    clearTimeout(this.#linger)
    this.#leave()
    this.transport.destroy()
  }

  /** Takes the client out of everything, once. */
  #leave(): void {
    if (this.#closed) return
    this.#closed = true
    this.heartbeat.stop()
    this.output.close()
    this.answers.close()
    this.#protocol.close()
    this.#context.clients.delete(this)
    const { topic, channel, lane } = this
    if (topic === null || channel === null || lane === null) return
    channel.unsubscribe(lane)
    this.#context.registry.subscriberLeft(topic, channel)
  }

  // ---- events ----

  #read(chunk: Buffer): void {
    if (this.#closed) return
    this.output.cork()
    this.#protocol.read(chunk)
    this.output.uncork()
    // It sends faster than it reads our answers: wait until it has read some.
    if (this.output.congested || this.#held) this.transport.pause()
  }

  #drained(): void {
    if (this.#closed) return
    if (!this.output.congested && !this.#held) this.transport.resume()
    if (this.lane !== null) this.channel!.wake(this.lane)
  }

  #end(): void {
    if (this.#closed) {
      this.transport.destroy()
      return
    }
    const error = this.#protocol.interrupted()
    if (error !== null) this.fail(error)
    this.finish()
  }

  /** What is not in the encoding that was agreed on cannot be answered either: the original closes without a word. */
  #corrupt(error: Error): void {
    this.#context.logger.error(() => `client(${this.remoteAddress}) - failed to read command - ${error.message}`)
    this.finish()
  }

  #failed(error: Error): void {
    this.#context.logger.debug(() => `client(${this.remoteAddress}) - ${error.message}`)
    this.destroy()
  }

  #beat(): void {
    this.output.writeConstant(HEARTBEAT_FRAME)
  }

  #expire(): void {
    const error = this.#protocol.interrupted()
    if (error !== null) this.fail(error)
    this.#context.logger.info(() => `client(${this.remoteAddress}) - no command within two heartbeat intervals`)
    this.destroy()
  }
}

/** client_v2.go: defaultBufferSize */
const OUTPUT_BUFFER_SIZE_DEFAULT = 16384
