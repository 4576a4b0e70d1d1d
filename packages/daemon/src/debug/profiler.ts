import type { heap as Heap, time as Time, encode as Encode } from '@datadog/pprof'
import { delay } from '../lifecycle/delay.ts'

interface Pprof {
  readonly time: typeof Time
  readonly heap: typeof Heap
  readonly encode: typeof Encode
}

const CPU_INTERVAL_MICROS = 10_000 // 100 samples a second, as the original
const HEAP_INTERVAL_BYTES = 512 * 1024
const HEAP_STACK_DEPTH = 64

let cpuProfileRuns = false
let heapSampled = false

/** Somebody else's CPU profile is running: V8 can take one at a time. */
export class ProfilerBusyError extends Error {
  constructor() {
    super('Could not enable CPU profiling: a CPU profile is already running')
    this.name = 'ProfilerBusyError'
  }
}

/**
 * Profiles the CPU.
 * @param signal ends it early; what was seen until then is returned
 * @returns a gzipped pprof profile
 * @throws {ProfilerBusyError}
 */
export async function takeCpuProfile(durationMs: number, signal: AbortSignal): Promise<Buffer> {
  if (cpuProfileRuns) throw new ProfilerBusyError()
  cpuProfileRuns = true
  try {
    const { time, encode } = await load()
    time.start({ intervalMicros: CPU_INTERVAL_MICROS })
    await delay(durationMs, signal)
    return await encode(time.stop())
  } finally {
    cpuProfileRuns = false
  }
}

/**
 * What is alive of the sampled allocations. Sampling costs a little and starts with the first call, so that first profile is nearly
 * empty, and later ones show what was allocated since.
 * @returns a gzipped pprof profile
 */
export async function takeHeapProfile(): Promise<Buffer> {
  const { heap, encode } = await load()
  if (!heapSampled) {
    heap.start(HEAP_INTERVAL_BYTES, HEAP_STACK_DEPTH)
    heapSampled = true
  }
  return encode(heap.profile())
}

/** 25 ms and a native library that a daemon without a curious operator never needs. */
async function load(): Promise<Pprof> {
  const { default: pprof } = (await import('@datadog/pprof')) as unknown as { default: Pprof }
  return pprof
}
