import { encodeJson } from '@nsq-ts/daemon'
import {
  Command,
  CommandReader,
  type CommandHandler,
  indexOfSpace,
  isValidChannelName,
  isValidTopicName,
  LineTooLongError,
  MESSAGE_ID_SIZE,
  parseDecimal,
  parseIdHi,
  parseIdLo,
  ProtocolError,
  SIZE_FIELD_SIZE,
  quoteName,
  readCommand,
  type ErrorCode,
} from '@nsq-ts/protocol'
import { type Channel, Outcome } from '../core/channel.ts'
import { Locality } from '../core/subscriber.ts'
import type { Topic } from '../core/topic.ts'
import { observeFin } from '../stats/fin-latency.ts'
import { type PublishCommand, publishFailed } from './answers.ts'
import { State } from './client-state.ts'
import type { ClientV2 } from './client-v2.ts'
import { dueOf, type HeadedCommand, HeadedMessages, pieceSizeMax } from './headed-publish.ts'
import { type IdentifyRequest, parseIdentify } from './identify.ts'
import { grant, identifyResponse, settle } from './negotiate.ts'
import { MpubBody } from './mpub-body.ts'
import type { TcpContext } from './tcp-context.ts'
import type { Grant } from './upgrade.ts'

const MAGIC = Buffer.from('  V2')
/** The commands that need permission where there are auth servers. */
const GUARDED: ReadonlySet<Command> = new Set([
  Command.sub,
  Command.pub,
  Command.mpub,
  Command.dpub,
  Command.hpub,
  Command.hmpub,
])

/** What the next piece of bytes is. */
const Awaiting = { line: 0, magic: 1, bodySize: 2, body: 3, mpubBody: 4 } as const
type Awaiting = (typeof Awaiting)[keyof typeof Awaiting]

/** A command that brings a body of one piece. */
type BodyCommand = 'IDENTIFY' | 'AUTH' | 'PUB' | 'DPUB' | 'HPUB'

/**
 * The V2 protocol of one client: what it says, checked and turned into calls on the core. Handlers bear the names of
 * their commands; the order of their checks is the order of tcp-protocol.md section 5.
 */
export class ProtocolV2 implements CommandHandler {
  readonly #context: TcpContext
  readonly #client: ClientV2
  readonly #reader: CommandReader
  readonly #mpub: MpubBody
  #awaiting: Awaiting = Awaiting.magic
  #closed = false
  /** TLS is required, and this connection is in the clear. */
  #tlsMissing: boolean
  /** The next FIN of this read is the one whose latency is noted. */
  #sampleFin = false

  // The command whose body is awaited.
  #command: BodyCommand = 'PUB'
  #topicName = ''
  #deferMs = 0
  /** Of HPUB and HMPUB, Unix milliseconds; null: at once. */
  #dueWallMs: number | null = null

  // The topic that was published to last, found again by the bytes of its name: most producers use one.
  #lastName = Buffer.alloc(0)
  #lastTopic: Topic | null = null

  constructor(context: TcpContext, client: ClientV2) {
    this.#context = context
    this.#client = client
    this.#tlsMissing = context.options.tlsRequired !== 'off'
    this.#reader = new CommandReader(this)
    this.#reader.need(MAGIC.length)
    this.#mpub = new MpubBody(this.#reader, context.options)
  }

