import { expect, test } from 'vitest'
import type { Durability } from '../../src/log/topic-store.ts'
import { CrashSimulation, type Plan } from './support/crash-simulation.ts'

const STEPS = 100
/** A life in which the disk has this much to do has many files, and stragglers that are moved. */
const CALLS_MIN = 120

test.each([
  ['kill', 'fsync'],
  ['kill', 'os'],
  ['cutPower', 'fsync'],
  ['ENOSPC', 'os'],
  ['EIO', 'fsync'],
  ['EMFILE', 'os'],
  ['short', 'fsync'],
] as const)('what was promised holds when any one call meets %s (%s)', (what, durability) => {
  const { seed, calls } = busyLife(what, durability)
  for (let at = 1; at <= calls; at++) play(seed, durability, { at, what })
})

/** The first seed of a life in which the disk has enough to do. */
function busyLife(what: Plan['what'], durability: Durability): { seed: number; calls: number } {
  for (let seed = 1; ; seed++) {
    const calls = play(seed, durability, { at: Infinity, what })
    if (calls >= CALLS_MIN) return { seed, calls }
  }
}

/** @returns how many calls of the disk there were */
function play(seed: number, durability: Durability, plan: Plan): number {
  const simulation = new CrashSimulation(seed, { plan, durability, steps: STEPS })
  try {
    simulation.run()
  } catch (error) {
    const trace = simulation.trace.slice(-40).join('\n  ')
    expect.fail(`seed ${seed}, ${plan.what} at call ${plan.at}: ${(error as Error).stack}\n  ${trace}`)
  }
  return simulation.disk.calls
}
