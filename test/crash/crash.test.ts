import { expect, test } from 'vitest'
import { type LifeOutcome, live } from './life.ts'
import { CRASH, again } from './settings.ts'

const { durabilities, firstLife, lives, longEvery, rounds, seed } = CRASH

test.each(durabilities)(
  'kill -9 in the middle of mixed traffic loses nothing that was acknowledged (%s)',
  async (durability) => {
    const totals = { kills: 0, acknowledged: 0, delivered: 0, finished: 0, cancelled: 0, died: 0, revived: 0 }
    const ages: number[] = []
    for (let life = firstLife; life < firstLife + lives; life++) {
      const how = again(durability, life)
      let outcome: LifeOutcome
      try {
        outcome = await live({ durability, seed, life, rounds, longEvery })
      } catch (error) {
        throw new Error(`${(error as Error).message}; ${how}`, { cause: error })
      }
      const { violations } = outcome
      if (violations.length > 0) throw new Error(`${violations.slice(0, 20).join('\n')}\n${how}`)
      if (CRASH.tellsOfLives)
        console.log(`${durability}: life ${life} of ${firstLife + lives - 1}, ${outcome.kills} kills`)
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += outcome[key]
      ages.push(...outcome.duplicateAgesMs)
    }
    expect(totals.kills).toBeGreaterThan(0)
    expect(totals.cancelled).toBeGreaterThan(0)
    // There was something to lose, on a slow machine too.
    expect(totals.acknowledged).toBeGreaterThan(lives * rounds)
    expect(totals.finished).toBeGreaterThan(lives * rounds)
    report(durability, totals, ages)
  },
  CRASH.timeoutMs,
)

function report(durability: string, totals: Readonly<Record<string, number>>, ages: readonly number[]): void {
  const counts = Object.entries(totals).map(([what, count]) => `${count} ${what}`)
  const oldest = ages.length === 0 ? '' : `, the oldest finished ${Math.max(...ages).toFixed(1)} ms before the end`
  console.log(`${durability}, seed ${seed}: ${counts.join(', ')}; ${ages.length} came again${oldest}`)
}
