import type { TopicTrouble } from '../api-types.ts'
import type { Subject } from './subjects.ts'

const NONE: readonly TopicTrouble[] = []

/** What is wrong with a queue, a channel's or that of a topic without channels. */
export function queueTrouble(
  subject: Subject,
  depth: number,
  clients: number,
  paused: boolean,
  stale: boolean,
): readonly TopicTrouble[] {
  const rising = subject.trend.isRising(depth)
  const timeouts = subject.trend.hasTimeouts(subject.flows.timedOut)
  if (!rising && !timeouts && !paused && !stale) return NONE
  const trouble: TopicTrouble[] = []
  if (stale) trouble.push('stale')
  if (rising) trouble.push(clients === 0 ? 'no-consumer' : 'rising')
  if (timeouts) trouble.push('time-outs')
  if (paused) trouble.push('paused')
  return trouble
}

const WORST_FIRST: readonly TopicTrouble[] = ['stale', 'no-consumer', 'time-outs', 'rising', 'paused']

/** The worst first. */
export function inOrder(trouble: ReadonlySet<TopicTrouble>): TopicTrouble[] {
  return trouble.size === 0 ? [] : WORST_FIRST.filter((one) => trouble.has(one))
}
