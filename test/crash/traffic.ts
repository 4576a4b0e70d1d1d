import { setTimeout as sleep } from 'node:timers/promises'
import { dpub, fin, FrameType, mpub, pub, req, touch, type WireMessage } from '@nsq-ts/protocol'
import type { NsqdProcess } from '../support/nsqd-process.ts'
import type { Random } from '../support/random.ts'
import type { V2Client } from '../support/v2-client.ts'
import { type Ledger, now, type Request } from './ledger.ts'

/** No message has it. To finish it fails on purpose: the answer tells that all before it was read. */
const NO_MESSAGE = '0000000000000000'
const BARRIER_EVERY_MS = 5
/** Even one who asks nothing hears something this often, since an answer that never comes is a failure. */
const QUIET_MAX_MS = 2000
const PULSE_PAUSE_MS = 2
const LASTING_DEFER_MS = 600_000
const DEFER_MAX_MS = 1500
/** In all, so that what there is can be worked off later. */
const PUBLISHES_MAX = 300
/** How many publishes a producer sends ahead of their answers. */
const AHEAD_MAX = 8
const SIZES = [30, 60, 200, 200, 1000, 5000, 60_000]

/** How a consumer treats what it gets, by chance; the rest it finishes at once. */
export interface Manner {
  readonly requeue: number
  readonly defer: number
  readonly touch: number
  readonly finishLater: number
  /** Kept until it times out, or nsqd dies. */
  readonly hold: number
  readonly leave: number
}

export const ROUGH: Manner = { requeue: 0.08, defer: 0.06, touch: 0.06, finishLater: 0.1, hold: 0.08, leave: 0.002 }
export const ORDERLY: Manner = { requeue: 0, defer: 0, touch: 0, finishLater: 0, hold: 0, leave: 0 }

/** Most fails, so that much of it dies. */
export const FATAL: Manner = { requeue: 0.6, defer: 0.02, touch: 0.02, finishLater: 0.05, hold: 0.1, leave: 0.01 }

/** Producers and consumers on one run of nsqd. All of them end when it dies, or by `end`. */
export class Traffic {
  readonly #nsqd: NsqdProcess
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #running: Promise<void>[] = []
  #publishesLeft = PUBLISHES_MAX
  #over = false

  constructor(nsqd: NsqdProcess, ledger: Ledger, random: Random) {
    this.#nsqd = nsqd
    this.#ledger = ledger
    this.#random = random
  }

  /** Nothing is sent from now on; what was answered before is still read. */
  end(): void {
    this.#over = true
  }

  /** Resolves when all connections are closed. @throws what went wrong while nsqd was alive */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Has something go on beside all else. What it throws once all is over is nobody's concern. */
  run(work: (over: () => boolean) => Promise<void>): void {
    const ended = work(() => this.#over).catch((error: unknown) => {
      if (!this.#over) throw error
    })
    ended.catch(() => {}) // whoever awaits `ended` hears of it
    this.#running.push(ended)
  }

  /** Keeps asking for something that costs nothing, to know when nsqd ran. */
  feelPulse(): void {
    this.run(async () => {
      using client = await this.#nsqd.connect()
      for (; !this.#over; await sleep(PULSE_PAUSE_MS)) {
        const sentAt = now()
        client.send(pub('pulse#ephemeral', Buffer.from('x')))
        await client.ok()
        this.#ledger.pulse(sentAt, now())
      }
    })
  }

  // ---- producers ----