  /** Interprets what came. Errors are told to the client here, at the border of the connection. */
  read(chunk: Buffer): void {
    this.#sampleFin = true
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Nothing is interpreted from now on. */
  close(): void {
    this.#closed = true
    this.#reader.pause()
  }

  /** The client went away or fell silent: what it is to be told, because it did so in the middle of a command. */
  interrupted(): ProtocolError | null {
    const command = this.#command
    switch (this.#awaiting) {
      case Awaiting.line:
      case Awaiting.magic:
        return null
      case Awaiting.bodySize:
        return new ProtocolError(bodyErrorCode(command), `${command} failed to read ${bodyName(command)} size`)
      case Awaiting.body:
        return new ProtocolError(bodyErrorCode(command), `${command} failed to read ${bodyName(command)}`)
      case Awaiting.mpubBody:
        return this.#mpub.interrupted()
    }
  }

  onLine(buf: Buffer, start: number, end: number): void {
    if (this.#closed) return
    const client = this.#client
    client.heartbeat.heard()
    const command = this.#commandOf(buf, start, end)
    if (this.#tlsMissing && command !== Command.identify) throw tlsRequired(buf, start, end)
    if (client.auth !== null && client.auth.expired && GUARDED.has(command)) return this.#renewAuth(buf, start, end)
    switch (command) {
      case Command.fin:
        return this.#FIN(buf, start, end)
      case Command.pub:
        return this.#PUB(buf, start, end)
      case Command.mpub:
        return this.#MPUB(buf, start, end)
      case Command.req:
        return this.#REQ(buf, start, end)
      case Command.touch:
        return this.#TOUCH(buf, start, end)
      case Command.rdy:
        return this.#RDY(buf, start, end)
      case Command.nop:
        return
      case Command.dpub:
        return this.#DPUB(buf, start, end)
      case Command.hpub:
        return this.#HPUB(buf, start, end)
      case Command.hmpub:
        return this.#HMPUB(buf, start, end)
      case Command.sub:
        return this.#SUB(buf, start, end)
      case Command.cls:
        return this.#CLS()
      case Command.identify:
        return this.#IDENTIFY()
      case Command.auth:
        return this.#AUTH(buf, start, end)
      default: {
        const word = buf.subarray(start, indexOfSpace(buf, start, end))
        throw new ProtocolError('E_INVALID', Buffer.concat([Buffer.from('invalid command '), word]))
      }
    }
  }

  /** To those that did not ask for them, our own commands are as unknown as they are to the original. */
  #commandOf(buf: Buffer, start: number, end: number): Command {
    const command = readCommand(buf, start, end)
    return command < Command.hpub || this.#client.settings.messageHeaders ? command : Command.unknown
  }

  onBytes(buf: Buffer, start: number, end: number): void {
    if (this.#closed) return
    switch (this.#awaiting) {
      case Awaiting.magic:
        this.#awaiting = Awaiting.line
        return this.#readMagic(buf.subarray(start, end))
      case Awaiting.bodySize:
        return this.#readBodySize(buf.readInt32BE(start))
      case Awaiting.body:
        this.#awaiting = Awaiting.line
        this.#client.heartbeat.heard()
        return this.#readBody(buf, start, end)
      case Awaiting.mpubBody:
        return this.#readMpubBody(buf, start, end)
      case Awaiting.line:
        throw new Error('bytes came where a line was awaited')
    }
  }

  // ---- commands ----

  #readMagic(magic: Buffer): void {
    const { logger } = this.#context
    logger.info(() => `CLIENT(${this.#client.remoteAddress}): desired protocol magic '${magic.toString('latin1')}'`)
    if (magic.equals(MAGIC)) return
    throw new ProtocolError('E_BAD_PROTOCOL', '')
  }

  #IDENTIFY(): void {
    this.#requireState('IDENTIFY', this.#client.state === State.init)
    this.#awaitBody('IDENTIFY')
  }

  #runIdentify(body: Buffer): void {
    const client = this.#client
    const { logger } = this.#context
    const text = body.toString()
    const request = parseIdentify(text)
    logger.debug(() => `PROTOCOL(V2): [${client.remoteAddress}] ${text}`)
    const heartbeatMs = settle(request, this.#context.options, client.settings, client.heartbeat.intervalMs)
    client.heartbeat.start(heartbeatMs)
    client.locality = this.#locality()
    logger.info(() => `[${client.remoteAddress}] IDENTIFY: ${JSON.stringify(request)}`)
    if (request.featureNegotiation) this.#negotiate(request)
    else client.answerOk()
  }

  #negotiate(request: IdentifyRequest): void {
    const client = this.#client
    const granted = grant(request, this.#context, client.transport)
    client.answer(identifyResponse(this.#context, client.settings, granted))
    if (granted.tls || granted.snappy || granted.deflateLevel > 0) this.#upgrade(granted)
  }

  /** What was sent ahead of an upgrade is thrown away: nobody can tell what it was meant in. */
  #upgrade(granted: Grant): void {
    this.#reader.pause()
    this.#reader.takeRest()
    this.#client.upgrade(granted, () => {
      if (this.#closed) return
      this.#tlsMissing &&= !granted.tls
      this.#reader.resume()
    })
  }

  #AUTH(buf: Buffer, start: number, end: number): void {
    this.#requireState('AUTH', this.#client.state === State.init)
    if (parameters(buf, start, end).length > 0)
      throw new ProtocolError('E_INVALID', 'AUTH invalid number of parameters')
    this.#awaitBody('AUTH')
  }

