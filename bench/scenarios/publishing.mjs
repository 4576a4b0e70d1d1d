import { IN_MEMORY } from './flags.mjs'

const BATCH_MESSAGES_MAX = 1_500_000 // as many as stay in memory

/** @type {import('./index.mjs').Scenario[]} */
export const publishing = [
  // Two producers that publish in batches, some ahead of their answers.
  { name: 'pub-batch', flags: IN_MEMORY, play: ({ publish }) => publish({ messages: BATCH_MESSAGES_MAX }) },
  // One message at a time, each waiting for its OK: what a request costs.
  {
    name: 'pub-sync-2',
    flags: IN_MEMORY,
    floor: true,
    play: ({ publish }) => publish({ batch: 1, window: 1 }),
  },
  {
    name: 'pub-sync-100',
    flags: IN_MEMORY,
    floor: true,
    play: ({ publish }) => publish({ batch: 1, window: 1, connections: 100 }),
  },
  // Single messages, many ahead of their answers.
  { name: 'pub-pipelined', flags: IN_MEMORY, play: ({ publish }) => publish({ batch: 1, window: 200 }) },
]
