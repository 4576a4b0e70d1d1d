import { setTimeout as sleep } from 'node:timers/promises'
import type { NsqdProcess } from '../support/nsqd-process.ts'
import type { Random } from '../support/random.ts'
import type { Ledger } from './ledger.ts'

const PAUSE_MAX_MS = 120
/** Channels that are made on the way: each has all that comes after. */
const MADE_MAX = 3

/** An administrator who pauses, unpauses, empties and makes channels, and remembers what nsqd said was done. */
export class Administration {
  /** By `topic` or `topic/channel`: paused or not; absent where nobody can know, since nsqd died before it answered. */
  readonly paused = new Map<string, boolean>()
  readonly #ledger: Ledger
  readonly #random: Random
  #madeCount = 0

  constructor(ledger: Ledger, random: Random) {
    this.#ledger = ledger
    this.#random = random
  }

  /** Makes topics and their channels. */
  async make(nsqd: NsqdProcess, topics: Readonly<Record<string, readonly string[]>>): Promise<void> {
    for (const [topic, channels] of Object.entries(topics)) {
      await post(nsqd, `/topic/create?topic=${topic}`)
      this.#ledger.topic(topic)
      this.paused.set(topic, false)
      for (const channel of channels) await this.#makeChannel(nsqd, topic, channel)
    }
  }

  /** Does this and that until nsqd dies. @throws what nsqd answered, if that was not 200 */
  async meddle(nsqd: NsqdProcess, topics: readonly string[], over: () => boolean): Promise<void> {
    const random = this.#random
    try {
      while (!over()) {
        await sleep(random.below(PAUSE_MAX_MS))
        const topic = random.pick(topics)
        const channel = random.pick(this.#ledger.channels(topic))
        if (over()) return
        const draw = random.next()
        if (draw < 0.05 && this.#madeCount < MADE_MAX) await this.#makeChannel(nsqd, topic, `made${++this.#madeCount}`)
        else if (draw < 0.1) await this.#empty(nsqd, topic, channel)
        else if (draw < 0.3) await this.#turn(nsqd, topic, channel)
        else if (draw < 0.4) await this.#turn(nsqd, topic)
      }
    } catch (error) {
      if (!over()) throw error
    }
  }

  async unpauseAll(nsqd: NsqdProcess, topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      await post(nsqd, `/topic/unpause?topic=${topic}`)
      for (const channel of this.#ledger.channels(topic)) {
        await post(nsqd, `/channel/unpause?topic=${topic}&channel=${channel}`)
      }
    }
  }

  async #makeChannel(nsqd: NsqdProcess, topic: string, channel: string): Promise<void> {
    await post(nsqd, `/channel/create?topic=${topic}&channel=${channel}`)
    this.#ledger.channel(topic, channel)
    this.paused.set(`${topic}/${channel}`, false)
  }

  async #empty(nsqd: NsqdProcess, topic: string, channel: string): Promise<void> {
    const emptied = this.#ledger.empties(topic, channel, this.paused.get(topic) === false)
    await post(nsqd, `/channel/empty?topic=${topic}&channel=${channel}`)
    emptied()
  }

  /** Pauses, or unpauses: mostly the latter, so that there is traffic. */
  async #turn(nsqd: NsqdProcess, topic: string, channel?: string): Promise<void> {
    const pause = this.#random.chance(0.3)
    const name = channel === undefined ? topic : `${topic}/${channel}`
    this.paused.delete(name)
    const kind = channel === undefined ? 'topic' : 'channel'
    const query = channel === undefined ? `topic=${topic}` : `topic=${topic}&channel=${channel}`
    await post(nsqd, `/${kind}/${pause ? 'pause' : 'unpause'}?${query}`)
    this.paused.set(name, pause)
  }
}

async function post(nsqd: NsqdProcess, path: string): Promise<void> {
  const { status, text } = await nsqd.http('POST', path)
  if (status !== 200) throw new Error(`${path} answered ${status} ${text}`)
}
