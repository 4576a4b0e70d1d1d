// One nsqd's connection: protocol V1 (nsqlookupd.md, section 4).
//
//   magic --'  V1'--> line <--> line of a command
//     |                |  IDENTIFY --> body size --> body --> line
//     |                v any error: answered, then closing
//     `--> closing: nothing is read any more, the peer has a moment to read the answer
import type { Socket } from 'node:net'
import { formatDuration, remoteAddress } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import {
  CommandReader,
  encodeLookupAnswer,
  LineTooLongError,
  MAGIC_V1,
  ProtocolError,
  SIZE_FIELD_SIZE,
} from '@nsq-ts/protocol'
import { execute } from './commands.ts'
import { IDENTIFY_BODY_SIZE_MAX, parseIdentify } from './identify.ts'
import type { Peer } from '../registrations/peer.ts'
import type { RegistrationDb } from '../registrations/registration-db.ts'

/** What this nsqlookupd says of itself in the answer to IDENTIFY, keys in the original's order. */
export interface Identity {
  readonly broadcast_address: string
  readonly hostname: string
  readonly http_port: number
  readonly tcp_port: number
  readonly version: string
}

export interface ConnectionContext {
  readonly db: RegistrationDb
  readonly logger: Logger
  readonly identity: Identity
  /** Counts every command by its word, `other` for unknown ones. */
  readonly count: (command: string) => void
  /** The connection is gone, and nothing of it is registered any more. */
  readonly onClosed: (connection: Connection) => void
}

type State = 'magic' | 'line' | 'identify size' | 'identify body' | 'closing'

const MAGIC_TIMEOUT_MS = 30_000
const CLOSING_TIMEOUT_MS = 1000
const KEEP_ALIVE_MS = 60_000
const OK = encodeLookupAnswer('OK')

