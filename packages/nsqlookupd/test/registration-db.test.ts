import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { viewOf } from '../src/discovery/view.ts'
import type { Peer, PeerInfo } from '../src/registrations/peer.ts'
import { RegistrationDb } from '../src/registrations/registration-db.ts'
import type { Subject } from '../src/registrations/registration-db.ts'
import { RegistrationModel } from './fixtures/registration-model.ts'

const INACTIVE_MS = 300
const TOMBSTONE_MS = 45
const PEERS = ['a', 'b']
const TOPICS = ['news', 'gone#ephemeral']
const CHANNELS = ['readers', 'tail#ephemeral']

function infoOf(name: string): PeerInfo {
  return {
    remoteAddress: `10.0.0.1:${name}`,
    hostname: name,
    broadcastAddress: name,
    tcpPort: 4150,
    httpPort: 4151,
    version: '1.3.0',
    topologyZone: '',
    topologyRegion: '',
  }
}

type Action =
  | { readonly do: 'identify'; readonly peer: string }
  | { readonly do: 'ping'; readonly peer: string }
  | { readonly do: 'disconnect'; readonly peer: string }
  | {
      readonly do: 'register' | 'unregister'
      readonly peer: string
      readonly topic: string
      readonly channel: string | undefined
    }
  | { readonly do: 'create' | 'delete'; readonly topic: string; readonly channel: string | undefined }
  | { readonly do: 'tombstone'; readonly topic: string; readonly peer: string }
  | { readonly do: 'wait'; readonly ms: number }

const peer = fc.constantFrom(...PEERS)
const topic = fc.constantFrom(...TOPICS)
const channel = fc.constantFrom(...CHANNELS, undefined)

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constantFrom('identify', 'ping', 'disconnect'), peer }),
  fc.record({ do: fc.constantFrom('register', 'register', 'unregister'), peer, topic, channel }),
  fc.record({ do: fc.constantFrom('create', 'delete'), topic, channel }),
  fc.record({ do: fc.constant('tombstone'), topic, peer }),
  fc.record({
    do: fc.constant('wait'),
    ms: fc.constantFrom(1, TOMBSTONE_MS - 1, TOMBSTONE_MS, INACTIVE_MS, INACTIVE_MS + 1),
  }),
)

/** All peers are there to begin with: most steps are about one. */
const actions = fc
  .array(action, { maxLength: 60 })
  .map((steps): Action[] => [...PEERS.map((one): Action => ({ do: 'identify', peer: one })), ...steps])

/** The real thing and the model, side by side; and what each step was announced to change. */
class Pair {
  readonly model = new RegistrationModel(INACTIVE_MS, TOMBSTONE_MS)
  readonly changed = new Set<Subject>()
  readonly db: RegistrationDb
  readonly #peers = new Map<string, Peer>()

  constructor() {
    this.db = new RegistrationDb({
      now: () => this.model.nowMs,
      inactiveProducerTimeoutMs: INACTIVE_MS,
      tombstoneLifetimeMs: TOMBSTONE_MS,
      onChange: (subject) => this.changed.add(subject),
    })
  }

  apply(step: Action): void {
    const { model, db } = this
    switch (step.do) {
      case 'wait':
        model.nowMs += step.ms
        return
      case 'create':
        model.create(step.topic, step.channel)
        if (step.channel === undefined) db.createTopic(step.topic)
        else db.createChannel(step.topic, step.channel)
        return
      case 'delete':
        model.delete(step.topic, step.channel)
        if (step.channel === undefined) db.deleteTopic(step.topic)
        else db.deleteChannel(step.topic, step.channel)
        return
      case 'tombstone':
        model.tombstone(step.topic, step.peer)
        db.tombstone(step.topic, (info) => info.broadcastAddress === step.peer)
        return
      default:
        this.#applyToPeer(step)
    }
  }

