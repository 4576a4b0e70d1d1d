import { expect, test } from 'vitest'
import { EpsilonGreedy } from '../src/destinations/epsilon-greedy.ts'
import { HostPool } from '../src/destinations/host-pool.ts'
import { RoundRobin } from '../src/destinations/round-robin.ts'
import { TimingLine } from '../src/destinations/timings.ts'
import { Log } from '../src/program/log.ts'

const always = (): boolean => true

function choices(chooser: { choose(hasRoom: (index: number) => boolean): number }, count: number): number[] {
  return Array.from({ length: count }, () => chooser.choose(always))
}

test('round-robin begins with the second one, and passes over one that is full', () => {
  expect(choices(new RoundRobin(3), 4)).toEqual([1, 2, 0, 1])
  expect(choices(new RoundRobin(1), 2)).toEqual([0, 0])
  expect(new RoundRobin(3).choose((index) => index !== 1)).toBe(2)
})

test('hostpool begins with the first one and leaves out one that failed for 30 s, then twice as long', () => {
  let now = 0
  const pool = new HostPool(3, () => now)
  expect(choices(pool, 4)).toEqual([0, 1, 2, 0])
  pool.onResult(1, false)
  expect(choices(pool, 4)).toEqual([2, 0, 2, 0])
  now = 30_000
  expect(choices(pool, 4)).toEqual([1, 2, 0, 2]) // one try
  pool.onResult(1, false)
  now = 89_999
  expect(choices(pool, 2)).toEqual([0, 2])
  now = 90_000
  expect(choices(pool, 2)).toContain(1)
  pool.onResult(1, true)
  expect(new Set(choices(pool, 3))).toEqual(new Set([0, 1, 2]))
})

test('a failure that was long coming does not lengthen the time a dead one has left', () => {
  let now = 0
  const pool = new HostPool(2, () => now)
  pool.onResult(0, false)
  now = 10_000
  pool.onResult(0, false)
  now = 30_000
  expect(choices(pool, 2)).toContain(0)
})

test('when all are dead all live again, from the first one on', () => {
  const pool = new HostPool(2, () => 0)
  pool.onResult(0, false)
  pool.onResult(1, false)
  expect(pool.hasAlternative(0)).toBe(false)
  expect(choices(pool, 3)).toEqual([0, 1, 0])
})

test('when all that live are full, one that is dead gets it rather than nobody', () => {
  const pool = new HostPool(2, () => 0)
  pool.onResult(0, false)
  expect(pool.choose((index) => index === 0)).toBe(0)
})

test('epsilon-greedy prefers the faster one and still tries the other', () => {
  let seed = 1
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  const greedy = new EpsilonGreedy(2, () => 0, random)
  greedy.onResult(0, true, 90)
  greedy.onResult(1, true, 10)
  const chosen = choices(greedy, 2000)
  const slow = chosen.filter((index) => index === 0).length
  expect(slow).toBeGreaterThan(100)
  expect(slow).toBeLessThan(350)
})

test('epsilon-greedy forgets how fast one was, and does not choose one that is dead', () => {
  let now = 0
  const greedy = new EpsilonGreedy(
    2,
    () => now,
    () => 0.99,
  )
  greedy.onResult(0, true, 1)
  greedy.onResult(1, true, 1000)
  greedy.onResult(0, false, 1)
  expect(new Set(choices(greedy, 20))).toEqual(new Set([1]))
  greedy.onResult(0, true, 1)
  now = 6 * 60_000
  greedy.onResult(1, true, 1)
  expect(new Set(choices(greedy, 20))).toEqual(new Set([1]))
})

test('timings are told when so many are done and one more comes', () => {
  const lines: string[] = []
  const log = new Log(false, { write: (line) => void lines.push(line), reopen() {}, close() {} })
  const timings = new TimingLine('aggregate', 100, log)
  for (let count = 1; count <= 100; count++) timings.add(count)
  expect(lines).toEqual([])
  timings.add(1)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/ \[aggregate\]: finished 100 - 99th: 99ms - 95th: 95ms - avg: 50\.5ms\n$/)
})
