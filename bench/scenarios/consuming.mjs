import { setTimeout as sleep } from 'node:timers/promises'
import { IN_MEMORY } from './flags.mjs'

const EIGHT = Array.from({ length: 8 }, (_, i) => `ch${i}`)
const SUBSCRIBED_MS = 200

/** @type {import('./index.mjs').Scenario[]} */
export const consuming = [
  // What waits in the queue is handed out and finished.
  {
    name: 'sub',
    flags: IN_MEMORY,
    before: ({ publish, fill }) => publish({ messages: fill, seconds: 60 }),
    play: ({ consume, fill, seconds }) => consume({ messages: fill, seconds: seconds * 4 }),
  },
  // Both at once; a message counts when it was finished.
  {
    name: 'pub-and-sub',
    flags: IN_MEMORY,
    async play({ publish, consume, seconds }) {
      const consumed = consume({ seconds: seconds + 0.5 })
      await publish()
      return consumed
    },
  },
  // One publisher, eight channels; every delivery counts.
  {
    name: 'fan-out-8',
    flags: IN_MEMORY,
    channels: EIGHT,
    async play({ publish, consume, fill }) {
      const messages = fill / EIGHT.length
      const consumed = EIGHT.map((channel) => consume({ channel, connections: 1, messages, seconds: 60 }))
      await sleep(SUBSCRIBED_MS)
      await publish({ messages, seconds: 60 })
      const results = await Promise.all(consumed)
      const sum = (key) => results.reduce((total, result) => total + result[key], 0)
      return { done: sum('done'), ops: sum('ops') }
    },
  },
]