  #applyToPeer(step: Extract<Action, { do: 'identify' | 'ping' | 'disconnect' | 'register' | 'unregister' }>): void {
    const { model, db } = this
    const known = this.#peers.get(step.peer)
    if (step.do === 'identify') {
      if (known !== undefined) return
      model.identify(step.peer)
      this.#peers.set(step.peer, db.addPeer(infoOf(step.peer)))
      return
    }
    if (known === undefined) return
    switch (step.do) {
      case 'ping':
        model.ping(step.peer)
        db.touch(known)
        return
      case 'disconnect':
        model.disconnect(step.peer)
        db.removePeer(known)
        this.#peers.delete(step.peer)
        return
      default:
        this.#applyRegistration(known, step)
    }
  }

  #applyRegistration(known: Peer, step: Extract<Action, { do: 'register' | 'unregister' }>): void {
    const { model, db } = this
    if (step.do === 'register') {
      model.register(step.peer, step.topic, step.channel)
      if (step.channel !== undefined) db.registerChannel(known, step.topic, step.channel)
      db.registerTopic(known, step.topic)
    } else {
      model.unregister(step.peer, step.topic, step.channel)
      if (step.channel === undefined) db.unregisterTopic(known, step.topic)
      else db.unregisterChannel(known, step.topic, step.channel)
    }
  }

  /** All answers of the real thing, in the form of the model's. */
  answers(): object {
    const { db } = this
    const name = ({ info }: Peer) => info.broadcastAddress
    const nodes = [...db.peers()]
      .filter((one) => db.isActive(one))
      .map((one) => {
        const topics = [...one.topics].map(([key, producer]) => `${key}${db.isTombstoned(producer) ? '!' : ''}`)
        return [name(one), topics.sort()] as const
      })
    const debug = [...db.registrations()].map(([{ category, key, subkey }, producers]) => {
      return [`${category}:${key}:${subkey}`, [...producers].map((producer) => name(producer.peer)).sort()] as const
    })
    return {
      topics: db.topics(),
      channels: TOPICS.map((one) => db.channels(one)),
      lookup: TOPICS.map((one) => {
        const listed = [...db.producers(one)].filter(
          (producer) => db.isActive(producer.peer) && !db.isTombstoned(producer),
        )
        return listed.map((producer) => name(producer.peer)).sort()
      }),
      nodes: Object.fromEntries(nodes),
      debug: Object.fromEntries(debug),
      counts: db.counts(),
    }
  }

  expected(): object {
    const { model } = this
    const channels = TOPICS.map((one) => model.channels(one))
    const topics = model.topics()
    return {
      topics,
      channels,
      lookup: TOPICS.map((one) => model.lookup(one)),
      nodes: model.nodes(),
      debug: model.debug(),
      counts: { topics: topics.length, channels: channels.flat().length, peers: model.lastUpdateMs.size },
    }
  }
}

const SUBJECTS: Subject[] = [
  'topics',
  'nodes',
  ...TOPICS.flatMap((one): Subject[] => [`lookup:${one}`, `channels:${one}`]),
]

describe('against the model', () => {
  test('every answer is that of the plain rules, after any steps', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const pair = new Pair()
        for (const step of steps) {
          pair.apply(step)
          expect(pair.answers()).toEqual(pair.expected())
        }
      }),
      { numRuns: 500 },
    )
  })

  test('what is answered differently was announced, or is due by the time told before', () => {
    let looked = 0
    fc.assert(
      fc.property(actions, (steps) => {
        const pair = new Pair()
        let before = new Map(SUBJECTS.map((subject) => [subject, viewOf(pair.db, subject)]))
        for (const step of steps) {
          pair.changed.clear()
          pair.apply(step)
          const after = new Map(SUBJECTS.map((subject) => [subject, viewOf(pair.db, subject)]))
          for (const subject of SUBJECTS) {
            const [old, current] = [before.get(subject), after.get(subject)]
            const announced = pair.changed.has(subject) || pair.model.nowMs >= (old?.expiresAtMs ?? 0)
            if (announced) continue
            // The body, not only the token: a kept answer must never be stale.
            expect(current?.reply.body).toBe(old?.reply.body)
            looked++
          }
          before = after
        }
      }),
      { numRuns: 500 },
    )
    expect(looked).toBeGreaterThan(1000)
  })
})

describe('tokens', () => {
  function setUp(...names: string[]): Pair {
    const pair = new Pair()
    for (const name of names) {
      pair.apply({ do: 'identify', peer: name })
      pair.apply({ do: 'register', peer: name, topic: 'news', channel: 'readers' })
    }
    return pair
  }
  const token = (pair: Pair, subject: Subject) => viewOf(pair.db, subject).token

  test('do not depend on the order in which things came', () => {
    const [one, other] = [setUp('a', 'b'), setUp('b', 'a')]
    for (const subject of SUBJECTS) expect(token(one, subject)).toBe(token(other, subject))
  })

  test('stay when a producer reconnects, and when channels come to a topic', () => {
    const pair = setUp('a')
    const before = token(pair, 'lookup:news')
    pair.apply({ do: 'disconnect', peer: 'a' })
    expect(token(pair, 'lookup:news')).not.toBe(before)
    pair.apply({ do: 'identify', peer: 'a' })
    pair.apply({ do: 'register', peer: 'a', topic: 'news', channel: 'more' })
    expect(token(pair, 'lookup:news')).toBe(before)
  })

  test('tell an unknown topic from one without producers', () => {
    const pair = new Pair()
    const unknown = token(pair, 'lookup:news')
    pair.apply({ do: 'create', topic: 'news', channel: undefined })
    expect(token(pair, 'lookup:news')).not.toBe(unknown)
  })

  test('change with a tombstone, and back when it has worn off', () => {
    const pair = setUp('a', 'b')
    const [lookup, nodes] = [token(pair, 'lookup:news'), token(pair, 'nodes')]
    pair.apply({ do: 'tombstone', topic: 'news', peer: 'a' })
    expect(token(pair, 'lookup:news')).not.toBe(lookup)
    expect(token(pair, 'nodes')).not.toBe(nodes)
    pair.apply({ do: 'wait', ms: TOMBSTONE_MS })
    expect([token(pair, 'lookup:news'), token(pair, 'nodes')]).toEqual([lookup, nodes])
  })
})
