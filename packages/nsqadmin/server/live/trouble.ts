import type { TopicTrouble } from '../api-types.ts'
import type { Subject } from './subjects.ts'

/** What is wrong with a queue, a channel's or that of a topic without channels. */
export function queueTrouble(
  subject: Subject,
  queue: { depth: number; clients: number; paused: boolean; stale: boolean },
): TopicTrouble[] {
  const { depth, clients, paused, stale } = queue
  const trouble: TopicTrouble[] = []
  if (subject.trend.isRising(depth)) trouble.push(clients === 0 ? 'no-consumer' : 'rising')
  if (subject.trend.hasTimeouts(subject.flows.timedOut)) trouble.push('time-outs')
  if (paused) trouble.push('paused')
  if (stale) trouble.push('stale')
  return trouble
}

const WORST_FIRST: readonly TopicTrouble[] = ['stale', 'no-consumer', 'time-outs', 'rising', 'paused']

/** Of several, each once. */
export function allTrouble(lists: readonly (readonly TopicTrouble[])[]): TopicTrouble[] {
  return WORST_FIRST.filter((trouble) => lists.some((list) => list.includes(trouble)))
}
