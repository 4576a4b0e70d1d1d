import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Channel } from '../../src/core/channel.ts'
import { rewind, type Rewound } from '../../src/core/rewind.ts'
import type { Topic } from '../../src/core/topic.ts'
import { frameOf } from '../../src/log/message-header.ts'
import { type Frame, idHi, idLo } from '../core/support/frame.ts'
import { seeded } from '../core/support/seeded.ts'
import { SimSubscriber } from '../core/support/sim-subscriber.ts'
import { SimBroker } from './support/sim-broker.ts'
import { SimDisk } from './support/sim-disk.ts'

// A channel that is rewound to any time, whatever is in it, against a model that keeps a list.

/** What there is of a message in the model. */
interface Known {
  readonly publishedMs: number
  state: 'waits' | 'in flight' | 'deferred' | 'finished'
  /** Deliveries, as the next one will tell. */
  attempts: number
  /** As it came last. */
  frame: Frame | null
}

type Step =
  | { readonly kind: 'publish'; readonly count: number; readonly size: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'consume'; readonly count: number }
  | { readonly kind: 'finish' | 'requeue' | 'defer' | 'readmit'; readonly which: number }
  | { readonly kind: 'finishAll' | 'sweep' | 'restart' }
  | { readonly kind: 'rewind'; readonly to: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('publish'),
      count: fc.integer({ min: 1, max: 12 }),
      size: fc.integer({ min: 8, max: 700 }),
    }),
    fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ kind: fc.constant('consume'), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constantFrom('finish', 'requeue', 'defer', 'readmit'), which: fc.nat(20) }),
    fc.record({ kind: fc.constantFrom('finishAll', 'finishAll', 'sweep', 'restart') }),
    fc.record({ kind: fc.constant('rewind'), to: fc.integer({ min: -2, max: 12 }) }),
  ) as fc.Arbitrary<Step>,
  { minLength: 20, maxLength: 80, size: 'max' },
)

test('a rewound channel has what was published since, each once, beside all that it had before', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.constantFrom('memory', 'os'),
      fc.constantFrom(0, 5, 1000),
      async (all, durability, kept) => {
        const run = new Run(durability, kept)
        for (const step of all) await run.do(step)
        run.drain()
      },
    ),
    { numRuns: 120 },
  )
}, 120_000)

class Run {
  readonly #options: ConstructorParameters<typeof SimBroker>[0]
  readonly #disk = new SimDisk(seeded(1))
  readonly #messages = new Map<string, Known>()
  #broker: SimBroker
  #subscriber = new SimSubscriber({ msgTimeoutMs: 3_600_000 })
  #frames: Frame[] = []
  #serial = 0
  #inFlight = new Set<string>()

