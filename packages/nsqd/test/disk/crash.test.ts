import { expect, test } from 'vitest'
import { CrashSimulation, featuresOf } from './support/crash-simulation.ts'

// NSQ_SIM_SEED=<n> runs one simulation; NSQ_SIM_RUNS=<n> as many as you have time for.
const RUNS = Number(process.env['NSQ_SIM_RUNS'] ?? 300)
const SEED = process.env['NSQ_SIM_SEED']

test.each([
  ['what was promised holds', {}],
  ['with channels that are rewound, what was kept comes again', { replays: true }],
  ['with schedules, nothing comes too early and what was cancelled never comes', { schedules: true }],
])('%s, whenever the process or the machine dies', { timeout: 3_600_000 }, (_, options) => {
  const seeds = SEED === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(SEED)]
  for (const seed of seeds) {
    const simulation = new CrashSimulation(seed, options)
    try {
      simulation.run()
    } catch (error) {
      const trace = simulation.trace.slice(-60).join('\n  ')
      expect.fail(`NSQ_SIM_SEED=${seed}: ${(error as Error).stack}\n  ${trace}`)
    }
  }
})

test('a seed replays identically', () => {
  for (const seed of [3, 17, 92]) {
    const [first, second] = [new CrashSimulation(seed), new CrashSimulation(seed)]
    first.run()
    second.run()
    expect(second.trace).toEqual(first.trace)
  }
})
