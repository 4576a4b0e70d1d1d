import { IN_MEMORY } from './flags.mjs'

/**
 * From publish to receive, at 50 messages a second and the server's default output buffering.
 * @type {import('./index.mjs').Scenario}
 */
export const latency = { name: 'latency', flags: IN_MEMORY, play: ({ latency: measure }) => measure({ rate: 50 }) }
