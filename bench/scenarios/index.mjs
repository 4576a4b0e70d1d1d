// What is measured. A scenario says how the server is started, what is there before the clock runs, and what is measured.
import { consuming } from './consuming.mjs'
import { disk } from './disk.mjs'
import { latency } from './latency.mjs'
import { publishing } from './publishing.mjs'

/**
 * @typedef {object} Load What a scenario works with.
 * @property {(options?: object) => Promise<Result>} publish
 * @property {(options?: object) => Promise<Result>} consume
 * @property {(options?: object) => Promise<Result>} latency
 * @property {number} seconds how long a scenario without an end of its own lasts
 * @property {number} fill messages that one with an end moves
 *
 * @typedef {{ done: number, ops?: number, p50_ms?: number, p99_ms?: number }} Result `done`: messages
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string[]} flags of the server
 * @property {string[]} [channels] made before anything else; default one
 * @property {boolean} [floor] the echo server can play it as well
 * @property {(load: Load) => Promise<unknown>} [before] not measured
 * @property {(load: Load) => Promise<Result>} play
 */

/** @type {Scenario[]} */
export const scenarios = [...publishing, ...consuming, ...disk, latency]