  constructor(durability: 'memory' | 'os', memQueueSize: number) {
    this.#options = {
      durability: () => durability,
      memQueueSize,
      maxBytesPerFile: 5000,
      blockSize: 4096,
      cacheSize: 3 * 4096,
      retention: { retainMs: 3_600_000, retainBytes: 0 },
    }
    this.#broker = new SimBroker(this.#options, this.#disk, null)
    this.#broker.start({ topics: [{ name: 't', paused: false, channels: [{ name: 'c', paused: false }] }] })
    this.#subscribe()
  }

  get #topic(): Topic {
    return this.#broker.registry.get('t')!
  }

  get #channel(): Channel {
    return this.#topic.channels.get('c')!
  }

  get #wallMs(): number {
    return this.#broker.clock.wallUs() / 1000
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'publish':
        for (let i = 0; i < step.count; i++) this.#publish(step.size)
        break
      case 'pass':
        this.#broker.advance(step.ms)
        break
      case 'consume':
        this.#consume(step.count)
        break
      case 'finish':
      case 'requeue':
      case 'defer':
        this.#answer(step.kind, step.which)
        break
      case 'readmit':
        this.#readmit(step.which)
        break
      case 'finishAll':
        while (this.#frames.length > 0) this.#answer('finish', 0)
        break
      case 'sweep':
        for (let i = 0; i < 3; i++) {
          this.#broker.registry.sweep()
          this.#settle()
        }
        break
      case 'restart':
        this.#restart()
        break
      case 'rewind':
        await this.#rewind(step.to)
        break
    }
    this.#settle()
    this.#compare()
  }

  #publish(size: number): void {
    const bytes = Buffer.alloc(size, `${this.#serial++}.`)
    this.#topic.publish(bytes, 0, bytes.length)
    this.#messages.set(bytes.toString(), { publishedMs: this.#wallMs, state: 'waits', attempts: 0, frame: null })
  }

  #consume(count: number): void {
    this.#subscriber.rdy = this.#frames.length + count
    this.#channel.wake(this.#subscriber.lane!)
    this.#settle()
    this.#subscriber.rdy = 0
  }

  #answer(kind: 'finish' | 'requeue' | 'defer', which: number): void {
    const [frame] = this.#frames.splice(which % Math.max(1, this.#frames.length), 1)
    if (frame === undefined) return
    const known = this.#messages.get(frame.body.toString())!
    const lane = this.#subscriber.lane!
    this.#inFlight.delete(frame.id)
    if (kind === 'finish') {
      known.state = 'finished'
      this.#channel.finish(lane, idHi(frame.id), idLo(frame.id))
    } else {
      known.state = kind === 'defer' ? 'deferred' : 'waits'
      this.#channel.requeue(lane, idHi(frame.id), idLo(frame.id), kind === 'defer' ? 7_200_000 : 0)
    }
  }

  /** As a redrive does: it comes from the channel's own log then. */
  #readmit(which: number): void {
    const finished = [...this.#messages.values()].filter(({ frame, state }) => state === 'finished' && frame !== null)
    const known = finished[which % Math.max(1, finished.length)]
    if (known === undefined) return
    const { body, id, timestampNs } = known.frame!
    this.#channel.readmit([{ bytes: frameOf(id, timestampNs, body), headers: null }], (error) =>
      expect(error).toBeNull(),
    )
    known.state = 'waits'
    known.attempts = 0
  }

  /** @param to one of the times at which something was published, or none of them */
  async #rewind(to: number): Promise<void> {
    const times = [...new Set(Array.from(this.#messages.values(), ({ publishedMs }) => publishedMs))]
    const toMs = times[to] ?? (to < 0 ? 0 : this.#wallMs)
    const answer = await this.#awaiting(rewind(this.#topic, this.#channel, toMs))
    const since = [...this.#messages.values()].filter(({ publishedMs }) => publishedMs >= toMs)
    const again = since.filter(({ state }) => state === 'finished')
    expect(answer).toEqual({ messages: again.length, complete: true, fromMs: since[0]?.publishedMs ?? null })
    for (const known of again) {
      known.state = 'waits'
      known.attempts = 0
    }
    this.#topic.confirm()
  }

  /** The disk goes on meanwhile. */
  async #awaiting(answer: Promise<Rewound>): Promise<Rewound> {
    const state = { done: false }
    const settled = answer.finally(() => (state.done = true))
    while (!state.done) {
      await new Promise((resolve) => setImmediate(resolve))
      this.#settle()
    }
    return settled
  }

  /** What was in flight comes again. */
  #restart(): void {
    this.#settle()
    const metadata = this.#broker.metadata()
    expect(this.#broker.registry.shutDown()).toEqual([])
    while (this.#disk.busy) this.#disk.complete()
    this.#disk.kill()
    this.#broker = new SimBroker(this.#options, this.#disk, this.#broker.clock)
    this.#broker.start(metadata)
    this.#frames = []
    this.#inFlight.clear()
    for (const known of this.#messages.values()) if (known.state === 'in flight') known.state = 'waits'
    this.#subscribe()
  }

  #subscribe(): void {
    this.#subscriber = new SimSubscriber({ msgTimeoutMs: 36_000_000 })
    this.#subscriber.onFrame = (frame) => {
      const known = this.#messages.get(frame.body.toString())!
      expect(this.#inFlight.has(frame.id), 'nobody has a message twice at a time').toBe(false)
      expect([known.state, frame.attempts]).toEqual(['waits', known.attempts + 1])
      known.state = 'in flight'
      known.frame = frame
      known.attempts = frame.attempts
      this.#inFlight.add(frame.id)
      this.#frames.push(frame)
    }
    this.#subscriber.subscribe(this.#channel)
  }

  #settle(): void {
    this.#broker.settle()
    while (this.#disk.complete()) this.#broker.settle()
  }

  #compare(): void {
    const count = (state: Known['state']): number =>
      [...this.#messages.values()].filter((known) => known.state === state).length
    const { deferredCount, depth, inFlightCount } = this.#channel
    expect([depth, inFlightCount, deferredCount]).toEqual([count('waits'), count('in flight'), count('deferred')])
    expect(this.#topic.retention.retained.messages).toBeLessThanOrEqual(this.#messages.size)
  }

  /** Everything is delivered, and then nothing is left but what is kept. */
  drain(): void {
    this.#broker.advance(8_000_000)
    for (const known of this.#messages.values()) if (known.state === 'deferred') known.state = 'waits'
    while (this.#channel.depth > 0) {
      const before = this.#channel.depth
      this.#consume(1000)
      while (this.#frames.length > 0) this.#answer('finish', 0)
      this.#settle()
      expect(this.#channel.depth).toBeLessThan(before)
    }
    while (this.#frames.length > 0) this.#answer('finish', 0)
    this.#settle()
    expect([...this.#messages.values()].filter(({ state }) => state !== 'finished')).toEqual([])
    expect([this.#channel.depth, this.#channel.inFlightCount, this.#channel.deferredCount]).toEqual([0, 0, 0])
    this.#broker.registry.shutDown()
    this.#disk.kill()
  }
}
