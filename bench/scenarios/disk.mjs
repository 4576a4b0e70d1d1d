import { ON_DISK } from './flags.mjs'

const DISK_MESSAGES_MAX = 600_000

/** @type {import('./index.mjs').Scenario[]} */
export const disk = [
  { name: 'disk-pub', flags: ON_DISK, play: ({ publish }) => publish({ messages: DISK_MESSAGES_MAX }) },
  {
    name: 'disk-sub',
    flags: ON_DISK,
    before: ({ publish, fill }) => publish({ messages: fill / 2, seconds: 60 }),
    play: ({ consume, fill }) => consume({ messages: fill / 2, seconds: 60 }),
  },
  // Every message synced to disk before its OK.
  {
    name: 'fsync-pub',
    flags: [...ON_DISK, '--sync-every=1'],
    play: ({ publish }) => publish({ batch: 1, window: 1, connections: 100 }),
  },
]
