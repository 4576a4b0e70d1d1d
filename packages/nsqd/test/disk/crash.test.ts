import { expect, test } from 'vitest'
import { CrashSimulation, featuresOf } from './support/crash-simulation.ts'

// NSQ_SIM_SEED=<n> runs one simulation; NSQ_SIM_RUNS=<n> as many as you have time for. As `npm run sim`.
const RUNS = Number(process.env['NSQ_SIM_RUNS'] ?? 900)
const SEED = process.env['NSQ_SIM_SEED']

test(
  'what was promised holds whenever the process or the machine dies: of messages, schedules, dead letters, redrives and rewinds',
  { timeout: 3_600_000 },
  () => {
    const seeds = SEED === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(SEED)]
    for (const seed of seeds) {
      const simulation = new CrashSimulation(seed, featuresOf(seed))
      try {
        simulation.run()
      } catch (error) {
        const trace = simulation.trace.slice(-60).join('\n  ')
        expect.fail(`NSQ_SIM_SEED=${seed}: ${(error as Error).stack}\n  ${trace}`)
      }
    }
  },
)

test('a seed replays identically', () => {
  for (const seed of [3, 17, 91, 92]) {
    const [first, second] = [
      new CrashSimulation(seed, featuresOf(seed)),
      new CrashSimulation(seed, featuresOf(seed)),
    ] as const
    first.run()
    second.run()
    expect(second.trace).toEqual(first.trace)
  }
})

test('each of these happens often enough for that to mean something', () => {
  const counts = { fails: 0, letter: 0, 'sent back': 0, 'deliverNow true': 0, cancel: 0 }
  for (let seed = 1; seed <= 200; seed++) {
    const simulation = new CrashSimulation(seed, featuresOf(seed))
    simulation.run()
    simulation.trace.forEach((line, i) => {
      if (line.includes(' fails in ')) counts.fails++
      else if (line.startsWith('  letter ')) counts.letter++
      else if (/^ {2}[1-9]\d* sent back/.test(line)) counts['sent back']++
      else if (/^ {4}\d+ true/.test(line) || /^ {2}\d+ true/.test(line))
        counts[simulation.trace[i - 2]?.startsWith('cancel') === true ? 'cancel' : 'deliverNow true']++
    })
  }
  expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).toBeGreaterThan(15)
})
