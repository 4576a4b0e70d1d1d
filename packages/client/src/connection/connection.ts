// One connection to one nsqd, from dialling to its end: handshake, frames in, commands out, heartbeats, liveness. What the
// frames mean is the handler's. A connection that ended is not opened again; whoever owns it makes a new one.
//
//   connecting --> handshake --> open --> ending --> closed         destroy() leads to closed from anywhere
import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net'
import { auth, FrameDecoder, type FrameHandler, FrameType, identify, MAGIC_V2, NOP } from '@nsq-ts/protocol'
import { Alarm } from '../alarm.ts'
import { parseAddress } from '../address.ts'
import { ConnectionError, messageOf, NsqError, ServerError } from '../errors.ts'
import { parseFeatures, type ServerFeatures } from './identify.ts'
import { type Layer, type LayerEnds, PlainLayer } from './layer.ts'
import type { ConnectionSettings } from './settings.ts'
import { Output } from './output.ts'
import type { Upgrade, UpgradeEnds } from './upgrade.ts'

/** What a connection tells its owner: that it is open, then what comes, and its end. Data is borrowed: valid until the call returns. */
export interface ConnectionHandler {
  onOpen(): void
  /** A response other than a heartbeat. */
  onResponse(data: Buffer): void
  /** An error frame; after a fatal one the server closes. */
  onServerError(error: ServerError): void
  /** What only a subscriber gets. @param type `message`, or one of the extensions that were asked for */
  onMessage(data: Buffer, type: number): void
  /** The socket takes bytes again after {@link Connection.isCongested}. */
  onDrain(): void
  /** Once, as the last call; the first, if it could not be made. @param error why; undefined when end() was called */
  onClose(error: NsqError | undefined): void
}

/** Most bytes taken at a time, as Node's streams do. */
const READ_SIZE = 64 * 1024
/** Bytes in the socket's own queue from which on nobody should write more. */
const CONGESTED_SIZE = 1024 * 1024
/** How long the peer may take to hang up after we did. */
const END_TIMEOUT_MS = 2000
const HEARTBEAT = '_heartbeat_'

type State = 'connecting' | 'handshake' | 'open' | 'ending' | 'closed'

export class Connection implements FrameHandler, LayerEnds, UpgradeEnds {
  readonly address: string
  /** When bytes last came, by the environment's clock: the time of what is being handled now. */
  lastReadAt: number
  readonly #settings: ConnectionSettings
  readonly #handler: ConnectionHandler
  readonly #decoder: FrameDecoder
  readonly #output: Output
  /** What follows IDENTIFY; undefined when nothing was asked for. */
  readonly #upgrade: Upgrade | undefined
  #state: State = 'connecting'
  #features: ServerFeatures | undefined
  #socket: Socket
  #layer: Layer
  readonly #alarm: Alarm
  #error: NsqError | undefined
  #closed: Promise<void>
  #resolveClosed!: () => void
  #wasCongested = false

