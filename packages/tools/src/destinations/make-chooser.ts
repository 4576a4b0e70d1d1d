import type { Chooser, Mode } from './chooser.ts'
import { EpsilonGreedy } from './epsilon-greedy.ts'
import { HostPool } from './host-pool.ts'
import { RoundRobin } from './round-robin.ts'

/** @returns undefined where every destination gets every message */
export function makeChooser(mode: Mode, count: number): Chooser | undefined {
  switch (mode) {
    case 'round-robin':
      return new RoundRobin(count)
    case 'hostpool':
      return new HostPool(count)
    case 'epsilon-greedy':
      return new EpsilonGreedy(count)
    case 'all':
    case 'multicast':
      return undefined
  }
}