export class Connection {
  /** `ip:port` of the other end. */
  readonly address: string
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #reader: CommandReader
  #state: State = 'magic'
  #peer: Peer | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket
    this.#context = context
    this.address = remoteAddress(socket)
    this.#reader = new CommandReader({
      onLine: (buffer, start, end) => this.#onLine(buffer.toString('latin1', start, end)),
      onBytes: (buffer, start, end) => this.#onBytes(buffer, start, end),
    })
  }

  /** The identified nsqd; undefined before IDENTIFY. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  /** Begins to read. */
  start(): void {
    const socket = this.#socket
    this.#context.logger.info(() => `TCP: new client(${this.address})`)
    this.#reader.need(MAGIC_V1.length)
    this.#timer = setTimeout(() => this.destroy(), MAGIC_TIMEOUT_MS)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS) // a peer that died without a word is noticed some time
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => this.#context.logger.debug(() => `client(${this.address}) - ${error.message}`))
    socket.on('close', () => this.#onClose())
    socket.resume()
  }

  /** Ends the connection at once, and with it its registrations. */
  destroy(): void {
    this.#socket.destroy()
    this.#onClose()
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'closing') return
    this.#socket.cork() // the answers to all commands of a chunk leave together
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
    this.#socket.uncork()
  }

  #onBytes(buffer: Buffer, start: number, end: number): void {
    if (this.#state === 'magic') this.#onMagic(buffer.toString('latin1', start, end))
    else if (this.#state === 'identify size') this.#onIdentifySize(buffer.readInt32BE(start))
    else this.#identify(buffer.toString('utf8', start, end))
  }

  #onMagic(magic: string): void {
    clearTimeout(this.#timer)
    this.#context.logger.info(() => `CLIENT(${this.address}): desired protocol magic '${magic}'`)
    if (magic !== MAGIC_V1.toString('latin1')) throw new ProtocolError('E_BAD_PROTOCOL', '')
    this.#state = 'line'
  }

  #onLine(line: string): void {
    // Parameters stand between single spaces: two in a row have an empty one between them.
    const [word = '', ...parameters] = line.replaceAll(/^[ \t\r\v\f]+|[ \t\r\v\f]+$/g, '').split(' ')
    if (word === 'IDENTIFY') {
      this.#context.count(word)
      if (this.#peer !== undefined) throw new ProtocolError('E_INVALID', 'cannot IDENTIFY again')
      this.#state = 'identify size'
      this.#reader.need(SIZE_FIELD_SIZE)
      return
    }
    if (word === 'PING') this.#ping()
    else execute(word, parameters, this.#peer, { ...this.#context, address: this.address })
    this.#answer(OK)
  }

  #ping(): void {
    const { count, db, logger } = this.#context
    count('PING')
    if (this.#peer === undefined) return
    const elapsedMs = db.touch(this.#peer)
    logger.debug(() => `CLIENT(${this.address}): pinged (last ping ${formatDuration(elapsedMs)})`)
  }

  #onIdentifySize(size: number): void {
    if (size < 0 || size > IDENTIFY_BODY_SIZE_MAX) throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to read body')
    this.#state = 'identify body'
    if (size === 0) this.#identify('')
    else this.#reader.need(size)
  }

  #identify(body: string): void {
    const { db, identity, logger } = this.#context
    const info = parseIdentify(body, this.address)
    this.#peer = db.addPeer(info)
    this.#state = 'line'
    logger.info(() => {
      const { broadcastAddress, tcpPort, httpPort, version } = info
      return `CLIENT(${this.address}): IDENTIFY Address:${broadcastAddress} TCP:${tcpPort} HTTP:${httpPort} Version:${version}`
    })
    logger.info(() => `DB: client(${this.address}) REGISTER category:client key: subkey:`)
    this.#answer(encodeLookupAnswer(JSON.stringify(identity)))
  }

  #answer(bytes: Buffer): void {
    if (this.#socket.write(bytes)) return
    // The peer sends but does not read: no more until it does.
    this.#reader.pause()
    this.#socket.pause()
  }

  #onDrain(): void {
    if (this.#state === 'closing') return
    try {
      this.#reader.resume()
    } catch (error) {
      this.#fail(error)
    }
    if (!this.#socket.writableNeedDrain) this.#socket.resume()
  }

  #onEnd(): void {
    const { logger } = this.#context
    if (this.#state === 'closing') return
    if (this.#state === 'magic') logger.error(`client(${this.address}) left before its protocol magic`)
    if (this.#state === 'identify size')
      this.#fail(new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to read body size'))
    else if (this.#state === 'identify body')
      this.#fail(new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to read body'))
    else this.#close()
  }

  /** Every error of this protocol is fatal. */
  #fail(error: unknown): void {
    const { logger } = this.#context
    const refusal = refusalOf(error)
    if (refusal === undefined) {
      logger.error(() => `client(${this.address}) - ${(error as Error).stack}`)
      this.destroy()
      return
    }
    const { code, detail, cause } = refusal
    const answer = detail.length === 0 ? code : `${code} ${detail.toString('latin1')}`
    const reason = cause instanceof Error ? ` - ${cause.message}` : ''
    logger.error(() => `[${this.address}] - ${answer}${reason}`)
    this.#close(encodeLookupAnswer(Buffer.from(answer, 'latin1')))
  }

  /**
   * The registrations go at once. The socket lives on for a moment and swallows what the peer still sends: closing it with unread
   * bytes would reset it, and the peer could lose the answer that says why.
   */
  #close(lastAnswer?: Buffer): void {
    this.#state = 'closing'
    this.#reader.pause()
    if (lastAnswer === undefined) this.#socket.end()
    else this.#socket.end(lastAnswer)
    this.#forgetPeer()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.destroy(), CLOSING_TIMEOUT_MS)
    this.#socket.resume()
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#state = 'closing'
    clearTimeout(this.#timer)
    this.#forgetPeer()
    this.#context.logger.info(() => `client(${this.address}) closed`)
    this.#context.onClosed(this)
  }

  #forgetPeer(): void {
    if (this.#peer === undefined) return
    const { db, logger } = this.#context
    for (const { category, key, subkey } of db.removePeer(this.#peer)) {
      logger.info(() => `DB: client(${this.address}) UNREGISTER category:${category} key:${key} subkey:${subkey}`)
    }
    this.#peer = undefined
  }
}

function refusalOf(error: unknown): ProtocolError | undefined {
  if (error instanceof ProtocolError) return error
  if (error instanceof LineTooLongError) return new ProtocolError('E_INVALID', error.message, { cause: error })
  return undefined
}