  /** Begins to connect. @param makeUpgrade for settings that ask for TLS, a compression or AUTH */
  constructor(
    address: string,
    settings: ConnectionSettings,
    handler: ConnectionHandler,
    makeUpgrade?: (ends: UpgradeEnds) => Upgrade,
  ) {
    this.address = address
    this.#settings = settings
    this.#handler = handler
    this.#decoder = new FrameDecoder(settings.frameSizeMax)
    this.#output = new Output((bytes) => this.#layer.write(bytes))
    this.#upgrade = makeUpgrade?.(this)
    this.lastReadAt = settings.environment.now()
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    this.#layer = new PlainLayer(this)
    const { host, port } = parseAddress(address)
    this.#socket = connect({ host, port, noDelay: true, ...settings.local, ...this.#readInPlace() })
    this.#socket.once('connect', () => this.#onConnected())
    this.#listen(this.#socket)
    this.#alarm = new Alarm(settings.environment)
    this.#alarm.set(
      () => this.destroy(new ConnectionError(address, `no connection within ${settings.connectTimeoutMs} ms`)),
      settings.connectTimeoutMs,
    )
  }

  /** What the server granted; undefined before it is open. */
  get features(): ServerFeatures | undefined {
    return this.#features
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** True while the peer takes less than we write: hold back until onDrain. */
  get isCongested(): boolean {
    if (this.#socket.writableLength < CONGESTED_SIZE) return false
    this.#wasCongested = true
    return true
  }

  /** Sends a command at the end of this turn. The bytes are given away. */
  send(command: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'ending') return
    this.#output.add(command)
    if (this.#state === 'handshake') this.#output.flush() // before an upgrade changes the encoding
  }

  /** Sends FIN at the end of this turn. */
  sendFin(id: string): void {
    if (this.#state === 'open') this.#output.addFin(id)
  }

  /** Sends what is gathered now, rather than at the end of the turn. */
  flush(): void {
    if (this.#state === 'open') this.#output.flush()
  }

  /** Sends what is gathered, hangs up and waits for the peer to do so, which is when it has read everything. */
  end(): Promise<void> {
    if (this.#state === 'open') {
      this.#output.flush()
      this.#state = 'ending'
      this.#layer.finish(() => this.#socket.end())
      this.#alarm.set(() => this.#socket.destroy(), END_TIMEOUT_MS)
    } else if (this.#state !== 'ending') {
      this.destroy()
    }
    return this.#closed
  }

  /** Ends it at once. */
  destroy(error?: NsqError): void {
    if (this.#state === 'closed') return
    this.#error ??= error ?? new ConnectionError(this.address, 'destroyed')
    this.#socket.destroy()
    // 'close' comes in another turn; nobody should write until then.
    this.#onClosed()
  }

  // Socket

  /**
   * Lets the socket read into one buffer again and again, where nothing is laid over it: a stream that makes one of 64 KiB for
   * each read costs a publish that is awaited 2 of its 18 us of CPU. Whatever takes a chunk borrows it.
   */
  #readInPlace(): Partial<Pick<TcpSocketConnectOpts, 'onread'>> {
    if (this.#settings.tls !== undefined) return {}
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
    const callback = (size: number): boolean => {
      this.#onData(buffer.subarray(0, size))
      return true // go on reading
    }
    return { onread: { buffer, callback } }
  }

  #onConnected(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'handshake'
    this.send(Buffer.from(MAGIC_V2))
    this.send(identify(this.#settings.identify))
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) => {
      this.#error ??= new ConnectionError(this.address, error.message, { cause: error })
    })
    socket.on('drain', () => this.#onDrain())
    socket.on('close', () => this.#onClosed())
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'closed') return
    this.lastReadAt = this.#settings.environment.now()
    this.#layer.push(chunk)
  }

  #onDrain(): void {
    if (!this.#wasCongested || this.#state !== 'open') return
    this.#wasCongested = false
    this.#handler.onDrain()
  }

  #onClosed(): void {
    if (this.#state === 'closed') return
    const ended = this.#state === 'ending' && this.#error === undefined
    this.#state = 'closed'
    this.#alarm.clear()
    this.#output.discard()
    this.#layer.destroy()
    const error = this.#error ?? new ConnectionError(this.address, 'closed by the server')
    this.#handler.onClose(ended ? undefined : error)
    this.#resolveClosed()
  }

  // LayerEnds

  toSocket(bytes: Buffer): void {
    if (this.#state !== 'closed') this.#socket.write(bytes)
  }

  toFrames(bytes: Buffer): void {
    if (this.#state === 'closed') return
    try {
      this.#decoder.push(bytes, this)
    } catch (error) {
      this.#fail(error)
    }
  }

  onLayerError(error: Error): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (error instanceof NsqError) return this.destroy(error)
    this.destroy(new ConnectionError(this.address, messageOf(error), { cause: error }))
  }

  // FrameHandler

  onFrame(type: number, data: Buffer): void {
    if (this.#state === 'closed') return
    const isHandshake = this.#state === 'handshake'
    if (type >= FrameType.message && type <= FrameType.depth && !isHandshake) return this.#handler.onMessage(data, type)
    if (type === FrameType.response) return isHandshake ? this.#onHandshakeResponse(data) : this.#onResponse(data)
    if (type !== FrameType.error) throw new ConnectionError(this.address, `unexpected frame of type ${type}`)
    const error = new ServerError(this.address, data.toString())
    if (isHandshake) throw error
    this.#handler.onServerError(error)
  }

  #onResponse(data: Buffer): void {
    if (!isHeartbeat(data)) return this.#handler.onResponse(data)
    this.send(NOP)
    this.flush()
  }

  #onHandshakeResponse(data: Buffer): void {
    if (isHeartbeat(data)) return // it may not be answered before the upgrades are done
    if (this.#features !== undefined) return this.#upgrade!.onResponse(data, this.#features)
    this.#features = parseFeatures(data)
    if (this.#upgrade !== undefined) return this.#upgrade.start(this.#features)
    if (this.#features.authRequired) throw new ConnectionError(this.address, 'the server requires AUTH: set authSecret')
    this.onUpgraded()
  }

  // UpgradeEnds

  sendAuth(): void {
    this.send(auth(this.#settings.authSecret!))
  }

  wrapSocket(wrap: (plain: Socket, host: string) => Socket): void {
    this.#socket.removeAllListeners('data')
    this.#socket.removeAllListeners('drain')
    this.#socket = wrap(this.#socket, parseAddress(this.address).host)
    this.#listen(this.#socket)
  }

  changeLayer(makeLayer: (ends: LayerEnds) => Layer): void {
    const rest = this.#decoder.takeRest()
    this.#layer = makeLayer(this)
    if (rest.length > 0) this.#layer.push(rest)
  }

  onUpgraded(): void {
    this.#state = 'open'
    this.#watch()
    this.#handler.onOpen()
  }

  /** Ends a connection on which neither heartbeats nor anything else came for too long. */
  #watch(): void {
    const silenceMaxMs = this.#settings.readTimeoutMs
    const silenceMs = this.#settings.environment.now() - this.lastReadAt
    if (silenceMs >= silenceMaxMs) {
      this.destroy(new ConnectionError(this.address, `silent for ${Math.round(silenceMs)} ms`))
      return
    }
    this.#alarm.set(() => this.#watch(), silenceMaxMs - silenceMs)
  }
}

function isHeartbeat(data: Buffer): boolean {
  return data.length === HEARTBEAT.length && data.toString() === HEARTBEAT
}