  #runAuth(secret: Buffer): void {
    const { auth, remoteIp, transport } = this.#client
    if (auth !== null && auth.known) throw new ProtocolError('E_INVALID', 'AUTH already set')
    if (auth === null) throw new ProtocolError('E_AUTH_DISABLED', 'AUTH disabled')
    const commonName = transport.secured?.commonName ?? ''
    const request = { secret: Buffer.from(secret), remoteIp, tls: transport.secured !== null, commonName }
    this.#suspend(async () => {
      const { identity, identityUrl, permissionCount } = await this.#askAuthServers(auth.authenticate(request))
      if (permissionCount === 0) throw new ProtocolError('E_UNAUTHORIZED', 'AUTH no authorizations found')
      this.#client.answer(encodeJson({ identity, identity_url: identityUrl, permission_count: permissionCount }))
    })
  }

  /** The time of what the client may do is over: asks again, and then takes the command up. */
  #renewAuth(buf: Buffer, start: number, end: number): void {
    const line = Buffer.from(buf.subarray(start, end))
    this.#suspend(async () => {
      await this.#askAuthServers(this.#client.auth!.renew())
      this.onLine(line, 0, line.length)
    })
  }

  /** @throws {ProtocolError} E_AUTH_FAILED; only the log tells why */
  async #askAuthServers<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      const { remoteAddress } = this.#client
      this.#context.logger.warn(() => `PROTOCOL(V2): [${remoteAddress}] AUTH failed ${(cause as Error).message}`)
      throw new ProtocolError('E_AUTH_FAILED', 'AUTH failed')
    }
  }

  /** Nothing that the client sends is looked at until the work is done. */
  #suspend(work: () => Promise<void>): void {
    this.#reader.pause()
    this.#client.hold()
    void this.#finishSuspended(work)
  }

  async #finishSuspended(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      if (this.#closed) return
      this.#client.release()
      this.#reader.resume()
    } catch (error) {
      if (!this.#closed) this.#fail(error)
    }
  }

  /** @throws {ProtocolError} when authorization is needed and not there; a publish has no channel */
  #authorize(command: 'SUB' | PublishCommand, topicName: string, channelName: string): void {
    const { auth } = this.#client
    if (auth === null) return
    const { authorization } = auth
    if (authorization === null) throw new ProtocolError('E_AUTH_FIRST', `AUTH required before ${command}`)
    const permission = command === 'SUB' ? 'subscribe' : 'publish'
    if (authorization.allows(permission, topicName, channelName)) return
    const what = `${quoteName(topicName)} ${quoteName(channelName)}`
    throw new ProtocolError('E_UNAUTHORIZED', `AUTH failed for ${command} on ${what}`)
  }

  #SUB(buf: Buffer, start: number, end: number): void {
    const client = this.#client
    const { options } = this.#context
    this.#requireState('SUB', client.state === State.init)
    if (client.heartbeat.intervalMs <= 0) {
      throw new ProtocolError('E_INVALID', 'cannot SUB with heartbeats disabled')
    }
    const [topicName, channelName] = parameters(buf, start, end)
    if (topicName === undefined || channelName === undefined) {
      throw new ProtocolError('E_INVALID', 'SUB insufficient number of parameters')
    }
    requireTopicName('SUB', topicName)
    if (!isValidChannelName(channelName.toString('latin1'))) {
      throw new ProtocolError('E_BAD_CHANNEL', `SUB channel name ${quoteName(channelName)} is not valid`)
    }
    this.#authorize('SUB', topicName.toString('latin1'), channelName.toString('latin1'))
    const { topic, channel } = this.#subscription(topicName.toString('latin1'), channelName.toString('latin1'))
    if (options.maxChannelConsumers > 0 && channel.subscriberCount >= options.maxChannelConsumers) {
      const limit = options.maxChannelConsumers
      throw new ProtocolError(
        'E_SUB_FAILED',
        `SUB failed consumers for ${topic.name}:${channel.name} exceeds limit of ${limit}`,
      )
    }
    client.state = State.subscribed
    client.topic = topic
    client.channel = channel
    client.lane = channel.subscribe(client)
    client.answerOk()
  }

  /** @throws {ProtocolError} E_SUB_FAILED when there may be no such topic or channel, or it cannot be made */
  #subscription(topicName: string, channelName: string): { topic: Topic; channel: Channel } {
    const { limits, registry } = this.#context
    try {
      limits.checkTopic(topicName)
      const topic = registry.topic(topicName)
      limits.checkChannel(topic, channelName)
      return { topic, channel: registry.channel(topic, channelName) }
    } catch (cause) {
      throw new ProtocolError('E_SUB_FAILED', `SUB failed ${(cause as Error).message}`, { cause })
    }
  }

  #RDY(buf: Buffer, start: number, end: number): void {
    const client = this.#client
    if (client.state === State.closing) return
    this.#requireState('RDY', client.state === State.subscribed)
    client.rdyCount = this.#readyCount(buf, start, end)
    client.channel!.wake(client.lane!)
  }

  #readyCount(buf: Buffer, start: number, end: number): number {
    const max = this.#context.options.maxRdyCount
    const at = indexOfSpace(buf, start, end) + 1
    if (at > end) return 1 // a bare RDY
    const count = signed64(this.#decimal('RDY could not parse count', buf, at, indexOfSpace(buf, at, end)))
    if (count < 0 || count > max) {
      throw new ProtocolError('E_INVALID', `RDY count ${count} out of range 0-${max}`)
    }
    return Number(count)
  }

  #FIN(buf: Buffer, start: number, end: number): void {
    const client = this.#client
    const at = this.#messageIdAt('FIN', 1, buf, start, end)
    const idHi = parseIdHi(buf, at)
    const idLo = parseIdLo(buf, at)
    const outcome = client.channel!.finish(client.lane!, idHi, idLo)
    if (outcome === Outcome.done) {
      client.finishCount++
      if (this.#sampleFin) {
        this.#sampleFin = false
        observeFin(client.channel!, idHi, idLo, this.#context.clock.wallUs())
      }
    } else this.#failMessage('E_FIN_FAILED', 'FIN', outcome, buf, at)
  }

  #REQ(buf: Buffer, start: number, end: number): void {
    const client = this.#client
    const { logger, options } = this.#context
    const at = this.#messageIdAt('REQ', 2, buf, start, end)
    const from = at + MESSAGE_ID_SIZE + 1
    const asked = signed64(this.#decimal('REQ could not parse timeout', buf, from, indexOfSpace(buf, from, end)))
    const delayMs = asked < 0 ? 0 : asked > options.maxReqTimeoutMs ? options.maxReqTimeoutMs : Number(asked)
    if (delayMs !== asked) {
      logger.info(
        () =>
          `[${client.remoteAddress}] REQ timeout ${asked} out of range 0-${options.maxReqTimeoutMs}. Setting to ${delayMs}`,
      )
    }
    const outcome = client.channel!.requeue(client.lane!, parseIdHi(buf, at), parseIdLo(buf, at), delayMs)
    if (outcome === Outcome.done) client.requeueCount++
    else this.#failMessage('E_REQ_FAILED', 'REQ', outcome, buf, at)
  }

  #TOUCH(buf: Buffer, start: number, end: number): void {
    const client = this.#client
    const at = this.#messageIdAt('TOUCH', 1, buf, start, end)
    const outcome = client.channel!.touch(client.lane!, parseIdHi(buf, at), parseIdLo(buf, at))
    if (outcome !== Outcome.done) this.#failMessage('E_TOUCH_FAILED', 'TOUCH', outcome, buf, at)
  }

  #CLS(): void {
    const client = this.#client
    this.#requireState('CLS', client.state === State.subscribed)
    client.rdyCount = 0
    client.state = State.closing
    client.answerCloseWait()
  }

  #PUB(buf: Buffer, start: number, end: number): void {
    this.#readTopicName('PUB', buf, start, end)
    this.#awaitBody('PUB')
  }

  #DPUB(buf: Buffer, start: number, end: number): void {
    const [topicName, delay] = parameters(buf, start, end)
    if (topicName === undefined || delay === undefined) {
      throw new ProtocolError('E_INVALID', 'DPUB insufficient number of parameters')
    }
    requireTopicName('DPUB', topicName)
    const max = this.#context.options.maxReqTimeoutMs
    const delayMs = signed64(this.#decimal('DPUB could not parse timeout', delay, 0, delay.length))
    if (delayMs < 0 || delayMs > max) {
      throw new ProtocolError('E_INVALID', `DPUB timeout ${delayMs} out of range 0-${max}`)
    }
    this.#deferMs = Number(delayMs)
    this.#topicName = topicName.toString('latin1')
    this.#awaitBody('DPUB')
  }

  #HPUB(buf: Buffer, start: number, end: number): void {
    this.#readHeadedLine('HPUB', buf, start, end)
    this.#awaitBody('HPUB')
  }

  #HMPUB(buf: Buffer, start: number, end: number): void {
    this.#readHeadedLine('HMPUB', buf, start, end)
    this.#beginMpub('HMPUB')
  }

  #MPUB(buf: Buffer, start: number, end: number): void {
    this.#readTopicName('MPUB', buf, start, end)
    this.#beginMpub('MPUB')
  }

  #beginMpub(command: 'MPUB' | 'HMPUB'): void {
    this.#authorize(command, this.#topicName, '')
    try {
      this.#topic() // made here, whatever becomes of the rest
    } catch (error) {
      throw publishFailed(command, error as Error)
    }
    this.#awaiting = Awaiting.mpubBody
    this.#mpub.begin(command)
  }

  // ---- bodies of one piece ----

  #awaitBody(command: BodyCommand): void {
    this.#command = command
    this.#awaiting = Awaiting.bodySize
    this.#reader.need(SIZE_FIELD_SIZE)
  }

  #readBodySize(size: number): void {
    const command = this.#command
    const isMessage = command !== 'IDENTIFY' && command !== 'AUTH'
    const max = this.#bodySizeMax(command)
    // The original looks at the upper bound first where it reads a command's body, at the lower first for a message.
    if (size > max) {
      const what = isMessage ? 'message' : 'body'
      throw new ProtocolError(bodyErrorCode(command), `${command} ${what} too big ${size} > ${max}`)
    }
    if (size <= 0) {
      throw new ProtocolError(bodyErrorCode(command), `${command} invalid ${bodyName(command)} size ${size}`)
    }
    this.#awaiting = Awaiting.body
    this.#reader.need(size)
  }

  #bodySizeMax(command: BodyCommand): number {
    const { options } = this.#context
    switch (command) {
      case 'PUB':
      case 'DPUB':
        return options.maxMsgSize
      case 'HPUB':
        return pieceSizeMax(options)
      case 'IDENTIFY':
      case 'AUTH':
        return options.maxBodySize
    }
  }

  #readBody(buf: Buffer, start: number, end: number): void {
    switch (this.#command) {
      case 'HPUB':
        return this.#runHpub(buf, start, end)
      case 'PUB':
        return this.#runPub(buf, start, end)
      case 'DPUB':
        return this.#runDpub(buf, start, end)
      case 'IDENTIFY':
        return this.#runIdentify(buf.subarray(start, end))
      case 'AUTH':
        return this.#runAuth(buf.subarray(start, end))
    }
  }

  #runPub(buf: Buffer, start: number, end: number): void {
    this.#authorize('PUB', this.#topicName, '')
    const { answers } = this.#client
    this.#publish('PUB', 1, (topic, ticket) => topic.publish(buf, start, end, answers, ticket))
  }

  #runDpub(buf: Buffer, start: number, end: number): void {
    this.#authorize('DPUB', this.#topicName, '')
    const { answers } = this.#client
    this.#publish('DPUB', 1, (topic, ticket) => topic.publishDeferred(buf, start, end, this.#deferMs, answers, ticket))
  }

  #runHpub(buf: Buffer, start: number, end: number): void {
    this.#authorize('HPUB', this.#topicName, '')
    const messages = new HeadedMessages('HPUB', this.#context.options)
    messages.add(buf, start, end)
    this.#publishHeaded('HPUB', buf, messages)
  }

  #publishHeaded(command: HeadedCommand, buf: Buffer, { bounds, headers }: HeadedMessages): void {
    const { answers } = this.#client
    this.#publish(command, headers.length, (topic, ticket) =>
      topic.publishHeaded(buf, 0, bounds, headers, this.#dueWallMs, answers, ticket),
    )
  }

  /** Publishes, and answers: at once when the messages are safe, else when they are. */
  #publish(command: PublishCommand, count: number, publish: (topic: Topic, ticket: number) => boolean): void {
    const { answers, pubCounts } = this.#client
    let safe: boolean
    try {
      safe = publish(this.#topic(), answers.ticket)
    } catch (error) {
      throw publishFailed(command, error as Error)
    }
    pubCounts.set(this.#topicName, (pubCounts.get(this.#topicName) ?? 0) + count)
    if (safe) this.#client.answerOk()
    else answers.wait(command)
  }

  // ---- bodies of many ----

  #readMpubBody(buf: Buffer, start: number, end: number): void {
    if (!this.#mpub.take(buf, start, end)) return
    this.#awaiting = Awaiting.line
    this.#client.heartbeat.heard()
    if (this.#mpub.command === 'HMPUB') this.#runHmpub(buf, start)
    else this.#runMpub(buf, start)
  }

  #runMpub(buf: Buffer, start: number): void {
    const { answers } = this.#client
    const { bounds, count } = this.#mpub
    this.#publish('MPUB', count, (topic, ticket) => topic.publishBatch(buf, start, bounds, answers, ticket))
  }

  #runHmpub(buf: Buffer, start: number): void {
    const { bounds } = this.#mpub
    const messages = new HeadedMessages('HMPUB', this.#context.options)
    for (let i = 0; i < bounds.length; i += 2) messages.add(buf, start + bounds[i]!, start + bounds[i + 1]!)
    this.#publishHeaded('HMPUB', buf, messages)
  }

  // ---- checks ----

  #requireState(command: string, allowed: boolean): void {
    if (!allowed) throw new ProtocolError('E_INVALID', `cannot ${command} in current state`)
  }

  /** Where the message id of a command starts, which has `count` parameters at least. */
  #messageIdAt(command: 'FIN' | 'REQ' | 'TOUCH', count: number, buf: Buffer, start: number, end: number): number {
    const { state } = this.#client
    this.#requireState(command, state === State.subscribed || state === State.closing)
    const at = start + command.length + 1
    const idEnd = indexOfSpace(buf, at, end)
    if (at > end || (count === 2 && idEnd === end)) {
      throw new ProtocolError('E_INVALID', `${command} insufficient number of params`)
    }
    if (idEnd - at !== MESSAGE_ID_SIZE) throw new ProtocolError('E_INVALID', 'invalid message ID')
    return at
  }

  #decimal(what: string, buf: Buffer, start: number, end: number): number | bigint {
    const value = parseDecimal(buf, start, end)
    if (!Number.isNaN(value)) return value
    throw new ProtocolError('E_INVALID', Buffer.concat([Buffer.from(`${what} `), buf.subarray(start, end)]))
  }

  /** Reads the topic's name into #topicName; a name that is the same as last time is not looked at again. */
  #readTopicName(command: 'PUB' | 'MPUB' | HeadedCommand, buf: Buffer, start: number, end: number): void {
    const at = start + command.length + 1
    if (at > end) throw new ProtocolError('E_INVALID', `${command} insufficient number of parameters`)
    const nameEnd = indexOfSpace(buf, at, end)
    if (this.#isLastName(buf, at, nameEnd)) return
    const name = buf.subarray(at, nameEnd)
    requireTopicName(command, name)
    this.#topicName = name.toString('latin1')
    this.#lastName = Buffer.from(name)
    this.#lastTopic = null
  }

  /** The topic, and when its messages are due. */
  #readHeadedLine(command: HeadedCommand, buf: Buffer, start: number, end: number): void {
    this.#readTopicName(command, buf, start, end)
    const from = indexOfSpace(buf, start + command.length + 1, end) + 1
    const nowWallMs = this.#context.clock.wallUs() / 1000
    const timeEnd = indexOfSpace(buf, from, end)
    this.#dueWallMs = from > end ? null : dueOf(command, buf, from, timeEnd, nowWallMs, this.#context.maxDeferMs())
  }

  #isLastName(buf: Buffer, start: number, end: number): boolean {
    const last = this.#lastName
    if (end - start !== last.length) return false
    for (let i = 0; i < last.length; i++) if (buf[start + i] !== last[i]) return false
    return last.length > 0
  }

  #topic(): Topic {
    const last = this.#lastTopic
    if (last !== null && last.name === this.#topicName && !last.closed) return last
    this.#context.refuse()
    this.#context.limits.checkTopic(this.#topicName)
    return (this.#lastTopic = this.#context.registry.topic(this.#topicName))
  }

  #locality(): Locality {
    const { options } = this.#context
    const { topologyRegion, topologyZone } = this.#client.settings
    if (topologyZone === options.topologyZone) return Locality.zone
    if (topologyRegion === options.topologyRegion) return Locality.region
    return Locality.global
  }

  // ---- errors ----

  #failMessage(code: ErrorCode, command: string, outcome: Outcome, buf: Buffer, at: number): void {
    const reason = outcome === Outcome.notOwner ? 'client does not own message' : 'ID not in flight'
    const id = buf.subarray(at, at + MESSAGE_ID_SIZE)
    const detail = Buffer.concat([Buffer.from(`${command} `), id, Buffer.from(` failed ${reason}`)])
    this.#client.fail(new ProtocolError(code, detail))
  }

  #fail(error: unknown): void {
    const client = this.#client
    if (error instanceof ProtocolError) {
      client.fail(error)
    } else if (error instanceof LineTooLongError) {
      this.#context.logger.error(() => `client(${client.remoteAddress}) - failed to read command - ${error.message}`)
      client.finish()
    } else {
      throw error
    }
  }
}

