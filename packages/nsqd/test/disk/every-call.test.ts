import { expect, test } from 'vitest'
import { CrashSimulation, type Plan } from './support/crash-simulation.ts'

/** Lives with much in them: many files, stragglers that are moved. */
const FSYNC_SEED = 49
const OS_SEED = 51
const STEPS = 100

test.each([
  ['kill', FSYNC_SEED],
  ['kill', OS_SEED],
  ['cutPower', FSYNC_SEED],
  ['ENOSPC', OS_SEED],
  ['EIO', FSYNC_SEED],
  ['EMFILE', OS_SEED],
  ['short', FSYNC_SEED],
] as const)('what was promised holds when any one call meets %s (%i)', (what, seed) => {
  const calls = play(seed, { at: Infinity, what })
  expect(calls).toBeGreaterThan(100)
  for (let at = 1; at <= calls; at++) play(seed, { at, what })
})

/** @returns how many calls of the disk there were */
function play(seed: number, plan: Plan): number {
  const simulation = new CrashSimulation(seed, { plan, steps: STEPS })
  try {
    simulation.run()
  } catch (error) {
    const trace = simulation.trace.slice(-40).join('\n  ')
    expect.fail(`seed ${seed}, ${plan.what} at call ${plan.at}: ${(error as Error).stack}\n  ${trace}`)
  }
  return simulation.disk.calls
}
