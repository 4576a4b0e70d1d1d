import { CrashSimulation, featuresOf } from './crash-simulation.ts'

/** Lines of the trace that lead up to a failure. */
const TRACE_LINES = 60

export interface SeedFailure {
  readonly error: string
  /** The last of what was done, oldest first. */
  readonly trace: readonly string[]
}

/** Plays one simulation. @returns null when everything that was promised held */
export function runSeed(seed: number, traceLines = TRACE_LINES): SeedFailure | null {
  const simulation = new CrashSimulation(seed, featuresOf(seed))
  try {
    simulation.run()
    return null
  } catch (error) {
    return { error: (error as Error).stack ?? String(error), trace: simulation.trace.slice(-traceLines) }
  }
}
