import { setTimeout as sleep } from 'node:timers/promises'
import { DataPath } from '../support/data-path.ts'
import { eventually } from '../support/eventually.ts'
import { type ChannelStats, NsqdProcess, type TopicStats } from '../support/nsqd-process.ts'
import { type Random, randomOf } from '../support/random.ts'
import { Administration } from './administration.ts'
import { changeMinds } from './calendar.ts'
import { countLetters, FAILING, FLAGS, makeGraves, redriveThroughKills } from './dead-letters.ts'
import { Ledger, now } from './ledger.ts'
import { FATAL, ORDERLY, ROUGH, Traffic } from './traffic.ts'

const TOPICS = { orders: ['billing', 'shipping'], metrics: ['graph'], news: ['mail', 'web'] }
const TOPIC_NAMES = Object.keys(TOPICS)
const BEGIN_MAX_MS = 60_000
const ROUND_MAX_MS = 500
/** Long enough that nsqd sweeps sparse files away, twice. */
const LONG_ROUND_MS = 11_000
/** What was requeued is due long before. */
const QUIET_MAX_MS = 8000
const DRAIN_TIMEOUT_MS = 120_000
const READY = [1, 5, 50, 300]

export interface LifeSettings {
  readonly durability: 'os' | 'fsync'
  readonly seed: number
  /** Which of the lives of that seed. */
  readonly life: number
  readonly rounds: number
  /** One round in so many is a long one; 0: none. */
  readonly longEvery: number
}

export interface LifeOutcome {
  readonly violations: readonly string[]
  readonly acknowledged: number
  readonly delivered: number
  readonly finished: number
  readonly kills: number
  readonly cancelled: number
  readonly died: number
  readonly revived: number
  readonly duplicateAgesMs: readonly number[]
}

/**
 * One data path from its first nsqd to its last: rounds of mixed traffic, most of which end in `kill -9`, some in a clean
 * stop; what each run finds is compared with what the one before acknowledged. In the end all is drained.
 */
export async function live(settings: LifeSettings): Promise<LifeOutcome> {
  await using dataPath = await DataPath.make()
  return await new Life(settings, dataPath.path).run()
}

class Life {
  readonly #settings: LifeSettings
  readonly #dataPath: string
  readonly #random: Random
  readonly #ledger = new Ledger()
  readonly #administration: Administration
  readonly #flags: string[]
  #kills = 0

  constructor(settings: LifeSettings, dataPath: string) {
    this.#settings = settings
    this.#dataPath = dataPath
    const random = (this.#random = randomOf(settings.seed, settings.life))
    this.#administration = new Administration(this.#ledger, random)
    this.#flags = [
      `--durability=${settings.durability}`,
      `--mem-queue-size=${random.pick([0, 10, 200, 10_000])}`,
      `--max-bytes-per-file=${random.pick([50_000, 1_000_000, 104_857_600])}`,
      `--msg-timeout=${random.pick([200, 700, 60_000])}ms`,
      ...FLAGS,
    ]
  }

  async run(): Promise<LifeOutcome> {
    const { life, longEvery, rounds } = this.#settings
    for (let round = 0; round < rounds; round++) {
      if (round > 0 && this.#random.chance(0.2)) await this.#dieWhileStarting()
      const nsqd = await this.#start()
      try {
        if (round === 0) await this.#make(nsqd)
        else await this.#compare(nsqd)
        const long = longEvery > 0 && (life * rounds + round + 1) % longEvery === 0
        await this.#round(nsqd, long ? LONG_ROUND_MS : 20 + this.#random.below(ROUND_MAX_MS))
      } finally {
        await nsqd[Symbol.asyncDispose]()
      }
    }
    await this.#redrive()
    await this.#drain()
    const {
      cancelledCount,
      deadCount,
      revivedCount,
      acknowledgedCount,
      deliveredCount,
      duplicateAgesMs,
      finishedCount,
      violations,
    } = this.#ledger
    return {
      violations: violations.map((text) => `${text} (${this.#flags.join(' ')})`),
      acknowledged: acknowledgedCount,
      delivered: deliveredCount,
      finished: finishedCount,
      kills: this.#kills,
      cancelled: cancelledCount,
      died: deadCount,
      revived: revivedCount,
      duplicateAgesMs,
    }
  }

  async #make(nsqd: NsqdProcess): Promise<void> {
    await makeGraves(nsqd)
    await this.#administration.make(nsqd, TOPICS)
  }

