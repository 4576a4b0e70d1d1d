import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { Canary } from '../support/canary.ts'
import { eventually, within } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { conversation } from './conversations.ts'
import { type Random, randomOf } from '../support/random.ts'
import { FUZZ_RUNS, FUZZ_SEED, FuzzError } from './settings.ts'

const MEBIBYTE = 1024 * 1024
const AT_ONCE = 24
/** A stream that was ended is answered and closed; linger and a busy machine included. */
const CLOSE_TIMEOUT_MS = 20_000
/** Fuzzed names make topics, and fuzzed messages stay in them: now and then all of them are deleted. */
const RUNS_PER_CLEANUP = 5000
const RESIDENT_GROWTH_MAX = 96 * MEBIBYTE
const TEST_TIMEOUT_MS = 60_000 + FUZZ_RUNS * 5

test(
  `${FUZZ_RUNS} random and mutated byte streams crash, leak and stall nothing`,
  async () => {
    await using nsqd = await NsqdProcess.start()
    await nsqd.hush()
    const canary = await Canary.release(nsqd)
    await fuzz(nsqd, 0, Math.ceil(FUZZ_RUNS / 10)) // what grows once with use has grown
    const residentBefore = await nsqd.residentBytes()
    for (let run = Math.ceil(FUZZ_RUNS / 10); run < FUZZ_RUNS; run += RUNS_PER_CLEANUP) {
      await fuzz(nsqd, run, Math.min(FUZZ_RUNS, run + RUNS_PER_CLEANUP))
    }

    await canary.stop()
    const growth = (await nsqd.residentBytes()) - residentBefore
    expect(growth, `resident memory, seed ${FUZZ_SEED}`).toBeLessThan(RESIDENT_GROWTH_MAX)
    const { text } = await nsqd.http('GET', '/ping')
    expect(text).toBe('OK')
    expect(canary.slowestMs).toBeLessThan(5000)
    expect(canary.count).toBeGreaterThan(50)
    expect(nsqd.crash).toBeUndefined()
    expect(await nsqd.stop()).toBe(0)
    console.log(
      `${FUZZ_RUNS} streams (seed ${FUZZ_SEED}): resident +${(growth / MEBIBYTE).toFixed(1)} MiB to ` +
        `${((residentBefore + growth) / MEBIBYTE).toFixed(1)} MiB; ${canary.count} messages beside them, the slowest ` +
        `took ${canary.slowestMs.toFixed(0)} ms`,
    )
  },
  TEST_TIMEOUT_MS,
)

/** Plays the runs [from, to), some at once, and takes away what they left. @throws {FuzzError} */
async function fuzz(nsqd: NsqdProcess, from: number, to: number): Promise<void> {
  const socketsBefore = await nsqd.openSocketCount()
  let next = from
  const client = async () => {
    while (next < to) {
      const run = next++
      const random = randomOf(FUZZ_SEED, run)
      try {
        await within(CLOSE_TIMEOUT_MS, 'the connection is closed', say(nsqd.tcpPort, conversation(random), random))
      } catch (error) {
        throw new FuzzError(run, `${(error as Error).message}\n${nsqd.crash ?? ''}`, { cause: error })
      }
      if (!nsqd.running || nsqd.crash !== undefined)
        throw new FuzzError(run, `nsqd crashed:\n${nsqd.crash ?? nsqd.log}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  await eventually(async () => (await nsqd.openSocketCount()) <= socketsBefore, { what: 'all connections are closed' })
  for (const { topic_name } of await nsqd.topics()) {
    if (topic_name === 'canary') continue
    const { status } = await nsqd.http('POST', `/topic/delete?topic=${encodeURIComponent(topic_name)}`)
    if (status !== 200 && status !== 404) throw new FuzzError(to, `deleting ${topic_name}: ${status}`)
  }
}

/** Sends the bytes, in pieces, closes the sending side or all of it, and waits for the end. */
function say(port: number, bytes: Buffer, random: Random): Promise<void> {
  const parting = random.chance(0.7) ? 'end' : random.pick(['destroy', 'reset'] as const)
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('data', () => {}) // whatever it answers
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve())
    socket.on('connect', () => {
      let from = 0
      const sayNext = () => {
        const to = cuts.shift() ?? bytes.length
        if (!socket.destroyed) socket.write(bytes.subarray(from, to))
        from = to
        if (to < bytes.length || cuts.length > 0) setImmediate(sayNext)
        else part()
      }
      const part = () => {
        if (parting === 'end') socket.end()
        else if (parting === 'destroy') setImmediate(() => socket.destroy())
        else setImmediate(() => socket.resetAndDestroy())
      }
      sayNext()
    })
  })
}