  produce(topic: string): void {
    this.run(() => this.#produceOverTcp(topic))
  }

  produceOverHttp(topic: string): void {
    this.run(async () => {
      while (!this.#over && this.#publishesLeft-- > 0) {
        const { deferMs, lasting, query } = this.#schedule()
        const body = this.#ledger.publishes(topic, this.#random.pick(SIZES), deferMs, lasting)
        const { status, text } = await this.#nsqd.http('POST', `/pub?topic=${topic}${query}`, body)
        if (status !== 200) throw new Error(`/pub answered ${status} ${text}`)
        this.#ledger.acknowledged(body)
      }
    })
  }

  /** At once, after a while, or at a time. */
  #schedule(): { deferMs: number; lasting: boolean; query: string } {
    const random = this.#random
    const draw = random.next()
    if (draw < 0.4) return { deferMs: 0, lasting: false, query: '' }
    const lasting = random.chance(0.2)
    const deferMs = lasting ? LASTING_DEFER_MS : 1 + random.below(DEFER_MAX_MS)
    if (draw < 0.7) return { deferMs, lasting, query: `&defer=${deferMs}ms` }
    return { deferMs, lasting, query: `&at=${Math.ceil(now() + deferMs)}` }
  }

  async #produceOverTcp(topic: string): Promise<void> {
    const client = await this.#nsqd.connect()
    const sent: Buffer[][] = []
    const send = (): void => {
      const { command, bodies } = this.#publish(topic)
      client.send(command)
      sent.push(bodies)
    }
    while (!this.#over || sent.length > 0) {
      while (!this.#over && this.#publishesLeft > 0 && sent.length < this.#random.below(AHEAD_MAX) + 1) send()
      if (sent.length === 0) break
      await client.ok()
      for (const body of sent.shift()!) this.#ledger.acknowledged(body)
    }
    client.destroy()
  }

