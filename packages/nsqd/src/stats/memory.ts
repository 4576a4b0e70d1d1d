import { getHeapStatistics } from 'node:v8'
import { gcStats } from './gc-pauses.ts'

/** The figures of Go's runtime that /stats and statsd report, with the nearest that node has. Sizes in bytes, times in microseconds. */
export interface MemoryStats {
  /** Always 0: V8 does not count objects. */
  readonly heapObjects: number
  /** Reserved for JavaScript objects and free. */
  readonly heapIdleBytes: number
  /** JavaScript objects and buffers; messages are in buffers. */
  readonly heapInUseBytes: number
  /** Reserved without memory behind it. */
  readonly heapReleasedBytes: number
  readonly gcPauseUs100: number
  readonly gcPauseUs99: number
  readonly gcPauseUs95: number
  /** What is reserved for JavaScript objects: V8 collects before it reserves more. */
  readonly nextGcBytes: number
  readonly gcTotalRuns: number
}

export function memoryStats(): MemoryStats {
  const heap = getHeapStatistics()
  const gc = gcStats()
  return {
    heapObjects: 0,
    heapIdleBytes: heap.total_heap_size - heap.used_heap_size,
    heapInUseBytes: heap.used_heap_size + heap.external_memory,
    heapReleasedBytes: Math.max(0, heap.total_heap_size - heap.total_physical_size),
    gcPauseUs100: gc.pauseUs100,
    gcPauseUs99: gc.pauseUs99,
    gcPauseUs95: gc.pauseUs95,
    nextGcBytes: heap.total_heap_size,
    gcTotalRuns: gc.runs,
  }
}