/** The parameters of a line, as bytes: what follows the command, split at every single space. */
function parameters(buf: Buffer, start: number, end: number): Buffer[] {
  const found: Buffer[] = []
  for (let at = indexOfSpace(buf, start, end) + 1; at <= end;) {
    const next = indexOfSpace(buf, at, end)
    found.push(buf.subarray(at, next))
    at = next + 1
  }
  return found
}

function requireTopicName(command: string, name: Buffer): void {
  if (isValidTopicName(name.toString('latin1'))) return
  // The original says the code twice for MPUB.
  const twice = command === 'MPUB' ? 'E_BAD_TOPIC ' : ''
  throw new ProtocolError('E_BAD_TOPIC', `${twice}${command} topic name ${quoteName(name)} is not valid`)
}

/** The original reads a number as unsigned and then takes it for a signed one of 64 bits. */
function signed64(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value
}

function tlsRequired(buf: Buffer, start: number, end: number): ProtocolError {
  const word = buf.subarray(start, indexOfSpace(buf, start, end))
  const detail = Buffer.concat([Buffer.from('cannot '), word, Buffer.from(' in current state (TLS required)')])
  return new ProtocolError('E_INVALID', detail)
}

function bodyErrorCode(command: BodyCommand): ErrorCode {
  return command === 'IDENTIFY' || command === 'AUTH' ? 'E_BAD_BODY' : 'E_BAD_MESSAGE'
}

function bodyName(command: BodyCommand): string {
  return command === 'IDENTIFY' || command === 'AUTH' ? 'body' : 'message body'
}
