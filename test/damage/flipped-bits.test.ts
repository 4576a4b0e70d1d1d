import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeUntil } from '../support/backlog.ts'
import { DataPath } from '../support/data-path.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { randomOf } from '../support/random.ts'
import { CHANNELS, type Expected, FLAGS, fillDataPath, type Flip, flipIn } from './flips.ts'

// NSQ_FLIP_RUNS=2000 NSQ_FLIP_SEED=7 npx vitest run test/damage
const RUNS = Number(process.env['NSQ_FLIP_RUNS'] ?? 8)
const SEED = Number(process.env['NSQ_FLIP_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(
  'a bit that flips in any file, headers too, costs at most the batch it lies in, is told, and stops no start',
  async () => {
    await using dataPath = await DataPath.make()
    const expected = await fillDataPath(dataPath, randomOf(SEED, 0))
    await using copies = await DataPath.make()
    let costly = 0
    for (let run = 1; run <= RUNS; run++) {
      const copy = join(copies.path, String(run))
      const flip = flipIn(dataPath.path, copy, randomOf(SEED, run))
      try {
        if (await startAndDrain(copy, expected, flip)) costly++
      } catch (error) {
        const { bit, cost, file, offset } = flip
        const where = `bit ${bit} at ${offset} of ${file}, which may cost ${cost}`
        throw new Error(`${where}: ${(error as Error).message}; again: NSQ_FLIP_SEED=${SEED} NSQ_FLIP_RUNS=${run}`, {
          cause: error,
        })
      }
      await rm(copy, { recursive: true })
    }
    if (RUNS >= 100) expect(costly).toBeGreaterThan(RUNS / 20)
  },
  60_000 + RUNS * 10_000,
)

/** @returns whether any message was lost */
async function startAndDrain(path: string, expected: Expected, flip: Flip): Promise<boolean> {
  await using nsqd = await NsqdProcess.start(FLAGS, { dataPath: path })
  let anyMissing = false
  for (const channel of CHANNELS) {
    const missing = await drain(nsqd, channel, expected)
    expect(missing.length).toBeLessThanOrEqual(flip.cost)
    if (missing.length > 0) anyMissing = true
  }
  if (anyMissing) await expectToBeTold(nsqd, flip)
  expect(nsqd.crash).toBeUndefined()
  expect(await nsqd.stop()).toBe(0)
  return anyMissing
}

/** Takes what is not deferred. @returns what never came, and is not deferred either */
async function drain(
  nsqd: NsqdProcess,
  channel: (typeof CHANNELS)[number],
  { published, unfinished }: Expected,
): Promise<string[]> {
  let deferred = 0
  let empty = false
  const look = async (): Promise<void> => {
    const stats = await nsqd.channel('topic', channel)
    deferred = stats.deferred_count
    empty = stats.depth === 0 && stats.in_flight_count === 0
  }
  const looking = setInterval(() => void look().catch(() => {}), 30)
  const taken = await takeUntil(nsqd, 'topic', channel, () => empty).finally(() => clearInterval(looking))
  for (const { body } of taken) if (!published.has(body)) throw new Error(`a body that nobody published: ${body}`)
  const came = new Set(taken.map(({ body }) => body))
  const missing = unfinished[channel].filter((body) => !came.has(body))
  const missingDeferred = missing.filter((body) => body.startsWith('deferred'))
  // Those that are deferred can't be seen here; as many as are, are there.
  const away = Math.max(0, missingDeferred.length - deferred)
  return [...missing.filter((body) => !body.startsWith('deferred')), ...missingDeferred.slice(0, away)]
}

async function expectToBeTold(nsqd: NsqdProcess, { file }: Flip): Promise<void> {
  expect(nsqd.log).toMatch(new RegExp(`LOG: .*${file}: \\d+ bytes at \\d+ are damaged`))
  const { text } = await nsqd.http('GET', '/metrics')
  expect(Number(/^nsqd_log_damaged_total (\d+)/m.exec(text)?.[1])).toBeGreaterThan(0)
}
