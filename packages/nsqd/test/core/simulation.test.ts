import { expect, test } from 'vitest'
import { LogWatch } from './support/log-watch.ts'
import { below, seeded } from './support/seeded.ts'
import { shrink } from './support/shrink.ts'
import { randomSteps, Simulation, type Step } from './support/simulation.ts'

// NSQ_SIM_SEED=<n> runs one simulation; NSQ_SIM_RUNS=<n> as many as you have time for.
const RUNS = Number(process.env['NSQ_SIM_RUNS'] ?? 1500)
const SEED = process.env['NSQ_SIM_SEED']
const STEPS_MAX = 200
const SHRINK_TRIES_MAX = 3000

test('topics and channels do what their plain model does, whatever happens to them', { timeout: 3_600_000 }, () => {
  const seeds = SEED === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(SEED)]
  for (const seed of seeds) {
    const random = seeded(seed)
    const steps = randomSteps(random, 1 + below(random, STEPS_MAX))
    const failure = simulate(seed, steps)
    if (failure !== null) expect.fail(explain(seed, steps))
  }
})

function simulate(seed: number, steps: readonly Step[]): Error | null {
  using watch = new LogWatch()
  try {
    new Simulation(seed, watch).run(steps)
    return null
  } catch (error) {
    return error as Error
  }
}

function explain(seed: number, steps: readonly Step[]): string {
  const few = shrink(steps, (candidate) => simulate(seed, candidate) !== null, SHRINK_TRIES_MAX)
  const error = simulate(seed, few)!
  const listed = few.map(([kind, ...at]) => `  ${kind} ${at.map((number) => number.toFixed(3)).join(' ')}`)
  return [`NSQ_SIM_SEED=${seed}: ${error.stack}`, `${few.length} of ${steps.length} steps:`, ...listed].join('\n')
}
