import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { InFlight, Lane } from '../../src/core/in-flight.ts'
import { Locality, type Subscriber } from '../../src/core/subscriber.ts'
import { BlockPool } from '../../src/log/block-pool.ts'
import { Log, LogKind } from '../../src/log/log.ts'
import { Segment } from '../../src/log/segment.ts'

const MESSAGES = 300
const nobody: Subscriber = {
  readyCount: 0,
  msgTimeoutMs: 0,
  sampleRate: 0,
  locality: Locality.global,
  wantsHeaders: false,
  wantsDepth: false,
  send: () => {},
  sendAgain: () => {},
  sendHeaded: () => {},
  hintDepth: () => {},
  channelClosed: () => {},
}

type Entry = { lane: Lane; index: number; attempts: number; deliveredAt: number; deadline: number; order: number }

/** A segment of messages whose ids fall on few places of the hash table, or on many. */
function segmentOf(spread: number): Segment {
  const segment = new Segment(new Log(LogKind.topic, new BlockPool(4096, 1)), 0, Buffer.alloc(MESSAGES))
  for (let i = 0; i < MESSAGES; i++) segment.push(1, i % spread, Math.floor(i / spread) * 4096)
  return segment
}

/** The slots of a lane from its first deadline to its last, found by taking one after another away. */
function drainedDeadlines(inFlight: InFlight, lane: Lane): number[] {
  const deadlines: number[] = []
  while (lane.count > 0) {
    deadlines.push(inFlight.deadline(lane.head))
    inFlight.remove(lane.head)
  }
  expect([lane.head, lane.tail]).toEqual([-1, -1])
  return deadlines
}

const step = fc.tuple(fc.constantFrom('add', 'add', 'remove', 'touch', 'miss', 'first'), fc.nat(), fc.nat(200))

test('what is in flight is what a map says, by id and by deadline', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 500 }), fc.integer({ min: 1, max: 40 }), (steps, spread) => {
      const segment = segmentOf(spread)
      const inFlight = new InFlight()
      const lanes = [new Lane(nobody), new Lane(nobody), new Lane(nobody)]
      const expected = new Map<number, Entry>()
      let order = 0
      const find = (index: number): number => inFlight.find(segment.idHi(index), segment.idLo(index))
      for (const [kind, at, value] of steps) {
        const index = at % MESSAGES
        const present = [...expected.keys()]
        const one = present[at % Math.max(1, present.length)]
        if (kind === 'add' && !expected.has(index)) {
          const lane = lanes[value % 3]!
          const entry = { lane, index, attempts: value, deliveredAt: at, deadline: value, order: order++ }
          expected.set(index, entry)
          inFlight.add(lane, segment, index, value, at, value)
        } else if (kind === 'remove' && one !== undefined) {
          inFlight.remove(find(one))
          expected.delete(one)
        } else if (kind === 'touch' && one !== undefined) {
          inFlight.touch(find(one), value)
          Object.assign(expected.get(one)!, { deadline: value, order: order++ })
        } else if (kind === 'miss' && !expected.has(index)) {
          expect(find(index)).toBe(-1)
        } else if (kind === 'first') {
          const lane = lanes[value % 3]!
          const first = [...expected.values()]
            .filter((entry) => entry.lane === lane)
            .sort((a, b) => a.deadline - b.deadline || a.order - b.order)[0]
          expect(lane.head < 0 ? undefined : inFlight.index(lane.head)).toBe(first?.index)
        }
      }
      expect(inFlight.count).toBe(expected.size)
      for (const [index, entry] of expected) {
        const slot = find(index)
        expect(inFlight.segment(slot)).toBe(segment)
        expect(inFlight.lane(slot)).toBe(entry.lane)
        expect([
          inFlight.index(slot),
          inFlight.attempts(slot),
          inFlight.deliveredAt(slot),
          inFlight.deadline(slot),
        ]).toEqual([index, entry.attempts, entry.deliveredAt, entry.deadline])
      }
      for (const lane of lanes) {
        const own = [...expected.values()].filter((entry) => entry.lane === lane)
        expect(lane.count).toBe(own.length)
        expect(drainedDeadlines(inFlight, lane)).toEqual(own.map((entry) => entry.deadline).sort((a, b) => a - b))
      }
      expect(inFlight.count).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('clearing leaves nothing behind and everything usable', () => {
  const segment = segmentOf(7)
  const inFlight = new InFlight()
  const lane = new Lane(nobody)
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < MESSAGES; i++) inFlight.add(lane, segment, i, 1, 0, i)
    inFlight.clear()
    expect([inFlight.count, lane.count, lane.head, lane.tail]).toEqual([0, 0, -1, -1])
    for (let i = 0; i < MESSAGES; i++) expect(inFlight.find(segment.idHi(i), segment.idLo(i))).toBe(-1)
  }
})