  #publish(topic: string): { command: Buffer; bodies: Buffer[] } {
    this.#publishesLeft--
    const random = this.#random
    const body = (deferMs = 0, lasting = false): Buffer =>
      this.#ledger.publishes(topic, random.pick(SIZES), deferMs, lasting)
    if (random.chance(0.2)) {
      const bodies = Array.from({ length: 1 + random.below(20) }, () => body())
      return { command: mpub(topic, bodies), bodies }
    }
    if (random.chance(0.2)) {
      const lasting = random.chance(0.2)
      const deferMs = lasting ? LASTING_DEFER_MS : 1 + random.below(DEFER_MAX_MS)
      const deferred = body(deferMs, lasting)
      return { command: dpub(topic, deferMs, deferred), bodies: [deferred] }
    }
    const single = body()
    return { command: pub(topic, single), bodies: [single] }
  }

  // ---- consumers ----

  consume(topic: string, channel: string, ready: number, manner: Manner): void {
    this.run(async () => {
      while (!this.#over) await this.#consumeUntilItLeaves(topic, channel, ready, manner)
    })
  }

  async #consumeUntilItLeaves(topic: string, channel: string, ready: number, manner: Manner): Promise<void> {
    const consumer = new Consumer(topic, channel, this.#ledger, this.#random, manner, () => this.#over)
    const client = await this.#nsqd.connect({ onMessage: (message, self) => consumer.onMessage(message, self) })
    if (this.#over) return client.destroy()
    await client.subscribe(topic, channel, ready)
    const barriers = this.#barriers(client, consumer)
    try {
      while (!client.socket.destroyed) {
        const { type, data } = await client.nextFrame()
        if (type !== FrameType.error) throw new Error(`a consumer was told ${data.toString()}`)
        consumer.onError(data.toString())
      }
    } catch (error) {
      if (!this.#over && !consumer.left) throw error
    } finally {
      client.destroy()
      await barriers
    }
  }

  async #barriers(client: V2Client, consumer: Consumer): Promise<void> {
    while (!client.socket.destroyed && !this.#over) {
      consumer.sendBarrier(client)
      await sleep(BARRIER_EVERY_MS)
    }
  }
}

/** What was asked of nsqd for one message since the last barrier, and how often it refused. */
interface Asked {
  readonly body: Buffer
  readonly requests: Request[]
  refusals: number
}

/** One connection that consumes: what it does with each message, and what it knows to have been read by nsqd. */
class Consumer {
  left = false
  readonly #topic: string
  readonly #channel: string
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #manner: Manner
  readonly #isOver: () => boolean
  /** By id: what was asked since the last barrier. */
  #asked = new Map<string, Asked>()
  /** What was asked before each barrier that is under way. */
  #lastBarrierAt = 0
  readonly #barriers: Map<string, Asked>[] = []

  constructor(topic: string, channel: string, ledger: Ledger, random: Random, manner: Manner, isOver: () => boolean) {
    this.#topic = topic
    this.#channel = channel
    this.#ledger = ledger
    this.#random = random
    this.#manner = manner
    this.#isOver = isOver
  }

  onMessage({ id, attempts, body: borrowed }: WireMessage, client: V2Client): void {
    const body = Buffer.from(borrowed)
    this.#ledger.delivered(this.#topic, this.#channel, body, attempts)
    const random = this.#random
    const { defer, finishLater, hold, leave, requeue, touch: touches } = this.#manner
    let draw = random.next()
    const falls = (share: number): boolean => (draw -= share) < 0
    if (falls(hold)) return
    if (falls(leave)) {
      this.left = true
      return client.destroy()
    }
    if (falls(requeue)) return this.#requeue(client, id, body, attempts, 0)
    if (falls(defer)) return this.#requeue(client, id, body, attempts, 1 + random.below(DEFER_MAX_MS))
    const later = falls(touches + finishLater)
    if (!later) return this.#finish(client, id, body)
    if (random.chance(0.5)) this.#send(client, touch(id))
    setTimeout(() => this.#finish(client, id, body), random.below(300)).unref()
  }

  onError(text: string): void {
    const id = /[0-9a-f]{16}/.exec(text)?.[0]
    if (id === NO_MESSAGE) return this.#passBarrier()
    if (id === undefined || !/^E_(FIN|REQ|TOUCH)_FAILED/.test(text)) throw new Error(`a consumer was told ${text}`)
    if (text.startsWith('E_TOUCH')) return
    const asked = [...this.#barriers, this.#asked].find((each) => each.has(id))?.get(id)
    if (asked !== undefined) asked.refusals++
  }

  sendBarrier(client: V2Client): void {
    if (this.#isOver() || (this.#asked.size === 0 && performance.now() - this.#lastBarrierAt < QUIET_MAX_MS)) return
    this.#lastBarrierAt = performance.now()
    client.send(fin(NO_MESSAGE))
    this.#barriers.push(this.#asked)
    this.#asked = new Map()
  }

  #finish(client: V2Client, id: string, body: Buffer): void {
    if (!this.#canSend(client)) return
    this.#note(id, body, this.#ledger.finishes(this.#topic, this.#channel, body))
    client.send(fin(id))
  }

  #requeue(client: V2Client, id: string, body: Buffer, attempts: number, delayMs: number): void {
    if (!this.#canSend(client)) return
    this.#note(id, body, this.#ledger.requeues(this.#topic, this.#channel, body, attempts, delayMs))
    client.send(req(id, delayMs))
  }

  #send(client: V2Client, command: Buffer): void {
    if (this.#canSend(client)) client.send(command)
  }

  #note(id: string, body: Buffer, request: Request | null): void {
    if (request === null) return
    const asked = this.#asked.get(id) ?? { body, requests: [], refusals: 0 }
    asked.requests.push(request)
    this.#asked.set(id, asked)
  }

  /**
   * nsqd has read what was asked before the oldest barrier, and refused what it had to. Where the same message was asked
   * for twice, only one of them refused, nobody knows which: then nothing is known to have been read.
   */
  #passBarrier(): void {
    const at = now()
    for (const { body, refusals, requests } of this.#barriers.shift()!.values()) {
      if (refusals === requests.length) {
        for (const request of requests) this.#ledger.refused(this.#topic, this.#channel, body, request)
      } else if (requests.length === 1) {
        for (const request of requests) request.confirmedAt = at
      }
    }
  }

  #canSend(client: V2Client): boolean {
    return !this.#isOver() && !client.socket.destroyed
  }
}