  async #start(): Promise<NsqdProcess> {
    const nsqd = await NsqdProcess.start(this.#flags, { dataPath: this.#dataPath })
    await nsqd.http('PUT', '/config/log_level', 'fatal') // barriers are errors, thousands of them
    return nsqd
  }

  async #dieWhileStarting(): Promise<void> {
    const nsqd = await NsqdProcess.spawn(this.#flags, { dataPath: this.#dataPath })
    await sleep(this.#random.below(500))
    await nsqd.kill()
    this.#kills++
  }

  async #round(nsqd: NsqdProcess, durationMs: number): Promise<void> {
    const random = this.#random
    const traffic = new Traffic(nsqd, this.#ledger, random)
    traffic.feelPulse()
    for (const topic of TOPIC_NAMES) {
      traffic.produce(topic)
      for (const channel of this.#ledger.channels(topic)) {
        for (let i = random.below(3); i > 0; i--) {
          const manner = topic === FAILING.topic && channel === FAILING.channel ? FATAL : ROUGH
          traffic.consume(topic, channel, random.pick(READY), manner)
        }
      }
    }
    traffic.produceOverHttp(random.pick(TOPIC_NAMES))
    traffic.run((over) => this.#administration.meddle(nsqd, TOPIC_NAMES, over))
    traffic.run((over) => changeMinds(nsqd, this.#ledger, random, TOPIC_NAMES, over))
    // Mostly there is some traffic to die in, however slow the machine is.
    const before = this.#ledger.acknowledgedCount
    const isBegun = (): boolean => this.#ledger.acknowledgedCount > before
    if (random.chance(0.8)) await eventually(isBegun, { what: 'the first OK', intervalMs: 1, timeoutMs: BEGIN_MAX_MS })
    await sleep(durationMs)
    await this.#endRound(nsqd, traffic)
  }

  async #endRound(nsqd: NsqdProcess, traffic: Traffic): Promise<void> {
    const clean = this.#random.chance(0.2)
    const endedAt = now()
    traffic.end()
    if (clean) {
      await nsqd.stop()
    } else {
      this.#kills++
      // Sometimes in the middle of a clean stop.
      if (this.#random.chance(0.1)) {
        nsqd.terminate()
        await sleep(this.#random.below(30))
      }
      await nsqd.kill()
    }
    await traffic.ended()
    this.#ledger.runEnded(endedAt, clean)
    if (nsqd.crash !== undefined) throw new Error(`nsqd crashed:\n${nsqd.crash}`)
  }

  /** What a new run found on disk, before anybody touches it. */
  async #compare(nsqd: NsqdProcess): Promise<void> {
    const { paused } = this.#administration
    const topics = await this.#countedWithLetters(nsqd)
    for (const topic of topics.filter(({ topic_name }) => TOPIC_NAMES.includes(topic_name))) {
      this.#comparePaused(topic.topic_name, topic.paused, paused.get(topic.topic_name))
      for (const channel of topic.channels) {
        const name = `${topic.topic_name}/${channel.channel_name}`
        if (!this.#ledger.channels(topic.topic_name).includes(channel.channel_name)) continue
        this.#comparePaused(name, channel.paused, paused.get(name))
        const { lasting, possible, required } = this.#ledger.bounds(topic.topic_name, channel.channel_name)
        const held = channel.depth + channel.in_flight_count + channel.deferred_count
        if (held + topic.depth < required || held > possible) {
          this.#violation(
            `${name} has ${held} messages, and ${topic.depth} in the topic, for ${required} to ${possible}`,
          )
        }
        if (channel.deferred_count + topic.depth < lasting) {
          this.#violation(`${name} has ${channel.deferred_count} deferred, for at least ${lasting}`)
        }
      }
    }
    for (const topic of TOPIC_NAMES) {
      const found = topics.find(({ topic_name }) => topic_name === topic)?.channels.map((each) => each.channel_name)
      for (const channel of this.#ledger.channels(topic)) {
        if (found?.includes(channel) !== true) this.#violation(`${topic}/${channel} is not there any more`)
      }
    }
  }

  /** What there is, at a moment at which nothing is becoming a dead letter. */
  async #countedWithLetters(nsqd: NsqdProcess): Promise<TopicStats[]> {
    for (;;) {
      const before = await countLetters(nsqd, this.#ledger, true)
      const topics = await nsqd.topics()
      if ((await countLetters(nsqd, this.#ledger, true)) === before) return topics
    }
  }

  #comparePaused(name: string, is: boolean, was: boolean | undefined): void {
    if (was !== undefined && is !== was) this.#violation(`${name} is ${is ? '' : 'not '}paused, and was told otherwise`)
  }

  /** What has died is sent back, which nsqd is killed over. */
  async #redrive(): Promise<void> {
    const started = await this.#start()
    await this.#compare(started)
    const restart = async (nsqd: NsqdProcess): Promise<NsqdProcess> => {
      const endedAt = now()
      await nsqd.kill()
      this.#ledger.runEnded(endedAt, false)
      return await this.#start()
    }
    const { kills, nsqd } = await redriveThroughKills(started, this.#ledger, this.#random, restart)
    this.#kills += kills
    const endedAt = now()
    await nsqd.stop()
    this.#ledger.runEnded(endedAt, true)
  }

  async #drain(): Promise<void> {
    const nsqd = await this.#start()
    try {
      await this.#compare(nsqd)
      await this.#administration.unpauseAll(nsqd, TOPIC_NAMES)
      const traffic = new Traffic(nsqd, this.#ledger, this.#random)
      for (const topic of TOPIC_NAMES) {
        for (const channel of this.#ledger.channels(topic)) traffic.consume(topic, channel, 200, ORDERLY)
      }
      await this.#drained(nsqd)
      traffic.end()
      const endedAt = now()
      await nsqd.stop()
      await traffic.ended()
      this.#ledger.runEnded(endedAt, true)
    } finally {
      await nsqd[Symbol.asyncDispose]()
    }
  }

  /** All that was acknowledged has come; or nothing comes any more, though there is time enough for what is deferred. */
  async #drained(nsqd: NsqdProcess): Promise<void> {
    let delivered = -1
    let deliveredAt = 0
    const isOver = async (): Promise<boolean> => {
      if (this.#ledger.deliveredCount !== delivered) deliveredAt = now()
      delivered = this.#ledger.deliveredCount
      await countLetters(nsqd, this.#ledger, false) // the last attempt may have been one too many
      return (await this.#isEmpty(nsqd)) || now() - deliveredAt > QUIET_MAX_MS
    }
    await eventually(isOver, { what: 'all is drained', timeoutMs: DRAIN_TIMEOUT_MS, intervalMs: 100 })
    for (const topic of TOPIC_NAMES) {
      for (const channel of this.#ledger.channels(topic)) {
        const missing = this.#ledger.outstanding(topic, channel)
        if (missing.length === 0) continue
        const { depth, in_flight_count, deferred_count } = await nsqd.channel(topic, channel)
        const where = `depth ${depth}, in flight ${in_flight_count}, deferred ${deferred_count}`
        this.#violation(`LOST: ${topic}/${channel} ${missing.length} (${where}): ${missing.slice(0, 5).join('; ')}`)
      }
    }
  }

  /** Nothing waits or is in flight, and only what lasts is deferred. */
  async #isEmpty(nsqd: NsqdProcess): Promise<boolean> {
    const ours = (await nsqd.topics()).filter(({ topic_name }) => TOPIC_NAMES.includes(topic_name))
    return ours.every(({ channels, depth, topic_name: topic }) => {
      const isDone = (channel: ChannelStats): boolean => {
        const { lasting, possible } = this.#ledger.bounds(topic, channel.channel_name)
        const { deferred_count: deferred, depth: waiting, in_flight_count: inFlight } = channel
        const come = this.#ledger.outstanding(topic, channel.channel_name).length === 0
        return waiting === 0 && inFlight === 0 && deferred >= lasting && deferred <= possible && come
      }
      // One that nsqd died over, before it said that it had made it, is nobody's.
      const known = this.#ledger.channels(topic)
      return depth === 0 && channels.filter(({ channel_name }) => known.includes(channel_name)).every(isDone)
    })
  }

  #violation(text: string): void {
    this.#ledger.violations.push(`run ${this.#ledger.run}: ${text}`)
  }
}
